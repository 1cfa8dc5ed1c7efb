package sitesio

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/profile"
)

// What FileZilla writes, from its own files: the numbers of protocols and of
// the ways to log in.
var fzProtocols = map[int]files.Protocol{
	0: files.ProtocolFTP, // TLS if the server knows it
	1: files.ProtocolSFTP,
	3: files.ProtocolFTPS,
	4: files.ProtocolFTPES,
	6: files.ProtocolFTP, // clear text only; asked about before the first connection
	7: files.ProtocolS3,
	9: files.ProtocolDAVS, 19: files.ProtocolDAV,
}

const (
	fzAnonymous = 0
	fzAsk       = 2
	fzKey       = 5
)

type fzServer struct {
	Host     string `xml:"Host"`
	Port     string `xml:"Port"`
	Protocol string `xml:"Protocol"`
	User     string `xml:"User"`
	Pass     *struct {
		Encoding   string `xml:"encoding,attr"`
		Encryption string `xml:"encryption,attr"`
		PubKey     string `xml:"pubkey,attr"`
		Text       string `xml:",chardata"`
	} `xml:"Pass"`
	Logon     string `xml:"Logontype"`
	Keyfile   string `xml:"Keyfile"`
	TimeZone  string `xml:"TimezoneOffset"`
	Pasv      string `xml:"PasvMode"`
	MaxConns  string `xml:"MaximumMultipleConnections"`
	Encoding  string `xml:"EncodingType"`
	Custom    string `xml:"CustomEncoding"`
	Bypass    string `xml:"BypassProxy"`
	Name      string `xml:"Name"`
	Text      string `xml:",chardata"` // the name, in old files
	LocalDir  string `xml:"LocalDir"`
	RemoteDir string `xml:"RemoteDir"`
}

// guarded bounds an XML decoder: no document types, hence no entities of
// somebody's own, and no endless nesting.
func nextToken(d *xml.Decoder, depth int) (xml.Token, error) {
	t, err := d.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return nil, err
		}
		return nil, fault.New(fault.Damaged, "read sites", "", err)
	}
	if _, bad := t.(xml.Directive); bad {
		return nil, fault.Newf(fault.Damaged, "read sites", "", "a document type does not belong here")
	}
	if depth > maxDepth {
		return nil, fault.Newf(fault.TooBig, "read sites", "", "too deep")
	}
	return t, nil
}

func newDecoder(data []byte) *xml.Decoder {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(charset string, r io.Reader) (io.Reader, error) {
		if strings.EqualFold(charset, "utf-8") || strings.HasPrefix(strings.ToLower(charset), "utf-16") { // decoded already
			return r, nil
		}
		return nil, fault.Newf(fault.Unsupported, "read sites", "", "charset %q", charset)
	}
	return d
}

func parseFileZilla(data []byte) (*List, error) {
	if err := checkDepth(data); err != nil {
		return nil, err
	}
	l := &List{Format: FileZilla, CanClear: true}
	d := newDecoder(data)
	var folders []string // names so far of those that are open
	var text strings.Builder
	known := false
	for depth := 0; ; {
		t, err := nextToken(d, depth)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "FileZilla3":
				known = true
			case "Folder":
				folders = append(folders, "")
				text.Reset()
			case "Server":
				var s fzServer
				if err := d.DecodeElement(&s, &t); err != nil {
					return nil, fault.New(fault.Damaged, "read sites", "", err)
				}
				if known {
					l.addFileZilla(s, strings.Join(named(folders), " / "))
				}
				continue
			}
			depth++
		case xml.CharData:
			if n := len(folders); n > 0 && folders[n-1] == "" && len(t) < maxText {
				folders[n-1] = strings.TrimSpace(string(t))
			}
		case xml.EndElement:
			depth--
			if t.Name.Local == "Folder" && len(folders) > 0 {
				folders = folders[:len(folders)-1]
			}
		}
	}
	if !known {
		return nil, fault.Newf(fault.Unsupported, "read sites", "", "not a list of FileZilla")
	}
	return l, nil
}

// checkDepth looks at the nesting before anything is decoded: decoding an
// element goes down by recursion.
func checkDepth(data []byte) error {
	d := newDecoder(data)
	for depth := 0; ; {
		t, err := nextToken(d, depth)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
}

func named(folders []string) []string {
	var out []string
	for _, f := range folders {
		if f != "" {
			out = append(out, f)
		}
	}
	return out
}

func (l *List) addFileZilla(s fzServer, folder string) {
	number := func(text string) int {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			return -1
		}
		return n
	}
	name := s.Name
	if name == "" {
		name = strings.TrimSpace(s.Text)
	}
	if folder != "" && name != "" {
		name = folder + " / " + name
	}
	e := Entry{Site: files.Site{
		Name: name, Protocol: fzProtocols[number(s.Protocol)], Host: s.Host, Port: max(0, number(s.Port)), User: s.User,
		Active: s.Pasv == "MODE_ACTIVE", Folder: strings.TrimSpace(s.LocalDir), MaxConns: max(0, min(number(s.MaxConns), 8)),
	}}
	if number(s.Protocol) == 9 || number(s.Protocol) == 19 || number(s.Protocol) == 7 {
		hostOfURL(&e.Site)
	}
	logon := number(s.Logon)
	if logon == fzAnonymous {
		e.Site.User = ""
	}
	if logon == fzKey {
		e.Site.KeyFile = strings.TrimSpace(s.Keyfile)
	}
	if minutes := number(s.TimeZone); s.TimeZone != "" && minutes != 0 && minutes >= -24*60 && minutes <= 24*60 && (minutes != -1 || strings.TrimSpace(s.TimeZone) == "-1") {
		e.Site.TimeShift, e.Site.TimeFixed = time.Duration(minutes)*time.Minute, true
	}
	switch s.Encoding {
	case "UTF-8":
		e.Site.Charset = "utf-8"
	case "Custom":
		e.Site.Charset = strings.ToLower(strings.TrimSpace(s.Custom))
	}
	if strings.TrimSpace(s.Bypass) == "1" {
		e.Site.Proxy = "direct"
	}
	if p, ok := fzPath(s.RemoteDir); ok {
		e.Site.Path, e.Site.Rooted = p, true
	}
	if s.Pass != nil && logon != fzAnonymous && strings.TrimSpace(s.Pass.Text) != "" {
		switch {
		case s.Pass.Encoding == "crypt", s.Pass.Encryption != "", s.Pass.PubKey != "":
			e.Locked = true
		case s.Pass.Encoding == "base64":
			if pw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s.Pass.Text)); err == nil {
				e.Password, e.HasPassword = string(pw), true
			} else {
				e.Locked = true
			}
		default: // before FileZilla 3.10
			e.Password, e.HasPassword = s.Pass.Text, true
		}
	}
	l.add(e)
}

// hostOfURL takes an address apart that stands where a host is meant.
func hostOfURL(s *files.Site) {
	scheme, rest, ok := strings.Cut(s.Host, "://")
	if !ok {
		return
	}
	if strings.EqualFold(scheme, "http") {
		switch s.Protocol {
		case files.ProtocolDAVS:
			s.Protocol = files.ProtocolDAV
		case files.ProtocolS3:
			s.Protocol = files.ProtocolS3Clear
		}
	}
	host, folder, _ := strings.Cut(rest, "/")
	if h, port, ok := strings.Cut(host, ":"); ok {
		if n, err := strconv.Atoi(port); err == nil {
			host, s.Port = h, n
		}
	}
	s.Host = host
	setPath(s, "/"+folder)
}

// fzPath reads FileZilla's form of a remote path: the kind of system, the
// length of a prefix and the prefix, then for each name its length and itself,
// all parted by blanks: "1 0 4 home 3 web". Lengths count characters; UTF-16
// units where a Windows program wrote it.
func fzPath(text string) (files.Path, bool) {
	if text == "" {
		return nil, false
	}
	kind, rest, _ := strings.Cut(text, " ")
	switch kind {
	case "0", "1", "8", "9", "10": // as on Unix, or written with slashes
	default:
		return nil, false
	}
	prefix, rest, more := strings.Cut(rest, " ")
	if prefix != "0" {
		return nil, false
	}
	if !more {
		return nil, prefix == "0"
	}
	for _, wide := range []bool{false, true} {
		if p, ok := fzNames(rest, wide); ok {
			return p, true
		}
	}
	return nil, false
}

func fzNames(rest string, wide bool) (files.Path, bool) {
	var p files.Path
	for rest != "" {
		digits, after, ok := strings.Cut(rest, " ")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n <= 0 || n > maxText || len(p) > files.MaxDepth {
			return nil, false
		}
		end := 0
		for i, r := range after {
			if n <= 0 {
				break
			}
			n--
			if wide && utf16.RuneLen(r) == 2 {
				n--
			}
			end = i + len(string(r))
		}
		if n != 0 {
			return nil, false
		}
		name := after[:end]
		if files.CheckName(name) != nil {
			return nil, false
		}
		p = append(p, name)
		rest = after[end:]
		if rest != "" {
			if rest[0] != ' ' {
				return nil, false
			}
			rest = rest[1:]
		}
	}
	return p, true
}

// writeFZPath is the reverse of fzPath.
func writeFZPath(p files.Path) string {
	var b strings.Builder
	b.WriteString("1 0")
	for _, name := range p {
		shown := files.Display(name)
		n := len([]rune(shown))
		if runtime.GOOS == "windows" {
			n = len(utf16.Encode([]rune(shown)))
		}
		fmt.Fprintf(&b, " %d %s", n, shown)
	}
	return b.String()
}

// Clear removes the readable passwords from the file that a list was read from;
// everything else in it stays as it is, byte for byte, but that the program it
// belongs to asks for them from now on. The new file takes the old one's place
// at once and no other copy is kept. n counts the passwords. The other program
// must not be running: it writes its list anew when it ends.
func Clear(l *List) (n int, err error) {
	if !l.CanClear || l.Path == "" {
		return 0, fault.Newf(fault.Unsupported, "clear passwords", "", "not in this file")
	}
	path, err := filepath.EvalSymlinks(l.Path)
	if err != nil {
		return 0, fault.From("clear passwords", "", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, fault.From("clear passwords", "", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, fault.From("clear passwords", "", err)
	}
	var out []byte
	switch l.Format {
	case FileZilla:
		out, n, err = clearFileZilla(data)
	case WinSCP:
		out, n = clearINI(data)
	default:
		err = fault.Newf(fault.Unsupported, "clear passwords", "", "not in this file")
	}
	if err != nil || n == 0 {
		return 0, err
	}
	if err := profile.WriteFile(path, out, info.Mode().Perm()); err != nil {
		return 0, fault.From("clear passwords", "", err)
	}
	return n, nil
}

// clearFileZilla cuts the Pass elements that can be read out of the text and
// has FileZilla ask instead.
func clearFileZilla(data []byte) (out []byte, n int, err error) {
	if err := checkDepth(data); err != nil {
		return nil, 0, err
	}
	type cut struct {
		from, to int64
		with     string
	}
	var cuts []cut
	d := newDecoder(data)
	for depth, server := 0, 0; ; {
		at := d.InputOffset()
		t, err := nextToken(d, depth)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, 0, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			depth++
			switch {
			case t.Name.Local == "Server":
				server = len(cuts)
			case t.Name.Local == "Pass" && !locked(t):
				if err := d.Skip(); err != nil {
					return nil, 0, fault.New(fault.Damaged, "clear passwords", "", err)
				}
				depth--
				cuts = append(cuts, cut{at, d.InputOffset(), ""})
				n++
			case t.Name.Local == "Logontype":
				begin := d.InputOffset()
				if err := d.Skip(); err != nil {
					return nil, 0, fault.New(fault.Damaged, "clear passwords", "", err)
				}
				depth--
				end := bytes.LastIndex(data[:d.InputOffset()], []byte("</"))
				if len(cuts) > server && end >= int(begin) && strings.TrimSpace(string(data[begin:end])) != strconv.Itoa(fzAnonymous) {
					cuts = append(cuts, cut{begin, int64(end), strconv.Itoa(fzAsk)})
				}
			}
		case xml.EndElement:
			depth--
		}
	}
	var b bytes.Buffer
	last := int64(0)
	for _, c := range cuts {
		b.Write(data[last:c.from])
		b.WriteString(c.with)
		last = c.to
	}
	b.Write(data[last:])
	return b.Bytes(), n, nil
}

func locked(t xml.StartElement) bool {
	for _, a := range t.Attr {
		if a.Name.Local == "encoding" && a.Value == "crypt" || a.Name.Local == "encryption" || a.Name.Local == "pubkey" {
			return true
		}
	}
	return false
}
