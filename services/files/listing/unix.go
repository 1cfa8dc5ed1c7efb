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
	// unixMode is the first word of ls -l; a sign for ACLs or SELinux may follow.
	unixMode = regexp.MustCompile(`^[-bcdlpsDnmMCw|]([-r][-w][-xsSlLtT]){3}[+@.*]?$`)
	// netPresenz and some printers leave the owner's part out.
	looseMode = regexp.MustCompile(`^[-d][-rwx]{9}$`)
	// sterling is Sterling Connect:Enterprise.
	sterling = regexp.MustCompile(`^-[-A-Z]{9}(FTP|TCP|SSH|HTP|AS2|BSC|ASY)$`)
	netware  = regexp.MustCompile(`^\[[-A-Z]{8,10}\]$`)
	named    = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)([kKmMgGtT])$`)
)

// parseUnix reads the lines of ls -l in all its dialects. Owner and group may
// be missing, or hold blanks: what counts is a size with a date right behind
// it, the first such pair of the line.
func parseUnix(line string, now time.Time) (files.Entry, bool) {
	t := tokenize(line)
	if len(t) < 4 || t[0].start != 0 {
		return files.Entry{}, false
	}
	e := files.Entry{Size: -1}
	first := 1
	strict := false
	switch mode := t[0].text; {
	case unixMode.MatchString(mode):
		strict = isDigits(t[1].text)
		e.Mode, e.HasMode = modeBits(mode), true
	case looseMode.MatchString(mode) && strings.Contains(mode, "-------"):
	case sterling.MatchString(mode):
	case len(mode) == 1 && strings.Contains("d-", mode) && netware.MatchString(t[1].text):
		first = 2
	default:
		// "d[R----F--]" without the blank.
		if len(mode) < 10 || !strings.Contains("d-", mode[:1]) || !netware.MatchString(mode[1:]) {
			return files.Entry{}, false
		}
	}
	for _, read := range []func([]token, time.Time) (date, bool){namedDate, numericDate} {
		for i := first; i < len(t)-2; i++ {
			size, ok := sizeOf(t[i].text)
			if !ok {
				continue
			}
			d, ok := read(t[i+1:], now)
			if !ok || i+1+d.used > len(t) {
				continue
			}
			last := t[i+d.used]
			if last.end >= len(line) {
				continue // no name
			}
			name := line[last.end+1:]
			if !strict || i < 3 {
				name = strings.TrimLeft(name, " \t")
			}
			if strings.TrimSpace(name) == "" && !strict || name == "" {
				continue
			}
			e.Name, e.Size, e.ModTime, e.Precise = name, size, d.at, d.precise
			if strict && i >= 3 {
				e.Owner = t[2].text
				if i >= 4 {
					e.Group = strings.TrimSpace(line[t[3].start:t[i-1].end])
				}
			}
			return finishUnix(e, t[0].text[0])
		}
	}
	return files.Entry{}, false
}

func finishUnix(e files.Entry, kind byte) (files.Entry, bool) {
	switch kind {
	case 'd':
		e.Type, e.Size = files.Dir, -1
	case 'l':
		e.Type, e.Size = files.LinkFile, -1
		// The name may hold " -> " itself; targets mostly do not, so the last one
		// divides... but a target may be a name with an arrow as well. The first is
		// right for names without arrows, the most.
		if i := strings.Index(e.Name, " -> "); i > 0 {
			e.Name, e.Target = e.Name[:i], e.Name[i+4:]
			if strings.HasSuffix(e.Target, "/") {
				e.Type = files.LinkDir
			}
		}
	case 'b', 'c', 'p', 's', 'D', 'n', 'w', '|':
		e.Type, e.Size = files.Other, -1
	}
	if e.Type == files.Dir {
		e.Name = strings.TrimSuffix(e.Name, "/") // ls -F
	}
	return e, e.Name != ""
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

// sizeOf reads 531, 33.5k, 9,730 (only where groups of three make sense).
func sizeOf(s string) (int64, bool) {
	if isDigits(s) {
		n, err := strconv.ParseInt(s, 10, 64)
		return n, err == nil
	}
	if m := named.FindStringSubmatch(s); m != nil {
		v, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return 0, false
		}
		shift := 10 * (1 + strings.IndexByte("kmgt", strings.ToLower(m[2])[0]))
		v *= float64(int64(1) << shift)
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
