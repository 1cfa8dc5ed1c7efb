// Package listing reads what FTP servers answer to LIST and MLSD. MLSD (RFC
// 3659) is meant for programs; LIST is whatever the server's operating system
// prints, so every known form is tried, strictly: a line that is not understood
// is counted and never guessed at, because whoever deletes or synchronises must
// know that names are missing.
package listing

import (
	"bytes"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

// maxLine bounds one line; longer ones are unread.
const maxLine = 8 << 10

// maxWaste bounds the bytes of lines beyond maxLine: a listing that is one
// endless line comes to an end.
const maxWaste = 64 << 20

// maxSamples is how many unread lines are kept for the details.
const maxSamples = 5

// Kind is the command that is answered.
type Kind int

// The kinds of listings.
const (
	LIST Kind = iota
	MLSD
)

// Reader takes the bytes of a listing as they arrive (io.Writer) and hands the
// entries over in groups. It is not safe for concurrent use.
type Reader struct {
	kind    Kind
	now     time.Time
	emit    func([]files.Entry) error
	line    []byte
	tooLong bool
	wasted  int // bytes of lines that were too long
	lines   int
	batch   []files.Entry
	room    int // what the last batch needed
	report  files.Report
	pending string // the first line of a VMS entry that goes on
	members bool   // the head of a table of members has been seen
	// Self is what the listing says about the folder itself: MLSD's cdir.
	Self *files.Entry
}

// NewReader makes a Reader. now serves to find the year of dates that have
// none. Times of LIST are read as if the server lived in UTC: the caller shifts
// them once it knows better; those of MLSD are UTC (RFC 3659 section 2.3).
func NewReader(kind Kind, now time.Time, emit func([]files.Entry) error) *Reader {
	return &Reader{kind: kind, now: now.UTC(), emit: emit}
}

// batchSize is how many entries are handed over at once.
const batchSize = 256

// Write implements io.Writer. The entries that b completes are handed over
// before it returns. It fails with what emit returned, or with TooBig.
func (r *Reader) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			r.add(b)
			break
		}
		r.add(b[:i])
		b = b[i+1:]
		if err := r.end(); err != nil {
			return n - len(b), err
		}
	}
	if r.wasted > maxWaste || r.lines-r.report.Entries > files.MaxEntries {
		return n, fault.Newf(fault.TooBig, "list", "", "%d lines and %d entries", r.lines, r.report.Entries)
	}
	return n, r.Flush()
}

func (r *Reader) add(b []byte) {
	if len(r.line)+len(b) > maxLine {
		r.tooLong = true
		r.wasted += len(b)
		b = b[:max(0, min(len(b), maxLine-len(r.line)))]
	}
	r.line = append(r.line, b...)
}

// end handles the line that is complete.
func (r *Reader) end() error {
	line := strings.TrimRight(string(r.line), "\r")
	tooLong := r.tooLong
	r.line, r.tooLong = r.line[:0], false
	r.lines++
	if tooLong {
		r.unread(line)
		return nil
	}
	if r.kind == MLSD {
		return r.mlsd(line)
	}
	return r.list(line)
}

func (r *Reader) mlsd(line string) error {
	if strings.TrimSpace(line) == "" {
		return nil
	}
	e, role, ok := ParseFacts(line)
	switch {
	case !ok:
		r.unread(line)
	case role == Self:
		r.Self = &e
	case role == Named:
		return r.accept(e)
	}
	return nil
}

func (r *Reader) list(line string) error {
	if r.pending != "" {
		first := r.pending
		r.pending = ""
		if e, ok := parseVMS(first + " " + strings.TrimSpace(line)); ok {
			return r.accept(e)
		}
		r.unread(first)
	}
	if e, ok := parseUnix(line, r.now); ok && strings.IndexByte(line, 0) < 0 {
		return r.named(e) // nearly all there is
	}
	if r.ignorable(line) {
		return nil
	}
	if e, role, ok := factsInList(line); ok {
		if role == Named {
			return r.named(e)
		}
		return nil
	}
	if e, ok := tryAll(parsers[1:], line, r.now); ok {
		return r.named(e)
	}
	switch {
	case isMember(line, r.members):
		return r.accept(files.Entry{Name: strings.TrimSpace(line), Size: -1})
	case goesOn(line):
		r.pending = strings.TrimRight(line, " \t")
		return nil
	}
	r.unread(line)
	return nil
}

// named accepts what is not the folder itself or the one above.
func (r *Reader) named(e files.Entry) error {
	if e.Name == "." || e.Name == ".." {
		return nil
	}
	return r.accept(e)
}

func (r *Reader) accept(e files.Entry) error {
	if files.CheckName(e.Name) != nil {
		r.unread(e.Name)
		return nil
	}
	if r.report.Entries >= files.MaxEntries {
		return fault.Newf(fault.TooBig, "list", "", "more than %d entries", files.MaxEntries)
	}
	e.Display = files.Display(e.Name)
	r.report.Entries++
	if r.batch == nil {
		r.batch = make([]files.Entry, 0, max(r.room, 4))
	}
	r.batch = append(r.batch, e)
	if len(r.batch) < batchSize {
		return nil
	}
	return r.Flush()
}

func (r *Reader) unread(line string) {
	r.report.Unread++
	if len(r.report.Samples) < maxSamples {
		r.report.Samples = append(r.report.Samples, fault.CleanLine(line))
	}
}

// Flush hands over what has been read so far.
func (r *Reader) Flush() error {
	if len(r.batch) == 0 {
		return nil
	}
	batch := r.batch
	r.batch, r.room = nil, max(len(batch), r.room/2) // full and half-full ones alternate
	return r.emit(batch)
}

// Close ends the listing: a last line without its end still counts.
func (r *Reader) Close() (files.Report, error) {
	var err error
	if len(r.line) > 0 || r.tooLong {
		err = r.end()
	}
	if r.pending != "" {
		r.unread(r.pending)
		r.pending = ""
	}
	if ferr := r.Flush(); err == nil {
		err = ferr
	}
	return r.report, err
}

// ignorable reports whether a line of LIST belongs to no entry: blank lines,
// totals, the heads of some systems' tables.
func (r *Reader) ignorable(line string) bool {
	t := strings.TrimSpace(line)
	if t == "" || vmsFrame(t) {
		return true
	}
	fields := strings.Fields(t)
	if len(fields) == 2 && isSum(fields[1]) &&
		(isTotal(fields[0]) || fields[0][0] >= 0x80 && r.report.Entries == 0 && r.report.Unread == 0) {
		return true // "total 12" in any language: the first line
	}
	if len(fields) < 4 {
		return false
	}
	first, last := fields[0], fields[len(fields)-1]
	switch {
	case first == "Name" && fields[1] == "VV.MM" && last == "Id", first == "Name" && fields[1] == "Size" && last == "Rmode":
		r.members = true
		return true
	case first == "Volume" && last == "Dsname", first == "JOBNAME" && fields[1] == "JOBID",
		first == "File" && fields[1] == "Code" && last == "RWEP":
		return true
	}
	return false
}

// isSum reads the sum of blocks: 12, 4.0K, 1,024.
func isSum(s string) bool {
	return startsWithDigit(s) && strings.Trim(strings.TrimRight(s, "kKMGT"), "0123456789.,") == ""
}

// isTotal knows ls's word for the sum of blocks in some languages.
func isTotal(word string) bool {
	switch strings.ToLower(strings.TrimSuffix(word, ":")) {
	case "total", "totale", "totaal", "insgesamt", "gesamt", "yhteensä", "totalt", "razem", "celkem", "итого", "合計", "总用量", "總計", "合计",
		"összesen", "toplam", "всего", "łącznie", "všetko", "skupaj", "ukupno", "σύνολο", "합계", "총", "kokku", "разом":
		return true
	}
	return false
}

func isDigits(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// parsers are the forms of LIST in the order they are tried.
var parsers = []func(string, time.Time) (files.Entry, bool){
	parseUnix, parseDOS, parseEPLF, noNow(parseVMS), noNow(parseNumeric), noNow(parseVShell), noNow(parseOS2), parseAS400,
	noNow(parseMVS), noNow(parsePDS), noNow(parseJES), noNow(parseNonStop), noNow(parseZVM), noNow(parseNortel), noNow(parseNameFirst), noNow(parseOS9),
}

func noNow(f func(string) (files.Entry, bool)) func(string, time.Time) (files.Entry, bool) {
	return func(line string, _ time.Time) (files.Entry, bool) { return f(line) }
}

// ParseLine reads one line of LIST on its own. Name may be "." or "..".
func ParseLine(line string, now time.Time) (files.Entry, bool) {
	if e, role, ok := factsInList(line); ok && role == Named {
		return e, true
	}
	e, ok := tryAll(parsers, line, now)
	e.Display = files.Display(e.Name)
	return e, ok
}

func tryAll(parsers []func(string, time.Time) (files.Entry, bool), line string, now time.Time) (files.Entry, bool) {
	if strings.IndexByte(line, 0) < 0 {
		for _, parse := range parsers {
			if e, ok := parse(line, now); ok && e.Name != "" {
				return e, true
			}
		}
	}
	return files.Entry{}, false
}

// factsInList reads the lines of MLSD, with which some servers answer LIST.
func factsInList(line string) (files.Entry, Role, bool) {
	head := line[:len(line)-len(strings.TrimLeftFunc(line, func(c rune) bool { return c != ' ' && c != '\t' }))]
	if i := strings.IndexByte(head, '='); i <= 0 || !strings.Contains(strings.ToLower(head), "type=") {
		return files.Entry{}, Named, false
	}
	return ParseFacts(line)
}
