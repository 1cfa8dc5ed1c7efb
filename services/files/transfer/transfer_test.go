package transfer

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/ftp"
	"guichet/services/files/local"
	"guichet/services/files/vfstest"
	"guichet/services/files/vfstest/places"
)

func localFS(t *testing.T, dir string) *local.FS {
	t.Helper()
	return places.Local(t, dir, local.Options{Confined: true})
}

func ftpFS(t *testing.T, s *vfstest.FTPServer) *ftp.FS {
	t.Helper()
	return places.FTP(t, s)
}

func put(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, data, 0o600))
	when := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	require.NoError(t, os.Chtimes(path, when, when))
	return path
}

func is(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got), "%s: %d bytes, want %d", path, len(got), len(want))
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && path != dir {
			rel, _ := filepath.Rel(dir, path)
			if d.IsDir() {
				rel += "/"
			}
			all = append(all, rel)
		}
		return err
	}))
	slices.Sort(all)
	return all
}

func TestCopyBetweenAll(t *testing.T) {
	data := vfstest.Bytes(700_001)
	kinds := places.All(t, local.Options{Confined: true})
	for from, openFrom := range kinds {
		for to, openTo := range kinds {
			t.Run(from+" to "+to, func(t *testing.T) {
				src, dst := openFrom(), openTo()
				put(t, src.Dir, "a b.bin", data)
				last := int64(-1)
				r, err := Copy(t.Context(), src.FS, src.Path.Join("a b.bin"), dst.FS, dst.Path.Join("c.bin"), Options{
					Progress: func(done, size int64) {
						require.GreaterOrEqual(t, done, last)
						require.EqualValues(t, len(data), size)
						last = done
					},
				})
				require.NoError(t, err)
				require.EqualValues(t, len(data), last)
				require.EqualValues(t, len(data), r.Bytes)
				require.Equal(t, VerifiedSize, r.Verified)
				is(t, filepath.Join(dst.Dir, "c.bin"), data)
				require.Equal(t, []string{"c.bin"}, names(t, dst.Dir))
				if to != "dav" {
					info, err := os.Stat(filepath.Join(dst.Dir, "c.bin"))
					require.NoError(t, err)
					require.WithinDuration(t, time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC), info.ModTime(), time.Second)
				}
			})
		}
	}
}

func TestExists(t *testing.T) {
	for name, open := range places.All(t, local.Options{Confined: true}) {
		t.Run(name, func(t *testing.T) {
			src := t.TempDir()
			put(t, src, "f.tar.gz", []byte("new"))
			dst := open()
			put(t, dst.Dir, "f.tar.gz", []byte("old"))
			from, to := files.Path{"f.tar.gz"}, dst.Path.Join("f.tar.gz")
			_, err := Copy(t.Context(), localFS(t, src), from, dst.FS, to, Options{})
			require.True(t, fault.Is(err, fault.Exists), "%v", err)
			var seen Conflict
			ask := func(a Answer) Options {
				return Options{OnExists: func(_ context.Context, c Conflict) (Answer, error) { seen = c; return a, nil }}
			}
			r, err := Copy(t.Context(), localFS(t, src), from, dst.FS, to, ask(Skip))
			require.NoError(t, err)
			require.True(t, r.Skipped)
			require.EqualValues(t, 3, seen.Target.Size)
			is(t, filepath.Join(dst.Dir, "f.tar.gz"), []byte("old"))
			for n := 2; n < 4; n++ {
				r, err = Copy(t.Context(), localFS(t, src), from, dst.FS, to, ask(KeepBoth))
				require.NoError(t, err)
				require.Equal(t, fmt.Sprintf("f (%d).tar.gz", n), r.Path.Base())
			}
			is(t, filepath.Join(dst.Dir, "f.tar.gz"), []byte("old"))
			is(t, filepath.Join(dst.Dir, "f (3).tar.gz"), []byte("new"))
			r, err = Copy(t.Context(), localFS(t, src), from, dst.FS, to, ask(Replace))
			require.NoError(t, err)
			require.True(t, r.Replaced)
			is(t, filepath.Join(dst.Dir, "f.tar.gz"), []byte("new"))
			require.Len(t, names(t, dst.Dir), 3, "no part, no backup is left")
		})
	}
}

// part gives the name of the temporary file of a copy.
func part(t *testing.T, src files.FS, from files.Path, base string) string {
	t.Helper()
	e, err := src.Stat(t.Context(), from)
	require.NoError(t, err)
	return files.PartName(base, token(src.URL(from), e))
}

func TestResume(t *testing.T) {
	data := vfstest.Bytes(6 << 20)
	for name, open := range places.All(t, local.Options{Confined: true}) {
		if name == "dav" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			dst := open()
			dir := t.TempDir()
			put(t, dir, "f", data)
			src := localFS(t, dir)
			temp := filepath.Join(dst.Dir, part(t, src, files.Path{"f"}, "f"))
			caps, err := dst.FS.Caps(t.Context())
			require.NoError(t, err)
			const had = 5 << 20

			require.NoError(t, os.WriteFile(temp, data[:had], 0o600))
			r, err := Copy(t.Context(), src, files.Path{"f"}, dst.FS, dst.Path.Join("f"), Options{Resume: true})
			require.NoError(t, err)
			require.Equal(t, had-caps.Rewind, r.Resumed)
			is(t, filepath.Join(dst.Dir, "f"), data)

			t.Log("a part that ends in other bytes is begun anew")
			require.NoError(t, os.Remove(filepath.Join(dst.Dir, "f")))
			wrong := slices.Clone(data[:had])
			wrong[had-caps.Rewind-100] ^= 1
			require.NoError(t, os.WriteFile(temp, wrong, 0o600))
			r, err = Copy(t.Context(), src, files.Path{"f"}, dst.FS, dst.Path.Join("f"), Options{Resume: true})
			require.NoError(t, err)
			require.Zero(t, r.Resumed)
			is(t, filepath.Join(dst.Dir, "f"), data)

			t.Log("a part of another version is not touched")
			require.NoError(t, os.Remove(filepath.Join(dst.Dir, "f")))
			require.NoError(t, os.WriteFile(temp, data[:had], 0o600))
			changed := slices.Clone(data)
			changed[5] ^= 1
			require.NoError(t, os.WriteFile(filepath.Join(dir, "f"), changed, 0o600))
			r, err = Copy(t.Context(), src, files.Path{"f"}, dst.FS, dst.Path.Join("f"), Options{Resume: true})
			require.NoError(t, err)
			require.Zero(t, r.Resumed)
			is(t, filepath.Join(dst.Dir, "f"), changed)

			t.Log("a part longer than the source")
			require.NoError(t, os.Remove(filepath.Join(dst.Dir, "f")))
			long := filepath.Join(dst.Dir, part(t, src, files.Path{"f"}, "f"))
			require.NoError(t, os.WriteFile(long, append(changed, 1, 2, 3), 0o600))
			_, err = Copy(t.Context(), src, files.Path{"f"}, dst.FS, dst.Path.Join("f"), Options{Resume: true})
			require.NoError(t, err)
			is(t, filepath.Join(dst.Dir, "f"), changed)
		})
	}
}

func TestBrokenConnectionsGoOn(t *testing.T) {
	data := vfstest.Bytes(2 << 20)
	for _, all := range []bool{true, false} {
		s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.CutDataAt, s.Cuts, s.CutAll = 900_000, 1, all })
		dir := t.TempDir()
		put(t, s.Dir, "remote", data)
		r, err := Copy(t.Context(), ftpFS(t, s), files.Path{"remote"}, localFS(t, dir), files.Path{"here"}, Options{})
		require.NoError(t, err)
		require.Positive(t, r.Resumed)
		is(t, filepath.Join(dir, "here"), data)

		s.Mu.Lock()
		s.Cuts = 1
		s.Mu.Unlock()
		r, err = Copy(t.Context(), localFS(t, dir), files.Path{"here"}, ftpFS(t, s), files.Path{"back"}, Options{})
		require.NoError(t, err)
		require.Positive(t, r.Resumed)
		is(t, filepath.Join(s.Dir, "back"), data)
		require.Equal(t, []string{"back", "remote"}, names(t, s.Dir))
	}
}

func TestServerThatCannotContinue(t *testing.T) {
	data := vfstest.Bytes(2 << 20)
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.NoREST, s.CutDataAt, s.Cuts = true, 900_000, 1 })
	dir := t.TempDir()
	put(t, dir, "f", data)
	r, err := Copy(t.Context(), localFS(t, dir), files.Path{"f"}, ftpFS(t, s), files.Path{"f"}, Options{})
	require.NoError(t, err)
	require.Zero(t, r.Resumed)
	is(t, filepath.Join(s.Dir, "f"), data)
}

func TestChecksums(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.XSHA256 = true })
	dir := t.TempDir()
	data := vfstest.Bytes(100_000)
	put(t, dir, "f", data)
	r, err := Copy(t.Context(), localFS(t, dir), files.Path{"f"}, ftpFS(t, s), files.Path{"f"}, Options{})
	require.NoError(t, err)
	require.Equal(t, VerifiedChecksum, r.Verified)
	require.True(t, strings.HasPrefix(r.Checksum, "sha256:"))
	s.Mu.Lock()
	s.Hook = func(c *vfstest.FTPConn, verb, _ string) bool {
		if verb == "XSHA256" {
			c.Reply("250 %064d", 7)
		}
		return verb == "XSHA256"
	}
	s.Mu.Unlock()
	put(t, dir, "g", data)
	_, err = Copy(t.Context(), localFS(t, dir), files.Path{"g"}, ftpFS(t, s), files.Path{"g"}, Options{})
	require.True(t, fault.Is(err, fault.Damaged), "%v", err)
	require.Equal(t, []string{"f"}, names(t, s.Dir))
}

func TestFailedReplaceLeavesTheOriginal(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		s.NoReplace = true
		s.Hook = func(c *vfstest.FTPConn, verb, arg string) bool {
			if verb == "RNTO" && arg == "f" && c != nil {
				c.Reply("550 Permission denied")
				return true
			}
			return false
		}
	})
	put(t, s.Dir, "f", []byte("precious"))
	dir := t.TempDir()
	put(t, dir, "f", []byte("new"))
	replace := func(context.Context, Conflict) (Answer, error) { return Replace, nil }
	_, err := Copy(t.Context(), localFS(t, dir), files.Path{"f"}, ftpFS(t, s), files.Path{"f"}, Options{OnExists: replace})
	require.Error(t, err)
	// The server refuses to give the name back as well, so the file is beside it,
	// and the fault says where.
	all := names(t, s.Dir)
	kept := ""
	for _, name := range all {
		if b, err := os.ReadFile(filepath.Join(s.Dir, name)); err == nil && string(b) == "precious" {
			kept = name
		}
	}
	require.NotEmpty(t, kept, "%v", all)
	require.Contains(t, err.Error(), kept)
}

func TestSourceChangesWhileCopied(t *testing.T) {
	dir, to := t.TempDir(), t.TempDir()
	path := put(t, dir, "f", vfstest.Bytes(1_000_000))
	changed := 0
	_, err := Copy(t.Context(), localFS(t, dir), files.Path{"f"}, localFS(t, to), files.Path{"f"}, Options{
		Tries: 1,
		Progress: func(int64, int64) {
			changed++
			require.NoError(t, os.Chtimes(path, time.Time{}, time.Now().Add(time.Duration(changed)*time.Minute)))
		},
	})
	require.True(t, fault.Is(err, fault.Protocol), "%v", err)
	require.Empty(t, names(t, to))
}

func TestCancelKeepsThePartOnlyForAResume(t *testing.T) {
	data := vfstest.Bytes(4 << 20)
	for _, resume := range []bool{true, false} {
		dir, to := t.TempDir(), t.TempDir()
		put(t, dir, "f", data)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := Copy(ctx, localFS(t, dir), files.Path{"f"}, localFS(t, to), files.Path{"f"}, Options{
			Resume: resume, Progress: func(done, _ int64) {
				if done > 1<<20 {
					cancel()
				}
			},
		})
		require.True(t, fault.Is(err, fault.Cancelled), "%v", err)
		left := names(t, to)
		if !resume {
			require.Empty(t, left)
			continue
		}
		require.Len(t, left, 1)
		r, err := Copy(t.Context(), localFS(t, dir), files.Path{"f"}, localFS(t, to), files.Path{"f"}, Options{Resume: true})
		require.NoError(t, err)
		require.Positive(t, r.Resumed)
		is(t, filepath.Join(to, "f"), data)
	}
}

func makeTree(t *testing.T, dir string) {
	t.Helper()
	for i := range 30 {
		put(t, dir, fmt.Sprintf("f%02d", i), vfstest.Bytes(1000+i))
	}
	put(t, dir, "a/b/c/deep", []byte("deep"))
	put(t, dir, "a/ lead é", []byte("x"))
	put(t, dir, "a/.hidden", nil)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "empty"), 0o700))
}

func TestCopyTree(t *testing.T) {
	for name, open := range places.All(t, local.Options{Confined: true}) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			makeTree(t, dir)
			want := names(t, dir)
			require.NoError(t, os.Symlink("a", filepath.Join(dir, "ld")))
			require.NoError(t, os.Symlink("f00", filepath.Join(dir, "lf")))
			require.NoError(t, os.Symlink("nobody", filepath.Join(dir, "lx")))
			dst := open()
			seen, total := 0, 0
			r, err := CopyTree(t.Context(), localFS(t, dir), nil, dst.FS, dst.Path.Join("new").Join("top"), TreeOptions{
				OnFile: func(files.Path, Result, error) error { seen++; return nil },
				Totals: func(n int, _ int64, _ bool) { total = n },
			})
			require.NoError(t, err)
			require.Equal(t, 34, r.Files)
			require.Equal(t, 2, r.Links)
			require.Equal(t, 34, seen)
			require.Equal(t, 35, total)
			require.Equal(t, append(slices.Clone(want), "lf"), names(t, filepath.Join(dst.Dir, "new/top")))
			is(t, filepath.Join(dst.Dir, "new/top/a/b/c/deep"), []byte("deep"))

			back := t.TempDir()
			_, err = CopyTree(t.Context(), dst.FS, dst.Path.Join("new").Join("top"), localFS(t, back), nil, TreeOptions{})
			require.NoError(t, err)
			require.Equal(t, append(slices.Clone(want), "lf"), names(t, back))
			r, err = CopyTree(t.Context(), dst.FS, dst.Path.Join("new").Join("top"), localFS(t, back), nil, TreeOptions{})
			require.True(t, fault.Is(err, fault.Exists), "%v", err)
			require.Equal(t, 34+1-1, r.Failed)
		})
	}
}

func TestTreeIntoItself(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a/f", nil)
	f := localFS(t, dir)
	_, err := CopyTree(t.Context(), f, files.Path{"a"}, f, files.Path{"a", "b"}, TreeOptions{})
	require.True(t, fault.Is(err, fault.Unsupported), "%v", err)
}

// TestHostileNames: what a server lists never leaves the target folder.
func TestHostileNames(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		s.Listing = "type=file;size=3; ../up\r\ntype=file;size=3; /etc/x\r\ntype=dir; ..\r\ntype=file;size=3; good\r\n" +
			"type=OS.unix=slink:/etc; link\r\ntype=file;size=3; link\r\n"
	})
	put(t, s.Dir, "good", []byte("abc"))
	put(t, s.Dir, "link", []byte("abc"))
	outer := t.TempDir()
	r, err := CopyTree(t.Context(), ftpFS(t, s), nil, localFS(t, outer), files.Path{"in"}, TreeOptions{})
	require.NoError(t, err)
	require.Equal(t, 2, r.Unread)
	require.Equal(t, []string{"in/", "in/good", "in/link", "in/link (2)"}, names(t, outer))
}

// blocky tells sizes in blocks, as the lists of old servers do.
type blocky struct{ files.FS }

func (b blocky) Stat(ctx context.Context, p files.Path) (files.Entry, error) {
	e, err := b.FS.Stat(ctx, p)
	return round(e), err
}

func (b blocky) List(ctx context.Context, dir files.Path, emit func([]files.Entry) error) (files.Report, error) {
	return b.FS.List(ctx, dir, func(entries []files.Entry) error {
		for i := range entries {
			entries[i] = round(entries[i])
		}
		return emit(entries)
	})
}

func round(e files.Entry) files.Entry {
	if e.Type == files.File {
		e.Size, e.Rounded = (e.Size+511)/512*512, true
	}
	return e
}

func TestSizesInBlocks(t *testing.T) {
	dir, to := t.TempDir(), t.TempDir()
	put(t, dir, "f", []byte("not quite a block"))
	dst := localFS(t, to)
	r, err := CopyTree(t.Context(), blocky{localFS(t, dir)}, nil, dst, files.Path{"tree"}, TreeOptions{})
	require.NoError(t, err)
	require.Equal(t, VerifiedNone, r.Verified, "nobody knows how many bytes there are")
	is(t, filepath.Join(to, "tree", "f"), []byte("not quite a block"))
	r, err = CopyTree(t.Context(), blocky{localFS(t, dir)}, nil, dst, files.Path{"tree"}, TreeOptions{Options: Options{SkipSame: true}})
	require.NoError(t, err)
	require.Equal(t, 1, r.Skipped)
}

// Pure-FTPd takes a name that ends in a blank, and gives the file another.
func TestANameThatTheServerChanges(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "blank ", []byte("x"))
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.BlankToBar = true })
	_, err := Copy(t.Context(), localFS(t, dir), files.Path{"blank "}, ftpFS(t, s), files.Path{"blank "}, Options{})
	require.ErrorIs(t, err, fault.ErrName)
	require.True(t, fault.Is(err, fault.Permission), "%v", err)
	require.ErrorContains(t, err, "chose another")
}

// Small files are begun anew, so nothing of them is left where there is no room.
func TestNoPartsOfSmallFilesStay(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "f", []byte("small"))
	server := newRemote(t, func(step string) error {
		if step == "commit" {
			return fault.Newf(fault.Full, "write", "", "full")
		}
		return nil
	})
	_, err := Copy(t.Context(), localFS(t, dir), files.Path{"f"}, server, files.Path{"f"}, Options{Resume: true})
	require.True(t, fault.Is(err, fault.Full), "%v", err)
	require.Empty(t, names(t, server.dir))
}
