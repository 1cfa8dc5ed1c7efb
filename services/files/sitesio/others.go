package sitesio

import (
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kevinburke/ssh_config"

	"guichet/services/fault"
	"guichet/services/files"
)

// parseNetrc reads ~/.netrc: words in pairs; machines are FTP servers there.
func parseNetrc(text string) *List {
	l := &List{Format: Netrc}
	var e *Entry
	end := func() {
		if e != nil {
			l.add(*e)
		}
		e = nil
	}
	macro := false
	for _, line := range lines(text) {
		if strings.TrimSpace(line) == "" {
			macro = false
			continue
		}
		if macro || strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		words := strings.Fields(line)
		for i := 0; i < len(words); i++ {
			value := ""
			if i+1 < len(words) {
				value = words[i+1]
			}
			switch words[i] {
			case "machine":
				end()
				e = &Entry{Site: files.Site{Protocol: files.ProtocolFTP, Host: value, Name: value}}
				i++
			case "default":
				end()
			case "login":
				if e != nil {
					e.Site.User = value
				}
				i++
			case "password":
				if e != nil {
					e.Password, e.HasPassword = value, true
				}
				i++
			case "account":
				i++
			case "macdef":
				macro = true
				i = len(words)
			}
		}
	}
	end()
	return l
}

// parseSSH reads the hosts of an OpenSSH configuration: patterns are no hosts,
// and other files are not included.
func parseSSH(text string) (l *List, err error) {
	defer func() { // the library is not ours and this is data from outside
		if r := recover(); r != nil {
			l, err = nil, fault.Newf(fault.Damaged, "read sites", "", "%v", r)
		}
	}()
	var own []string
	for _, line := range lines(text) {
		word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		word, _, _ = strings.Cut(word, "\t")
		if !strings.EqualFold(word, "Include") && !strings.EqualFold(word, "Match") {
			own = append(own, line)
		} else if strings.EqualFold(word, "Match") {
			own = append(own, "Host !*") // what follows holds for nobody we know
		}
	}
	config, err := ssh_config.DecodeBytes([]byte(strings.Join(own, "\n")))
	if err != nil {
		return nil, fault.New(fault.Damaged, "read sites", "", err)
	}
	l = &List{Format: OpenSSH}
	seen := map[string]bool{}
	get := func(alias, key string) string {
		v, err := config.Get(alias, key)
		if err != nil {
			return ""
		}
		return v
	}
	for _, host := range config.Hosts {
		for _, pattern := range host.Patterns {
			alias := pattern.String()
			if strings.ContainsAny(alias, "*?!") || alias == "" || seen[alias] {
				continue
			}
			seen[alias] = true
			s := files.Site{Name: alias, Protocol: files.ProtocolSFTP, Host: alias, User: get(alias, "User")}
			if name := get(alias, "HostName"); name != "" {
				s.Host = strings.ReplaceAll(name, "%h", alias)
			}
			if port, err := strconv.Atoi(get(alias, "Port")); err == nil {
				s.Port = port
			}
			if key := get(alias, "IdentityFile"); key != "" && !strings.Contains(key, "%") {
				s.KeyFile = home(key)
			}
			if jump := get(alias, "ProxyJump"); jump != "" && !strings.EqualFold(jump, "none") && len(jump) < maxText {
				s.Jump = jump
			}
			l.add(Entry{Site: s})
		}
	}
	return l, nil
}

// home writes a path that begins with ~/ out.
func home(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return filepath.Join(homeDir(), rest)
	}
	return path
}

// schemes are those of bookmarks.
var schemes = map[string]files.Protocol{
	"sftp": files.ProtocolSFTP, "ssh": files.ProtocolSFTP, "fish": files.ProtocolSFTP, "ftp": files.ProtocolFTP, "ftps": files.ProtocolFTPS, "ftpes": files.ProtocolFTPES,
	"dav": files.ProtocolDAV, "davs": files.ProtocolDAVS, "http": files.ProtocolDAV, "https": files.ProtocolDAVS,
}

// parseBookmarks reads lines of an address and a name: the bookmarks of GNOME's
// file manager ("sftp://ada@host/path Name") and of lftp ("name<TAB>address").
func parseBookmarks(text string) *List {
	l := &List{Format: Gnome}
	for _, line := range lines(text) {
		address, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, a, ok := strings.Cut(line, "\t"); ok && strings.Contains(a, "://") {
			l.Format, address, name = Lftp, strings.TrimSpace(a), n
		}
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			continue
		}
		s := files.Site{Name: strings.TrimSpace(name), Protocol: schemes[strings.ToLower(u.Scheme)], Host: u.Hostname(), User: u.User.Username()}
		if port, err := strconv.Atoi(u.Port()); err == nil {
			s.Port = port
		}
		if s.Name == "" {
			s.Name = s.Title()
		}
		setPath(&s, u.Path)
		e := Entry{Site: s}
		e.Password, e.HasPassword = u.User.Password()
		l.add(e)
	}
	return l
}
