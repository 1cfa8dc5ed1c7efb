package sftp

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

// Packets of the protocol, section 3 of the draft.
const (
	fxpOpen, fxpClose, fxpRead, fxpWrite, fxpLstat, fxpFstat, fxpSetstat, fxpFsetstat = 3, 4, 5, 6, 7, 8, 9, 10
	fxpOpendir, fxpReaddir, fxpRealpath, fxpStat                                      = 11, 12, 16, 17
	fxpStatus, fxpHandle, fxpData, fxpName, fxpAttrs                                  = 101, 102, 103, 104, 105
)

// memoryServer has one file and answers as it is told: odd takes a request and
// gives its answers (whole packets), or false for the usual one.
type memoryServer struct {
	mu   sync.Mutex
	data []byte
	odd  func(m *memoryServer, kind byte, id uint32, body []byte) ([][]byte, bool)
}

func fxp(kind byte, parts ...any) []byte {
	b := []byte{0, 0, 0, 0, kind}
	for _, p := range parts {
		switch v := p.(type) {
		case uint32:
			b = binary.BigEndian.AppendUint32(b, v)
		case uint64:
			b = binary.BigEndian.AppendUint64(b, v)
		case string:
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
		case []byte:
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
		}
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

func (m *memoryServer) attrs(kind byte, id uint32) []byte {
	return fxp(kind, id, uint32(1|4|8), uint64(len(m.data)), uint32(0o100644), uint32(1), uint32(1))
}

func status(id, code uint32) []byte { return fxp(fxpStatus, id, code, "said", "en") }

// fields splits a body that begins with a string: the string and the rest.
func fields(body []byte) (string, []byte) {
	n := binary.BigEndian.Uint32(body)
	return string(body[4 : 4+n]), body[4+n:]
}

func (m *memoryServer) usual(kind byte, id uint32, body []byte) []byte {
	switch kind {
	case fxpRealpath:
		return fxp(fxpName, id, uint32(1), "/home", "", uint32(0))
	case fxpOpen, fxpOpendir:
		return fxp(fxpHandle, id, "h")
	case fxpStat, fxpLstat, fxpFstat:
		return m.attrs(fxpAttrs, id)
	case fxpReaddir:
		return status(id, 1)
	case fxpRead:
		_, rest := fields(body)
		at, n := binary.BigEndian.Uint64(rest), uint64(binary.BigEndian.Uint32(rest[8:]))
		if at >= uint64(len(m.data)) {
			return status(id, 1)
		}
		return fxp(fxpData, id, m.data[at:min(at+n, uint64(len(m.data)))])
	case fxpWrite:
		_, rest := fields(body)
		at := int(binary.BigEndian.Uint64(rest))
		data, _ := fields(rest[8:])
		if need := at + len(data) - len(m.data); need > 0 {
			m.data = append(m.data, make([]byte, need)...)
		}
		copy(m.data[at:], data)
	case fxpSetstat, fxpFsetstat:
		_, rest := fields(body)
		if binary.BigEndian.Uint32(rest)&1 != 0 {
			m.data = append([]byte(nil), m.data[:min(int(binary.BigEndian.Uint64(rest[4:])), len(m.data))]...)
		}
	}
	return status(id, 0)
}

func (m *memoryServer) serve(c io.ReadWriteCloser) {
	head := make([]byte, 4)
	for first := true; ; first = false {
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head))
		if _, err := io.ReadFull(c, body); err != nil {
			return
		}
		if first {
			_, _ = c.Write(fxp(2, uint32(3)))
			continue
		}
		kind, id := body[0], binary.BigEndian.Uint32(body[1:])
		m.mu.Lock()
		var answers [][]byte
		ok := false
		if m.odd != nil {
			answers, ok = m.odd(m, kind, id, body[5:])
		}
		if !ok {
			answers = [][]byte{m.usual(kind, id, body[5:])}
		}
		m.mu.Unlock()
		for _, a := range answers {
			if _, err := c.Write(a); err != nil {
				return
			}
		}
	}
}

func (m *memoryServer) dial(t *testing.T) *FS {
	t.Helper()
	s := vfstest.StartSSH(t, t.TempDir(), func(s *vfstest.SSHServer) { s.Serve = m.serve })
	f, err := Dial(t.Context(), params(t, s))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

var file = files.Path{"home", "f"}

// Whatever order and length answers have, the bytes are the file's.
func TestOddReads(t *testing.T) {
	data := vfstest.Bytes(1_000_003)
	var held [][]byte
	expected := uint64(0)
	for name, odd := range map[string]func(m *memoryServer, kind byte, id uint32, body []byte) ([][]byte, bool){
		"short answers": func(m *memoryServer, kind byte, id uint32, body []byte) ([][]byte, bool) {
			if kind != fxpRead {
				return nil, false
			}
			_, rest := fields(body)
			at := binary.BigEndian.Uint64(rest)
			if at >= uint64(len(m.data)) {
				return nil, false
			}
			n := min(1+rand.Uint64N(40_000), uint64(binary.BigEndian.Uint32(rest[8:])), uint64(len(m.data))-at)
			return [][]byte{fxp(fxpData, id, m.data[at:at+n])}, true
		},
		"in pairs, the second first": func(m *memoryServer, kind byte, id uint32, body []byte) ([][]byte, bool) {
			if kind != fxpRead {
				out := append([][]byte{m.usual(kind, id, body)}, held...)
				held = nil
				return out, true
			}
			if len(held) == 0 {
				held = append(held, m.usual(kind, id, body))
				return nil, true
			}
			out := [][]byte{m.usual(kind, id, body), held[0]}
			held = nil
			return out, true
		},
		"in order only": func(m *memoryServer, kind byte, id uint32, body []byte) ([][]byte, bool) {
			if kind == fxpOpen {
				expected = 0
			}
			if kind != fxpRead {
				return nil, false
			}
			_, rest := fields(body)
			if at := binary.BigEndian.Uint64(rest); at != expected {
				return [][]byte{status(id, 4)}, true
			}
			n := min(uint64(10_000), uint64(len(m.data))-expected)
			if n == 0 {
				return nil, false
			}
			expected += n
			return [][]byte{fxp(fxpData, id, m.data[expected-n:expected])}, true
		},
		"no size told": func(m *memoryServer, kind byte, id uint32, _ []byte) ([][]byte, bool) {
			if kind != fxpStat && kind != fxpFstat && kind != fxpLstat {
				return nil, false
			}
			return [][]byte{fxp(fxpAttrs, id, uint32(4), uint32(0o100644))}, true
		},
		"too small a size told": func(m *memoryServer, kind byte, id uint32, _ []byte) ([][]byte, bool) {
			if kind != fxpStat && kind != fxpFstat && kind != fxpLstat {
				return nil, false
			}
			return [][]byte{fxp(fxpAttrs, id, uint32(1|4), uint64(100_000), uint32(0o100644))}, true
		},
		"too large a size told": func(m *memoryServer, kind byte, id uint32, _ []byte) ([][]byte, bool) {
			if kind != fxpStat && kind != fxpFstat && kind != fxpLstat {
				return nil, false
			}
			return [][]byte{fxp(fxpAttrs, id, uint32(1|4), uint64(9_000_000), uint32(0o100644))}, true
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := &memoryServer{data: data, odd: odd}
			f := m.dial(t)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			got, err := vfstest.Get(ctx, f, file, 0)
			require.NoError(t, err)
			require.True(t, bytes.Equal(data, got), "%d bytes of %d", len(got), len(data))
		})
	}
}

// A block that is refused ends the upload, and what stays has no hole.
func TestRefusedBlockLeavesNoHole(t *testing.T) {
	data := vfstest.Bytes(900_000)
	for _, refused := range []int{0, 3, 27} {
		n := 0
		m := &memoryServer{odd: func(_ *memoryServer, kind byte, id uint32, _ []byte) ([][]byte, bool) {
			if kind != fxpWrite {
				return nil, false
			}
			n++
			return [][]byte{status(id, 4)}, n == refused+1
		}}
		f := m.dial(t)
		w, err := f.Write(t.Context(), file, files.WriteOptions{Size: int64(len(data))})
		require.NoError(t, err)
		_, err = w.Write(data)
		if err == nil {
			err = w.Commit(t.Context())
			require.Error(t, err)
		} else {
			require.NoError(t, w.Abort(false))
		}
		kindOf(t, err, fault.Permission)
		m.mu.Lock()
		require.Len(t, m.data, refused*plainBlock)
		require.True(t, bytes.HasPrefix(data, m.data))
		m.mu.Unlock()
	}
}

// A server that loses bytes and says OK is found out.
func TestLostBytesAreNoticed(t *testing.T) {
	m := &memoryServer{odd: func(_ *memoryServer, kind byte, id uint32, _ []byte) ([][]byte, bool) {
		return [][]byte{status(id, 0)}, kind == fxpWrite
	}}
	f := m.dial(t)
	err := vfstest.Put(t.Context(), f, file, []byte("hello"), files.WriteOptions{})
	kindOf(t, err, fault.Damaged)
}

func TestHostileServers(t *testing.T) {
	name := func(id, n uint32, names ...string) []byte {
		parts := []any{id, n}
		for _, s := range names {
			parts = append(parts, s, "", uint32(0))
		}
		return fxp(fxpName, parts...)
	}
	list := func(t *testing.T, f *FS, ctx context.Context) (files.Report, error) {
		return f.List(ctx, files.Path{"home"}, func([]files.Entry) error { return nil })
	}
	many := make([]string, 1000)
	for i := range many {
		many[i] = "n"
	}
	for what, c := range map[string]struct {
		on     byte // the request that gets the odd answer
		answer func(id uint32) [][]byte
		kind   fault.Kind // of listing and reading
	}{
		"an answer nobody asked for": {fxpReaddir, func(id uint32) [][]byte { return [][]byte{status(id+7777, 0)} }, fault.Protocol},
		"an answer twice":            {fxpReaddir, func(id uint32) [][]byte { return [][]byte{name(id, 1, "a"), name(id, 1, "a")} }, fault.Protocol},
		"a packet of 4 GB":           {fxpReaddir, func(id uint32) [][]byte { return [][]byte{{0xff, 0xff, 0xff, 0xff, fxpName, 0, 0, 0, 0}} }, fault.Protocol},
		"an empty packet":            {fxpReaddir, func(uint32) [][]byte { return [][]byte{{0, 0, 0, 0, 0, 0, 0, 0, 0}} }, fault.Protocol},
		"more names than there are":  {fxpReaddir, func(id uint32) [][]byte { return [][]byte{name(id, 1<<31, "a")} }, fault.Protocol},
		"no names":                   {fxpReaddir, func(id uint32) [][]byte { return [][]byte{name(id, 0)} }, fault.Protocol},
		"data instead of names":      {fxpReaddir, func(id uint32) [][]byte { return [][]byte{fxp(fxpData, id, "x")} }, fault.Protocol},
		"success instead of names":   {fxpReaddir, func(id uint32) [][]byte { return [][]byte{status(id, 0)} }, fault.Protocol},
		"a folder without end":       {fxpReaddir, func(id uint32) [][]byte { return [][]byte{name(id, uint32(len(many)), many...)} }, fault.TooBig},
		"a status without a text":    {fxpReaddir, func(id uint32) [][]byte { return [][]byte{fxp(fxpStatus, id, uint32(3))} }, fault.Permission},
		"a handle of a megabyte":     {fxpOpendir, func(id uint32) [][]byte { return [][]byte{fxp(fxpHandle, id, strings.Repeat("h", 200_000))} }, fault.Protocol},
		"more data than asked for":   {fxpRead, func(id uint32) [][]byte { return [][]byte{fxp(fxpData, id, strings.Repeat("x", 100_000))} }, fault.Protocol},
		"data that ends too early": {fxpRead, func(id uint32) [][]byte {
			return [][]byte{{0, 0, 0, 9, fxpData, byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id), 0, 0, 0, 50}}
		}, fault.Protocol},
		"an answer of an odd kind": {fxpRead, func(id uint32) [][]byte { return [][]byte{fxp(99, id)} }, fault.Protocol},
	} {
		t.Run(what, func(t *testing.T) {
			m := &memoryServer{data: []byte("hello"), odd: func(_ *memoryServer, kind byte, id uint32, _ []byte) ([][]byte, bool) {
				if kind != c.on {
					return nil, false
				}
				return c.answer(id), true
			}}
			f := m.dial(t)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var err error
			if c.on == fxpRead {
				_, err = vfstest.Get(ctx, f, file, 0)
			} else {
				_, err = list(t, f, ctx)
			}
			kindOf(t, err, c.kind)
		})
	}
	t.Run("names that are paths", func(t *testing.T) {
		done := false
		m := &memoryServer{odd: func(_ *memoryServer, kind byte, id uint32, _ []byte) ([][]byte, bool) {
			if kind != fxpReaddir || done {
				return nil, false
			}
			done = true
			return [][]byte{name(id, 7, ".", "..", "../../etc/passwd", "/abs", "a\x00b", "", "good")}, true
		}}
		report, err := list(t, m.dial(t), t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, report.Entries)
		require.Equal(t, 4, report.Unread)
	})
	t.Run("a list that is cut", func(t *testing.T) {
		var s *vfstest.SSHServer
		m := &memoryServer{odd: func(_ *memoryServer, kind byte, id uint32, _ []byte) ([][]byte, bool) {
			if kind == fxpReaddir {
				go s.Cut()
				return [][]byte{name(id, 1, "a")}, true
			}
			return nil, false
		}}
		s = vfstest.StartSSH(t, t.TempDir(), func(s *vfstest.SSHServer) { s.Serve = m.serve })
		f, err := Dial(t.Context(), params(t, s))
		require.NoError(t, err)
		_, err = list(t, f, t.Context())
		require.True(t, fault.KindOf(err).Transient(), "%v", err)
		require.NoError(t, f.Close())
	})
	t.Run("a file that is a pipe", func(t *testing.T) {
		m := &memoryServer{odd: func(_ *memoryServer, kind byte, id uint32, _ []byte) ([][]byte, bool) {
			return [][]byte{fxp(fxpAttrs, id, uint32(4), uint32(0o010644))}, kind == fxpStat
		}}
		_, err := m.dial(t).Read(t.Context(), file, 0)
		kindOf(t, err, fault.Unsupported)
	})
}

// Nothing waits longer than a second for a server that has fallen silent once
// the person has given up, and nobody has to give up by himself.
func TestMuteServer(t *testing.T) {
	before := muteAfter
	muteAfter = 300 * time.Millisecond
	defer func() { muteAfter = before }()
	for name, on := range map[string]byte{"list": fxpReaddir, "read": fxpRead, "write": fxpWrite, "stat": fxpLstat} {
		t.Run(name, func(t *testing.T) {
			m := &memoryServer{data: vfstest.Bytes(100_000), odd: func(_ *memoryServer, kind byte, _ uint32, _ []byte) ([][]byte, bool) { return nil, kind == on }}
			f := m.dial(t)
			do := func(ctx context.Context) error {
				var err error
				switch name {
				case "list":
					_, err = f.List(ctx, files.Path{"home"}, func([]files.Entry) error { return nil })
				case "read":
					_, err = vfstest.Get(ctx, f, file, 0)
				case "write":
					err = vfstest.Put(ctx, f, file, vfstest.Bytes(200_000), files.WriteOptions{})
				case "stat":
					_, err = f.Stat(ctx, file)
				}
				return err
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(20*time.Millisecond, cancel)
			kindOf(t, do(ctx), fault.Cancelled)
			kindOf(t, do(t.Context()), fault.Timeout)
		})
	}
}

// A checksum is taken for what the server says it is, and for nothing else.
func TestHash(t *testing.T) {
	answer := func(algorithm, sum string) func(*memoryServer, byte, uint32, []byte) ([][]byte, bool) {
		return func(_ *memoryServer, kind byte, id uint32, body []byte) ([][]byte, bool) {
			if kind != 200 {
				return nil, false
			}
			name, rest := fields(body)
			require.Equal(t, "check-file-name", name)
			path, rest := fields(rest)
			require.Equal(t, file.String(), path)
			asked, _ := fields(rest)
			require.Equal(t, "sha256", asked)
			return [][]byte{append(binary.BigEndian.AppendUint32(nil, uint32(9+len(algorithm)+len(sum))),
				append(fxp(201, id, algorithm)[4:], sum...)...)}, true
		}
	}
	m := &memoryServer{data: []byte("abc"), odd: answer("sha256", "\xba\x78")}
	f := m.dial(t)
	_, err := f.Hash(t.Context(), file, "sha256")
	kindOf(t, err, fault.Unsupported)
	f.client.caps.Hash = []string{"sha256"}
	got, err := f.Hash(t.Context(), file, "sha256")
	require.NoError(t, err)
	require.Equal(t, "ba78", got)
	m.mu.Lock()
	m.odd = answer("md5", "x")
	m.mu.Unlock()
	_, err = f.Hash(t.Context(), file, "sha256")
	kindOf(t, err, fault.Protocol)
}
