package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"github.com/stretchr/testify/require"
)

// pair connects a client to a server in this process.
func pair(t *testing.T) *Client {
	t.Helper()
	here, there := net.Pipe()
	server, err := sftp.NewServer(there, sftp.WithServerWorkingDirectory(t.TempDir()))
	require.NoError(t, err)
	go func() { _ = server.Serve() }()
	c, err := Start(here)
	require.NoError(t, err)
	send, receive := c.Loops()
	go send()
	go receive()
	t.Cleanup(func() { c.Close(); _ = server.Close() })
	return c
}

func TestRequests(t *testing.T) {
	c, ctx := pair(t), t.Context()
	asked, err := c.StartRealpath(ctx, ".")
	require.NoError(t, err)
	home, err := asked.OneName(ctx)
	require.NoError(t, err)
	require.NoError(t, c.Mkdir(ctx, home+"/d"))
	h, err := c.Open(ctx, home+"/d/f", OpenWrite|OpenCreate|OpenTruncate)
	require.NoError(t, err)
	b := NewBlock(5)
	copy(b.Data(), "hello")
	call, err := c.StartWrite(ctx, h, 3, b, 5, nil)
	require.NoError(t, err)
	require.NoError(t, call.Status(ctx))
	require.NoError(t, c.CloseHandle(ctx, h))
	require.NoError(t, c.Setstat(ctx, home+"/d/f", Times(time.Unix(1_600_000_000, 0))))
	a, err := c.Stat(ctx, home+"/d/f")
	require.NoError(t, err)
	require.EqualValues(t, 8, a.Size)
	require.Equal(t, time.Unix(1_600_000_000, 0).UTC(), a.ModTime())
	require.NoError(t, c.Rename(ctx, home+"/d/f", home+"/d/g"))
	require.NoError(t, c.PosixRename(ctx, home+"/d/g", home+"/d/f"))
	h, err = c.Open(ctx, home+"/d/f", OpenRead)
	require.NoError(t, err)
	buf := make([]byte, 100)
	call, err = c.StartRead(ctx, h, 0, buf)
	require.NoError(t, err)
	n, err := call.Data(ctx)
	require.NoError(t, err)
	require.Equal(t, "\x00\x00\x00hello", string(buf[:n]))
	call, err = c.StartRead(ctx, h, 8, make([]byte, 1))
	require.NoError(t, err)
	_, err = call.Data(ctx)
	require.ErrorIs(t, err, io.EOF)
	c.Forget(h)
	var status *StatusError
	require.ErrorAs(t, c.Rmdir(ctx, home+"/d"), &status)
	require.NoError(t, c.Remove(ctx, home+"/d/f"))
	require.NoError(t, c.Rmdir(ctx, home+"/d"))
	_, err = c.Lstat(ctx, home+"/d")
	require.ErrorAs(t, err, &status)
	require.EqualValues(t, StatusNoSuchFile, status.Code)
	require.Zero(t, c.Pending())
}

func TestCancelledRequestsHarmNobody(t *testing.T) {
	c := pair(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		_, err := c.Open(ended, "/", OpenRead)
		require.ErrorIs(t, err, context.Canceled)
		_, err = c.Stat(t.Context(), "/")
		require.NoError(t, err)
	}
}

func TestEndOfConnection(t *testing.T) {
	c := pair(t)
	c.Close()
	_, err := c.Stat(t.Context(), "/")
	require.ErrorIs(t, err, ErrClosed)
	c.Forget("h")
	c.Close()
	<-c.Dead()
}

func TestTimes(t *testing.T) {
	for at, want := range map[int64]uint32{-5: 0, 0: 0, 1 << 40: 1<<32 - 1, 1_600_000_000: 1_600_000_000} {
		require.Equal(t, want, Times(time.Unix(at, 0)).MTime)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0, 0, 0, 1, 'a', 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{0, 0, 0, 2, 0, 0, 0, 0})
	f.Add([]byte{0x80, 0, 0, 0xf, 0, 0, 0, 0, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		p := &parser{b: b}
		names := p.names()
		require.LessOrEqual(t, len(names), len(b)/12)
		p = &parser{b: b}
		a := p.attrs()
		if a.Flags &^= attrMore; !p.bad {
			require.Equal(t, a, (&parser{b: builder(nil).attrs(a)}).attrs())
		}
		_ = (&parser{b: b}).status()
	})
}

// scripted gives what a server sends, and takes everything.
type scripted struct {
	io.Reader
	closed chan struct{}
}

func (s scripted) Write(b []byte) (int, error) { return len(b), nil }

func (s scripted) Close() error {
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
	return nil
}

// FuzzServer lets a server say anything: the client ends, and does not hang.
func FuzzServer(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x05\x02\x00\x00\x00\x03\x00\x00\x00\x11\x65\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x00\x00\x00\x05\x02\x00\x00\x00\x03\x00\x00\x00\x09\x68\x00\x00\x00\x02\xff\xff\xff\xff"))
	f.Add([]byte(strings.Repeat("\xff", 40)))
	f.Fuzz(func(t *testing.T, said []byte) {
		s := scripted{strings.NewReader(string(said)), make(chan struct{})}
		c, err := Start(s)
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		send, receive := c.Loops()
		done := make(chan struct{})
		go func() { send(); close(done) }()
		var calls []*Call
		for _, start := range []func() (*Call, error){
			func() (*Call, error) { return c.StartStat(ctx, "/") },
			func() (*Call, error) { return c.StartReaddir(ctx, "h") },
			func() (*Call, error) { return c.StartRead(ctx, "h", 0, make([]byte, 64)) },
		} {
			call, err := start()
			if err == nil {
				calls = append(calls, call)
			}
		}
		receive()
		<-done
		for _, call := range calls {
			_, err := call.Attrs(ctx)
			if errors.Is(err, context.DeadlineExceeded) {
				t.Fatal("no end")
			}
			_, _ = call.Names(ctx)
			_, _ = call.Data(ctx)
		}
	})
}

// A connection that ends under a request is no end of a file or folder: else a
// cut file would pass for a whole one.
func TestEndOfConnectionIsNoEndOfFile(t *testing.T) {
	for range 20 { // the receiver notices in one of several places
		here, there := net.Pipe()
		go func() {
			b := make([]byte, 9)
			_, _ = io.ReadFull(there, b)                               // INIT
			_, _ = there.Write([]byte{0, 0, 0, 5, 2, 0, 0, 0, 3})      // VERSION 3
			_, _ = io.ReadFull(there, b)                               // READ or READDIR
			_, _ = there.Write([]byte{0, 0, 1, 0, 103, 0, 0, 0, b[8]}) // DATA that breaks off
			_ = there.Close()
		}()
		c, err := Start(here)
		require.NoError(t, err)
		send, receive := c.Loops()
		go send()
		go receive()
		call, err := c.StartRead(t.Context(), "h", 0, make([]byte, 100))
		require.NoError(t, err)
		_, err = call.Data(t.Context())
		require.Error(t, err)
		require.NotErrorIs(t, err, io.EOF)
		<-c.Dead()
		_, err = c.StartReaddir(t.Context(), "h")
		require.Error(t, err)
		require.NotErrorIs(t, err, io.EOF)
	}
}
