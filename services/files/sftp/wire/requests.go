package wire

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
)

// Handle is an open file or folder of the server.
type Handle string

// maxHandle is the longest handle, section 6.3 of the draft, in bytes.
const maxHandle = 256

// path starts a request that consists of a path.
func (c *Client) path(ctx context.Context, kind byte, path string) (*Call, error) {
	return c.send(ctx, newPacket(kind, 4+len(path)).str(path), nil, nil)
}

// StartStat asks for attributes, following links; wait by Call.Attrs.
func (c *Client) StartStat(ctx context.Context, path string) (*Call, error) {
	return c.path(ctx, typeStat, path)
}

// StartLstat asks for the attributes of a link itself; wait by Call.Attrs.
func (c *Client) StartLstat(ctx context.Context, path string) (*Call, error) {
	return c.path(ctx, typeLstat, path)
}

// StartFstat asks for the attributes of an open file; wait by Call.Attrs.
func (c *Client) StartFstat(ctx context.Context, h Handle) (*Call, error) {
	return c.path(ctx, typeFstat, string(h))
}

// StartReadlink asks where a link leads; wait by Call.Names, which gives one.
func (c *Client) StartReadlink(ctx context.Context, path string) (*Call, error) {
	return c.path(ctx, typeReadlink, path)
}

// StartReaddir asks for the next entries; wait by Call.Names.
func (c *Client) StartReaddir(ctx context.Context, h Handle) (*Call, error) {
	return c.path(ctx, typeReaddir, string(h))
}

// StartClose closes a handle; wait by Call.Status.
func (c *Client) StartClose(ctx context.Context, h Handle) (*Call, error) {
	return c.path(ctx, typeClose, string(h))
}

// StartSetstat changes attributes; wait by Call.Status.
func (c *Client) StartSetstat(ctx context.Context, path string, a Attrs) (*Call, error) {
	return c.send(ctx, newPacket(typeSetstat, 36+len(path)).str(path).attrs(a), nil, nil)
}

// StartFsetstat changes those of an open file; wait by Call.Status.
func (c *Client) StartFsetstat(ctx context.Context, h Handle, a Attrs) (*Call, error) {
	return c.send(ctx, newPacket(typeFsetstat, 36+len(h)).str(string(h)).attrs(a), nil, nil)
}

// StartRead asks for len(buf) bytes from offset on; wait by Call.Data. buf
// belongs to the call until it is answered.
func (c *Client) StartRead(ctx context.Context, h Handle, offset int64, buf []byte) (*Call, error) {
	return c.send(ctx, newPacket(typeRead, 16+len(h)).str(string(h)).u64(uint64(offset)).u32(uint32(len(buf))), buf, nil)
}

// Block is a piece of a file to be written, with room before it for the
// request's head, so that the bytes are never copied.
type Block struct{ raw []byte }

// blockHead is the room for lengths, type, id and handle, in bytes.
const blockHead = 4 + 1 + 4 + 4 + maxHandle + 8 + 4

// NewBlock makes a block for up to size bytes.
func NewBlock(size int) *Block { return &Block{make([]byte, blockHead+size)} }

// Data is where the bytes go.
func (b *Block) Data() []byte { return b.raw[blockHead:] }

// StartWrite writes the first n bytes of the block at offset; wait by
// Call.Status. done is called when the block may be used again, which is before
// the answer comes.
func (c *Client) StartWrite(ctx context.Context, h Handle, offset int64, b *Block, n int, done func()) (*Call, error) {
	head := newPacket(typeWrite, 16+len(h)).str(string(h)).u64(uint64(offset)).u32(uint32(n))
	from := blockHead - len(head)
	copy(b.raw[from:], head)
	return c.send(ctx, b.raw[from:blockHead+n], nil, done)
}

// Open opens a file with flags of the Open kind.
func (c *Client) Open(ctx context.Context, path string, flags uint32) (Handle, error) {
	call, err := c.send(ctx, newPacket(typeOpen, 12+len(path)).str(path).u32(flags).attrs(Attrs{}), nil, nil)
	if err != nil {
		return "", err
	}
	return c.handle(ctx, call)
}

// Opendir opens a folder.
func (c *Client) Opendir(ctx context.Context, path string) (Handle, error) {
	call, err := c.path(ctx, typeOpendir, path)
	if err != nil {
		return "", err
	}
	return c.handle(ctx, call)
}

// handle waits for a handle. One that comes too late is closed: servers have
// few of them.
func (c *Client) handle(ctx context.Context, call *Call) (Handle, error) {
	if err := call.wait(ctx, func(late *Call) {
		if h, err := late.opened(); err == nil {
			c.Forget(h)
		}
	}); err != nil {
		return "", err
	}
	return call.opened()
}

func (call *Call) opened() (Handle, error) {
	if call.err != nil {
		return "", call.err
	}
	p, err := call.body(typeHandle)
	if err != nil {
		return "", err
	}
	h := p.str()
	if p.bad || len(h) > maxHandle {
		return "", errShort
	}
	return Handle(h), nil
}

// Forget closes a handle whose closing nobody waits for: nothing was written
// by it. It never blocks.
func (c *Client) Forget(h Handle) {
	b := newPacket(typeClose, 4+len(h)).str(string(h))
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.id++
	call := &Call{c: c, done: make(chan struct{}), abandoned: true}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	binary.BigEndian.PutUint32(b[5:], c.id)
	select {
	case c.out <- packet{b: b}:
		c.pending[c.id] = call
	default: // the line is jammed; the server closes what is open at the end
	}
	c.mu.Unlock()
}

// await waits for the answer to a request that has just been sent.
func await[T any](ctx context.Context, call *Call, err error, answer func(*Call, context.Context) (T, error)) (T, error) {
	if err != nil {
		var zero T
		return zero, err
	}
	return answer(call, ctx)
}

// Stat gives attributes, following links.
func (c *Client) Stat(ctx context.Context, path string) (Attrs, error) {
	call, err := c.StartStat(ctx, path)
	return await(ctx, call, err, (*Call).Attrs)
}

// Lstat gives the attributes of a link itself.
func (c *Client) Lstat(ctx context.Context, path string) (Attrs, error) {
	call, err := c.StartLstat(ctx, path)
	return await(ctx, call, err, (*Call).Attrs)
}

// StartRealpath makes a path absolute; wait by Call.OneName.
func (c *Client) StartRealpath(ctx context.Context, path string) (*Call, error) {
	return c.path(ctx, typeRealpath, path)
}

// OneName waits for an answer of exactly one name.
func (call *Call) OneName(ctx context.Context) (string, error) {
	all, err := call.Names(ctx)
	if err != nil {
		return "", err
	}
	if len(all) != 1 {
		return "", fmt.Errorf("sftp: the server answers with %d names where one is due", len(all))
	}
	return all[0].Name, nil
}

func status(ctx context.Context, call *Call, err error) error {
	if err != nil {
		return err
	}
	return call.Status(ctx)
}

// CloseHandle closes a handle and waits for the answer.
func (c *Client) CloseHandle(ctx context.Context, h Handle) error {
	call, err := c.StartClose(ctx, h)
	return status(ctx, call, err)
}

// Setstat changes attributes.
func (c *Client) Setstat(ctx context.Context, path string, a Attrs) error {
	call, err := c.StartSetstat(ctx, path, a)
	return status(ctx, call, err)
}

// Fsetstat changes those of an open file.
func (c *Client) Fsetstat(ctx context.Context, h Handle, a Attrs) error {
	call, err := c.StartFsetstat(ctx, h, a)
	return status(ctx, call, err)
}

// Mkdir makes a folder.
func (c *Client) Mkdir(ctx context.Context, path string) error {
	call, err := c.send(ctx, newPacket(typeMkdir, 8+len(path)).str(path).attrs(Attrs{}), nil, nil)
	return status(ctx, call, err)
}

// Remove removes a file or link.
func (c *Client) Remove(ctx context.Context, path string) error {
	call, err := c.path(ctx, typeRemove, path)
	return status(ctx, call, err)
}

// Rmdir removes an empty folder.
func (c *Client) Rmdir(ctx context.Context, path string) error {
	call, err := c.path(ctx, typeRmdir, path)
	return status(ctx, call, err)
}

// Rename renames; by the draft it fails where the new name is taken, but not
// all servers keep to that.
func (c *Client) Rename(ctx context.Context, from, to string) error {
	call, err := c.send(ctx, newPacket(typeRename, 8+len(from)+len(to)).str(from).str(to), nil, nil)
	return status(ctx, call, err)
}

// extended starts a request of an extension.
func (c *Client) extended(ctx context.Context, name string, body func(builder) builder) (*Call, error) {
	return c.send(ctx, body(newPacket(typeExtended, 64+len(name)).str(name)), nil, nil)
}

// PosixRename renames and replaces at once (posix-rename@openssh.com).
func (c *Client) PosixRename(ctx context.Context, from, to string) error {
	call, err := c.extended(ctx, "posix-rename@openssh.com", func(b builder) builder { return b.str(from).str(to) })
	return status(ctx, call, err)
}

// CopyData copies n bytes between two open files on the server (copy-data,
// draft-ietf-secsh-filexfer-extensions-00 section 7); 0 means up to the end.
func (c *Client) CopyData(ctx context.Context, from Handle, offset, n int64, to Handle, at int64) error {
	call, err := c.extended(ctx, "copy-data", func(b builder) builder {
		return b.str(string(from)).u64(uint64(offset)).u64(uint64(n)).str(string(to)).u64(uint64(at))
	})
	return status(ctx, call, err)
}

func (call *Call) extendedReply(ctx context.Context) (*parser, error) {
	if err := call.wait(ctx, nil); err != nil {
		return nil, err
	}
	return call.body(typeExtendedReply)
}

// Free gives the bytes that may be written under path (statvfs@openssh.com).
func (c *Client) Free(ctx context.Context, path string) (int64, error) {
	call, err := c.extended(ctx, "statvfs@openssh.com", func(b builder) builder { return b.str(path) })
	p, err := await(ctx, call, err, (*Call).extendedReply)
	if err != nil {
		return 0, err
	}
	_, fragment := p.u64(), p.u64() // f_bsize, f_frsize
	_, _, available := p.u64(), p.u64(), p.u64()
	if p.bad {
		return 0, errShort
	}
	if fragment != 0 && available > 1<<62/fragment {
		return 1 << 62, nil
	}
	return int64(available * fragment), nil
}

// Limits are the longest reads and writes that the server takes, in bytes
// (limits@openssh.com); 0 where it does not say.
func (c *Client) Limits(ctx context.Context) (read, write int, err error) {
	call, err := c.extended(ctx, "limits@openssh.com", func(b builder) builder { return b })
	p, err := await(ctx, call, err, (*Call).extendedReply)
	if err != nil {
		return 0, 0, err
	}
	packet, r, w := p.u64(), p.u64(), p.u64()
	if p.bad {
		return 0, 0, errShort
	}
	fit := func(n uint64) int {
		if packet > 1024 {
			n = min(n, packet-1024)
		}
		return int(min(n, maxPacket-1024))
	}
	return fit(r), fit(w), nil
}

// CheckFile gives a file's checksum as the server computes it: its bytes and
// the algorithm that the server chose of those offered (check-file-name,
// draft-ietf-secsh-filexfer-extensions-00 section 3).
func (c *Client) CheckFile(ctx context.Context, path, algorithms string) (algorithm string, sum []byte, err error) {
	call, err := c.extended(ctx, "check-file-name", func(b builder) builder {
		return b.str(path).str(algorithms).u64(0).u64(0).u32(0)
	})
	p, err := await(ctx, call, err, (*Call).extendedReply)
	if err != nil {
		return "", nil, err
	}
	algorithm = p.str()
	if algorithm == "check-file" { // the draft's text and its example differ
		algorithm = p.str()
	}
	if p.bad {
		return "", nil, errShort
	}
	return algorithm, slices.Clone(p.b), nil
}

// Fstat gives the attributes of an open file.
func (c *Client) Fstat(ctx context.Context, h Handle) (Attrs, error) {
	call, err := c.StartFstat(ctx, h)
	return await(ctx, call, err, (*Call).Attrs)
}
