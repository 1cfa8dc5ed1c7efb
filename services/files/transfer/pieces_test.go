package transfer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

func TestPieces(t *testing.T) {
	p := newPieces(100, 10)
	p.add(span{50, 60})
	p.add(span{90, 100})
	p.add(span{58, 70})
	require.Equal(t, []span{{10, 50}, {70, 90}}, p.missing())
	require.EqualValues(t, 40, p.count())
	back := decodePieces(append(p.encode(), "garbage of an older, longer map"...), 100)
	require.Equal(t, p.have, back.have)
	require.Nil(t, decodePieces(p.encode(), 101), "of another size")
	for i := range p.encode() {
		b := p.encode()
		b[i] ^= 1
		require.Nil(t, decodePieces(b, 100), "byte %d", i)
		require.Nil(t, decodePieces(p.encode()[:i], 100))
	}
	p.add(span{0, 100})
	require.Empty(t, p.missing())
}

func FuzzPieces(f *testing.F) {
	f.Add(newPieces(100, 10).encode(), int64(100))
	f.Fuzz(func(t *testing.T, b []byte, size int64) {
		p := decodePieces(b, size)
		if p == nil {
			return
		}
		at := int64(0)
		for _, s := range p.have {
			require.True(t, s.from >= at && s.to > s.from && s.to <= size)
			at = s.to
		}
	})
}

func TestFileInPieces(t *testing.T) {
	data := vfstest.Bytes(9<<20 + 123)
	from := files.Path{"f"}
	for _, ranges := range []bool{true, false} {
		for name, c := range map[string]struct {
			step string
			nth  int
			kind fault.Kind
		}{
			"undisturbed":          {},
			"one is cut":           {"receive", 120, fault.Protocol},
			"one is refused":       {"read", 2, fault.Busy},
			"the third is refused": {"read", 3, fault.Login},
		} {
			t.Run(fmt.Sprint(name, ranges), func(t *testing.T) {
				plain := newRemote(t, nil)
				fail := once(c.step, c.nth, broken(c.kind))
				plain.hook = func(s string) error {
					// The first connection waits for the others where it would be done
					// before they come.
					for s == "receive" && plain.count("receive") > 80 && plain.count("read") < 2 {
						time.Sleep(time.Millisecond)
					}
					return fail(s)
				}
				put(t, plain.dir, "f", data)
				src := files.FS(plain)
				if ranges {
					src = ranged{plain}
				}
				dir := t.TempDir()
				last := int64(0)
				r, err := Copy(t.Context(), src, from, localFS(t, dir), from, Options{divide: 8 << 20, Progress: func(done, size int64) {
					require.GreaterOrEqual(t, done, last)
					last = done
				}})
				require.NoError(t, err)
				require.EqualValues(t, len(data), r.Bytes)
				require.EqualValues(t, len(data), last)
				is(t, filepath.Join(dir, "f"), data)
				require.Equal(t, []string{"f"}, names(t, dir))
				if c.step == "" {
					require.Greater(t, plain.count("read"), 1, "over several connections")
				}
			})
		}
	}
}

func TestPiecesAreContinued(t *testing.T) {
	data := vfstest.Bytes(9<<20 + 123)
	from := files.Path{"f"}
	plain := newRemote(t, nil)
	path := put(t, plain.dir, "f", data)
	src := ranged{plain}
	dir := t.TempDir()
	interrupt := func() {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		_, err := Copy(ctx, src, from, localFS(t, dir), from, Options{Resume: true, divide: 8 << 20, Progress: func(done, _ int64) {
			if done > 7<<20 {
				cancel()
			}
		}})
		require.True(t, fault.Is(err, fault.Cancelled), "%v", err)
	}
	resume := func() Result {
		t.Helper()
		r, err := Copy(t.Context(), src, from, localFS(t, dir), from, Options{Resume: true, OnExists: always(Replace), divide: 8 << 20})
		require.NoError(t, err)
		is(t, filepath.Join(dir, "f"), data)
		require.Equal(t, []string{"f"}, names(t, dir))
		require.NoError(t, os.Remove(filepath.Join(dir, "f")))
		return r
	}
	thePart := func() string {
		t.Helper()
		all := names(t, dir)
		require.Len(t, all, 1)
		return filepath.Join(dir, all[0])
	}
	interrupt()
	info, err := os.Stat(thePart())
	require.NoError(t, err)
	require.Greater(t, info.Size(), int64(len(data)), "it cannot be taken for a whole file")
	require.Greater(t, resume().Resumed, int64(6<<20))

	t.Log("a kill before the map was cut off")
	interrupt()
	part := thePart()
	require.NoError(t, os.WriteFile(part, data, 0o600))
	require.EqualValues(t, len(data), resume().Resumed)

	t.Log("a part that says nonsense")
	interrupt()
	part = thePart()
	f, err := os.OpenFile(part, os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("x"), int64(len(data))+3)
	require.NoError(t, errors.Join(err, f.Close()))
	require.Zero(t, resume().Resumed)

	t.Log("pieces that end in other bytes")
	interrupt()
	part = thePart()
	b, err := os.ReadFile(part)
	require.NoError(t, err)
	p := decodePieces(b[len(data):], int64(len(data)))
	require.NotNil(t, p)
	for _, s := range p.have {
		b[s.to-1] ^= 1
	}
	require.NoError(t, os.WriteFile(part, b, 0o600))
	require.Zero(t, resume().Resumed)

	t.Log("another version of the source")
	interrupt()
	data = slices.Clone(data)
	data[5] ^= 1
	require.NoError(t, os.WriteFile(path, data, 0o600))
	r, err := Copy(t.Context(), src, from, localFS(t, dir), from, Options{Resume: true, divide: 8 << 20})
	require.NoError(t, err)
	require.Zero(t, r.Resumed)
	is(t, filepath.Join(dir, "f"), data)
}
