package listing

import (
	"io/fs"
	"strconv"
	"strings"
	"time"

	"guichet/services/files"
)

// Role says whom a line of MLSD is about.
type Role int

// The roles (RFC 3659 section 7.5.1).
const (
	Named  Role = iota
	Self        // type=cdir: the folder listed
	Parent      // type=pdir
)

// ParseFacts reads one line of MLSD or MLST: facts, one space, the name, which
// may begin and end with blanks (RFC 3659 section 7.2).
func ParseFacts(line string) (files.Entry, Role, bool) {
	e := files.Entry{Size: -1}
	facts, name, found := strings.Cut(line, " ")
	if f, n, ok := strings.Cut(line, ";\t"); ok && len(f) < len(facts) {
		facts, name, found = f, n, true // a tab where the blank belongs
	}
	if !found || name == "" || !strings.Contains(facts, "=") || strings.ContainsRune(line, 0) {
		return e, Named, false
	}
	role, typed := Named, false
	var unixMode bool
	for fact := range strings.SplitSeq(strings.TrimSuffix(facts, ";"), ";") {
		key, value, ok := strings.Cut(fact, "=")
		if !ok {
			return e, Named, false
		}
		if value == "" {
			continue // a fact without a value says nothing
		}
		switch strings.ToLower(key) {
		case "type":
			typed = true
			role = setType(&e, value)
		case "size", "sizd":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || n < 0 {
				return e, Named, false
			}
			if strings.EqualFold(key, "size") {
				e.Size = n
			}
		case "modify":
			t, ok := ParseTime(value)
			if !ok {
				return e, Named, false
			}
			e.ModTime, e.Precise = t, time.Second
		case "unix.mode":
			if m, err := strconv.ParseUint(value, 8, 32); err == nil {
				e.Mode, e.HasMode, unixMode = fs.FileMode(m&0o777), true, true
			}
		case "unix.owner", "unix.ownername":
			e.Owner = value
		case "unix.group", "unix.groupname":
			e.Group = value
		case "unix.uid":
			if e.Owner == "" {
				e.Owner = value
			}
		case "unix.gid":
			if e.Group == "" {
				e.Group = value
			}
		case "unique":
			e.ID = value
		case "perm":
			if !unixMode && !e.HasMode {
				e.Mode = permFact(value)
			}
		}
	}
	if !typed {
		return e, Named, false
	}
	if e.Type != files.File {
		e.Size = -1
	}
	e.Name, e.Display = name, files.Display(name)
	if role == Named && name == "." {
		role = Self
	} else if role == Named && name == ".." {
		role = Parent
	}
	return e, role, true
}

func setType(e *files.Entry, value string) Role {
	lower := strings.ToLower(value)
	switch {
	case lower == "file":
		e.Type = files.File
	case lower == "dir":
		e.Type = files.Dir
	case lower == "cdir":
		e.Type = files.Dir
		return Self
	case lower == "pdir":
		e.Type = files.Dir
		return Parent
	case strings.HasPrefix(lower, "os.unix=slink"), strings.HasPrefix(lower, "os.unix=symlink"):
		// Whether it leads to a folder only CWD tells.
		e.Type = files.LinkFile
		if _, target, ok := strings.Cut(value, ":"); ok {
			e.Target = target
		}
	default:
		e.Type = files.Other
	}
	return Named
}

// permFact turns the perm fact into what the person may do, without making it
// a Unix mode that could be set again.
func permFact(value string) fs.FileMode {
	var m fs.FileMode
	for _, c := range strings.ToLower(value) {
		switch c {
		case 'r', 'l':
			m |= 0o400
		case 'w', 'c', 'a':
			m |= 0o200
		case 'e':
			m |= 0o100
		}
	}
	return m
}

// ParseTime reads the time-val of RFC 3659 section 2.3: YYYYMMDDHHMMSS[.sss],
// UTC. Some servers write the year 19100 for 2000.
func ParseTime(s string) (time.Time, bool) {
	if len(s) >= 15 && strings.HasPrefix(s, "191") && isDigits(s[:15]) {
		n, err := strconv.Atoi(s[2:5])
		if err == nil && n >= 100 {
			s = strconv.Itoa(1900+n) + s[5:]
		}
	}
	base, fraction, _ := strings.Cut(s, ".")
	if len(base) != 14 || !isDigits(base) || (fraction != "" && !isDigits(fraction)) {
		return time.Time{}, false
	}
	t, err := time.Parse("20060102150405", base)
	if err != nil {
		return time.Time{}, false
	}
	return t, true
}
