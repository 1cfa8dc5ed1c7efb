package listing

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"guichet/services/files"
)

var (
	as400    = regexp.MustCompile(`^(\S+)\s+(\d+)\s+(\d{2}[/.-]\d{2}[/.-]\d{2,4})\s+(\d{1,2}:\d{2}:\d{2})\s+(\*[A-Z0-9]+)\s+(\S.*)$`)
	as400mem = regexp.MustCompile(`^(\S+)\s+\*MEM\s+(\S.*)$`)
)

// parseAS400 reads "QSYS 77824 02/23/00 15:09:55 *DIR name/".
func parseAS400(line string, now time.Time) (files.Entry, bool) {
	e := files.Entry{Size: -1}
	if m := as400mem.FindStringSubmatch(line); m != nil {
		e.Owner, e.Name = m[1], m[2]
		return e, true
	}
	m := as400.FindStringSubmatch(strings.TrimLeft(line, " "))
	if m == nil {
		return e, false
	}
	size, err := strconv.ParseInt(m[2], 10, 64)
	if err != nil {
		return e, false
	}
	at, known, ok := as400Day(m[3], now)
	if !ok {
		return e, false
	}
	clk, _, _, ok := clock(m[4])
	if !ok {
		return e, false
	}
	e.Owner, e.Size = m[1], size
	if known {
		e.ModTime, e.Precise = at.Add(clk), time.Second
	}
	e.Name = strings.TrimRight(m[6], "\t")
	folder, slash := strings.CutSuffix(e.Name, "/")
	switch m[5] {
	case "*DIR", "*FLR", "*LIB", "*DDIR":
		e.Type, e.Size, e.Name = files.Dir, -1, folder
	case "*FILE":
		if slash { // a file of members is a folder to FTP
			e.Type, e.Size, e.Name = files.Dir, -1, folder
		}
	default:
		if slash {
			return e, false
		}
	}
	return e, e.Name != ""
}

// as400Day reads a date whose order depends on the job that serves: month, day
// or year first. Where more than one order makes a day that is not still to
// come, the day stays unknown.
func as400Day(s string, now time.Time) (at time.Time, known, ok bool) {
	a, b, c, sep, ok := split3(s)
	if !ok || len(b) != 2 {
		return at, false, false
	}
	n := func(s string) int { v, _ := strconv.Atoi(s); return v }
	type order struct {
		year string
		m, d int
	}
	orders := []order{{c, n(b), n(a)}}
	if sep != '.' { // dots are of the lands that write the day first
		orders = append(orders, order{c, n(a), n(b)}, order{a, n(b), n(c)})
	}
	for _, o := range orders {
		y, fine := century(o.year)
		if !fine {
			continue
		}
		t, fine := day(y, o.m, o.d)
		if !fine || t.After(now.Add(48*time.Hour)) || t.Equal(at) {
			continue
		}
		if ok = at.IsZero(); !ok {
			return time.Time{}, false, true
		}
		at = t
	}
	return at, !at.IsZero(), !at.IsZero()
}

var (
	mvs         = regexp.MustCompile(`^(\S{1,6})\s+(\S{4})\s+(\d{4}/\d{2}/\d{2}|\*\*NONE\*\*)\s+(\d+)\s*(\d+|\?{2,}|\+{2,})\s+([A-Z?]+)\s+(\d+)\s+(\d+)\s+(PS|PS-E|PO|PO-E|DA|VS|U|\?)\s+(\S.*)$`)
	mvsSquashed = regexp.MustCompile(`^(\S{1,6})\s+(\S{4})\s+(\d{4}/\d{2}/\d{2})\s+(\d{5,})\s+([A-Z?]+)\s+(\d+)\s+(\d+)\s+(PS|PS-E|PO|PO-E|DA)\s+(\S.*)$`)
	mvsVSAM     = regexp.MustCompile(`^(\S{1,6})\s+(\S{4})\s+VSAM\s+(\S.*)$`)
	mvsAway     = regexp.MustCompile(`^(Migrated|ARCIVE Not Direct Access Device|\S{1,6}\s+Tape|Pseudo Directory)\s+(\S.*)$`)
)

// parseMVS reads the datasets of z/OS. Sizes are in tracks, so unknown.
func parseMVS(line string) (files.Entry, bool) {
	e := files.Entry{Size: -1}
	organised := func(kind, date, name string) (files.Entry, bool) {
		if strings.HasPrefix(kind, "PO") {
			e.Type = files.Dir
		}
		if !strings.HasPrefix(date, "*") {
			at, ok := numericDay(date, true)
			if !ok {
				return e, false
			}
			e.ModTime, e.Precise = at, 24*time.Hour
		}
		e.Name = strings.Trim(strings.TrimRight(name, " "), "'")
		return e, e.Name != ""
	}
	if m := mvs.FindStringSubmatch(line); m != nil {
		return organised(m[9], m[3], m[10])
	}
	if m := mvsSquashed.FindStringSubmatch(line); m != nil {
		return organised(m[8], m[3], m[9])
	}
	if m := mvsVSAM.FindStringSubmatch(line); m != nil {
		return organised("VS", "*", m[3])
	}
	if m := mvsAway.FindStringSubmatch(line); m != nil {
		if m[1] == "Pseudo Directory" {
			e.Type = files.Dir
		}
		return organised("", "*", m[2])
	}
	return e, false
}

// jes is a job of the spool: `USER1 JOB01906 USER1 OUTPUT A RC=0000 3 spool
// files`, or the short form without owner and class.
var jes = regexp.MustCompile(`^([A-Z#@$][A-Z0-9#@$]{0,7})\s+((?:JOB|TSU|STC|J|T|S)\d{5,7})\s+(?:([A-Z#@$][A-Z0-9#@$]{0,7})\s+)?(INPUT|HELD|ACTIVE|OUTPUT)\b.*$`)

// parseJES reads the jobs that z/OS lists after SITE FILETYPE=JES.
func parseJES(line string) (files.Entry, bool) {
	m := jes.FindStringSubmatch(line)
	if m == nil {
		return files.Entry{}, false
	}
	e := files.Entry{Name: m[2], Size: -1, Owner: m[3]}
	if e.Owner == "" {
		e.Owner = m[1]
	}
	return e, true
}

// isMember reports whether a line is a member of a partitioned dataset that has
// no statistics: a name alone, padded to the width of the table or, where the
// table's head was seen, not.
func isMember(line string, inTable bool) bool {
	name := strings.TrimSpace(line)
	if len(name) == 0 || len(name) > 8 || !inTable && len(line) < 60 {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if (c < 'A' || c > 'Z') && c != '#' && c != '@' && c != '$' && (c < '0' || c > '9' || i == 0) {
			return false
		}
	}
	return true
}

var (
	pds     = regexp.MustCompile(`^\s*(\S+)\s+(\d{2}\.\d{2})\s+(\d{2,4}/\d{2}/\d{2})\s+(\d{2,4}/\d{2}/\d{2})\s+(\d{1,2}:\d{2}(?::\d{2})?)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s*$`)
	pdsLoad = regexp.MustCompile(`^\s*(\S+)\s+([0-9A-F]{6,8})\s+([0-9A-F]{6})\s+.*\b(24|31|64|ANY)\s+(24|31|64|ANY)\s*$`)
)

// parsePDS reads the members of a partitioned dataset. Sizes are in records.
func parsePDS(line string) (files.Entry, bool) {
	e := files.Entry{Size: -1}
	if m := pds.FindStringSubmatch(line); m != nil {
		at, ok := yearFirst(m[4])
		if !ok {
			return e, false
		}
		clk, seconds, _, ok := clock(m[5])
		if !ok {
			return e, false
		}
		e.Name, e.Owner, e.ModTime, e.Precise = m[1], m[9], at.Add(clk), precision(seconds)
		return e, true
	}
	if m := pdsLoad.FindStringSubmatch(line); m != nil {
		e.Name = m[1]
		return e, true
	}
	return e, false
}

func yearFirst(s string) (time.Time, bool) {
	a, b, c, _, ok := split3(s)
	if !ok {
		return time.Time{}, false
	}
	y, ok := century(a)
	if !ok {
		return time.Time{}, false
	}
	m, _ := strconv.Atoi(b)
	d, _ := strconv.Atoi(c)
	return day(y, m, d)
}

var nonStop = regexp.MustCompile(`^\s*(\S+)\s+(\d+)[A-Z]?\s+(\d+)\s+(\d{1,2})-([A-Za-z]{3})-(\d{2,4})\s+(\d{1,2}:\d{2}:\d{2})\s+(\d+),\s*(\d+)\s+"?([^"]{1,8})"?\s*$`)

// parseNonStop reads HP NonStop: `NAME 101 528 6-Apr-07 14:21:18 255, 0 "oooo"`.
func parseNonStop(line string) (files.Entry, bool) {
	e := files.Entry{Size: -1}
	m := nonStop.FindStringSubmatch(line)
	if m == nil {
		return e, false
	}
	size, err := strconv.ParseInt(m[3], 10, 64)
	if err != nil {
		return e, false
	}
	mon, ok := month(m[5])
	if !ok {
		return e, false
	}
	y, ok := century(m[6])
	if !ok {
		return e, false
	}
	d, _ := strconv.Atoi(m[4])
	at, ok := day(y, mon, d)
	if !ok {
		return e, false
	}
	clk, _, _, ok := clock(m[7])
	if !ok {
		return e, false
	}
	e.Name, e.Size, e.ModTime, e.Precise = m[1], size, at.Add(clk), time.Second
	e.Group, e.Owner = m[8], m[9]
	return e, true
}

var zvm = regexp.MustCompile(`^(\S+)\s+(\S+)\s+(?:([FV])\s+(\d+)\s+(\d+)\s+(\d+)|(DIR|-)\s+-\s+-\s+-)\s+(\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{2,4})\s+(\d{1,2}:\d{2}(?::\d{2})?)(?:\s+(\S+))?\s*$`)

// parseZVM reads z/VM: "NAME EXEC V 79 81 1 2013-01-04 15:44:11 OWNER".
func parseZVM(line string) (files.Entry, bool) {
	e := files.Entry{Size: -1}
	m := zvm.FindStringSubmatch(line)
	if m == nil {
		return e, false
	}
	at, ok := numericDay(m[8], true)
	if !ok {
		return e, false
	}
	clk, seconds, _, ok := clock(m[9])
	if !ok {
		return e, false
	}
	e.ModTime, e.Precise, e.Name = at.Add(clk), precision(seconds), m[1]+"."+m[2]
	if m[10] != "-" {
		e.Owner = m[10]
	}
	switch {
	case m[2] == "DIR":
		e.Name, e.Type = m[1], files.Dir
	case m[3] == "F": // records of fixed length
		length, err1 := strconv.ParseInt(m[4], 10, 32)
		records, err2 := strconv.ParseInt(m[5], 10, 32)
		if err1 == nil && err2 == nil {
			e.Size = length * records
		}
	case m[7] != "":
		return e, false
	}
	return e, true
}

var (
	nortelWf = regexp.MustCompile(`^(\S+)\s+(\d+)\s+(\d{2}/\d{2}/\d{2})\s+[A-Z][a-z]{2,3}\.?\s+(\d{1,2}:\d{2}:\d{2})\.?\s*$`)
	nortelVx = regexp.MustCompile(`^\s*(\d+)\s+([A-Za-z]{3})-(\d{2})-(\d{4})\s+(\d{1,2}:\d{2}:\d{2})\s+(\S.*?)(\s+<DIR>)?\s*$`)
)

// parseNortel reads two kinds of routers: wfFtp "name 1014196 06/03/04 Thu.
// 10:20:03" and VxWorks "2048 Feb-28-1998 05:23:30 name <DIR>".
func parseNortel(line string) (files.Entry, bool) {
	e := files.Entry{Size: -1}
	var at time.Time
	var ok bool
	var size, clk string
	if m := nortelWf.FindStringSubmatch(line); m != nil {
		at, ok = numericDay(m[3], true)
		e.Name, size, clk = m[1], m[2], m[4]
	} else if m := nortelVx.FindStringSubmatch(line); m != nil {
		mon, known := month(m[2])
		if !known {
			return e, false
		}
		d, _ := strconv.Atoi(m[3])
		y, _ := strconv.Atoi(m[4])
		at, ok = day(y, mon, d)
		e.Name, size, clk = m[6], m[1], m[5]
		if m[7] != "" {
			e.Type = files.Dir
		}
	}
	if !ok {
		return e, false
	}
	when, _, _, ok := clock(clk)
	if !ok {
		return e, false
	}
	n, err := strconv.ParseInt(size, 10, 64)
	if err != nil {
		return e, false
	}
	if e.Type == files.File {
		e.Size = n
	}
	e.ModTime, e.Precise = at.Add(when), time.Second
	return e, true
}

var (
	nameFirst = regexp.MustCompile(`^(\S+)\s+(<DIR>|\d{1,18})\s+(\d{2}-\d{2}-\d{2}(?:\d{2})?)\s+(\d{1,2}:\d{2}(?::\d{2})?)\s*$`)
	os9       = regexp.MustCompile(`^\s*(\d+\.\d+)\s+(\d{2}/\d{2}/\d{2})\s+(\d{2})(\d{2})\s+([d-][-a-z]{7})\s+[0-9A-F]+\s+(\d{1,18})\s+(\S.*)$`)
)

// parseNameFirst reads old servers for Windows: "DESIGN1.DOC 11264 05-11-95 14:20".
func parseNameFirst(line string) (files.Entry, bool) {
	e := files.Entry{Size: -1}
	m := nameFirst.FindStringSubmatch(line)
	if m == nil {
		return e, false
	}
	at, ok := numericDay(m[3], true)
	clk, seconds, _, ok2 := clock(m[4])
	if !ok || !ok2 {
		return e, false
	}
	e.Name, e.ModTime, e.Precise = m[1], at.Add(clk), precision(seconds)
	if m[2] == "<DIR>" {
		e.Type = files.Dir
		return e, true
	}
	var err error
	e.Size, err = strconv.ParseInt(m[2], 10, 64)
	return e, err == nil
}

// parseOS9 reads OS-9: owner, day, time, attributes, sector, bytes, name:
// "20.20 07/03/29 1026 d-ewrewr 2650 85920 name".
func parseOS9(line string) (files.Entry, bool) {
	e := files.Entry{Size: -1}
	m := os9.FindStringSubmatch(line)
	if m == nil {
		return e, false
	}
	at, ok := yearFirst(m[2])
	clk, _, _, ok2 := clock(m[3] + ":" + m[4])
	size, err := strconv.ParseInt(m[6], 10, 64)
	if !ok || !ok2 || err != nil {
		return e, false
	}
	e.Name, e.Owner, e.ModTime, e.Precise, e.Size = m[7], m[1], at.Add(clk), time.Minute, size
	if m[5][0] == 'd' {
		e.Type, e.Size = files.Dir, -1
	}
	return e, true
}
