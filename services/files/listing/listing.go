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
	batch   []files.Entry
	report  files.Report
	pending string // a VMS name whose facts are on the next line
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

// Write implements io.Writer. It fails with what emit returned, or with TooBig.
func (r *Reader) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			r.add(b)
			return n, nil
		}
		r.add(b[:i])
		b = b[i+1:]
		if err := r.end(); err != nil {
			return n - len(b), err
		}
	}
	return n, nil
}

func (r *Reader) add(b []byte) {
	if len(r.line)+len(b) > maxLine {
		r.tooLong = true
		b = b[:max(0, min(len(b), maxLine-len(r.line)))]
	}
	r.line = append(r.line, b...)
}

// end handles the line that is complete.
func (r *Reader) end() error {
	line := strings.TrimRight(string(r.line), "\r")
	tooLong := r.tooLong
	r.line, r.tooLong = r.line[:0], false
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
		name := r.pending
		r.pending = ""
		if e, ok := parseVMS(name + " " + strings.TrimSpace(line)); ok {
			return r.accept(e)
		}
		r.unread(name)
	}
	if ignorable(line) {
		return nil
	}
	e, ok := ParseLine(line, r.now)
	switch {
	case ok && (e.Name == "." || e.Name == ".."):
		return nil
	case ok:
		return r.accept(e)
	case isVMSName(line):
		r.pending = strings.TrimSpace(line)
		return nil
	}
	r.unread(line)
	return nil
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
	r.batch = nil
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
// totals, the headers of some systems.
func ignorable(line string) bool {
	t := strings.TrimSpace(line)
	if t == "" {
		return true
	}
	fields := strings.Fields(t)
	lower := strings.ToLower(t)
	switch {
	case len(fields) == 2 && isTotal(fields[0]) && isDigits(strings.TrimSuffix(fields[1], "k")),
		strings.HasPrefix(lower, "total of ") && strings.Contains(lower, " file"),
		strings.HasPrefix(lower, "grand total of "),
		strings.HasPrefix(t, "Directory ") && (strings.HasSuffix(t, "]") || strings.HasSuffix(t, ">")):
		return true
	}
	joined := strings.Join(fields, " ")
	switch joined {
	case "Volume Unit Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname",
		"Name VV.MM Created Changed Size Init Mod Id",
		"File Code EOF Last Modification Owner RWEP",
		"Name Size TTR Alias-of AC --------- Attributes --------- Amode Rmode":
		return true
	}
	return false
}

// isTotal knows ls's word for the sum of blocks in some languages.
func isTotal(word string) bool {
	switch strings.ToLower(strings.TrimSuffix(word, ":")) {
	case "total", "totale", "totaal", "insgesamt", "gesamt", "yhteensä", "totalt", "razem", "celkem", "итого", "合計", "总用量", "總計", "合计":
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

// ParseLine reads one line of LIST on its own. Name may be "." or "..".
func ParseLine(line string, now time.Time) (files.Entry, bool) {
	if strings.ContainsRune(line, 0) {
		return files.Entry{}, false
	}
	l := line
	for _, parse := range []func(string, time.Time) (files.Entry, bool){
		parseUnix, parseDOS, parseEPLF, noNow(parseVMS), noNow(parseNumeric), noNow(parseVShell), noNow(parseOS2), noNow(parseAS400),
		noNow(parseMVS), noNow(parsePDS), noNow(parseNonStop), noNow(parseZVM), noNow(parseNortel),
	} {
		if e, ok := parse(l, now); ok && e.Name != "" {
			if e.Display == "" {
				e.Display = files.Display(e.Name)
			}
			return e, true
		}
	}
	if strings.Contains(line, "=") && strings.Contains(line, "; ") {
		// Some servers answer LIST with the lines of MLSD.
		if e, role, ok := ParseFacts(line); ok && role == Named {
			return e, true
		}
	}
	return files.Entry{}, false
}

func noNow(f func(string) (files.Entry, bool)) func(string, time.Time) (files.Entry, bool) {
	return func(line string, _ time.Time) (files.Entry, bool) { return f(line) }
}
