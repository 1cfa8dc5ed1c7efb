package listing

import (
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"

	"guichet/services/files"
)

var (
	// sterling is Sterling Connect:Enterprise.
	sterling = regexp.MustCompile(`^-[-A-Z]{9}(FTP|TCP|SSH|HTP|AS2|BSC|ASY)$`)
	netware  = regexp.MustCompile(`^\[[-A-Z]{8,10}\]$`)
	// loneGroup is a word with a size right behind it, no blank between.
	loneGroup = regexp.MustCompile(`^[A-Za-z_][A-Za-z_.$-]*[0-9]+$`)
)

// unixMode reports whether a word is the mode of ls -l: "-rwSr-xr-t", a sign
// for access lists or SELinux behind it and, where the column was full, the
// count of links as well.
func unixMode(s string) bool {
	if len(s) < 10 || strings.IndexByte("-bcdlpsDnmMCw|", s[0]) < 0 {
		return false
	}
	for i := range 9 {
		set := "-r"
		switch i % 3 {
		case 1:
			set = "-w"
		case 2:
			set = "-xsSlLtT"
		}
		if strings.IndexByte(set, s[i+1]) < 0 {
			return false
		}
	}
	rest := s[10:]
	if rest != "" && strings.IndexByte("+@.*", rest[0]) >= 0 {
		rest = rest[1:]
	}
	return rest == "" || isDigits(rest)
}

// shortMode is what small systems make of it: "drwxr-x" without the part of
// the others.
func shortMode(s string) bool {
	return len(s) == 7 && unixMode(s+"---")
}

// parseUnix reads the lines of ls -l in all its dialects. Owner and group may
// be missing, or hold blanks: what counts is a size with a date right behind
// it, the first such pair of the line.
func parseUnix(line string, now time.Time) (files.Entry, bool) {
	var room [maxTokens]token
	t := tokenize(line, room[:0])
	if len(t) < 4 || t[0].start != 0 {
		return files.Entry{}, false
	}
	e := files.Entry{Size: -1}
	first := 1
	strict := false
	switch mode := t[0].text; {
	case unixMode(mode):
		strict = isDigits(t[1].text) || len(mode) > 10 && isDigits(mode[len(mode)-1:])
		if !strict && startsWithDigit(t[1].text) && len(t) > 2 && !sizeAndDate(t[1:], now) {
			return files.Entry{}, false // "1ftp": two columns in one word
		}
		e.Mode, e.HasMode = modeBits(mode), true
	case shortMode(mode) && isDigits(t[1].text):
	case sterling.MatchString(mode):
	case len(mode) == 1 && strings.Contains("d-", mode) && netware.MatchString(t[1].text):
		first = 2
	default:
		// "d[R----F--]" without the blank.
		if len(mode) < 10 || !strings.Contains("d-", mode[:1]) || !netware.MatchString(mode[1:]) {
			return files.Entry{}, false
		}
	}
	for pass := range 2 { // what can be nothing but a date first
		for i := first; i < len(t)-2; i++ {
			size, ok := sizeOf(t[i].text)
			if !ok && (line[0] == 'b' || line[0] == 'c') {
				ok = isDevice(t[i].text)
			}
			if !ok {
				continue
			}
			var d date
			if pass == 0 {
				d, ok = namedDate(t[i+1:], now)
			} else {
				d, ok = numericDate(t[i+1:], now)
			}
			if ok {
				if e, ok := columns(e, line, t, i, size, d, strict); ok {
					return e, true
				}
			}
		}
	}
	// A full column of groups leaves no blank before the size, and where the
	// group ends nobody can tell: the size stays unknown.
	for i := max(first, 2); i < len(t)-2; i++ {
		if loneGroup.MatchString(t[i].text) {
			if d, ok := namedDate(t[i+1:], now); ok {
				return columns(e, line, t, i, -1, d, strict)
			}
		}
	}
	return files.Entry{}, false
}

// isDevice knows the two numbers of a device, "13,64".
func isDevice(s string) bool {
	major, minor, ok := strings.Cut(s, ",")
	return ok && isDigits(major) && isDigits(minor)
}

func startsWithDigit(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

func sizeAndDate(t []token, now time.Time) bool {
	if _, ok := sizeOf(t[0].text); !ok {
		return false
	}
	_, ok := namedDate(t[1:], now)
	return ok
}

// columns makes the entry of a line whose size is token i with the date d
// behind it.
func columns(e files.Entry, line string, t []token, i int, size int64, d date, strict bool) (files.Entry, bool) {
	last := t[i+d.used]
	if last.end >= len(line) {
		return e, false // no name
	}
	name := line[last.end+1:]
	switch {
	case !strict || i < 3 || d.used == 1 && d.precise == 24*time.Hour:
		name = strings.TrimLeft(name, " \t")
	case d.precise == 24*time.Hour && len(last.text) == 4 && last.start == t[i+d.used-1].end+1:
		// Years stand in a column of five: what was not padded before them is after.
		name = strings.TrimPrefix(name, " ")
		if name == "" {
			name = " "
		}
	}
	if strings.TrimSpace(name) == "" && !strict || name == "" {
		return e, false
	}
	e.Name, e.Size, e.ModTime, e.Precise = name, size, d.at, d.precise
	if strict && i >= 3 {
		kind := t[0].text[0]
		group := t[3:i]
		if n := len(group); n > 0 && (kind == 'b' || kind == 'c') && strings.HasSuffix(group[n-1].text, ",") {
			group = group[:n-1] // the major number of a device
		}
		if len(group) > 1 && isDigits(group[0].text) && !isDigits(group[1].text) {
			return e, false // no group is a number and a word
		}
		e.Owner = t[2].text
		if n := len(group); n > 0 {
			e.Group = line[group[0].start:group[n-1].end]
		}
	}
	return finishUnix(e, t[0].text[0], size)
}

func finishUnix(e files.Entry, kind byte, size int64) (files.Entry, bool) {
	switch kind {
	case 'd':
		e.Type, e.Size = files.Dir, -1
	case 'l':
		e.Type, e.Size = files.LinkFile, -1
		e.Name, e.Target = cutArrow(e.Name, size)
		if strings.HasSuffix(e.Target, "/") {
			e.Type = files.LinkDir
		}
	case 'b', 'c', 'p', 's', 'D', 'n', 'w', '|':
		e.Type, e.Size = files.Other, -1
	}
	if e.Type == files.Dir {
		e.Name = strings.TrimSuffix(e.Name, "/") // ls -F
	}
	return e, e.Name != ""
}

// cutArrow divides "name -> target". Both may hold arrows themselves: the size
// of a link is the length of its target, and where that does not help the first
// arrow is it.
func cutArrow(s string, size int64) (name, target string) {
	const arrow = " -> "
	first := -1
	for at := 0; ; {
		i := strings.Index(s[at:], arrow)
		if i < 0 {
			break
		}
		i += at
		if i > 0 && first < 0 {
			first = i
		}
		if i > 0 && int64(len(s)-i-len(arrow)) == size {
			first = i
			break
		}
		at = i + len(arrow)
	}
	if first < 0 {
		return s, ""
	}
	return s[:first], s[first+len(arrow):]
}

func modeBits(s string) fs.FileMode {
	var m fs.FileMode
	for i := range 9 {
		if c := s[i+1]; c != '-' && c != 'S' && c != 'T' && c != 'L' {
			m |= 1 << (8 - i)
		}
	}
	return m
}

// sizeOf reads 531, 33.5k, 9,730 (only where groups of three make sense). A
// number that needs all 64 bits is a size nobody can use: unknown.
func sizeOf(s string) (int64, bool) {
	if !startsWithDigit(s) {
		return 0, false
	}
	if isDigits(s) {
		n, err := strconv.ParseUint(s, 10, 64)
		if n > 1<<63-1 {
			return -1, err == nil
		}
		return int64(n), err == nil
	}
	if i := len(s) - 1; strings.IndexByte("kKmMgGtT", s[i]) >= 0 {
		v, err := strconv.ParseFloat(s[:i], 64)
		if err != nil || strings.Trim(s[:i], "0123456789.") != "" {
			return 0, false
		}
		v *= float64(int64(1) << (10 * (1 + strings.IndexByte("kmgt", s[i]|0x20))))
		return int64(v), v < 1<<62
	}
	return grouped(s)
}

// grouped reads digits in groups of three with commas, dots or apostrophes.
func grouped(s string) (int64, bool) {
	for _, sep := range []string{",", ".", "'"} {
		parts := strings.Split(s, sep)
		if len(parts) < 2 || len(parts[0]) > 3 || !isDigits(parts[0]) {
			continue
		}
		ok := true
		for _, p := range parts[1:] {
			ok = ok && len(p) == 3 && isDigits(p)
		}
		if ok {
			n, err := strconv.ParseInt(strings.Join(parts, ""), 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
