package compare

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
	"guichet/services/files/vfstest"
	"guichet/services/files/vfstest/places"
)

func here(t *testing.T, dir string) Tree {
	t.Helper()
	return Tree{FS: places.Local(t, dir, local.Options{Confined: true})}
}

func ftpTree(t *testing.T, s *vfstest.FTPServer) Tree {
	t.Helper()
	return Tree{FS: places.FTP(t, s)}
}

func tree(p places.Place) Tree { return Tree{p.FS, p.Path} }

var noon = time.Date(2024, 5, 6, 12, 0, 0, 0, time.UTC)

// put writes a file that was changed at noon and some time.
func put(t *testing.T, dir, name, data string, after ...time.Duration) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(data), 0o600))
	when := noon
	for _, d := range after {
		when = when.Add(d)
	}
	require.NoError(t, os.Chtimes(path, when, when))
	return path
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

func content(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(b)
}

// shown writes a plan out, without what is the same.
func shown(p *Plan) []string {
	var all []string
	for i := range p.Scan.Rows {
		if d := p.At(i); d.Action != None {
			all = append(all, fmt.Sprintf("%s %s %s", d.Action, p.Scan.Rows[i].Key(), d.Reason))
		}
	}
	return all
}

func walk(t *testing.T, l, r Tree, o WalkOptions) *Scan {
	t.Helper()
	s, err := Walk(t.Context(), l, r, o)
	require.NoError(t, err)
	return s
}

func TestMirrorBetweenAll(t *testing.T) {
	for name, open := range places.All(t, local.Options{Confined: true}) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, "same", "same")
			put(t, dir, "size", "longer")
			put(t, dir, "new", "new")
			put(t, dir, "sub/deep", "deep")
			put(t, dir, "clash/x", "")
			src, dst := here(t, dir), open()
			put(t, dst.Dir, "same", "same")
			put(t, dst.Dir, "size", "short")
			put(t, dst.Dir, "extra", "extra")
			put(t, dst.Dir, "old/gone", "")
			scan := walk(t, src, tree(dst), WalkOptions{})
			p := scan.Plan(PlanOptions{Deletes: DeleteExtra})
			require.Equal(t, []string{
				"to_right clash only_left", "to_right clash/x only_left", "delete_right extra only_right", "to_right new only_left",
				"delete_right old only_right", "delete_right old/gone only_right", "to_right size size", "to_right sub only_left", "to_right sub/deep only_left",
			}, shown(p))
			require.Equal(t, Totals{Copies: [2]int{Right: 4}, Bytes: [2]int64{Right: 13}, Folders: [2]int{Right: 2}, Deletes: [2]int{Right: 3}, Same: 1}, p.Totals())
			require.True(t, scan.Complete())
			require.False(t, p.ManyDeletes())
			require.NotEqual(t, names(t, dst.Dir), names(t, dir), "a plan changes nothing")
			r, err := Apply(t.Context(), src, tree(dst), p, ApplyOptions{})
			require.NoError(t, err)
			require.Equal(t, Result{Copied: 4, Made: 2, Deleted: 3, Bytes: 13}, r)
			require.Equal(t, names(t, dir), names(t, dst.Dir))
			require.Equal(t, "longer", content(t, dst.Dir, "size"))
			p = walk(t, src, tree(dst), WalkOptions{}).Plan(PlanOptions{Deletes: DeleteExtra})
			require.Empty(t, shown(p))
			require.Equal(t, 5, p.Totals().Same)
		})
	}
}

func TestMirrorNeverDeletesWhatItCannotSee(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		s.NoMLSD = true
		s.Listing = "-rw-r--r-- 1 a b 3 Jan 29 03:26 seen\r\nwhat is this\r\n"
	})
	put(t, s.Dir, "seen", "abc")
	dir := t.TempDir()
	put(t, dir, "mine", "x")
	src, dst := ftpTree(t, s), here(t, dir)
	scan := walk(t, src, dst, WalkOptions{})
	require.False(t, scan.Complete())
	p := scan.Plan(PlanOptions{Deletes: DeleteExtra})
	require.Zero(t, p.Totals().Deletes)
	require.NotContains(t, p.Choices(0), DeleteRight, "nor by hand")
	_, err := Apply(t.Context(), src, dst, p, ApplyOptions{ManyDeletes: true})
	require.NoError(t, err)
	require.Equal(t, []string{"mine", "seen"}, names(t, dir))
}

func TestDeletesAreCapped(t *testing.T) {
	src, dst := t.TempDir(), t.TempDir()
	for i := range 30 {
		put(t, dst, fmt.Sprint("f", i), "")
	}
	a, b := here(t, src), here(t, dst)
	p := walk(t, a, b, WalkOptions{}).Plan(PlanOptions{Deletes: DeleteExtra})
	require.True(t, p.ManyDeletes())
	_, err := Apply(t.Context(), a, b, p, ApplyOptions{})
	require.True(t, fault.Is(err, fault.Permission), "%v", err)
	require.Len(t, names(t, dst), 30)
	_, err = Apply(t.Context(), a, b, p, ApplyOptions{ManyDeletes: true})
	require.NoError(t, err)
	require.Empty(t, names(t, dst))
}

func TestMissingFolderDeletesNothing(t *testing.T) {
	dst := t.TempDir()
	put(t, dst, "f", "")
	src := here(t, t.TempDir())
	src.Path = files.Path{"unplugged"}
	scan := walk(t, src, here(t, dst), WalkOptions{})
	require.True(t, scan.Missing[Left])
	require.Zero(t, scan.Plan(PlanOptions{Deletes: DeleteExtra}).Totals().Deletes)
}

func TestLinksAreNotFollowed(t *testing.T) {
	src, dst, outside := t.TempDir(), t.TempDir(), t.TempDir()
	put(t, outside, "precious", "p")
	put(t, src, "d/f", "f")
	require.NoError(t, os.Symlink(outside, filepath.Join(src, "here")))
	require.NoError(t, os.Symlink(filepath.Join(outside, "precious"), filepath.Join(src, "file")))
	require.NoError(t, os.Symlink(outside, filepath.Join(dst, "d")))
	require.NoError(t, os.Symlink(outside, filepath.Join(dst, "e")))
	a, b := here(t, src), here(t, dst)
	p := walk(t, a, b, WalkOptions{}).Plan(PlanOptions{Deletes: DeleteExtra})
	require.Equal(t, []string{"skip d link", "delete_right e only_right", "skip file link", "skip here link"}, shown(p))
	_, err := Apply(t.Context(), a, b, p, ApplyOptions{})
	require.NoError(t, err)
	require.Equal(t, []string{"precious"}, names(t, outside))
	require.Equal(t, []string{"d"}, names(t, dst), "the link went, not what it leads to")
}

func TestAFolderInTheWayIsNoSuccess(t *testing.T) {
	src, dst := t.TempDir(), t.TempDir()
	put(t, src, "a/b", "")
	put(t, dst, "a", "file")
	put(t, dst, "extra", "")
	a, b := here(t, src), here(t, dst)
	p := walk(t, a, b, WalkOptions{}).Plan(PlanOptions{Deletes: DeleteExtra})
	require.Equal(t, []string{"undecided a type", "delete_right extra only_right"}, shown(p))
	_, err := Apply(t.Context(), a, b, p, ApplyOptions{})
	require.True(t, fault.Is(err, fault.Exists), "%v", err)
	require.Equal(t, []string{"a", "extra"}, names(t, dst))
}

func TestMirrorStreams(t *testing.T) {
	for name, open := range places.All(t, local.Options{Confined: true}) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for i := range 40 {
				put(t, dir, fmt.Sprintf("d%d/e/f%d", i%4, i), fmt.Sprint(i))
			}
			dst := open()
			put(t, dst.Dir, "d1/e/f1", "1")
			put(t, dst.Dir, "kept", "k")
			src := here(t, dir)
			totals, r, err := Mirror(t.Context(), src, tree(dst), MirrorOptions{})
			require.NoError(t, err)
			require.Equal(t, 39, totals.Copies[Right])
			require.Equal(t, 1, totals.Same)
			require.Equal(t, 39, r.Copied)
			require.Equal(t, 6, r.Made)
			want := append(names(t, dir), "kept")
			slices.Sort(want)
			require.Equal(t, want, names(t, dst.Dir))
			_, r, err = Mirror(t.Context(), src, tree(dst), MirrorOptions{})
			require.NoError(t, err)
			require.Zero(t, r)
		})
	}
}

// lying is a file system whose listings hold what no listing can.
type lying struct {
	files.FS
	list func(ctx context.Context, emit func([]files.Entry) error) (files.Report, error)
}

func (l lying) List(ctx context.Context, _ files.Path, emit func([]files.Entry) error) (files.Report, error) {
	return l.list(ctx, emit)
}

func TestNamesThatCannotBe(t *testing.T) {
	dst := t.TempDir()
	put(t, dst, "mine", "")
	src := here(t, t.TempDir())
	src.FS = lying{src.FS, func(_ context.Context, emit func([]files.Entry) error) (files.Report, error) {
		return files.Report{}, emit([]files.Entry{{Name: "../../etc/passwd"}, {Name: ".."}, {Name: "good", Size: 1}})
	}}
	scan := walk(t, src, here(t, dst), WalkOptions{})
	require.Equal(t, 2, scan.Unread[Left])
	p := scan.Plan(PlanOptions{Deletes: DeleteExtra})
	require.Zero(t, p.Totals().Deletes[Right], "nothing is deleted while a name is unknown")
	require.Equal(t, 1, p.Totals().Copies[Right])
	for _, s := range p.Steps() {
		require.Equal(t, files.Path{"good"}, s.Path[Right])
	}
}

func TestAClosedFolderKeepsTheRestButDeletesNothing(t *testing.T) {
	src, dst := t.TempDir(), t.TempDir()
	put(t, src, "closed/f", "")
	put(t, src, "open", "")
	put(t, dst, "closed/theirs", "")
	put(t, dst, "extra", "")
	a := here(t, src)
	a.FS = closed{a.FS}
	scan := walk(t, a, here(t, dst), WalkOptions{})
	require.Equal(t, []files.Path{{"closed"}}, scan.Closed[Left])
	require.Equal(t, []string{"skip closed unlisted", "skip extra only_right", "to_right open only_left"}, shown(scan.Plan(PlanOptions{Deletes: DeleteExtra})))
}

// closed is a file system that lets nobody look into folders named closed.
type closed struct{ files.FS }

func (c closed) List(ctx context.Context, p files.Path, emit func([]files.Entry) error) (files.Report, error) {
	if p.Base() == "closed" {
		return files.Report{}, fault.Newf(fault.Permission, "list", "", "closed")
	}
	return c.FS.List(ctx, p, emit)
}

func TestCancelEndsAWalk(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	src := here(t, t.TempDir())
	src.FS = lying{src.FS, func(ctx context.Context, _ func([]files.Entry) error) (files.Report, error) {
		cancel()
		<-ctx.Done()
		return files.Report{}, ctx.Err()
	}}
	_, err := Walk(ctx, src, here(t, t.TempDir()), WalkOptions{})
	require.True(t, fault.Is(err, fault.Cancelled), "%v", err)
	_, _, err = Mirror(ctx, src, here(t, t.TempDir()), MirrorOptions{})
	require.True(t, fault.Is(err, fault.Cancelled), "%v", err)
}
