package files

import (
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"guichet/services/fault"
)

// Protocol is how a file system is reached.
type Protocol string

// The protocols, named like the schemes of their addresses.
const (
	ProtocolLocal Protocol = "file"
	ProtocolFTP   Protocol = "ftp"   // clear text is possible, but only with Site.AllowClear
	ProtocolFTPS  Protocol = "ftps"  // TLS from the first byte (implicit)
	ProtocolFTPES Protocol = "ftpes" // AUTH TLS (RFC 4217), required
	ProtocolSFTP  Protocol = "sftp"
	ProtocolDAV   Protocol = "dav"  // over HTTP, needs Site.AllowClear
	ProtocolDAVS  Protocol = "davs" // over HTTPS
	ProtocolS3    Protocol = "s3"   // S3 over HTTPS; the first name of a path is the bucket
	// ProtocolS3Clear is S3 over HTTP, needs Site.AllowClear.
	ProtocolS3Clear Protocol = "s3+http"
)

// DefaultPort is the port that the protocol uses by itself; 0 for local.
func (p Protocol) DefaultPort() int {
	switch p {
	case ProtocolFTP, ProtocolFTPES:
		return 21
	case ProtocolFTPS:
		return 990
	case ProtocolSFTP:
		return 22
	case ProtocolDAV, ProtocolS3Clear:
		return 80
	case ProtocolDAVS, ProtocolS3:
		return 443
	}
	return 0
}

// Known reports whether p is one of the protocols above.
func (p Protocol) Known() bool { return p == ProtocolLocal || p.DefaultPort() != 0 }

// Encrypted reports whether the protocol is never spoken in clear text.
func (p Protocol) Encrypted() bool {
	return p != ProtocolFTP && p != ProtocolDAV && p != ProtocolS3Clear
}

// Site is a place with files: what must be known to reach it, but no secret.
type Site struct {
	ID       string   `json:"id,omitempty"` // of a saved site; "" for one typed in
	Name     string   `json:"name,omitempty"`
	Protocol Protocol `json:"protocol"`
	Host     string   `json:"host,omitempty"` // without brackets, as typed
	Port     int      `json:"port,omitempty"` // 0: the protocol's
	User     string   `json:"user,omitempty"` // "": anonymous for FTP, this computer's user for SFTP
	// Path is where to begin. For WebDAV it is a part of the address as well.
	// Its names are raw bytes.
	Path Path `json:"path,omitempty"`
	// Rooted tells "begin at the top" from "begin at home" when Path is empty.
	Rooted bool `json:"rooted,omitempty"`
	// AllowClear is a person's consent to send name, password and files
	// unencrypted to this site, if it knows no encryption.
	AllowClear bool   `json:"allow_clear,omitempty"`
	Charset    string `json:"charset,omitempty"` // of names, an IANA name; "": found out
	KeyFile    string `json:"key_file,omitempty"`
	// Active lets an FTP server open the data connections to this computer (PORT,
	// EPRT), for servers behind a wall that passive mode does not pass.
	Active bool `json:"active,omitempty"`
	// TimeShift is added to the times of an FTP server's LIST to give UTC, where
	// TimeFixed says that a person chose it; otherwise it is found out.
	TimeShift time.Duration `json:"time_shift,omitempty"`
	TimeFixed bool          `json:"time_fixed,omitempty"`
	// Jump are SSH servers on the way, "user@host:port" separated by commas, as
	// OpenSSH's ProxyJump.
	Jump string `json:"jump,omitempty"`
	// Proxy is the address of a SOCKS5 or HTTP proxy for this site,
	// "socks5://host:port"; "direct" for none, "" for the program's.
	Proxy  string `json:"proxy,omitempty"`
	Region string `json:"region,omitempty"` // of S3; "": found out
	// MaxConns bounds the parallel transfers; 0: as many as do good, at most 8.
	MaxConns int `json:"max_conns,omitempty"`
	// Trash keeps what is deleted in a hidden folder on the server, from which it
	// can be put back.
	Trash bool `json:"trash,omitempty"`
	// Folder is the folder of this computer that is shown beside the site, a path
	// of the system; "" leaves the one that is shown.
	Folder string `json:"folder,omitempty"`
}

// PortOrDefault is the port to connect to.
func (s Site) PortOrDefault() int {
	if s.Port != 0 {
		return s.Port
	}
	return s.Protocol.DefaultPort()
}

// Title is the site's name for people: the given one, else user@host.
func (s Site) Title() string {
	switch {
	case s.Name != "":
		return s.Name
	case s.User != "":
		return s.User + "@" + s.Host
	}
	return s.Host
}

// Account is the name under which the site's password is kept: user, host and
// port, so that no password ever goes to another server or login.
func (s Site) Account() string {
	return s.User + "@" + net.JoinHostPort(s.Host, strconv.Itoa(s.PortOrDefault()))
}

// Key tells connections apart that must not be shared: protocol, login, key,
// consent, way (CVE-2023-27535).
func (s Site) Key() string {
	return strings.Join([]string{
		string(s.Protocol), s.Account(), s.KeyFile, s.Charset, strconv.FormatBool(s.AllowClear), strconv.FormatBool(s.Active),
		s.Jump, s.Proxy, s.Region,
	}, "\x00")
}

// URL writes the address of path p at the site (RFC 3986, RFC 1738 section
// 3.2): raw bytes are percent-encoded, there is never a password in it.
func (s Site) URL(p Path) string {
	if s.Protocol == ProtocolLocal {
		return string(ProtocolLocal) + "://" + p.escaped()
	}
	host := s.Host
	if s.Port != 0 && s.Port != s.Protocol.DefaultPort() {
		host = net.JoinHostPort(host, strconv.Itoa(s.Port))
	} else if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	user := ""
	if s.User != "" {
		user = url.User(s.User).String() + "@"
	}
	return string(s.Protocol) + "://" + user + host + p.escaped()
}

func (p Path) escaped() string {
	if len(p) == 0 {
		return "/"
	}
	var b strings.Builder
	for _, name := range p {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(name))
	}
	return b.String()
}

// ParseURL reads an address of a file server or of this computer. Faults:
// Unsupported for another scheme, Permission when a password stands in it
// (addresses are kept and shown, so passwords do not belong there), Protocol
// when it cannot be read.
func ParseURL(text string) (Site, error) {
	fail := func(kind fault.Kind, format string, args ...any) (Site, error) {
		return Site{}, fault.Newf(kind, "parse address", "", format, args...)
	}
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		// url.Error repeats its input, which may hold a password.
		return fail(fault.Protocol, "not an address")
	}
	s := Site{Protocol: Protocol(strings.ToLower(u.Scheme))}
	if !s.Protocol.Known() {
		return fail(fault.Unsupported, "scheme %q", u.Scheme)
	}
	if _, has := u.User.Password(); has {
		return fail(fault.Permission, "the address holds a password")
	}
	s.User = u.User.Username()
	s.Host = u.Hostname()
	if strings.Contains(s.Host, ":") && !strings.HasPrefix(u.Host, "[") {
		return fail(fault.Protocol, "host %q", u.Host)
	}
	if port := u.Port(); port != "" {
		s.Port, err = strconv.Atoi(port)
		if err != nil || s.Port < 1 || s.Port > 65535 {
			return fail(fault.Protocol, "port %q", port)
		}
	}
	if s.Protocol == ProtocolLocal {
		if s.Host != "" && s.Host != "localhost" || s.User != "" || s.Port != 0 {
			return fail(fault.Unsupported, "a file address has no host")
		}
		s.Host = ""
	} else if s.Host == "" {
		return fail(fault.Protocol, "no host")
	}
	if u.RawQuery != "" || u.Fragment != "" {
		// Servers' names may hold ? and #; typed unescaped they belong to the path.
		if u.RawQuery != "" {
			u.Path += "?" + u.RawQuery
		}
		if u.Fragment != "" {
			u.Path += "#" + u.Fragment
		}
		u.RawPath = ""
	}
	if s.Path, err = parsePath(u); err != nil {
		return fail(fault.Protocol, "path: %v", err)
	}
	if host, bucket := amazonHost(s.Host); s.Protocol == ProtocolS3 && bucket != "" {
		s.Host, s.Path = host, append(Path{bucket}, s.Path...)
	}
	s.Rooted = u.Path != "" || len(s.Path) > 0
	return s, nil
}

// amazonBucket are Amazon's addresses of one bucket, with and without a region.
var amazonBucket = regexp.MustCompile(`^(?i)([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.(s3([.-][a-z0-9-]+)*\.amazonaws\.com(\.cn)?)$`)

// amazonHost splits an address that begins with a bucket's name, as Amazon's
// web pages show it; bucket is "" for all others.
func amazonHost(name string) (host, bucket string) {
	if m := amazonBucket.FindStringSubmatch(name); m != nil {
		return strings.ToLower(m[2]), strings.ToLower(m[1])
	}
	return name, ""
}

// parsePath splits before unescaping, so that an escaped slash stays in its
// name, where CheckName then refuses it.
func parsePath(u *url.URL) (Path, error) {
	var p Path
	for part := range strings.SplitSeq(u.EscapedPath(), "/") {
		name, err := url.PathUnescape(part)
		if err != nil {
			return nil, err
		}
		switch name {
		case "", ".":
		case "..":
			p = p.Dir()
		default:
			if err := CheckName(name); err != nil {
				return nil, err
			}
			p = append(p, name)
		}
	}
	return p, nil
}
