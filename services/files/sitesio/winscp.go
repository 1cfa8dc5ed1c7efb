package sitesio

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"guichet/services/fault"
	"guichet/services/files"
)

// session is what WinSCP keeps of one server: names of values in lower case.
type session map[string]string

func decodeUTF16(data []byte) (string, error) {
	var order binary.ByteOrder = binary.LittleEndian
	if data[0] == 0xfe {
		order = binary.BigEndian
	}
	data = data[2:]
	if len(data)%2 != 0 {
		return "", fault.Newf(fault.Damaged, "read sites", "", "half a character at the end")
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return string(utf16.Decode(units)), nil
}

// unmunge undoes WinSCP's percent signs; "%EF%BB%BF" before a text, or
// a part of it, says that it is UTF-8.
func unmunge(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if c, err := hex.DecodeString(text[i+1 : i+3]); err == nil {
				b.WriteByte(c[0])
				i += 2
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return strings.ReplaceAll(b.String(), "\xef\xbb\xbf", "")
}

const sessionsSection = `sessions\`

// parseINI reads WinSCP.ini.
func parseINI(text string) *List {
	l := &List{Format: WinSCP, CanClear: true}
	var name string
	var s session
	master := false
	security := false
	end := func() {
		if s != nil {
			l.addWinSCP(name, s, master)
		}
		s = nil
	}
	// The master password may be told of after the sessions.
	for _, line := range lines(text) {
		if section, ok := iniSection(line); ok {
			security = strings.EqualFold(section, `Configuration\Security`)
			continue
		}
		if k, v, ok := strings.Cut(line, "="); security && ok && strings.EqualFold(strings.TrimSpace(k), "UseMasterPassword") {
			master = strings.TrimSpace(v) == "1"
		}
	}
	for _, line := range lines(text) {
		if section, ok := iniSection(line); ok {
			end()
			if len(section) > len(sessionsSection) && strings.EqualFold(section[:len(sessionsSection)], sessionsSection) {
				name, s = unmunge(section[len(sessionsSection):]), session{}
			}
			continue
		}
		if k, v, ok := strings.Cut(line, "="); ok && s != nil && len(s) < 500 {
			s[strings.ToLower(strings.TrimSpace(k))] = unmunge(strings.TrimSpace(v))
		}
	}
	end()
	return l
}

func iniSection(line string) (string, bool) {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
		return line[1 : len(line)-1], true
	}
	return "", false
}

// parseReg reads a registry export (.reg).
func parseReg(text string) *List {
	l := &List{Format: WinSCP}
	const key = `\software\martin prikryl\winscp 2\sessions\`
	var name string
	var s session
	end := func() {
		if s != nil {
			l.addWinSCP(name, s, false)
		}
		s = nil
	}
	for _, line := range lines(text) {
		if section, ok := iniSection(line); ok {
			end()
			if i := strings.Index(strings.ToLower(section), key); i >= 0 {
				name, s = unmunge(section[i+len(key):]), session{}
			}
			continue
		}
		k, v, ok := strings.Cut(line, "=")
		k, v = strings.Trim(strings.TrimSpace(k), `"`), strings.TrimSpace(v)
		if !ok || s == nil || len(s) >= 500 {
			continue
		}
		if word, ok := strings.CutPrefix(v, "dword:"); ok {
			if n, err := strconv.ParseUint(word, 16, 32); err == nil {
				s[strings.ToLower(k)] = strconv.FormatUint(n, 10)
			}
			continue
		}
		if len(v) >= 2 && v[0] == '"' && v[len(v)-1] == '"' {
			s[strings.ToLower(k)] = strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(v[1 : len(v)-1])
		}
	}
	end()
	return l
}

func (s session) number(key string, otherwise int) int {
	if n, err := strconv.Atoi(s[key]); err == nil {
		return n
	}
	return otherwise
}

func (l *List) addWinSCP(name string, s session, master bool) {
	if name == "Default Settings" || s.number("isworkspace", 0) != 0 || s["hostname"] == "" {
		return
	}
	e := Entry{Site: files.Site{
		Name: strings.ReplaceAll(name, "/", " / "), Host: s["hostname"], Port: s.number("portnumber", 0), User: s["username"], Folder: s["localdirectory"],
		KeyFile: s["publickeyfile"],
	}}
	site := &e.Site
	tls := s.number("ftps", 0)
	switch s.number("fsprotocol", 1) {
	case 0, 1, 2: // SCP and SFTP: the same servers
		site.Protocol = files.ProtocolSFTP
	case 5:
		switch tls {
		case 0:
			site.Protocol = files.ProtocolFTP
		case 1:
			site.Protocol = files.ProtocolFTPS
		default:
			site.Protocol = files.ProtocolFTPES
		}
		site.Active = s.number("ftppasvmode", 1) == 0
	case 6:
		site.Protocol = files.ProtocolDAVS
		if tls == 0 {
			site.Protocol = files.ProtocolDAV
		}
	case 7:
		site.Protocol = files.ProtocolS3
		if s["ftps"] == "0" {
			site.Protocol = files.ProtocolS3Clear
		}
		site.Region = s["s3defaultregion"]
	}
	if strings.EqualFold(site.User, "anonymous") && site.Protocol == files.ProtocolFTP {
		site.User = ""
	}
	// In days; a whole number of minutes is meant.
	if days, err := strconv.ParseFloat(s["timedifference"], 64); err == nil && days != 0 && math.Abs(days) <= 1 && s.number("timedifferenceauto", 1) == 0 {
		site.TimeShift, site.TimeFixed = time.Duration(math.Round(days*24*60))*time.Minute, true
	}
	if s.number("tunnel", 0) == 1 && goodHost(s["tunnelhostname"]) {
		site.Jump = s["tunnelhostname"]
		if port := s.number("tunnelportnumber", 22); port != 22 {
			site.Jump = net.JoinHostPort(site.Jump, strconv.Itoa(port))
		}
		if user := s["tunnelusername"]; user != "" && !strings.ContainsAny(user, "@, \t") {
			site.Jump = user + "@" + site.Jump
		}
	}
	scheme := map[int]string{2: "socks5", 3: "http"}[s.number("proxymethod", 0)]
	if scheme != "" && goodHost(s["proxyhost"]) {
		site.Proxy = (&url.URL{Scheme: scheme, Host: net.JoinHostPort(s["proxyhost"], strconv.Itoa(s.number("proxyport", 80)))}).String()
	}
	setPath(site, s["remotedirectory"])
	switch code := s["password"]; {
	case code == "":
		if plain := s["passwordplain"]; plain != "" {
			e.Password, e.HasPassword = plain, true
		}
	case master:
		e.Locked = true
	default:
		if pw, ok := reveal(code, s["username"]+s["hostname"]); ok {
			e.Password, e.HasPassword = pw, true
		} else {
			e.Locked = true
		}
	}
	l.add(e)
}

// WinSCP's disguise of passwords: each byte is inverted and xored with a
// constant, behind a length and some bytes to be passed over; since version 4
// the text begins with user and host.
const (
	disguise         = 0xA3
	disguiseFlag     = 0xFF
	disguiseExternal = 1 // enciphered with a master password
	disguiseLong     = 2 // two bytes of length
)

func reveal(code, key string) (string, bool) {
	raw, err := hex.DecodeString(strings.TrimSpace(code))
	if err != nil {
		return "", false
	}
	i := 0
	next := func() (int, bool) {
		if i >= len(raw) {
			return 0, false
		}
		i++
		return int(^(raw[i-1] ^ disguise)), true
	}
	length, ok := next()
	flagged := ok && length == disguiseFlag
	if flagged {
		version, _ := next()
		if version == disguiseExternal {
			return "", false
		}
		length, ok = next()
		if version == disguiseLong {
			var low int
			low, ok = next()
			length = length<<8 + low
		}
	}
	if !ok {
		return "", false
	}
	skip, ok := next()
	i += skip
	if !ok || i+length > len(raw) {
		return "", false
	}
	out := make([]byte, length)
	for n := range out {
		c, _ := next()
		out[n] = byte(c)
	}
	if !flagged {
		return string(out), true
	}
	return strings.CutPrefix(string(out), key)
}

// clearINI drops the lines with passwords from the sessions of WinSCP.ini.
func clearINI(data []byte) (out []byte, n int) {
	var b strings.Builder
	inside := false
	for _, line := range strings.SplitAfter(string(data), "\n") {
		if section, ok := iniSection(line); ok {
			inside = len(section) > len(sessionsSection) && strings.EqualFold(section[:len(sessionsSection)], sessionsSection)
		}
		k, _, _ := strings.Cut(line, "=")
		switch strings.ToLower(strings.TrimSpace(k)) {
		case "password", "passwordplain":
			if inside {
				n++
				continue
			}
		}
		b.WriteString(line)
	}
	return []byte(b.String()), n
}
