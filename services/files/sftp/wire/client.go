package wire

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// maxPacket bounds a packet of the server, in bytes; OpenSSH's own bound.
	maxPacket = 256 << 10
	// batch is how many bytes of small requests are sent in one go.
	batch = 32 << 10
)

var (
	errShort = errors.New("sftp: the server's packet is too short")
	// ErrClosed is the end of a connection that was closed here.
	ErrClosed = errors.New("sftp: closed")
)

// Client is one conversation. It is safe for concurrent use.
type Client struct {
	rw         io.ReadWriteCloser
	extensions map[string]string
	out        chan packet
	dead       chan struct{} // closed at the end of the connection

	mu      sync.Mutex
	err     error
	id      uint32
	pending map[uint32]*Call
}

// packet waits to be written.
type packet struct {
	b    []byte
	done func() // after that b may be used again; may be nil
}

// Call is a request under way.
type Call struct {
	c     *Client
	done  chan struct{}
	began time.Time
	took  time.Duration
	buf   []byte // where DATA goes

	// Written by the receiver before done is closed.
	kind    byte
	payload []byte
	n       int
	err     error

	// Guarded by Client.mu.
	abandoned bool
	late      func(*Call)
}

// Start begins the conversation on rw, whose Close must end pending reads and
// writes. Loop must run for it to go on.
func Start(rw io.ReadWriteCloser) (*Client, error) {
	c := &Client{
		rw: rw, extensions: map[string]string{}, pending: map[uint32]*Call{},
		out: make(chan packet, 64), dead: make(chan struct{}),
	}
	if _, err := rw.Write([]byte{0, 0, 0, 5, typeInit, 0, 0, 0, 3}); err != nil {
		return nil, err
	}
	var head [4]byte
	if _, err := io.ReadFull(rw, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n < 5 || n > maxPacket {
		return nil, fmt.Errorf("sftp: the server begins with a packet of %d bytes", n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(rw, body); err != nil {
		return nil, err
	}
	p := &parser{b: body[1:]}
	if version := p.u32(); body[0] != typeVersion || version < 3 {
		return nil, fmt.Errorf("sftp: the server begins with packet %d, version %d", body[0], version)
	}
	for len(p.b) > 0 {
		name, data := p.str(), p.str()
		if p.bad {
			return nil, errShort
		}
		c.extensions[name] = data
	}
	return c, nil
}

// Extension gives what the server says about an extension that it offers.
func (c *Client) Extension(name string) (data string, ok bool) {
	data, ok = c.extensions[name]
	return data, ok
}

// Loops are the two halves of the conversation; each must run in a goroutine
// of its own until it returns, which both do when the connection ends.
func (c *Client) Loops() (send, receive func()) {
	return func() { c.end(c.sendLoop()) }, func() { c.end(c.receiveLoop()) }
}

// Dead is closed at the end of the connection.
func (c *Client) Dead() <-chan struct{} { return c.dead }

// Err is why the connection ended; nil while it lives.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Pending is the number of requests without an answer.
func (c *Client) Pending() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending)
}

// Close ends the connection.
func (c *Client) Close() { c.end(ErrClosed) }

func (c *Client) end(err error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	err = broken(err)
	c.err = err
	pending := c.pending
	c.pending = map[uint32]*Call{}
	c.mu.Unlock()
	close(c.dead)
	_ = c.rw.Close() // err tells why
	for _, call := range pending {
		call.err = err
		c.finish(call)
	}
}

// broken is the error of requests that the end of a connection leaves without
// an answer: never io.EOF, which says that a file or a folder is complete.
func broken(err error) error {
	switch {
	case err == nil:
		return ErrClosed
	case errors.Is(err, io.EOF):
		return fmt.Errorf("sftp: the connection ended: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// sendLoop writes packets in their order, small ones together.
func (c *Client) sendLoop() error {
	together := make([]byte, 0, batch)
	for {
		var p packet
		select {
		case p = <-c.out:
		case <-c.dead:
			return nil
		}
		for more := true; more; {
			if len(together)+len(p.b) > batch {
				if err := c.write(&together); err != nil {
					return err
				}
			}
			if len(p.b) > batch/2 {
				if err := c.write(&together); err != nil {
					return err
				}
				if _, err := c.rw.Write(p.b); err != nil {
					return err
				}
			} else {
				together = append(together, p.b...)
			}
			if p.done != nil {
				p.done()
			}
			select {
			case p = <-c.out:
			default:
				more = false
			}
		}
		if err := c.write(&together); err != nil {
			return err
		}
	}
}

func (c *Client) write(b *[]byte) error {
	if len(*b) == 0 {
		return nil
	}
	_, err := c.rw.Write(*b)
	*b = (*b)[:0]
	return err
}

// receiveLoop hands the answers to their requests.
func (c *Client) receiveLoop() error {
	r := bufio.NewReaderSize(c.rw, 8<<10)
	var head [9]byte
	for {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return err
		}
		n, kind, id := int(binary.BigEndian.Uint32(head[:])), head[4], binary.BigEndian.Uint32(head[5:])
		if n < 5 || n > maxPacket+1024 {
			return fmt.Errorf("sftp: the server sends a packet of %d bytes", n)
		}
		n -= 5
		c.mu.Lock()
		call := c.pending[id]
		delete(c.pending, id)
		dropped := call != nil && call.abandoned && call.late == nil
		c.mu.Unlock()
		if call == nil {
			return fmt.Errorf("sftp: the server answers request %d, which nobody made", id)
		}
		err := c.answer(r, call, kind, n, dropped)
		call.took = time.Since(call.began)
		if err != nil {
			call.err = broken(err)
			c.finish(call)
			return err
		}
		c.finish(call)
	}
}

// answer reads the rest of a packet, n bytes, into the call. Its error ends
// the connection.
func (c *Client) answer(r *bufio.Reader, call *Call, kind byte, n int, dropped bool) error {
	call.kind = kind
	switch {
	case dropped:
		_, err := r.Discard(n)
		return err
	case kind == typeData && call.buf != nil:
		var length [4]byte
		if n < 4 {
			return errShort
		}
		if _, err := io.ReadFull(r, length[:]); err != nil {
			return err
		}
		got := int(binary.BigEndian.Uint32(length[:]))
		if got > len(call.buf) || got > n-4 {
			return fmt.Errorf("sftp: the server sends %d bytes where %d were asked for", got, len(call.buf))
		}
		if _, err := io.ReadFull(r, call.buf[:got]); err != nil {
			return err
		}
		call.n = got
		_, err := r.Discard(n - 4 - got)
		return err
	}
	call.payload = make([]byte, n)
	_, err := io.ReadFull(r, call.payload)
	return err
}

// finish wakes whoever waits, or tidies up after those who did not.
func (c *Client) finish(call *Call) {
	c.mu.Lock()
	close(call.done)
	late := call.late
	if !call.abandoned {
		late = nil
	}
	c.mu.Unlock()
	if late != nil {
		late(call)
	}
}

// send queues a request. buf is where DATA of the answer goes; done, if not
// nil, is called when b is no longer needed, if sending did not fail.
func (c *Client) send(ctx context.Context, b, buf []byte, done func()) (*Call, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	call := &Call{c: c, done: make(chan struct{}), buf: buf, began: time.Now()}
	c.mu.Lock()
	if c.err != nil {
		err := c.err
		c.mu.Unlock()
		return nil, err
	}
	c.id++
	for c.pending[c.id] != nil { // after 4 billion requests
		c.id++
	}
	id := c.id
	c.pending[id] = call
	c.mu.Unlock()
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	binary.BigEndian.PutUint32(b[5:], id)
	select {
	case c.out <- packet{b, done}:
		return call, nil
	case <-ctx.Done():
		c.mu.Lock()
		delete(c.pending, id)
		c.mu.Unlock()
		return nil, ctx.Err()
	case <-c.dead:
		return nil, c.Err()
	}
}

// Done is closed when the answer is there.
func (call *Call) Done() <-chan struct{} { return call.done }

// Took is how long the answer took; valid after Done.
func (call *Call) Took() time.Duration { return call.took }

// wait waits for the answer. When ctx ends first the request is given up: late,
// if not nil, gets the answer when it comes after all.
func (call *Call) wait(ctx context.Context, late func(*Call)) error {
	select {
	case <-call.done:
		return call.err
	default:
	}
	select {
	case <-call.done:
		return call.err
	case <-ctx.Done():
		call.Abandon(late)
		return ctx.Err()
	}
}

// Abandon gives the request up: nobody waits for it any more. Its buffer is not
// to be used again, because an answer may be arriving in it. late, if not nil,
// gets the answer when it comes, or at once if it has come.
func (call *Call) Abandon(late func(*Call)) {
	call.c.mu.Lock()
	select {
	case <-call.done:
		call.c.mu.Unlock()
		if late != nil {
			late(call)
		}
		return
	default:
	}
	call.abandoned, call.late = true, late
	call.c.mu.Unlock()
}

// Status waits for an answer that is nothing but a status.
func (call *Call) Status(ctx context.Context) error {
	if err := call.wait(ctx, nil); err != nil {
		return err
	}
	p, err := call.body(typeStatus)
	if err != nil {
		return err
	}
	return p.status()
}

// body gives the payload of an answer of the wanted type; a status instead is
// the error that it tells.
func (call *Call) body(want byte) (*parser, error) {
	p := &parser{b: call.payload}
	switch call.kind {
	case want:
		return p, nil
	case typeStatus:
		if err := p.status(); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("sftp: the server answers with packet %d where %d is due", call.kind, want)
}

// Data waits for the answer to StartRead: the number of bytes that are in its
// buffer now. The end of the file is io.EOF.
func (call *Call) Data(ctx context.Context) (int, error) {
	if err := call.wait(ctx, nil); err != nil {
		return 0, err
	}
	if call.kind == typeData {
		return call.n, nil
	}
	_, err := call.body(typeData)
	return 0, eof(err)
}

// Names waits for the answer to StartReaddir. The end of the folder is io.EOF.
func (call *Call) Names(ctx context.Context) ([]Name, error) {
	if err := call.wait(ctx, nil); err != nil {
		return nil, err
	}
	p, err := call.body(typeName)
	if err != nil {
		return nil, eof(err)
	}
	all := p.names()
	if p.bad {
		return nil, errShort
	}
	return all, nil
}

// Attrs waits for the answer to StartStat and the like.
func (call *Call) Attrs(ctx context.Context) (Attrs, error) {
	if err := call.wait(ctx, nil); err != nil {
		return Attrs{}, err
	}
	p, err := call.body(typeAttrs)
	if err != nil {
		return Attrs{}, err
	}
	a := p.attrs()
	if p.bad {
		return Attrs{}, errShort
	}
	return a, nil
}

func eof(err error) error {
	var s *StatusError
	if errors.As(err, &s) && s.Code == StatusEOF {
		return io.EOF
	}
	return err
}
