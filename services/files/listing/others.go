package listing

import (
	"io/fs"
	"strconv"
	"strings"
	"time"

	"guichet/services/files"
)

// parseDOS reads IIS and other servers that speak like DIR:
// "04-27-00  12:09PM       <DIR>          name", "2002-09-02  19:06  9,730 name".
func parseDOS(line string, _ time.Time) (files.Entry, bool) {
	t := tokenize(line, nil)
	if len(t) < 4 {
		return files.Entry{}, false
	}
	at, ok := numericDay(t[0].text, true)
	if !ok {
		return files.Entry{}, false
	}
	clk, seconds, half, ok := clock(t[1].text)
	next := 2
	if !ok {
		return files.Entry{}, false
	}
	if !half && len(t) > 4 { // "03:47 PM"
		if word := strings.ToUpper(t[2].text); word == "AM" || word == "PM" {
			if clk, seconds, _, ok = clock(t[1].text + word); !ok {
				return files.Entry{}, false
			}
			half, next = true, 3
		}
	}
	if a, b, _, sep, _ := split3(t[0].text); half && sep == '-' && len(a) <= 2 {
		if x, _ := strconv.Atoi(a); x > 12 && b != "" {
			return files.Entry{}, false // who writes PM writes the month first
		}
	}
	e := files.Entry{Size: -1, ModTime: at.Add(clk), Precise: precision(seconds)}
	what := t[next]
	name := ""
	switch strings.ToUpper(what.text) {
	case "<DIR>", "<JUNCTION>", "<SYMLINKD>", "<SYMLINK>":
		switch strings.ToUpper(what.text) {
		case "<DIR>":
			e.Type = files.Dir
		case "<SYMLINK>":
			e.Type = files.LinkFile
		default:
			e.Type = files.LinkDir
		}
		// IIS pads to the column of sizes, so more blanks than that are of the name.
		name = line[what.end:]
		if pad := 15 - (what.end - what.start); pad > 0 && len(name) > pad && strings.TrimSpace(name[:pad]) == "" && pad == 10 {
			name = name[pad:]
		} else {
			name = strings.TrimLeft(name, " \t")
		}
	default:
		size, ok := grouped(what.text)
		if isDigits(what.text) {
			var err error
			size, err = strconv.ParseInt(what.text, 10, 64)
			ok = err == nil
		}
		if !ok || what.end >= len(line) {
			return files.Entry{}, false
		}
		e.Size = size
		name = line[what.end+1:]
	}
	if strings.TrimSpace(name) == "" {
		return files.Entry{}, false
	}
	if e.Type != files.File && e.Type != files.Dir {
		if i := strings.LastIndex(name, " ["); i > 0 && strings.HasSuffix(name, "]") {
			name, e.Target = name[:i], name[i+2:len(name)-1]
		}
	}
	e.Name = name
	return e, true
}

// parseEPLF reads Bernstein's easily parsed format: "+facts,\tname".
func parseEPLF(line string, _ time.Time) (files.Entry, bool) {
	e := files.Entry{Size: -1}
	facts, name, ok := strings.Cut(line, "\t")
	if !ok || !strings.HasPrefix(facts, "+") || name == "" {
		return e, false
	}
	typed := false
	for fact := range strings.SplitSeq(facts[1:], ",") {
		switch {
		case fact == "":
		case fact == "/":
			e.Type, typed = files.Dir, true
		case fact == "r":
			typed = true
		case fact[0] == 's':
			n, err := strconv.ParseInt(fact[1:], 10, 64)
			if err != nil || n < 0 {
				return e, false
			}
			e.Size = n
		case fact[0] == 'm':
			n, err := strconv.ParseInt(fact[1:], 10, 64)
			if err != nil {
				return e, false
			}
			e.ModTime, e.Precise = time.Unix(n, 0).UTC(), time.Second
		case fact[0] == 'i':
			e.ID = fact[1:]
		case strings.HasPrefix(fact, "up"):
			m, err := strconv.ParseUint(fact[2:], 8, 32)
			if err != nil {
				return e, false
			}
			e.Mode, e.HasMode = fs.FileMode(m&0o777), true
		}
	}
	if e.Type == files.Dir {
		e.Size = -1
	}
	e.Name = name
	return e, typed
}

// parseNumeric reads "0100644 500 101 12345 123456789 name": mode, owner,
// group, size, seconds since 1970.
func parseNumeric(line string) (files.Entry, bool) {
	e := files.Entry{Size: -1}
	t := tokenize(line, nil)
	if len(t) < 6 || t[0].start != 0 || len(t[0].text) < 5 || len(t[0].text) > 7 {
		return e, false
	}
	mode, err := strconv.ParseUint(t[0].text, 8, 32)
	if err != nil {
		return e, false
	}
	for _, field := range t[1:5] {
		if !isDigits(field.text) {
			return e, false
		}
	}
	size, err := strconv.ParseInt(t[3].text, 10, 64)
	if err != nil {
		return e, false
	}
	seconds, err := strconv.ParseInt(t[4].text, 10, 64)
	if err != nil || seconds > 1<<36 {
		return e, false
	}
	e.Owner, e.Group = t[1].text, t[2].text
	e.Mode, e.HasMode = fs.FileMode(mode&0o777), true
	e.Size, e.ModTime, e.Precise = size, time.Unix(seconds, 0).UTC(), time.Second
	switch mode & 0o170000 { // the file type bits of stat(2)
	case 0o040000:
		e.Type, e.Size = files.Dir, -1
	case 0o100000, 0:
	case 0o120000:
		e.Type, e.Size = files.LinkFile, -1
	default:
		e.Type, e.Size = files.Other, -1
	}
	e.Name = strings.TrimLeft(line[t[4].end:], " ")
	return e, e.Name != ""
}

// parseVShell reads "206876  Apr 04, 2000 21:06 name", a folder's ending in a
// slash.
func parseVShell(line string) (files.Entry, bool) {
	e := files.Entry{Size: -1}
	t := tokenize(line, nil)
	if len(t) < 6 || !isDigits(t[0].text) || !strings.HasSuffix(t[2].text, ",") {
		return e, false
	}
	m, ok := month(t[1].text)
	if !ok {
		return e, false
	}
	d, ok := number(t[2].text, 2)
	if !ok || len(t[3].text) != 4 {
		return e, false
	}
	y, ok := number(t[3].text, 4)
	if !ok {
		return e, false
	}
	at, ok := day(y, m, d)
	if !ok {
		return e, false
	}
	clk, seconds, _, ok := clock(t[4].text)
	if !ok {
		return e, false
	}
	size, err := strconv.ParseInt(t[0].text, 10, 64)
	if err != nil {
		return e, false
	}
	e.Size, e.ModTime, e.Precise = size, at.Add(clk), precision(seconds)
	e.Name = strings.TrimLeft(line[t[4].end:], " ")
	if folder, ok := strings.CutSuffix(e.Name, "/"); ok {
		e.Name, e.Type, e.Size = folder, files.Dir, -1
	}
	return e, e.Name != ""
}

// parseOS2 reads " 1123 DIR  A    10-05-100  23:38  name".
func parseOS2(line string) (files.Entry, bool) {
	e := files.Entry{Size: -1}
	t := tokenize(line, nil)
	if len(t) < 4 || !isDigits(t[0].text) {
		return e, false
	}
	size, err := strconv.ParseInt(t[0].text, 10, 64)
	if err != nil {
		return e, false
	}
	i := 1
	for ; i < len(t)-2 && i < 4; i++ {
		word := t[i].text
		if word == "DIR" {
			e.Type = files.Dir
		} else if strings.Trim(word, "ARHS") != "" {
			break
		}
	}
	at, ok := numericDay(t[i].text, true)
	if !ok || i+2 >= len(t) || len(t[i].text) < 8 || t[i].text[2] != '-' {
		return e, false
	}
	clk, seconds, _, ok := clock(t[i+1].text)
	if !ok {
		return e, false
	}
	if e.Type != files.Dir {
		e.Size = size
	}
	e.ModTime, e.Precise = at.Add(clk), precision(seconds)
	e.Name = strings.TrimLeft(line[t[i+1].end:], " ")
	return e, e.Name != ""
}
