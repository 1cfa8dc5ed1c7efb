package sftp

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kevinburke/ssh_config"

	"guichet/services/fault"
	"guichet/services/files"
)

// hop is one server on the way; the last is the one with the files.
type hop struct {
	name     string // as the person wrote it
	host     string // where to connect to
	port     int
	user     string
	keyFiles []string // those meant for it; none: the usual ones
	only     bool     // no other keys than these (IdentitiesOnly)
	last     bool
}

func (h hop) address() string { return net.JoinHostPort(h.host, strconv.Itoa(h.port)) }

// site is the hop as a site, for its password.
func (h hop) site() files.Site {
	s := files.Site{Protocol: files.ProtocolSFTP, Host: h.name, User: h.user}
	if h.port != s.Protocol.DefaultPort() {
		s.Port = h.port
	}
	return s
}

// maxHops bounds the servers on the way.
const maxHops = 8

// route works out the servers on the way to the site, from the site itself and
// from OpenSSH's config, where the site says less.
func (f *FS) route() ([]hop, error) {
	config := f.config()
	site := f.p.Site
	target, jump, err := config.resolve(site.Host, site.User, site.Port)
	if err != nil {
		return nil, err
	}
	target.last = true
	if site.KeyFile != "" {
		target.keyFiles = []string{site.KeyFile}
	}
	if site.Jump != "" {
		jump = site.Jump
	}
	hops, err := config.jumps(jump)
	if err != nil {
		return nil, err
	}
	return append(hops, target), nil
}

// ParseJump splits what Site.Jump holds: "user@host:port" separated by commas,
// "none" for no jump. Faults are of kind Unsupported.
func ParseJump(text string) ([]files.Site, error) {
	if text = strings.TrimSpace(text); text == "" || strings.EqualFold(text, "none") {
		return nil, nil
	}
	var all []files.Site
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimPrefix(strings.TrimSpace(part), "ssh://")
		s := files.Site{Protocol: files.ProtocolSFTP, Host: part}
		if at := strings.LastIndexByte(part, '@'); at >= 0 {
			s.User, s.Host = part[:at], part[at+1:]
		}
		if host, port, err := net.SplitHostPort(s.Host); err == nil {
			n, err := strconv.Atoi(port)
			if err != nil || n < 1 || n > 65535 {
				return nil, fault.Newf(fault.Unsupported, "jump", host, "port %q", port)
			}
			s.Host, s.Port = host, n
		}
		s.Host = strings.Trim(s.Host, "[]")
		if s.Host == "" || strings.HasPrefix(s.Host, "-") || strings.ContainsAny(s.Host, " /\\@\r\n\x00") {
			return nil, fault.Newf(fault.Unsupported, "jump", s.Host, "not a host name")
		}
		all = append(all, s)
	}
	if len(all) > maxHops {
		return nil, fault.Newf(fault.Unsupported, "jump", "", "more than %d servers on the way", maxHops)
	}
	return all, nil
}

// config is what OpenSSH's config file says; nil says nothing.
type config struct {
	c   *ssh_config.Config
	dir string
}

// configMost bounds the config file, in bytes.
const configMost = 1 << 20

// config reads the person's file. Whoever has none, or one that cannot be read,
// connects all the same.
func (f *FS) config() config {
	dir := f.keyDir()
	if dir == "" {
		return config{}
	}
	file, err := os.Open(filepath.Join(dir, "config"))
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			slog.Warn("ssh config not read", "err", err)
		}
		return config{dir: dir}
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, configMost))
	if err != nil {
		slog.Warn("ssh config not read", "err", err)
		return config{dir: dir}
	}
	c, err := ssh_config.DecodeBytes([]byte(withoutMatch(string(text))))
	if err != nil {
		slog.Warn("ssh config not read", "err", err)
		return config{dir: dir}
	}
	return config{c, dir}
}

// withoutMatch leaves Match blocks out: they may run programs, and the parser
// knows only some of them.
func withoutMatch(text string) string {
	var b strings.Builder
	skip := false
	for l := range strings.Lines(text) {
		word := strings.ToLower(strings.TrimLeft(l, " \t"))
		if i := strings.IndexAny(word, " \t=\r\n"); i >= 0 {
			word = word[:i]
		}
		switch word {
		case "match":
			skip = true
		case "host":
			skip = false
		}
		if !skip {
			b.WriteString(l)
		}
	}
	return b.String()
}

func (c config) get(alias, key string) string {
	if c.c == nil {
		return ""
	}
	v, err := c.c.Get(alias, key)
	if err != nil {
		slog.Warn("ssh config", "key", key, "err", err)
		return ""
	}
	return strings.Trim(v, `"`)
}

// resolve completes a host by the config: what is given here counts more. jump
// is its ProxyJump.
func (c config) resolve(alias, login string, port int) (h hop, jump string, err error) {
	h = hop{name: alias, host: alias, user: login, port: port}
	if command := c.get(alias, "ProxyCommand"); command != "" && !strings.EqualFold(command, "none") {
		return h, "", fault.Newf(fault.Unsupported, "connect", alias, "the SSH config wants a ProxyCommand, and Guichet runs no programs to connect; ProxyJump works")
	}
	if name := c.get(alias, "HostName"); name != "" {
		h.host = expand(name, map[byte]string{'h': alias, '%': "%"})
	}
	if h.user == "" {
		h.user = c.get(alias, "User")
	}
	if h.user == "" {
		h.user = systemUser()
	}
	if h.port == 0 {
		if n, err := strconv.Atoi(c.get(alias, "Port")); err == nil && n > 0 && n < 65536 {
			h.port = n
		} else {
			h.port = files.ProtocolSFTP.DefaultPort()
		}
	}
	if c.c != nil {
		names, err := c.c.GetAll(alias, "IdentityFile")
		if err != nil {
			slog.Warn("ssh config", "err", err)
		}
		for _, name := range names {
			if name = strings.Trim(name, `"`); name != "" && !strings.EqualFold(name, "none") {
				h.keyFiles = append(h.keyFiles, c.path(name, alias, h))
			}
		}
	}
	h.only = strings.EqualFold(c.get(alias, "IdentitiesOnly"), "yes")
	return h, c.get(alias, "ProxyJump"), nil
}

// jumps resolves the servers on the way. Their own jumps are not followed: the
// list is the whole way.
func (c config) jumps(text string) ([]hop, error) {
	sites, err := ParseJump(text)
	if err != nil {
		return nil, err
	}
	var all []hop
	for _, s := range sites {
		h, _, err := c.resolve(s.Host, s.User, s.Port)
		if err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

// path makes an IdentityFile a path of the system.
func (c config) path(name, alias string, h hop) string {
	home := homeDir()
	name = expand(name, map[byte]string{
		'd': home, 'h': h.host, 'n': alias, 'r': h.user, 'u': systemUser(), 'p': strconv.Itoa(h.port), '%': "%",
	})
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		return filepath.Join(home, filepath.FromSlash(rest))
	}
	if name = filepath.FromSlash(name); filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.dir, name)
}

// expand replaces the tokens of ssh_config(5); unknown ones stay.
func expand(text string, tokens map[byte]string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+1 < len(text) {
			if v, ok := tokens[text[i+1]]; ok {
				b.WriteString(v)
				i++
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func systemUser() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	name := u.Username
	if i := strings.LastIndexByte(name, '\\'); i >= 0 { // DOMAIN\name on Windows
		name = name[i+1:]
	}
	return name
}

func homeDir() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return home
}

// keyDir is the person's folder of keys, "" where there is none.
func (f *FS) keyDir() string {
	if f.p.KeyDir != "" {
		return f.p.KeyDir
	}
	if home := homeDir(); home != "" {
		return filepath.Join(home, ".ssh")
	}
	return ""
}
