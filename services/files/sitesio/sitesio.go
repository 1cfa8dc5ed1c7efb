// Package sitesio reads the lists of servers that other programs keep, and
// writes ours for them. Nothing is read before somebody asks; a list is data
// from elsewhere, so it is bounded and every value is checked.
package sitesio

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/sites"
)

// Format names what a list is written in.
type Format string

// The formats.
const (
	Guichet   Format = "guichet"   // our own, JSON
	FileZilla Format = "filezilla" // sitemanager.xml
	WinSCP    Format = "winscp"    // WinSCP.ini, a registry export, or the registry itself
	OpenSSH   Format = "openssh"   // ~/.ssh/config
	Netrc     Format = "netrc"
	Lftp      Format = "lftp"  // its bookmarks
	Gnome     Format = "gnome" // the file manager's bookmarks
)

// Limits of a list.
const (
	maxFile  = 16 << 20 // bytes
	maxSites = 10_000
	maxDepth = 50 // of folders in it
	maxText  = 4096
)

// Entry is one server of a list.
type Entry struct {
	Site files.Site // without ID
	// Password is the saved one in clear text, where HasPassword. It goes to the
	// key ring or nowhere.
	Password    string
	HasPassword bool
	// Locked says that a password is there but enciphered with a master password
	// of the other program, and cannot be read.
	Locked bool
}

// Skipped is a server that was not taken over.
type Skipped struct {
	Name   string
	Reason Reason
}

// Reason is why a server is skipped.
type Reason string

// The reasons.
const (
	NoProtocol Reason = "protocol" // one that Guichet does not speak
	NoHost     Reason = "host"     // no server named, or none that can be
)

// List is what a file held.
type List struct {
	Format  Format
	Path    string // the file; "" for the registry
	Entries []Entry
	Skipped []Skipped
	// CanClear says that Clear can remove the passwords from the file.
	CanClear bool
}

// Passwords counts the entries whose password can be taken over.
func (l *List) Passwords() int {
	n := 0
	for _, e := range l.Entries {
		if e.HasPassword {
			n++
		}
	}
	return n
}

// add takes an entry if it can be used.
func (l *List) add(e Entry) {
	e.Site.Name = clean(e.Site.Name)
	e.Site.Host, e.Site.User = strings.TrimSpace(e.Site.Host), strings.TrimSpace(e.Site.User)
	if e.Site.Port == e.Site.Protocol.DefaultPort() {
		e.Site.Port = 0
	}
	switch {
	case len(l.Entries)+len(l.Skipped) >= maxSites:
	case !goodHost(e.Site.Host), e.Site.Port < 0, e.Site.Port > 65535, strings.ContainsAny(e.Site.User, "\x00\r\n"), len(e.Site.User) > maxText:
		l.Skipped = append(l.Skipped, Skipped{e.Site.Title(), NoHost})
	case !e.Site.Protocol.Known() || e.Site.Protocol == files.ProtocolLocal:
		l.Skipped = append(l.Skipped, Skipped{e.Site.Title(), NoProtocol})
	default:
		l.Entries = append(l.Entries, e)
	}
}

// goodHost reports whether a text can be a host name or address.
func goodHost(host string) bool {
	return host != "" && len(host) < 254 && !strings.HasPrefix(host, "-") &&
		!strings.ContainsFunc(host, func(r rune) bool {
			return r <= ' ' || strings.ContainsRune(`/\@"<>^{}|%?#*`, r) || r == 0x7f || !unicode.IsPrint(r)
		})
}

// clean makes a name from elsewhere one line that can be shown.
func clean(name string) string {
	name = files.Display(strings.Join(strings.Fields(name), " "))
	if len(name) > 200 {
		name = strings.ToValidUTF8(name[:200], "")
	}
	return name
}

// ReadFile reads a list; its format is told by its content, and by its name
// where that does not tell. Faults: Damaged, Unsupported for none of the
// formats, TooBig.
func ReadFile(path string) (*List, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.From("read sites", "", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fault.From("read sites", "", err)
	}
	l, err := Parse(data, filepath.Base(path))
	if err != nil {
		return nil, err
	}
	l.Path = path
	return l, nil
}

// Parse reads the content of a list; name is the file's.
func Parse(data []byte, name string) (*List, error) {
	if len(data) > maxFile {
		return nil, fault.Newf(fault.TooBig, "read sites", "", "more than %d bytes", maxFile)
	}
	text, err := decodeText(data)
	if err != nil {
		return nil, err
	}
	head := strings.TrimSpace(text[:min(len(text), 4096)])
	lower := strings.ToLower(name)
	switch {
	case strings.HasPrefix(head, "{"):
		return parseJSON([]byte(text))
	case strings.HasPrefix(head, "<"):
		return parseFileZilla([]byte(text))
	case strings.HasPrefix(head, "Windows Registry Editor"), strings.HasPrefix(head, "REGEDIT4"):
		return parseReg(text), nil
	case strings.Contains(text, `[Sessions\`), lower == "winscp.ini":
		return parseINI(text), nil
	case strings.HasSuffix(lower, "netrc"):
		return parseNetrc(text), nil
	case lower == "config":
		return parseSSH(text)
	case lower == "bookmarks":
		return parseBookmarks(text), nil
	}
	return nil, fault.Newf(fault.Unsupported, "read sites", "", "not a list of servers")
}

// decodeText turns UTF-16, which Windows writes, and byte order marks into plain
// UTF-8.
func decodeText(data []byte) (string, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return decodeUTF16(data)
	}
	return string(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))), nil
}

// Saver keeps sites; *sites.Store is one.
type Saver interface {
	List() *sites.List
	Save(ctx context.Context, site files.Site) (files.Site, error)
}

// Import saves entries. Those that are there already, with the same way, login
// and folder, are counted in known. Passwords go to secrets, if passwords is
// set; nil secrets keep none. It ends at the first fault.
func Import(ctx context.Context, store Saver, secrets sites.Secrets, entries []Entry, passwords bool) (added, known int, err error) {
	have := map[string]files.Site{}
	for _, s := range store.List().Sites {
		have[identity(s)] = s
	}
	for _, e := range entries {
		site, there := have[identity(e.Site)]
		if there {
			known++
		} else {
			if site, err = store.Save(ctx, e.Site); err != nil {
				return added, known, err
			}
			have[identity(site)] = site
			added++
		}
		if passwords && e.HasPassword && secrets != nil {
			if err := sites.SavePassword(ctx, secrets, site, e.Password); err != nil {
				return added, known, err
			}
		}
	}
	return added, known, nil
}

func identity(s files.Site) string { return s.Key() + "\x00" + s.URL(s.Path) }

// lines splits a text at its line ends.
func lines(text string) []string {
	all := strings.Split(text, "\n")
	for i, line := range all {
		line = strings.TrimRight(line, "\r")
		if !utf8.ValidString(line) {
			line = strings.ToValidUTF8(line, "\uFFFD")
		}
		all[i] = line
	}
	return all
}

// setPath takes over a folder's path as other programs write it, "" for none.
func setPath(s *files.Site, text string) {
	if text == "" {
		return
	}
	for _, name := range files.ParsePath(text) {
		if files.CheckName(name) != nil {
			return
		}
	}
	s.Path, s.Rooted = files.ParsePath(text), strings.HasPrefix(text, "/")
	if !s.Rooted {
		s.Path = nil // relative to a home that is not known yet
	}
}
