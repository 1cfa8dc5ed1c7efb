package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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

func TestBackoff(t *testing.T) {
	for try := 1; try < 20; try++ {
		d := backoff(try)
		whole := min(time.Second<<min(try-1, 10), 30*time.Second)
		require.GreaterOrEqual(t, d, whole/2)
		require.Less(t, d, whole*3/2)
	}
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
