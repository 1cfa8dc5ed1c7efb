package ftp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"time"

	"guichet/services/fault"
)

// Limits on what a server may say (CVE-2018-1000300 and its like).
const (
	maxReplyLine  = 8 << 10
	maxReplyLines = 1000
	maxReply      = 64 << 10
)

// silence is how long a server may be mute while something is expected of it.
const silence = 17 * time.Second

// control is the control connection as the library sees it. It reads whole
// replies, so that between two calls of the library nothing is buffered there
// and Raw can speak in between; it knows the command under way, and it changes
// what the library cannot be told otherwise.
type control struct {
	net.Conn // what is read from and written to: plain, or TLS on it
	r        *bufio.Reader
	host     string
	log      *transcript

	mu       sync.Mutex
	patience time.Duration // for the next reply
	aborted  error         // why the sockets were closed
	data     *dataConn     // the data connection that is open or being opened

	pending  bytes.Buffer // bytes of a reply for the library
	last     reply
	noEPSV   bool
	hidden   bool   // send LIST -a for LIST
	doubleFF bool   // ProFTPD undoubles 0xFF (Telnet IAC, RFC 959 section 5.3)
	verb     string // of the library's newest command
	feat     reply  // the library asks for it but keeps it to itself
}

type reply struct {
	code int
	text string // all lines, without the code
}

func (r reply) err() error { return &textproto.Error{Code: r.code, Msg: r.text} }

func newControl(c net.Conn, host string, log *transcript) *control {
	return &control{Conn: c, r: bufio.NewReaderSize(c, maxReplyLine), host: host, log: log, patience: silence}
}

// over goes on over another connection, TLS on the old one. Bytes that came
// before the handshake would have been slipped in (CVE-2021-22946's kin).
func (c *control) over(t net.Conn) {
	c.Conn = t
	c.r = bufio.NewReaderSize(t, maxReplyLine)
}

// abort closes the sockets; calls under way end with why.
func (c *control) abort(why error) {
	c.mu.Lock()
	if c.aborted == nil {
		c.aborted = why
	}
	d := c.data
	c.mu.Unlock()
	if d != nil {
		_ = d.raw.Close() // the call under way reports
	}
	_ = rawConn(c.Conn).Close()
}

// rawConn gives the socket under TLS: closing TLS itself waits for the peer.
func rawConn(c net.Conn) net.Conn {
	if t, ok := c.(interface{ NetConn() net.Conn }); ok {
		return t.NetConn()
	}
	return c
}

func (c *control) why(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.aborted != nil {
		return c.aborted
	}
	return err
}

func (c *control) wait(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.patience = d
}

// Read gives the library the bytes of one reply.
func (c *control) Read(b []byte) (int, error) {
	if c.pending.Len() == 0 {
		r, err := c.readReply()
		if err != nil {
			return 0, err
		}
		if c.verb == "FEAT" {
			c.feat = r
		}
	}
	return c.pending.Read(b)
}

// readReply reads one reply (RFC 959 section 4.2) and leaves it in pending.
func (c *control) readReply() (reply, error) {
	c.mu.Lock()
	patience := c.patience
	c.patience = silence
	c.mu.Unlock()
	if err := c.Conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return reply{}, c.why(err)
	}
	var text strings.Builder
	code, end := 0, ""
	for n := 0; ; n++ {
		line, err := c.readLine()
		if err != nil {
			return reply{}, c.why(err)
		}
		if n >= maxReplyLines || text.Len() > maxReply {
			return reply{}, fault.Newf(fault.TooBig, "reply", c.host, "more than %d lines", n)
		}
		c.log.add("< ", line)
		rest := line
		if n == 0 {
			if len(line) < 3 || !digits(line[:3]) || len(line) > 3 && line[3] != ' ' && line[3] != '-' {
				return reply{}, &fault.Fault{
					Kind: fault.Protocol, Op: "reply", Host: c.host, Step: "protocol", Said: fault.CleanLine(line),
					Err: errors.New("this is no reply of FTP"),
				}
			}
			code, _ = strconv.Atoi(line[:3])
			rest = strings.TrimLeft(line[3:min(4, len(line))], " -") + line[min(4, len(line)):]
			if len(line) > 3 && line[3] == '-' {
				end = line[:3] + " "
			}
		}
		last := n == 0 && end == "" || n > 0 && (strings.HasPrefix(line, end) || line == end[:3])
		if n > 0 {
			text.WriteByte('\n')
			if last {
				rest = line[min(4, len(line)):]
			}
		}
		text.WriteString(rest)
		c.pending.WriteString(line)
		c.pending.WriteString("\r\n")
		if last {
			break
		}
	}
	c.last = reply{code, text.String()}
	return c.last, nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func (c *control) readLine() (string, error) {
	b, err := c.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", fault.Newf(fault.TooBig, "reply", c.host, "a line over %d bytes", maxReplyLine)
	}
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// Write takes one command of the library's, each of which comes in one call.
func (c *control) Write(b []byte) (int, error) {
	line := strings.TrimRight(string(b), "\r\n")
	verb, _, _ := strings.Cut(line, " ")
	c.verb = verb
	switch {
	case verb == "EPSV" && c.noEPSV:
		c.pending.WriteString("500 not wanted here\r\n")
		return len(b), nil
	case line == "LIST" && c.hidden:
		line = "LIST -a"
	case verb == "QUIT":
		// The library does not wait for the answer, nor for the sockets.
		c.wait(time.Second)
	}
	c.mu.Lock()
	if c.data != nil {
		c.data.command(verb)
	}
	c.mu.Unlock()
	return len(b), c.send(line)
}

func (c *control) send(line string) error {
	c.pending.Reset()
	if c.doubleFF {
		line = strings.ReplaceAll(line, "\xff", "\xff\xff")
	}
	c.log.add("> ", line)
	if err := c.Conn.SetWriteDeadline(time.Now().Add(silence)); err != nil {
		return c.why(err)
	}
	_, err := c.Conn.Write([]byte(line + "\r\n"))
	return c.why(err)
}

// raw sends a command between the library's calls and reads its reply.
func (c *control) raw(format string, args ...any) (reply, error) {
	line := fmt.Sprintf(format, args...)
	if strings.ContainsAny(line, "\r\n\x00") {
		return reply{}, fault.Newf(fault.Permission, "command", c.host, "a control character in a name")
	}
	if err := c.send(line); err != nil {
		return reply{}, err
	}
	r, err := c.readReply()
	c.pending.Reset()
	return r, err
}

// SetDeadline and its kin are the shim's own business.
func (c *control) SetDeadline(time.Time) error      { return nil }
func (c *control) SetReadDeadline(time.Time) error  { return nil }
func (c *control) SetWriteDeadline(time.Time) error { return nil }

// Close closes the socket without waiting.
func (c *control) Close() error { return rawConn(c.Conn).Close() }

// bind lets ctx close the sockets until the function it gives is called; that
// reports whether they were left alone.
func (c *control) bind(ctx context.Context) (release func() bool) {
	return context.AfterFunc(ctx, func() { c.abort(ctx.Err()) })
}

// transcript keeps the newest lines of a conversation, without secrets. It is
// shared by the connections of a site.
type transcript struct {
	mu    sync.Mutex
	lines []string
	next  int
}

const transcriptLines = 300

func (t *transcript) add(mark, line string) {
	verb, _, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "PASS", "ACCT":
		if mark == "> " {
			line = verb + " …"
		}
	}
	line = mark + fault.CleanLine(line)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) < transcriptLines {
		t.lines = append(t.lines, line)
		return
	}
	t.lines[t.next] = line
	t.next = (t.next + 1) % transcriptLines
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(append(append([]string(nil), t.lines[t.next:]...), t.lines[:t.next]...), "\n")
}
