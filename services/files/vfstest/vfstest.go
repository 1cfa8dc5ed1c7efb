// Package vfstest is the conformance suite of files.FS: every file system of
// Guichet passes it, against servers in the same process and against real
// ones. It is imported by tests only.
package vfstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
	"guichet/services/files"
)

// Options tell the suite what this file system cannot do by its nature.
type Options struct {
	Base         files.Path // an existing folder to work in; the suite cleans up
	NoResume     bool       // neither reads nor writes from an offset
	NoReadOffset bool
	NoSetTime    bool
	NoChmod      bool
	// Refused are odd names that the server or protocol does not take; they must
	// fail with a fault and change nothing.
	Refused []string
	// RefusedFolders are those that folders cannot have but files can.
	RefusedFolders []string
	Slow           bool // a server that should not be asked too much
	// Unlisted are odd names that the server keeps but leaves out of listings.
	Unlisted []string
}

// OddNames are file names that people have and programs stumble over.
var OddNames = []string{
	"plain.txt", "two  blanks", " lead", "trail ", "-dash", "a -> b", `quo"te`, "apo'strophe", "[brackets]", "star*", "ques?tion",
	"{braces}", "per%cent", "per%41cent", "has#hash", "semi;colon", "amp&ersand", "plus+plus", "été", "e\u0301t", "日本語", "😀.txt", ".hidden", "~tilde",
	"$dollar", "comma,comma", "equals=x", "tab\there", "type=dir; name", "new\nline", "latin1-\xe9", "ff-\xff", "back\\slash", "col:on",
}

// Run runs the suite; open gives a fresh connection to the same place.
func Run(t *testing.T, open func(t *testing.T) files.FS, o Options) {
	t.Helper()
	tests := []struct {
		name string
		run  func(t *testing.T, s *suite)
	}{
		{"Content", content},
		{"Empty", empty},
		{"Offsets", offsets},
		{"Exclusive", exclusive},
		{"Abort", abort},
		{"Folders", folders},
		{"Missing", missing},
		{"Rename", rename},
		{"Attributes", attributes},
		{"OddNames", oddNames},
		{"BadNames", badNames},
		{"Cancel", cancel},
		{"EarlyClose", earlyClose},
		{"Parallel", parallel},
		{"ListError", listError},
		{"URL", address},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := open(t)
			ctx, stop := context.WithTimeout(context.Background(), time.Minute)
			t.Cleanup(stop)
			dir := o.Base.Join("suite-" + files.RandomSuffix())
			require.NoError(t, f.Mkdir(ctx, dir))
			s := &suite{ctx: ctx, f: f, o: o, dir: dir}
			t.Cleanup(func() {
				clean, stop := context.WithTimeout(context.Background(), 20*time.Second)
				defer stop()
				require.NoError(t, RemoveAll(clean, f, dir))
				require.NoError(t, f.Close())
			})
			test.run(t, s)
		})
	}
}

type suite struct {
	ctx context.Context
	f   files.FS
	o   Options
	dir files.Path
}

// RemoveAll removes a folder with all that is in it.
func RemoveAll(ctx context.Context, f files.FS, dir files.Path) error {
	var all []files.Entry
	if _, err := f.List(ctx, dir, func(e []files.Entry) error { all = append(all, e...); return nil }); err != nil {
		return err
	}
	for _, e := range all {
		var err error
		if e.Type == files.Dir {
			err = RemoveAll(ctx, f, dir.Join(e.Name))
		} else {
			err = f.Remove(ctx, dir.Join(e.Name))
			for n := 0; fault.Is(err, fault.Busy) && n < 50; n++ { // locked by an upload that is just ending
				time.Sleep(20 * time.Millisecond)
				err = f.Remove(ctx, dir.Join(e.Name))
			}
		}
		if err != nil {
			return err
		}
	}
	return f.RemoveDir(ctx, dir)
}

// Bytes gives n bytes that no compression or repetition can fake.
func Bytes(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, uint64(n))) //nolint:gosec // test data
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// Put writes a whole file.
func Put(ctx context.Context, f files.FS, p files.Path, data []byte, o files.WriteOptions) error {
	o.Size = o.Offset + int64(len(data))
	w, err := f.Write(ctx, p, o)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(data, 50_000) {
		if _, err := w.Write(part); err != nil {
			return errors.Join(err, w.Abort(false))
		}
	}
	return w.Commit(ctx)
}

// Get reads a file from an offset.
func Get(ctx context.Context, f files.FS, p files.Path, offset int64) ([]byte, error) {
	r, err := f.Read(ctx, p, offset)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	return b, errors.Join(err, r.Close())
}

// List gives all entries of a folder, sorted by name.
func List(ctx context.Context, f files.FS, dir files.Path) ([]files.Entry, files.Report, error) {
	var all []files.Entry
	report, err := f.List(ctx, dir, func(e []files.Entry) error { all = append(all, e...); return nil })
	slices.SortFunc(all, func(a, b files.Entry) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	return all, report, err
}

func (s *suite) put(t *testing.T, name string, data []byte) files.Path {
	t.Helper()
	p := s.dir.Join(name)
	require.NoError(t, Put(s.ctx, s.f, p, data, files.WriteOptions{}))
	return p
}

func (s *suite) is(t *testing.T, p files.Path, want []byte) {
	t.Helper()
	got, err := Get(s.ctx, s.f, p, 0)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got), "%s: %d bytes, want %d", p, len(got), len(want))
}

func kind(t *testing.T, err error, want ...fault.Kind) {
	t.Helper()
	require.Error(t, err)
	var f *fault.Fault
	require.ErrorAs(t, err, &f, "not a fault")
	require.Contains(t, want, f.Kind, "%v", err)
}

func content(t *testing.T, s *suite) {
	data := Bytes(1_300_001)
	p := s.put(t, "file.bin", data)
	s.is(t, p, data)
	e, err := s.f.Stat(s.ctx, p)
	require.NoError(t, err)
	require.Equal(t, "file.bin", e.Name)
	require.Equal(t, files.File, e.Type)
	require.EqualValues(t, len(data), e.Size)
	require.False(t, e.ModTime.IsZero())
	require.Less(t, time.Since(e.ModTime).Abs(), 26*time.Hour)
	short := Bytes(77)
	require.NoError(t, Put(s.ctx, s.f, p, short, files.WriteOptions{}), "writing again replaces")
	s.is(t, p, short)
	all, report, err := List(s.ctx, s.f, s.dir)
	require.NoError(t, err)
	require.Equal(t, files.Report{Entries: 1}, report)
	require.Equal(t, "file.bin", all[0].Name)
	require.EqualValues(t, 77, all[0].Size)
	require.Equal(t, "file.bin", all[0].Display)
}

func empty(t *testing.T, s *suite) {
	all, report, err := List(s.ctx, s.f, s.dir)
	require.NoError(t, err)
	require.Empty(t, all)
	require.Zero(t, report)
	p := s.put(t, "empty", nil)
	s.is(t, p, []byte{})
	e, err := s.f.Stat(s.ctx, p)
	require.NoError(t, err)
	require.Zero(t, e.Size)
	root, err := s.f.Stat(s.ctx, s.o.Base)
	require.NoError(t, err)
	require.True(t, root.Type.IsDir())
}

func offsets(t *testing.T, s *suite) {
	data := Bytes(300_000)
	p := s.put(t, "file.bin", data)
	if !s.o.NoReadOffset {
		for _, at := range []int64{1, 100_000, 299_999} {
			got, err := Get(s.ctx, s.f, p, at)
			require.NoError(t, err)
			require.True(t, bytes.Equal(data[at:], got), "from %d: %d bytes", at, len(got))
		}
	}
	caps, err := s.f.Caps(s.ctx)
	require.NoError(t, err)
	require.Equal(t, !s.o.NoResume, caps.Resume)
	q := s.put(t, "part", data[:100_000])
	err = Put(s.ctx, s.f, q, data[90_000:], files.WriteOptions{Offset: 90_000})
	if s.o.NoResume {
		kind(t, err, fault.Unsupported)
		return
	}
	require.NoError(t, err)
	s.is(t, q, data)
}

func exclusive(t *testing.T, s *suite) {
	p := s.dir.Join("once")
	require.NoError(t, Put(s.ctx, s.f, p, []byte("first"), files.WriteOptions{Exclusive: true}))
	kind(t, Put(s.ctx, s.f, p, []byte("second"), files.WriteOptions{Exclusive: true}), fault.Exists)
	s.is(t, p, []byte("first"))
}

func abort(t *testing.T, s *suite) {
	for _, remove := range []bool{true, false} {
		p := s.dir.Join(fmt.Sprint("aborted-", remove))
		w, err := s.f.Write(s.ctx, p, files.WriteOptions{Size: 1 << 20})
		require.NoError(t, err)
		_, err = w.Write(Bytes(100_000))
		require.NoError(t, err)
		err = w.Abort(remove)
		require.NoError(t, err)
		e, err := s.f.Stat(s.ctx, p)
		if remove {
			kind(t, err, fault.NotFound)
		} else if err == nil {
			require.LessOrEqual(t, e.Size, int64(100_000))
		}
	}
	s.is(t, s.put(t, "after", []byte("works")), []byte("works"))
}

func folders(t *testing.T, s *suite) {
	a := s.dir.Join("a")
	require.NoError(t, s.f.Mkdir(s.ctx, a))
	kind(t, s.f.Mkdir(s.ctx, a), fault.Exists)
	kind(t, s.f.Mkdir(s.ctx, s.dir.Join("no").Join("parent")), fault.NotFound, fault.Permission)
	require.NoError(t, Put(s.ctx, s.f, a.Join("in"), []byte("x"), files.WriteOptions{}))
	kind(t, s.f.RemoveDir(s.ctx, a), fault.Exists, fault.Permission)
	s.is(t, a.Join("in"), []byte("x"))
	e, err := s.f.Stat(s.ctx, a)
	require.NoError(t, err)
	require.Equal(t, files.Dir, e.Type)
	require.EqualValues(t, -1, e.Size)
	require.Error(t, s.f.Remove(s.ctx, a), "Remove is not for folders")
	_, err = Get(s.ctx, s.f, a, 0)
	require.Error(t, err, "a folder has no content")
	_, _, err = List(s.ctx, s.f, a.Join("in"))
	require.Error(t, err, "a file has no entries")
	require.NoError(t, s.f.Remove(s.ctx, a.Join("in")))
	require.NoError(t, s.f.RemoveDir(s.ctx, a))
	_, err = s.f.Stat(s.ctx, a)
	kind(t, err, fault.NotFound)
}

func missing(t *testing.T, s *suite) {
	p := s.dir.Join("nobody")
	_, err := s.f.Stat(s.ctx, p)
	kind(t, err, fault.NotFound)
	_, err = Get(s.ctx, s.f, p, 0)
	kind(t, err, fault.NotFound)
	_, _, err = List(s.ctx, s.f, p)
	kind(t, err, fault.NotFound)
	kind(t, s.f.Remove(s.ctx, p), fault.NotFound, fault.Permission)
	kind(t, s.f.RemoveDir(s.ctx, p), fault.NotFound, fault.Permission)
	kind(t, s.f.Rename(s.ctx, p, s.dir.Join("other"), false), fault.NotFound, fault.Permission)
	kind(t, Put(s.ctx, s.f, p.Join("deep"), []byte("x"), files.WriteOptions{}), fault.NotFound, fault.Permission)
}

func rename(t *testing.T, s *suite) {
	a, b := s.put(t, "a", []byte("A")), s.put(t, "b", []byte("B"))
	kind(t, s.f.Rename(s.ctx, a, b, false), fault.Exists)
	s.is(t, a, []byte("A"))
	s.is(t, b, []byte("B"))
	require.NoError(t, s.f.Rename(s.ctx, a, b, true))
	s.is(t, b, []byte("A"))
	_, err := s.f.Stat(s.ctx, a)
	kind(t, err, fault.NotFound)
	d := s.dir.Join("d")
	require.NoError(t, s.f.Mkdir(s.ctx, d))
	require.NoError(t, s.f.Rename(s.ctx, b, d.Join("moved"), false))
	s.is(t, d.Join("moved"), []byte("A"))
	require.NoError(t, s.f.Rename(s.ctx, d, s.dir.Join("e"), false))
	s.is(t, s.dir.Join("e").Join("moved"), []byte("A"))
	all, _, err := List(s.ctx, s.f, s.dir)
	require.NoError(t, err)
	require.Len(t, all, 1, "nothing set aside is left over")
}

func attributes(t *testing.T, s *suite) {
	when := time.Date(2021, 3, 4, 5, 6, 7, 0, time.UTC)
	p := s.put(t, "f", []byte("x"))
	err := s.f.SetTime(s.ctx, p, when)
	if s.o.NoSetTime {
		kind(t, err, fault.Unsupported)
	} else {
		require.NoError(t, err)
		e, err := s.f.Stat(s.ctx, p)
		require.NoError(t, err)
		require.WithinDuration(t, when, e.ModTime, time.Second)
		q := s.dir.Join("g")
		require.NoError(t, Put(s.ctx, s.f, q, []byte("y"), files.WriteOptions{ModTime: when}))
		all, _, err := List(s.ctx, s.f, s.dir)
		require.NoError(t, err)
		for _, e := range all {
			require.WithinDuration(t, when, e.ModTime, time.Second+e.Precise, e.Name)
			require.NotZero(t, e.Precise)
		}
	}
	err = s.f.Chmod(s.ctx, p, 0o640)
	if s.o.NoChmod {
		kind(t, err, fault.Unsupported)
		return
	}
	require.NoError(t, err)
	all, _, err := List(s.ctx, s.f, s.dir)
	require.NoError(t, err)
	for _, e := range all {
		if e.Name == "f" && e.HasMode {
			require.EqualValues(t, 0o640, e.Mode)
		}
	}
}

func oddNames(t *testing.T, s *suite) {
	var want []string
	for i, name := range OddNames {
		p := s.dir.Join(name)
		data := []byte(fmt.Sprintf("%d %q", i, name))
		err := Put(s.ctx, s.f, p, data, files.WriteOptions{})
		if slices.Contains(s.o.Refused, name) {
			require.Error(t, err, "%q", name)
			kind(t, err, fault.Permission, fault.Unsupported, fault.NotFound, fault.Protocol)
			continue
		}
		require.NoError(t, err, "%q", name)
		want = append(want, name)
		s.is(t, p, data)
	}
	slices.Sort(want)
	listed := slices.DeleteFunc(slices.Clone(want), func(name string) bool { return slices.Contains(s.o.Unlisted, name) })
	all, report, err := List(s.ctx, s.f, s.dir)
	require.NoError(t, err)
	require.Zero(t, report.Unread, "%q", report.Samples)
	var got []string
	for _, e := range all {
		got = append(got, e.Name)
	}
	got = slices.DeleteFunc(got, func(name string) bool { return name == "trail_" && !slices.Contains(want, "trail ") })
	require.Equal(t, listed, got)
	for _, name := range want {
		d := s.dir.Join("d")
		require.NoError(t, s.f.Rename(s.ctx, s.dir.Join(name), d, false), "%q", name)
		require.NoError(t, s.f.Remove(s.ctx, d), "%q", name)
		if slices.Contains(s.o.RefusedFolders, name) {
			kind(t, s.f.Mkdir(s.ctx, s.dir.Join(name)), fault.Permission)
			continue
		}
		require.NoError(t, s.f.Mkdir(s.ctx, s.dir.Join(name)), "%q", name)
		_, _, err := List(s.ctx, s.f, s.dir.Join(name))
		require.NoError(t, err, "%q", name)
		require.NoError(t, s.f.RemoveDir(s.ctx, s.dir.Join(name)), "%q", name)
	}
}

func badNames(t *testing.T, s *suite) {
	for _, name := range []string{"", ".", "..", "a/b", "/", "nul\x00", "../up"} {
		p := s.dir.Join(name)
		kind(t, Put(s.ctx, s.f, p, []byte("x"), files.WriteOptions{}), fault.Permission)
		kind(t, s.f.Mkdir(s.ctx, p), fault.Permission)
		_, err := s.f.Stat(s.ctx, p)
		kind(t, err, fault.Permission)
		kind(t, s.f.Rename(s.ctx, s.dir.Join("x"), p, true), fault.Permission, fault.NotFound)
		_, _, err = List(s.ctx, s.f, p)
		kind(t, err, fault.Permission)
	}
	all, _, err := List(s.ctx, s.f, s.dir)
	require.NoError(t, err)
	require.Empty(t, all)
}

func cancel(t *testing.T, s *suite) {
	p := s.put(t, "big", Bytes(3_000_000))
	gone, stop := context.WithCancel(s.ctx)
	stop()
	_, err := s.f.Stat(gone, p)
	kind(t, err, fault.Cancelled)
	_, _, err = List(gone, s.f, s.dir)
	kind(t, err, fault.Cancelled)

	ctx, stop := context.WithCancel(s.ctx)
	r, err := s.f.Read(ctx, p, 0)
	require.NoError(t, err)
	_, err = io.ReadFull(r, make([]byte, 1000))
	require.NoError(t, err)
	stop()
	_, err = io.Copy(io.Discard, struct{ io.Reader }{r})
	if err != nil { // all may have been in flight already
		kind(t, err, fault.Cancelled)
	}
	require.NoError(t, r.Close())

	ctx, stop = context.WithCancel(s.ctx)
	w, err := s.f.Write(ctx, s.dir.Join("half"), files.WriteOptions{Size: 1 << 20})
	require.NoError(t, err)
	_, err = w.Write(Bytes(10_000))
	require.NoError(t, err)
	stop()
	kind(t, w.Commit(ctx), fault.Cancelled)
	_ = w.Abort(true) // the connection may be gone: only must not hang
	s.is(t, p, Bytes(3_000_000))
}

func earlyClose(t *testing.T, s *suite) {
	data := Bytes(3_000_000)
	p := s.put(t, "big", data)
	for range 3 {
		r, err := s.f.Read(s.ctx, p, 0)
		require.NoError(t, err)
		b := make([]byte, 1000)
		_, err = io.ReadFull(r, b)
		require.NoError(t, err)
		require.Equal(t, data[:1000], b)
		require.NoError(t, r.Close())
	}
	s.is(t, p, data)
}

func parallel(t *testing.T, s *suite) {
	n := 12
	if s.o.Slow {
		n = 4
	}
	var g errgroup.Group
	for i := range n {
		g.Go(func() error {
			p := s.dir.Join(fmt.Sprint("p", i))
			data := Bytes(20_000 + i)
			if err := Put(s.ctx, s.f, p, data, files.WriteOptions{}); err != nil {
				return err
			}
			if _, _, err := List(s.ctx, s.f, s.dir); err != nil {
				return err
			}
			got, err := Get(s.ctx, s.f, p, 0)
			if err == nil && !bytes.Equal(got, data) {
				err = fmt.Errorf("file %d differs", i)
			}
			return err
		})
	}
	require.NoError(t, g.Wait())
	all, _, err := List(s.ctx, s.f, s.dir)
	require.NoError(t, err)
	require.Len(t, all, n)
}

func listError(t *testing.T, s *suite) {
	s.put(t, "f", []byte("x"))
	stop := errors.New("enough")
	_, err := s.f.List(s.ctx, s.dir, func([]files.Entry) error { return stop })
	require.ErrorIs(t, err, stop)
	s.is(t, s.dir.Join("f"), []byte("x"))
}

func address(t *testing.T, s *suite) {
	p := s.dir.Join("a b%c#é")
	site, err := files.ParseURL(s.f.URL(p))
	require.NoError(t, err)
	require.Equal(t, p[len(p)-2:], site.Path[len(site.Path)-2:])
	require.NotContains(t, s.f.URL(p), "secret")
}
