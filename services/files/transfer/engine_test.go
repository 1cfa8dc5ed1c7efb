package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/filter"
	"guichet/services/files/local"
	"guichet/services/files/vfstest"
)

// TestFaultsAtEachStep breaks every step of a copy that replaces a file once: in
// the end the file is whole, the old one or the new one, and nothing else is
// there. What passes by itself is not even noticed.
func TestFaultsAtEachStep(t *testing.T) {
	data := vfstest.Bytes(5<<18 + 17)
	steps := []string{"stat", "read", "receive", "write", "send", "commit", "committed", "rename", "renamed", "remove"}
	kinds := []fault.Kind{fault.Protocol, fault.Timeout, fault.Busy, fault.Login, fault.Permission, fault.Full}
	for _, step := range steps {
		for _, kind := range kinds {
			for _, nth := range []int{1, 2} {
				for _, up := range []bool{true, false} {
					t.Run(fmt.Sprint(step, nth, kind, up), func(t *testing.T) {
						server := newRemote(t, once(step, nth, broken(kind)))
						dir := t.TempDir()
						here := localFS(t, dir)
						src, dst, from, to := files.FS(server), files.FS(here), server.dir, dir
						if up {
							src, dst, from, to = here, server, dir, server.dir
						}
						put(t, from, "f", data)
						put(t, to, "f", []byte("old"))
						synctest.Test(t, func(t *testing.T) {
							r, err := Copy(t.Context(), src, files.Path{"f"}, dst, files.Path{"f"}, Options{OnExists: always(Replace), Tries: 4})
							got, rerr := os.ReadFile(filepath.Join(to, "f"))
							require.NoError(t, rerr, "the name is never empty")
							if err == nil {
								require.True(t, bytes.Equal(data, got))
								require.EqualValues(t, len(data), r.Bytes)
								require.True(t, r.Replaced || r.Resumed > 0)
							} else {
								require.False(t, kind.Transient(), "%v", err)
								require.True(t, string(got) == "old" || bytes.Equal(data, got), "%d bytes", len(got))
							}
							for _, name := range names(t, to) {
								require.True(t, name == "f" || err != nil && files.IsPartName(name), name)
							}
						})
					})
				}
			}
		}
	}
}

func TestStalledServerIsLeftWithinASecond(t *testing.T) {
	for _, step := range []string{"stat", "read", "receive", "write", "send", "commit", "rename"} {
		t.Run(step, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			server := newRemote(t, func(s string) error {
				if s != step {
					return nil
				}
				cancel()
				<-ctx.Done() // what every file system does
				return fault.From(s, "", ctx.Err())
			})
			dir := t.TempDir()
			put(t, dir, "f", vfstest.Bytes(100_000))
			src, dst := files.FS(localFS(t, dir)), files.FS(server)
			if step == "read" || step == "receive" {
				put(t, server.dir, "f", vfstest.Bytes(100_000))
				src, dst = server, localFS(t, t.TempDir())
			}
			_, err := Copy(ctx, src, files.Path{"f"}, dst, files.Path{"g"}, Options{})
			require.True(t, fault.Is(err, fault.Cancelled), "%v", err)
		})
	}
}

// TestTreeAsksNothingTwice counts what small files cost a server.
func TestTreeAsksNothingTwice(t *testing.T) {
	const n = 40
	server := newRemote(t, nil)
	for i := range n {
		put(t, server.dir, fmt.Sprintf("d/f%02d", i), vfstest.Bytes(1000))
	}
	dir := t.TempDir()
	_, err := CopyTree(t.Context(), server, files.Path{"d"}, localFS(t, dir), files.Path{"d"}, TreeOptions{})
	require.NoError(t, err)
	require.Zero(t, server.count("stat"), "the listing has told all of it")
	require.Equal(t, []int{1, n}, []int{server.count("list"), server.count("read")})

	server = newRemote(t, nil)
	_, err = CopyTree(t.Context(), localFS(t, dir), files.Path{"d"}, server, files.Path{"d"}, TreeOptions{Options: Options{Resume: true}})
	require.NoError(t, err)
	require.Zero(t, server.count("stat")+server.count("list")+server.count("remove"), "the folder is new")
	require.Equal(t, []int{n, n, n}, []int{server.count("write"), server.count("commit"), server.count("rename")})
	require.Equal(t, names(t, dir), names(t, server.dir))
}

func TestSettled(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		a              Answer
		source, target files.Entry
		want           Answer
	}{
		"plain":            {KeepBoth, entry(1, now), entry(1, now), KeepBoth},
		"newer":            {ReplaceOlder, entry(1, now), entry(1, now.Add(-time.Minute)), Replace},
		"older":            {ReplaceOlder, entry(2, now.Add(-time.Minute)), entry(1, now), Skip},
		"within precision": {ReplaceOlder, entry(1, now.Add(2*time.Second)), entry(1, now), Skip},
		"no times":         {ReplaceOlder, entry(1, time.Time{}), entry(1, now), Skip},
		"no times, sizes":  {ReplaceOlder, entry(2, time.Time{}), entry(1, now), Replace},
		"size":             {ReplaceSize, entry(2, now), entry(1, now), Replace},
		"same size":        {ReplaceSize, entry(1, now), entry(1, now.Add(-time.Hour)), Skip},
		"unknown size":     {ReplaceSize, entry(-1, now), entry(1, now), Replace},
	} {
		require.Equal(t, c.want, settled(c.a, c.source, c.target), name)
	}
}

func TestAnotherName(t *testing.T) {
	dir, to := t.TempDir(), t.TempDir()
	put(t, dir, "f", []byte("new"))
	put(t, to, "f", []byte("old"))
	put(t, to, "taken", []byte("taken"))
	copyAs := func(a Answer) (Result, error) {
		return Copy(t.Context(), localFS(t, dir), files.Path{"f"}, localFS(t, to), files.Path{"f"}, Options{OnExists: always(a)})
	}
	r, err := copyAs(RenameTo("g"))
	require.NoError(t, err)
	require.Equal(t, files.Path{"g"}, r.Path)
	is(t, filepath.Join(to, "g"), []byte("new"))
	r, err = copyAs(RenameTo("taken"))
	require.NoError(t, err)
	require.Equal(t, files.Path{"taken (2)"}, r.Path, "a name that is taken as well is not replaced")
	is(t, filepath.Join(to, "taken"), []byte("taken"))
	for _, bad := range []string{"", "..", "a/b", "a\x00"} {
		_, err = copyAs(RenameTo(bad))
		require.True(t, fault.Is(err, fault.Unsupported), "%q: %v", bad, err)
	}
	_, err = copyAs("nonsense")
	require.True(t, fault.Is(err, fault.Internal), "%v", err)
	is(t, filepath.Join(to, "f"), []byte("old"))
}

func TestLongNames(t *testing.T) {
	dir, to := t.TempDir(), t.TempDir()
	for _, name := range []string{strings.Repeat("x", 251) + ".jpg", strings.Repeat("é", 125) + ".txt", strings.Repeat("y", 255)} {
		put(t, dir, name, []byte(name))
		for want := 1; want <= 3; want++ {
			r, err := Copy(t.Context(), localFS(t, dir), files.Path{name}, localFS(t, to), files.Path{name}, Options{OnExists: always(KeepBoth)})
			require.NoError(t, err)
			require.LessOrEqual(t, len(r.Path.Base()), 255)
			is(t, filepath.Join(to, r.Path.Base()), []byte(name))
		}
	}
	require.Len(t, names(t, to), 9)
}

func TestMove(t *testing.T) {
	data := vfstest.Bytes(100_000)
	dir := t.TempDir()
	server := newRemote(t, nil)
	put(t, dir, "f", data)
	r, err := Copy(t.Context(), localFS(t, dir), files.Path{"f"}, server, files.Path{"f"}, Options{Move: true})
	require.NoError(t, err)
	require.True(t, r.Moved)
	require.Empty(t, names(t, dir))
	is(t, filepath.Join(server.dir, "f"), data)

	t.Log("within a server nothing travels")
	r, err = Copy(t.Context(), server, files.Path{"f"}, server, files.Path{"g"}, Options{Move: true})
	require.NoError(t, err)
	require.True(t, r.Moved)
	require.Zero(t, server.count("read"))
	require.Equal(t, []string{"g"}, names(t, server.dir))
	put(t, server.dir, "f", []byte("other"))
	_, err = Copy(t.Context(), server, files.Path{"g"}, server, files.Path{"f"}, Options{Move: true})
	require.True(t, fault.Is(err, fault.Exists), "%v", err)
	r, err = Copy(t.Context(), server, files.Path{"g"}, server, files.Path{"f"}, Options{Move: true, OnExists: always(KeepBoth)})
	require.NoError(t, err)
	require.Equal(t, files.Path{"f (2)"}, r.Path)

	t.Log("a copy that is not whole leaves the source")
	put(t, dir, "f", data)
	bad := newRemote(t, once("commit", 1, broken(fault.Damaged)))
	bad.hook = func(s string) error {
		if s == "commit" {
			return broken(fault.Damaged)
		}
		return nil
	}
	_, err = Copy(t.Context(), localFS(t, dir), files.Path{"f"}, bad, files.Path{"f"}, Options{Move: true, Tries: 1})
	require.True(t, fault.Is(err, fault.Damaged), "%v", err)
	is(t, filepath.Join(dir, "f"), data)
}

func TestMoveTree(t *testing.T) {
	dir := t.TempDir()
	makeTree(t, filepath.Join(dir, "top"))
	put(t, dir, "top/a/keep.tmp", nil)
	m, err := filter.Filter{Exclude: "*.tmp;b/"}.Compile()
	require.NoError(t, err)
	server := newRemote(t, nil)
	_, err = CopyTree(t.Context(), localFS(t, dir), files.Path{"top"}, server, files.Path{"new"}, TreeOptions{Options: Options{Move: true}, Filter: m})
	require.NoError(t, err)
	require.Equal(t, []string{"top/", "top/a/", "top/a/b/", "top/a/b/c/", "top/a/b/c/deep", "top/a/keep.tmp"}, names(t, dir), "what was left out stays")
	require.Len(t, names(t, filepath.Join(server.dir, "new")), 30+2+2)

	_, err = CopyTree(t.Context(), server, files.Path{"new"}, server, files.Path{"other"}, TreeOptions{Options: Options{Move: true}})
	require.NoError(t, err)
	require.Zero(t, server.count("read"))
	require.Len(t, names(t, filepath.Join(server.dir, "other")), 30+2+2)
}

func TestServerCopiesByItself(t *testing.T) {
	data := vfstest.Bytes(100_000)
	plain := newRemote(t, nil)
	plain.caps.ServerCopy = true
	server := copying{plain}
	put(t, server.dir, "f", data)
	r, err := Copy(t.Context(), server, files.Path{"f"}, server, files.Path{"g"}, Options{})
	require.NoError(t, err)
	require.Equal(t, VerifiedSize, r.Verified)
	require.Zero(t, plain.count("read"))
	is(t, filepath.Join(server.dir, "g"), data)
	plain.hook = func(s string) error {
		if s == "copy" {
			return broken(fault.Unsupported)
		}
		return nil
	}
	_, err = Copy(t.Context(), server, files.Path{"f"}, server, files.Path{"h"}, Options{})
	require.NoError(t, err)
	require.Equal(t, 1, plain.count("read"), "by way of this computer")
	require.Equal(t, []string{"f", "g", "h"}, names(t, server.dir))
}

func TestFilteredTree(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.jpg", []byte("1"))
	put(t, dir, "Thumbs.db", []byte("2"))
	put(t, dir, "sub/b.JPG", []byte("3"))
	put(t, dir, "sub/c.txt", []byte("4"))
	put(t, dir, "cache/d.jpg", []byte("5"))
	m, err := filter.Filter{Include: "*.jpg", Exclude: "cache/", Junk: true}.Compile()
	require.NoError(t, err)
	server := newRemote(t, nil)
	_, err = CopyTree(t.Context(), localFS(t, dir), nil, server, files.Path{"x"}, TreeOptions{Filter: m})
	require.NoError(t, err)
	require.Equal(t, []string{"x/", "x/a.jpg", "x/sub/", "x/sub/b.JPG"}, names(t, server.dir))
}

// TestFolderThatOnlyTakes: one may write into it, but neither look nor rename.
func TestFolderThatOnlyTakes(t *testing.T) {
	server := newRemote(t, func(s string) error {
		switch s {
		case "list", "stat", "rename", "remove":
			return broken(fault.Permission)
		}
		return nil
	})
	dir := t.TempDir()
	for i := range 5 {
		put(t, dir, fmt.Sprint("f", i), vfstest.Bytes(1000+i))
	}
	require.NoError(t, os.Mkdir(filepath.Join(server.dir, "in"), 0o700))
	server.hook = func(s string) error {
		switch s {
		case "list", "rename", "remove":
			return broken(fault.Permission)
		}
		return nil
	}
	r, err := CopyTree(t.Context(), localFS(t, dir), nil, server, files.Path{"in"}, TreeOptions{Connections: 1})
	require.NoError(t, err)
	require.Equal(t, []int{5, 5}, []int{r.Files, r.InPlace}, "with a warning for each")
	require.Equal(t, 1, server.count("rename"), "tried once only")
	for i := range 5 {
		is(t, filepath.Join(server.dir, fmt.Sprint("in/f", i)), vfstest.Bytes(1000+i))
	}
	_, err = Copy(t.Context(), localFS(t, dir), files.Path{"f0"}, server, files.Path{"in", "f1"}, Options{OnExists: always(Replace)})
	require.True(t, fault.Is(err, fault.Permission), "what is there is not written over: %v", err)
	is(t, filepath.Join(server.dir, "in/f1"), vfstest.Bytes(1001))
}

func TestGrowingSource(t *testing.T) {
	server := newRemote(t, nil)
	path := put(t, server.dir, "log", vfstest.Bytes(300_000))
	grow := true
	server.hook = func(s string) error {
		if s != "receive" || !grow {
			return nil
		}
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			_, err = f.WriteString("one more line\n")
			err = errors.Join(err, f.Close())
		}
		return err
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		_, err := Copy(t.Context(), server, files.Path{"log"}, localFS(t, dir), files.Path{"log"}, Options{})
		require.True(t, fault.Is(err, fault.Protocol), "%v", err)
		require.Empty(t, names(t, dir))
		grow = false
		_, err = Copy(t.Context(), server, files.Path{"log"}, localFS(t, dir), files.Path{"log"}, Options{})
		require.NoError(t, err)
		require.Equal(t, []string{"log"}, names(t, dir))
	})
}

func TestReadBack(t *testing.T) {
	server := newRemote(t, nil)
	dir := t.TempDir()
	data := vfstest.Bytes(500_000)
	put(t, dir, "f", data)
	r, err := Copy(t.Context(), localFS(t, dir), files.Path{"f"}, server, files.Path{"f"}, Options{ReadBack: true})
	require.NoError(t, err)
	require.Equal(t, VerifiedRead, r.Verified)
	require.NotEmpty(t, r.Checksum)
	require.Equal(t, 1, server.count("read"))

	// What has the right size only is found out.
	server.hook = func(s string) error {
		if s == "read" {
			for _, name := range names(t, server.dir) {
				if files.IsPartName(name) {
					return os.WriteFile(filepath.Join(server.dir, name), make([]byte, len(data)), 0o600)
				}
			}
		}
		return nil
	}
	_, err = Copy(t.Context(), localFS(t, dir), files.Path{"f"}, server, files.Path{"g"}, Options{ReadBack: true, Tries: 1})
	require.True(t, fault.Is(err, fault.Damaged), "%v", err)
	require.Equal(t, []string{"f"}, names(t, server.dir))
}

func TestFullDiskEndsTheSeriesAndGoesOnLater(t *testing.T) {
	dir := t.TempDir()
	makeTree(t, dir)
	put(t, dir, "big", vfstest.Bytes(3<<20))
	full := true
	server := newRemote(t, nil)
	server.hook = func(s string) error {
		if full && s == "send" && server.count("send") > 10 {
			return broken(fault.Full)
		}
		return nil
	}
	o := TreeOptions{Options: Options{Resume: true, SkipSame: true}, Connections: 1}
	_, err := CopyTree(t.Context(), localFS(t, dir), nil, server, files.Path{"x"}, o)
	require.True(t, fault.Is(err, fault.Full), "%v", err)
	require.Less(t, server.count("write"), 14, "the rest is not tried")
	full = false
	_, err = CopyTree(t.Context(), localFS(t, dir), nil, server, files.Path{"x"}, o)
	require.NoError(t, err)
	require.Equal(t, names(t, dir), names(t, filepath.Join(server.dir, "x")))
}

func TestNetworkThatIsGoneEndsTheSeries(t *testing.T) {
	dir := t.TempDir()
	makeTree(t, dir)
	server := newRemote(t, func(s string) error {
		if s == "write" {
			return broken(fault.Timeout)
		}
		return nil
	})
	synctest.Test(t, func(t *testing.T) {
		r, err := CopyTree(t.Context(), localFS(t, dir), nil, server, files.Path{"x"}, TreeOptions{Connections: 2})
		require.True(t, fault.Is(err, fault.Timeout), "%v", err)
		require.Less(t, r.Failed, 6)
	})
}

func TestSpeedLimit(t *testing.T) {
	data := vfstest.Bytes(4 << 20)
	dir := t.TempDir()
	put(t, dir, "f", data)
	for _, up := range []bool{true, false} {
		server := newRemote(t, nil)
		put(t, server.dir, "f", data)
		synctest.Test(t, func(t *testing.T) {
			limits := NewLimits(1<<20, 2<<20)
			o := Options{Limits: limits, OnExists: always(Replace)}
			src, dst, want := files.FS(server), files.FS(localFS(t, t.TempDir())), 4*time.Second
			if up {
				src, dst, want = localFS(t, dir), server, 2*time.Second
			}
			began := time.Now()
			_, err := Copy(t.Context(), src, files.Path{"f"}, dst, files.Path{"g"}, o)
			require.NoError(t, err)
			require.InDelta(t, want.Seconds(), time.Since(began).Seconds(), 0.5)

			began = time.Now()
			o.Progress = func(done, _ int64) {
				if done > 2<<20 {
					limits.Set(0, 0) // obeyed at once
				}
			}
			_, err = Copy(t.Context(), src, files.Path{"f"}, dst, files.Path{"h"}, o)
			require.NoError(t, err)
			require.InDelta(t, want.Seconds()/2, time.Since(began).Seconds(), 0.6)
		})
	}
}

func TestLimitsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimits(100<<10, 0)
		began := time.Now()
		done := make(chan error)
		for range 4 {
			go func() { done <- l.wait(t.Context(), false, 100<<10) }()
		}
		for range 4 {
			require.NoError(t, <-done)
		}
		require.InDelta(t, 4, time.Since(began).Seconds(), 0.5)
		require.NoError(t, l.wait(t.Context(), true, 1<<30), "the other way is free")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.True(t, fault.Is(l.wait(ctx, false, 1<<20), fault.Cancelled))
		down, up := l.Get()
		require.Equal(t, []int64{100 << 10, 0}, []int64{down, up})
	})
}

// TestLanes plays a site whose throughput grows up to so many files at once.
func TestLanes(t *testing.T) {
	for name, c := range map[string]struct{ most, useful, low, high int }{
		"grows to the most":        {8, 100, 8, 8},
		"stops where it is enough": {8, 2, 1, 4},
		"of one connection":        {32, 100, 32, 32},
		"bounded":                  {1, 100, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLanes(c.most)
				ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
				defer cancel()
				done := make(chan struct{})
				busy := make(chan struct{}, c.useful)
				for range 40 {
					go func() {
						defer func() { done <- struct{}{} }()
						for l.take(ctx) == nil {
							busy <- struct{}{}
							time.Sleep(20 * time.Millisecond)
							<-busy
							l.arrived(4096)
							l.release()
						}
					}()
				}
				for range 40 {
					<-done
				}
				require.GreaterOrEqual(t, l.limit, c.low)
				require.LessOrEqual(t, l.limit, c.high)
				require.Zero(t, l.busy)
			})
		})
	}
}

func TestLanesLearnFromRefusals(t *testing.T) {
	l := newLanes(8)
	l.limit = 6
	l.refused(broken(fault.Login))
	require.Equal(t, 6, l.limit, "a wrong password is no matter of number")
	l.arrived(1)
	l.refused(broken(fault.Login))
	require.Equal(t, []int{5, 5}, []int{l.limit, l.most})
	l.refused(broken(fault.Busy))
	require.Equal(t, 4, l.limit)
	l.refused(broken(fault.Timeout))
	require.Equal(t, 4, l.limit)
	for range 9 {
		l.refused(broken(fault.Busy))
	}
	require.Equal(t, 1, l.limit)
}

// TestServerThatGrantsFew copies to a server that refuses more than three files at
// once.
func TestServerThatGrantsFew(t *testing.T) {
	dir := t.TempDir()
	for i := range 60 {
		put(t, dir, fmt.Sprintf("f%02d", i), vfstest.Bytes(1000))
	}
	server := newRemote(t, nil)
	server.caps.MaxConns = 8
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{}, 3)
		server.hook = func(s string) error {
			switch s {
			case "write":
				select {
				case open <- struct{}{}:
					time.Sleep(30 * time.Millisecond)
				default:
					return broken(fault.Busy)
				}
			case "rename":
				<-open
			}
			return nil
		}
		r, err := CopyTree(t.Context(), localFS(t, dir), nil, server, files.Path{"x"}, TreeOptions{})
		require.NoError(t, err)
		require.Equal(t, 60, r.Files)
	})
}

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

func TestBackoff(t *testing.T) {
	for try := 1; try < 20; try++ {
		d := backoff(try)
		whole := min(time.Second<<min(try-1, 10), 30*time.Second)
		require.GreaterOrEqual(t, d, whole/2)
		require.Less(t, d, whole*3/2)
	}
}

func TestSitesBoundHolds(t *testing.T) {
	server := newRemote(t, nil)
	server.caps.MaxConns = 32
	e, err := newEnds(t.Context(), localFS(t, t.TempDir()), server, Options{most: 3}, 0)
	require.NoError(t, err)
	require.Equal(t, 3, e.most())
	e, err = newEnds(t.Context(), localFS(t, t.TempDir()), server, Options{}, 5)
	require.NoError(t, err)
	require.Equal(t, 5, e.most())
	var shared Lanes
	e, err = newEnds(t.Context(), localFS(t, t.TempDir()), server, Options{Lanes: &shared}, 0)
	require.NoError(t, err)
	back, err := newEnds(t.Context(), server, localFS(t, t.TempDir()), Options{Lanes: &shared}, 0)
	require.NoError(t, err)
	require.Same(t, e.lanes[0], back.lanes[0], "both directions count")
}

func BenchmarkSmallFiles(b *testing.B) {
	src, dst := b.TempDir(), b.TempDir()
	data := vfstest.Bytes(4096)
	for i := range 500 {
		require.NoError(b, os.WriteFile(filepath.Join(src, fmt.Sprint(i)), data, 0o600))
	}
	from, err := local.New(src, local.Options{})
	require.NoError(b, err)
	to, err := local.New(dst, local.Options{Confined: true})
	require.NoError(b, err)
	n := 0
	for b.Loop() {
		n++
		_, err := CopyTree(b.Context(), from, nil, to, files.Path{fmt.Sprint("to", n)}, TreeOptions{})
		require.NoError(b, err)
	}
	b.ReportMetric(float64(500*n)/b.Elapsed().Seconds(), "files/s")
}
