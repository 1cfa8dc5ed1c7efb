package ftp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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
// and ask can speak in between.
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
	verb     string // of the newest command
	feat     reply  // the library asks for it but keeps it to itself
	doubleFF bool   // ProFTPD undoubles 0xFF (Telnet IAC, RFC 959 section 5.3)
	in       bool   // the login is done
	single   bool   // the next command only after the reply to the last
	mixedUp  func() // called when a server has lost one of several commands
}

type reply struct {
	code int
	text string // all lines, without the code
}

func (r reply) err() error { return &textproto.Error{Code: r.code, Msg: r.text} }

// is reports whether the code is one of those.
func (r reply) is(codes ...int) bool {
	for _, code := range codes {
		if r.code == code {
			return true
		}
	}
	return false
}

func newControl(c net.Conn, host string, log *transcript) *control {
	return &control{Conn: c, r: bufio.NewReaderSize(c, maxReplyLine), host: host, log: log, patience: silence}
}

// over goes on over another connection, TLS on the old one.
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
		d.abort() // the call under way reports
	}
	_ = rawConn(c.Conn).Close() // the pending call reports
}

// use notes the data connection that is closed together with the control
// connection; nil: none.
func (c *control) use(d *dataConn) {
	c.mu.Lock()
	c.data = d
	aborted := c.aborted != nil
	c.mu.Unlock()
	if aborted && d != nil {
		d.abort()
	}
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
		if c.verb == "TYPE" && r.code/100 == 2 && r.code != 200 {
			c.pending.Reset() // done is done (curl's test 261); the library wants 200
			c.pending.WriteString("200 done\r\n")
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
	if code == 500 && c.in && strings.HasPrefix(c.last.text, "OOPS:") {
		c.last.code = 421 // vsftpd's word before it dies, whatever was asked
	}
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
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // not to be taken for a file's end
	}
	if err != nil {
		return "", err
	}
	if bytes.IndexByte(b, 0) >= 0 { // no server's; what stops there for others goes on for us
		return "", fault.Newf(fault.Protocol, "reply", c.host, "NUL in a reply")
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// Write takes one command of the library's, each of which comes in one call.
func (c *control) Write(b []byte) (int, error) {
	return len(b), c.send(strings.TrimRight(string(b), "\r\n"))
}

// send writes commands in one go.
func (c *control) send(lines ...string) error {
	c.pending.Reset()
	var b strings.Builder
	for _, line := range lines {
		if strings.ContainsAny(line, "\r\n\x00") {
			return &fault.Fault{
				Kind: fault.Permission, Op: "command", Host: c.host,
				Err: errors.Join(errNoReply, errors.New("a control character in a name")),
			}
		}
		c.log.add("> ", line)
		if c.doubleFF {
			line = strings.ReplaceAll(line, "\xff", "\xff\xff")
		}
		b.WriteString(line)
		b.WriteString("\r\n")
		c.verb, _, _ = strings.Cut(line, " ")
	}
	if err := c.Conn.SetWriteDeadline(time.Now().Add(silence)); err != nil {
		return c.why(err)
	}
	_, err := c.Conn.Write([]byte(b.String()))
	return c.why(err)
}

// ask sends commands between the library's calls and reads their replies, of
// which there are as many as commands if err is nil. Several go out together,
// so that they cost one round trip; none of them may depend on the success of
// another.
func (c *control) ask(lines ...string) ([]reply, error) {
	replies := make([]reply, 0, len(lines))
	if c.single {
		for _, line := range lines {
			r, err := c.raw("%s", line)
			if err != nil {
				return replies, err
			}
			replies = append(replies, r)
		}
		return replies, nil
	}
	c.mu.Lock()
	patience := c.patience
	c.mu.Unlock()
	if err := c.send(lines...); err != nil {
		return nil, err
	}
	for i := range lines {
		c.wait(patience)
		r, err := c.readReply()
		c.pending.Reset()
		if err != nil {
			if i > 0 && fault.KindOf(err) == fault.Timeout && c.mixedUp != nil {
				c.mixedUp()
			}
			return replies, err
		}
		replies = append(replies, r)
		if r.code == 421 { // and the connection is closed
			for len(replies) < len(lines) {
				replies = append(replies, r)
			}
		}
		if len(replies) == len(lines) {
			break
		}
	}
	c.wait(silence)
	return replies, nil
}

// raw sends one command between the library's calls and reads its reply.
func (c *control) raw(format string, args ...any) (reply, error) {
	if err := c.send(fmt.Sprintf(format, args...)); err != nil {
		return reply{}, err
	}
	r, err := c.readReply()
	c.pending.Reset()
	return r, err
}

// watch waits on its own goroutine for anything that the server says, although
// nothing is expected of it, and then calls heard. What came is left to be
// read. The function it gives ends the watch.
func (c *control) watch(start func(func()), heard func()) (stop func()) {
	done := make(chan struct{})
	if c.Conn.SetReadDeadline(time.Time{}) != nil {
		return func() {}
	}
	start(func() {
		defer close(done)
		if _, err := c.r.Peek(1); err == nil {
			heard()
		}
	})
	return func() {
		_ = c.Conn.SetReadDeadline(time.Now()) // wakes it up; an end of the connection is met again
		<-done
	}
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
