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
func parseAS400(line string) (files.Entry, bool) {
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
	at, ok := as400Day(m[3])
	if !ok {
		return e, false
	}
	clk, _, _, ok := clock(m[4])
	if !ok {
		return e, false
	}
	e.Owner, e.ModTime, e.Precise, e.Size = m[1], at.Add(clk), time.Second, size
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

// as400Day reads a date whose order depends on the job: month, day, year where
// that is a date, else day, month, year, else year first.
func as400Day(s string) (time.Time, bool) {
	if t, ok := numericDay(s, true); ok {
		return t, true
	}
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

var (
	mvs         = regexp.MustCompile(`^(\S{1,6})\s+(\S{4})\s+(\d{4}/\d{2}/\d{2}|\*\*NONE\*\*)\s+(\d+)\s*(\d+)\s+([A-Z?]+)\s+(\d+)\s+(\d+)\s+(PS|PS-E|PO|PO-E|DA|VS|U|\?)\s+(\S.*)$`)
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

var nonStop = regexp.MustCompile(`^\s*(\S+)\s+(\d+)[A-Z]?\s+(\d+)\s+(\d{1,2})-([A-Za-z]{3})-(\d{2,4})\s+(\d{1,2}:\d{2}:\d{2})\s+(\d+),\s*(\d+)\s+"?([A-Za-z-]{4})"?\s*$`)

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

var zvm = regexp.MustCompile(`^(\S+)\s+(\S+)\s+(?:([FV])\s+(\d+)\s+(\d+)\s+(\d+)|(DIR|-)\s+-\s+-\s+-)\s+(\d{4}-\d{2}-\d{2})\s+(\d{1,2}:\d{2}:\d{2})(?:\s+(\S+))?\s*$`)

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
	clk, _, _, ok := clock(m[9])
	if !ok {
		return e, false
	}
	e.ModTime, e.Precise, e.Name = at.Add(clk), time.Second, m[1]+"."+m[2]
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
	nortelWf = regexp.MustCompile(`^(\S+)\s+(\d+)\s+(\d{2}/\d{2}/\d{2})\s+[A-Z][a-z]{2}\.?\s+(\d{1,2}:\d{2}:\d{2})\.?\s*$`)
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
