package transfer

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
	"guichet/services/files/vfstest/places"
)

// meddling changes the target while its replacement is being read.
type meddling struct {
	files.FS
	change func()
}

func (m meddling) Read(ctx context.Context, p files.Path, offset int64) (io.ReadCloser, error) {
	m.change()
	return m.FS.Read(ctx, p, offset)
}

// replacing is a server that can tell versions apart.
type replacing struct{ *remoteFS }

func (r replacing) ReplaceIf(ctx context.Context, from, to files.Path, id string) error {
	e, err := r.Stat(ctx, to)
	if err == nil && e.ID != id {
		err = fault.Newf(fault.Exists, "rename", "", "changed")
	}
	if err != nil {
		return err
	}
	return r.Rename(ctx, from, to, true)
}

// Who decides to replace a file has seen one version of it, and replaces no
// other.
func TestOnlyWhatWasSeenIsReplaced(t *testing.T) {
	for name, open := range map[string]func() places.Place{
		"dav": places.All(t, local.Options{Confined: true})["dav"],
		"checked at the rename": func() places.Place {
			r := newRemote(t, nil)
			return places.Place{FS: replacing{r}, Dir: r.dir}
		},
		"finished at once": func() places.Place {
			r := newRemote(t, nil)
			r.caps.AtomicReplace = true
			return places.Place{FS: replacing{r}, Dir: r.dir}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, to := t.TempDir(), open()
			put(t, dir, "f", []byte("new version"))
			put(t, to.Dir, "f", []byte("as it was seen"))
			changes := 0
			src := meddling{localFS(t, dir), func() {
				if changes++; changes == 1 { // as programs save: a new file in the old one's place
					put(t, to.Dir, "other", []byte("somebody's work"))
					require.NoError(t, os.Rename(filepath.Join(to.Dir, "other"), filepath.Join(to.Dir, "f")))
				}
			}}
			asked := 0
			answers := []Answer{Replace, Skip}
			r, err := Copy(t.Context(), src, files.Path{"f"}, to.FS, files.Path{"f"}, Options{
				OnExists: func(context.Context, Conflict) (Answer, error) { asked++; return answers[asked-1], nil },
			})
			require.NoError(t, err)
			require.True(t, r.Skipped)
			require.Equal(t, 2, asked)
			is(t, filepath.Join(to.Dir, "f"), []byte("somebody's work"))
			require.Equal(t, []string{"f"}, names(t, to.Dir))

			// Decided for the file as it is now.
			_, err = Copy(t.Context(), src, files.Path{"f"}, to.FS, files.Path{"f"}, Options{OnExists: always(Replace)})
			require.NoError(t, err)
			is(t, filepath.Join(to.Dir, "f"), []byte("new version"))
		})
	}
}

// A decision that came with the item is about the target that came with it.
func TestAnItemsAnswerIsAboutItsTarget(t *testing.T) {
	dir, to := t.TempDir(), t.TempDir()
	put(t, dir, "f", []byte("new"))
	put(t, to, "f", []byte("changed since"))
	src, dst := localFS(t, dir), localFS(t, to)
	seen := files.Entry{Name: "f", Size: 3, ID: "another"}
	_, err := CopyItems(t.Context(), src, dst, func(yield func(Item) bool) {
		yield(Item{From: files.Path{"f"}, To: files.Path{"f"}, Target: &seen, Answer: Replace})
	}, SeriesOptions{})
	require.True(t, fault.Is(err, fault.Exists), "%v", err)
	is(t, filepath.Join(to, "f"), []byte("changed since"))
}
