package imap

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// What a server may send.
const (
	maxLiteral = 160 << 20 // one literal; bodies above sliceAbove are fetched in slices
	maxLine    = 64 << 20  // one line without literals: a SEARCH answer of millions
	maxWord    = 256 << 10 // one word of a line; go-imap's time for it is quadratic
	maxDepth   = 200       // open parentheses; go-imap's reader is recursive
)

var errGuard = errors.New("the server's answer goes beyond all bounds")

// guard is the connection as go-imap sees it. It passes on what the server
// sends line by line and literal by literal, and changes it where go-imap v1
// would come to harm:
//
//   - sizes, word lengths and nesting are bounded (v1 allocates what a literal
//     claims, and recurses on parentheses);
//   - EXISTS, RECENT, EXPUNGE and FETCH get an X in front, so that v1's own
//     handlers, which index their fields unchecked, never see them;
//   - bytes that are no UTF-8 become runes of a private plane and are put back
//     by rawString, because v1 would replace them;
//   - "+" lines that nobody waits for are dropped (v1 leaks a goroutine for each).
//
// It also holds the deadline: while a command runs, each read must bring
// something within the stall limit.
type guard struct {
	net.Conn
	in      *bufio.Reader
	mu      sync.Mutex
	stall   time.Duration // 0: no command runs
	fault   error         // why reading ended
	out     []byte        // what is passed on next
	literal int64         // bytes of a literal that are still to come
	inside  bool          // after a literal: the line goes on
	hadLit  atomic.Bool   // the response that is being passed on has a literal
	allowed atomic.Int32  // "+" lines that are waited for
	pending atomic.Bool   // go-imap waits for a "+" before it writes a literal
	plussed bool
}

func newGuard(c net.Conn, already []byte) *guard {
	var in *bufio.Reader
	if len(already) > 0 {
		in = bufio.NewReaderSize(&prefixed{already, c}, 64<<10)
	} else {
		in = bufio.NewReaderSize(c, 64<<10)
	}
	// The greeting was read already; go-imap wants one.
	return &guard{Conn: c, in: in, out: []byte("* OK Guichet\r\n")}
}

// prefixed gives bytes that were read ahead first.
type prefixed struct {
	b []byte
	c net.Conn
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.b) > 0 {
		n := copy(b, p.b)
		p.b = p.b[n:]
		return n, nil
	}
	return p.c.Read(b)
}

// SetDeadline and its kin are go-imap's and do nothing: the guard sets them.
func (g *guard) SetDeadline(time.Time) error      { return nil }
func (g *guard) SetReadDeadline(time.Time) error  { return nil }
func (g *guard) SetWriteDeadline(time.Time) error { return nil }

// begin starts a command's watch: each read must bring something within stall.
func (g *guard) begin(stall time.Duration) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stall = stall
	return g.Conn.SetDeadline(time.Now().Add(stall))
}

// end stops the watch: between commands a server may be silent.
func (g *guard) end() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stall = 0
	return g.Conn.SetDeadline(time.Time{})
}

func (g *guard) progress() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stall > 0 {
		_ = g.Conn.SetDeadline(time.Now().Add(g.stall)) // fails only on a closed connection, which the next read reports
	}
}

// why gives the error that ended the reading.
func (g *guard) why() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.fault
}

func (g *guard) fail(err error) error {
	g.mu.Lock()
	if g.fault == nil {
		g.fault = err
	}
	g.mu.Unlock()
	return err
}

func (g *guard) Write(b []byte) (int, error) {
	n, err := g.Conn.Write(b)
	if err != nil {
		return n, g.fail(err)
	}
	g.progress()
	return n, nil
}

// Read gives go-imap at most the rest of one line or of one literal.
func (g *guard) Read(b []byte) (int, error) {
	if len(g.out) == 0 && g.literal == 0 {
		if err := g.line(); err != nil {
			err = g.fail(err)
			if g.pending.Load() && !g.plussed {
				// go-imap's writer waits for a continuation that never comes: let it go on
				// and fail at the closed connection.
				g.plussed = true
				_ = g.Conn.Close() // reported by the failing write
				g.out = []byte("+ \r\n")
			} else {
				return 0, err
			}
		}
	}
	if len(g.out) > 0 {
		n := copy(b, g.out)
		g.out = g.out[n:]
		return n, nil
	}
	n, err := g.in.Read(b[:min(int64(len(b)), g.literal)])
	g.literal -= int64(n)
	g.progress()
	if err != nil {
		return n, g.fail(err)
	}
	return n, nil
}

var (
	literalEnd = regexp.MustCompile(`\{(\d{1,20})\+?\}\r?\n$`)
	flagList   = regexp.MustCompile(`(?i)FLAGS \([^()]*\)`)
)

// line reads the next line that go-imap shall see into out.
func (g *guard) line() error {
	for {
		line, err := g.readLine()
		if err != nil {
			return err
		}
		start := !g.inside
		g.inside = false
		if start {
			g.hadLit.Store(false)
			if len(line) > 0 && line[0] == '+' {
				if g.allowed.Add(-1) < 0 {
					g.allowed.Store(0)
					continue
				}
				g.pending.Store(false)
				g.out = line
				return nil
			}
			if len(bytes.TrimRight(line, "\r\n")) == 0 {
				continue // an empty line says nothing
			}
			if line[0] == ' ' || !bytes.Contains(line, []byte(" ")) {
				continue // no response at all ("Server Unavailable." is the classic)
			}
			line = rename(status(line))
		}
		if m := literalEnd.FindSubmatch(line); m != nil {
			n, err := parseSize(m[1])
			if err != nil || n > maxLiteral {
				return fmt.Errorf("%w: a literal of %s bytes", errGuard, m[1])
			}
			g.literal, g.inside = n, true
			g.hadLit.Store(true)
		}
		if !utf8.Valid(line) {
			line = escapeRaw(line)
		}
		if bytes.IndexByte(line, ']') >= 0 || bytes.IndexByte(line, '[') >= 0 {
			line = flagList.ReplaceAllFunc(line, func(m []byte) []byte {
				return bytes.Map(func(r rune) rune {
					if r == '[' || r == ']' {
						return '_'
					}
					return r
				}, m)
			})
		}
		if err := bounded(line); err != nil {
			return err
		}
		g.out = line
		return nil
	}
}

func parseSize(b []byte) (n int64, err error) {
	for _, c := range b {
		if n > maxLiteral {
			return n, nil
		}
		n = n*10 + int64(c-'0')
	}
	return n, nil
}

func (g *guard) readLine() ([]byte, error) {
	var line []byte
	for {
		piece, err := g.in.ReadSlice('\n')
		line = append(line, piece...)
		if len(piece) > 0 {
			g.progress()
		}
		switch {
		case err == nil:
			if n := len(line); n < 2 || line[n-2] != '\r' { // go-imap wants CRLF
				line = append(line[:n-1], '\r', '\n')
			}
			return line, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(line) > maxLine:
			return nil, fmt.Errorf("%w: a line of %d bytes", errGuard, len(line))
		}
	}
}

// bounded checks words and nesting.
func bounded(line []byte) error {
	word, depth := 0, 0
	for _, c := range line {
		word++
		switch c {
		case ' ', '\r', '\n':
			word = 0
		case '(':
			word = 0
			if depth++; depth > maxDepth {
				return fmt.Errorf("%w: nesting", errGuard)
			}
		case ')':
			if depth > 0 {
				depth--
			}
		}
		if word > maxWord {
			return fmt.Errorf("%w: a word of %d bytes", errGuard, word)
		}
	}
	return nil
}

// status gives a status without text the space that go-imap wants, and upper case.
func status(line []byte) []byte {
	words := bytes.SplitN(bytes.TrimRight(line, "\r\n"), []byte(" "), 3)
	if len(words) < 2 {
		return line
	}
	word, _, code := strings.Cut(strings.ToUpper(string(words[1])), "[") // some leave out the space before a code
	switch word {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		rest := string(line[len(words[0])+1+len(word):])
		if code || strings.TrimRight(rest, "\r\n") == "" {
			rest = " " + rest
		}
		return []byte(string(words[0]) + " " + word + rest)
	}
	return line
}

var renamed = map[string]bool{"EXISTS": true, "RECENT": true, "EXPUNGE": true, "FETCH": true}

// rename puts an X before the names that go-imap would handle itself.
func rename(line []byte) []byte {
	if !bytes.HasPrefix(line, []byte("* ")) {
		return line
	}
	pos := 2
	for range 2 {
		end := pos
		for end < len(line) && line[end] != ' ' && line[end] != '\r' && line[end] != '\n' && line[end] != '(' {
			end++
		}
		if renamed[strings.ToUpper(string(line[pos:end]))] {
			return bytes.Join([][]byte{line[:pos], line[pos:]}, []byte("X"))
		}
		if end >= len(line) || line[end] != ' ' {
			break
		}
		pos = end + 1
	}
	return line
}

// rawPlane is where bytes that are no UTF-8 are kept on their way through go-imap.
const rawPlane = 0x10FF00

func escapeRaw(line []byte) []byte {
	out := make([]byte, 0, len(line)+16)
	for len(line) > 0 {
		r, n := utf8.DecodeRune(line)
		if r == utf8.RuneError && n == 1 {
			out = utf8.AppendRune(out, rawPlane+rune(line[0]))
		} else {
			out = append(out, line[:n]...)
		}
		line = line[n:]
	}
	return out
}

// rawString undoes escapeRaw: the bytes of the wire.
func rawString(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r >= rawPlane && r <= rawPlane+0xFF }) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if r >= rawPlane && r <= rawPlane+0xFF {
			b.WriteByte(byte(r - rawPlane))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
