package ops

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/files"
	"guichet/services/files/local"
	"guichet/services/files/vfstest/places"
	"guichet/services/task"
)

func TestSearch(t *testing.T) {
	at := time.Date(2024, 5, 6, 0, 0, 0, 0, time.UTC)
	for name, open := range places.All(t, local.Options{}) {
		t.Run(name, func(t *testing.T) {
			p := open()
			grow(t, p.Dir, "Photos/IMG_1.JPG", "Photos/deep/img_2.jpg", "notes.txt", "a/b/Notes.md", ".hidden/notes.old", "bin")
			require.NoError(t, os.Chtimes(filepath.Join(p.Dir, "notes.txt"), at, at))
			require.NoError(t, os.WriteFile(filepath.Join(p.Dir, "bin"), []byte("\x00TEXT of a"), 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(p.Dir, "latin"), []byte("Grüße \xfc, caf\xe9"), 0o600))
			for what, c := range map[string]struct {
				q    Query
				want []string
			}{
				"part":    {Query{Name: "NOTES"}, []string{"a/b/Notes.md", "notes.txt"}},
				"hidden":  {Query{Name: "notes", Hidden: true}, []string{".hidden/notes.old", "a/b/Notes.md", "notes.txt"}},
				"mask":    {Query{Name: "img_?.jpg"}, []string{"Photos/IMG_1.JPG", "Photos/deep/img_2.jpg"}},
				"folders": {Query{Name: "deep", Folders: true}, []string{"Photos/deep"}},
				"text":    {Query{Text: "text OF a"}, []string{"a/b/Notes.md"}},
				"charset": {Query{Text: "café"}, []string{"latin"}},
				"size":    {Query{MinSize: 20}, []string{"Photos/IMG_1.JPG", "Photos/deep/img_2.jpg", "a/b/Notes.md"}},
				"date":    {Query{Before: at.AddDate(0, 0, 1)}, []string{"notes.txt"}},
			} {
				if what == "size" {
					c.q.MaxSize = 100
				}
				var got []string
				l, err := Search(t.Context(), p.FS, p.Path, c.q, func(more []Found) {
					for _, f := range more {
						got = append(got, strings.Join(f.Path[len(p.Path):], "/"))
					}
				}, nil)
				require.NoError(t, err, what)
				require.True(t, l.Complete, what)
				slices.Sort(got)
				if what == "size" {
					got = slices.DeleteFunc(got, func(s string) bool { return s == "latin" })
				}
				require.Equal(t, c.want, got, what)
			}
			l, err := Search(t.Context(), p.FS, p.Path, Query{MaxFound: 2}, func([]Found) {}, nil)
			require.NoError(t, err)
			require.True(t, l.Full)
			require.Equal(t, 2, l.Found)
		})
	}
	require.True(t, matchName("a[b*", "xA[b]c") == false && matchName("*a[b*", "xA[b]c") && matchName("[x]", "a[X]b"))
}

func TestStartSearch(t *testing.T) {
	p := places.All(t, local.Options{})["local"]()
	grow(t, p.Dir, "a/1", "a/2", "3")
	g := task.NewGroup(t.Context())
	s := StartSearch(g, func(context.Context) (files.FS, error) { return p.FS, nil }, nil, Query{})
	require.Eventually(t, func() bool { r, err := s.Results().Get(); return err == nil && r.Ended }, 5*time.Second, time.Millisecond)
	r, err := s.Results().Get()
	require.NoError(t, err)
	require.Len(t, r.Found, 3)
	require.NoError(t, r.Fault)

	stuck := make(chan struct{})
	f := &changed{FS: p.FS, list: func(ctx context.Context, _ files.Path, _ func([]files.Entry) error) (files.Report, error) {
		close(stuck)
		<-ctx.Done()
		return files.Report{}, ctx.Err()
	}}
	s = StartSearch(g, func(context.Context) (files.FS, error) { return f, nil }, nil, Query{})
	<-stuck
	s.Stop()
	require.True(t, g.Close(time.Second), "it ends at once")
}
