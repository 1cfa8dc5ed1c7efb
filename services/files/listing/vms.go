package listing

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"guichet/services/files"
)

var (
	vmsName  = regexp.MustCompile(`^(?:\[[^][]*\])?(\S+;\d+|\S+\.DIR)$`)
	vmsSize  = regexp.MustCompile(`^(?:(\d{1,10})(?:/\d+)?|(\d{1,10})KB|\*+)$`)
	vmsDate  = regexp.MustCompile(`^(\d{1,2})-([A-Za-z]{3})-(\d{4})$`)
	vmsOwner = regexp.MustCompile(`^\[[A-Za-z0-9_$*%, ]*\]?$`)
	vmsPerms = regexp.MustCompile(`^\([RWEDrwed]*(?:, ?[RWEDrwed]*){0,3}\)$`)
)

// vmsTokens divides a line at blanks, but not inside brackets and parentheses.
// open tells that one of them is not closed.
func vmsTokens(line string) (tokens []string, open bool) {
	for i := 0; i < len(line); {
		if line[i] == ' ' || line[i] == '\t' {
			i++
			continue
		}
		end := byte(0)
		switch {
		case line[i] == '[' && len(tokens) > 0 && (strings.IndexByte(line[i:], ']') > 0 || strings.IndexByte(line[i:], '(') < 0):
			end = ']' // else an owner that was cut to the width of its column
		case line[i] == '(' && len(tokens) > 0:
			end = ')'
		}
		j := i
		for j < len(line) && (end != 0 || line[j] != ' ' && line[j] != '\t') {
			j++
			if end != 0 && line[j-1] == end {
				end = 0
				break
			}
		}
		if end != 0 {
			return tokens, true
		}
		tokens = append(tokens, line[i:j])
		i = j
	}
	return tokens, false
}

// parseVMS reads OpenVMS: "NAME.EXT;1  155  2-JUL-2003 10:30:13.64 [owner] (RWED,RE,,)".
// After the name the columns come in any order; only the date must be there.
// Sizes are blocks of 512 bytes, so only roughly known.
func parseVMS(line string) (files.Entry, bool) {
	e := files.Entry{Size: -1}
	tokens, open := vmsTokens(line)
	if open || len(tokens) < 2 {
		return e, false
	}
	m := vmsName.FindStringSubmatch(tokens[0])
	if m == nil {
		return e, false
	}
	name := m[1]
	var sized, dated, timed, owned, guarded bool
	for _, t := range tokens[1:] {
		switch {
		case !sized && vmsSize.MatchString(t):
			sized = true
			m := vmsSize.FindStringSubmatch(t)
			if n, err := strconv.ParseInt(m[1], 10, 64); err == nil {
				e.Size, e.Rounded = n*512, true
			} else if n, err := strconv.ParseInt(m[2], 10, 64); err == nil {
				e.Size, e.Rounded = n*1024, true
			}
		case !dated && vmsDate.MatchString(t):
			dated = true
			m := vmsDate.FindStringSubmatch(t)
			mon, ok := month(m[2])
			y, err1 := strconv.Atoi(m[3])
			d, err2 := strconv.Atoi(m[1])
			if e.ModTime, _ = day(y, mon, d); !ok || err1 != nil || err2 != nil {
				return e, false
			}
			if e.ModTime.IsZero() || e.ModTime.Day() != d {
				return e, false
			}
			e.Precise = 24 * time.Hour
		case dated && !timed && startsWithDigit(t) && strings.Contains(t, ":"):
			timed = true
			clk, seconds, half, ok := clock(t)
			if !ok || half {
				return e, false
			}
			e.ModTime, e.Precise = e.ModTime.Add(clk), precision(seconds)
		case !owned && vmsOwner.MatchString(t):
			owned = true
			owner := strings.Trim(t, "[]")
			if group, user, ok := strings.Cut(owner, ","); ok {
				e.Group, e.Owner = strings.TrimSpace(group), strings.TrimSpace(user)
			} else {
				e.Owner = owner
			}
		case !guarded && vmsPerms.MatchString(t):
			guarded = true
		default:
			return e, false
		}
	}
	if !dated {
		return e, false
	}
	base, _, _ := strings.Cut(name, ";")
	if folder, ok := strings.CutSuffix(strings.ToUpper(base), ".DIR"); ok {
		e.Type, e.Size, e.Rounded = files.Dir, -1, false
		name = base[:len(folder)]
	}
	e.Name = unescapeVMS(name)
	return e, e.Name != ""
}

// goesOn reports whether a line is the beginning of a VMS entry whose rest is
// on the next line: a name alone, or a bracket that is still open.
func goesOn(line string) bool {
	if strings.IndexByte(line, ';') < 0 {
		return false
	}
	tokens, open := vmsTokens(line)
	return len(tokens) > 0 && (open || len(tokens) == 1) && strings.Contains(tokens[0], ";") && vmsName.MatchString(tokens[0])
}

var (
	vmsHead  = regexp.MustCompile(`^(?:Directory )?[A-Za-z0-9_$.-]+:?[\[<][^][<>]*[\]>]$`)
	vmsEmpty = regexp.MustCompile(`(?i)^\*\.\*;\d*\s.*file not found`)
)

// vmsFrame reports whether a line is of the frame of a VMS listing: the folder's
// name, the totals, or that there is nothing.
func vmsFrame(line string) bool {
	lower := strings.ToLower(line)
	return strings.HasPrefix(lower, "total of ") && (strings.Contains(lower, " file") || strings.Contains(lower, " block")) ||
		strings.HasPrefix(lower, "grand total of ") || vmsHead.MatchString(line) || vmsEmpty.MatchString(line)
}

// unescapeVMS takes the circumflexes of ODS-5 names out: "^_" is a blank.
func unescapeVMS(name string) string {
	if !strings.Contains(name, "^") {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] != '^' || i+1 == len(name) {
			b.WriteByte(name[i])
			continue
		}
		i++
		if name[i] == '_' {
			b.WriteByte(' ')
			continue
		}
		if i+1 < len(name) {
			if v, err := strconv.ParseUint(name[i:i+2], 16, 8); err == nil {
				b.WriteByte(byte(v))
				i++
				continue
			}
		}
		b.WriteByte(name[i])
	}
	return b.String()
}
