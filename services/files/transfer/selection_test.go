package transfer

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

// album is a folder of this computer with n pictures, a folder and what is not
// chosen.
func album(t *testing.T, n int) (dir string, chosen []string) {
	t.Helper()
	dir = t.TempDir()
	for i := range n {
		name := fmt.Sprintf("photo %02d.jpg", i)
		put(t, dir, name, vfstest.Bytes(2000+i))
		chosen = append(chosen, name)
	}
	put(t, dir, "more/raw.dng", vfstest.Bytes(9000))
	put(t, dir, "private.txt", []byte("no"))
	return dir, append(chosen, "more")
}

func selection(dir string, s *vfstest.FTPServer, chosen []string) Job {
	return Job{
		From: NewPlace(files.Site{Protocol: files.ProtocolLocal}, dir, nil), To: NewPlace(server(s), "", files.Path{"album"}),
		Names: chosen, Folders: 1,
	}
}

func TestSelectionIsOneJob(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	dir, chosen := album(t, 12)
	put(t, s.Dir, "album/photo 03.jpg", []byte("old"))
	put(t, s.Dir, "album/more/raw.dng", []byte("old"))
	p := start(t, s, t.TempDir())
	p.center.Start()
	job := selection(dir, s, chosen)
	job.Top = Replace
	id, err := Add(t.Context(), p.center, job, -1)
	require.NoError(t, err)
	j := p.wait(t, id, func(j activity.Job) bool { return ended(j) || j.Question != nil })
	require.NotNil(t, j.Question, "the answer was about the names that were chosen: %v", j.Fault)
	require.Equal(t, "raw.dng", j.Question.Data["name"])
	p.center.Answer(id, "skip", false)
	j = p.wait(t, id, ended)
	require.Equal(t, activity.Done, j.State, "%v", j.Fault)
	require.Equal(t, 13, j.ItemsDone)
	for _, name := range chosen[:12] {
		want, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		is(t, filepath.Join(s.Dir, "album", name), want)
	}
	is(t, filepath.Join(s.Dir, "album/more/raw.dng"), []byte("old"))
	require.NoFileExists(t, filepath.Join(s.Dir, "album/private.txt"))
	var r outcome
	require.NoError(t, json.Unmarshal(j.Result, &r))
	require.Equal(t, 12, r.Files)
	require.Equal(t, 1, r.Passed)
}

// TestMovedSelectionLeavesTheRest: the folder that was chosen from stays.
func TestMovedSelectionLeavesTheRest(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	dir, chosen := album(t, 3)
	require.NoError(t, os.Remove(filepath.Join(dir, "private.txt")))
	p := start(t, s, t.TempDir())
	p.center.Start()
	job := selection(dir, s, chosen)
	job.Move = true
	id, err := Add(t.Context(), p.center, job, -1)
	require.NoError(t, err)
	j := p.wait(t, id, ended)
	require.Equal(t, activity.Done, j.State, "%v", j.Fault)
	require.DirExists(t, dir)
	require.Empty(t, names(t, dir))
	require.Len(t, names(t, filepath.Join(s.Dir, "album")), 5)
}

func TestSelectionGoesOnAfterARestart(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	dir, chosen := album(t, 30)
	state := t.TempDir()
	p := start(t, s, state)
	stores := 0
	stopped := make(chan struct{})
	s.Mu.Lock()
	s.Hook = func(_ *vfstest.FTPConn, verb, _ string) bool {
		if verb != "STOR" {
			return false
		}
		s.Mu.Lock()
		defer s.Mu.Unlock()
		stores++
		if stores == 10 {
			close(stopped)
		}
		return stores >= 10 && stores < 14 // mute until the restart
	}
	s.Mu.Unlock()
	p.center.Start()
	id, err := Add(t.Context(), p.center, selection(dir, s, chosen), -1)
	require.NoError(t, err)
	<-stopped
	p.stop()
	s.Mu.Lock()
	stores = 100
	s.Mu.Unlock()

	p = start(t, s, state)
	p.center.Start()
	p.center.Resume(id)
	j := p.wait(t, id, func(j activity.Job) bool { return ended(j) || j.Question != nil })
	require.Equal(t, activity.Done, j.State, "%+v %v", j.Question, j.Fault)
	require.Equal(t, 31, j.ItemsDone)
	require.Len(t, names(t, filepath.Join(s.Dir, "album")), 32)
	s.Mu.Lock()
	require.Less(t, stores-100, 31, "what was there is not sent again")
	s.Mu.Unlock()
}

// TestWhatFailedIsKeptAndTriedAgain: by name, with its reason; the next try is
// about these alone.
func TestWhatFailedIsKeptAndTriedAgain(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	dir, chosen := album(t, 10)
	put(t, dir, "more/secret/x", []byte("x"))
	chosen = append(chosen, "gone.jpg")
	closed := true
	mu := &s.Mu
	mu.Lock()
	s.Hook = func(c *vfstest.FTPConn, verb, arg string) bool {
		mu.Lock()
		defer mu.Unlock()
		if closed && (verb == "STOR" && strings.Contains(arg, "photo 04") || verb == "MKD" && strings.Contains(arg, "secret")) {
			c.Reply("553 Permission denied")
			return true
		}
		return false
	}
	mu.Unlock()
	p := start(t, s, t.TempDir())
	p.center.Start()
	id, err := Add(t.Context(), p.center, selection(dir, s, chosen), -1)
	require.NoError(t, err)
	j := p.wait(t, id, ended)
	require.Equal(t, activity.Failed, j.State)
	var r outcome
	require.NoError(t, json.Unmarshal(j.Result, &r))
	require.Equal(t, 10, r.Files)
	require.Equal(t, 3, r.Failed)
	list, err := p.runner.Failures(t.Context(), id)
	require.NoError(t, err)
	require.Len(t, list, 3)
	require.Equal(t, files.Path{"gone.jpg"}, list[0].Path)
	require.Equal(t, fault.NotFound, list[0].Fault.Kind)
	require.Equal(t, files.Path{"more", "secret"}, list[1].Path)
	require.True(t, list[1].Folder)
	require.Equal(t, files.Path{"photo 04.jpg"}, list[2].Path)
	require.Equal(t, fault.Permission, list[2].Fault.Kind, "%v", list[2].Fault)

	mu.Lock()
	closed = false
	mu.Unlock()
	put(t, dir, "gone.jpg", []byte("back"))
	put(t, dir, "more/new", []byte("later")) // not what failed
	before, lists := s.Count("STOR"), s.Count("MLSD")+s.Count("LIST")
	p.center.Retry(id)
	j = p.wait(t, id, func(j activity.Job) bool { return j.State == activity.Done || j.Question != nil })
	require.Equal(t, activity.Done, j.State, "%+v", j.Question)
	require.Equal(t, 3, s.Count("STOR")-before)
	require.LessOrEqual(t, s.Count("MLSD")+s.Count("LIST")-lists, 1)
	is(t, filepath.Join(s.Dir, "album/gone.jpg"), []byte("back"))
	is(t, filepath.Join(s.Dir, "album/more/secret/x"), []byte("x"))
	require.NoFileExists(t, filepath.Join(s.Dir, "album/more/new"))
	require.NoError(t, json.Unmarshal(j.Result, &r))
	require.Equal(t, 13, r.Files)
	require.Equal(t, 13, j.ItemsDone)
	list, err = p.runner.Failures(t.Context(), id)
	require.NoError(t, err)
	require.Empty(t, list)
}

// TestReplacedFileIsKept: what is replaced goes to the trash first; where that
// fails it stays.
func TestReplacedFileIsKept(t *testing.T) {
	for name, refuse := range map[string]bool{"kept": false, "refused": true} {
		t.Run(name, func(t *testing.T) {
			s := vfstest.StartFTP(t, nil)
			dir := t.TempDir()
			put(t, dir, "f", []byte("new"))
			put(t, s.Dir, "f", []byte("old"))
			p := start(t, s, t.TempDir())
			p.runner.p.Keep = func(ctx context.Context, f files.FS, path files.Path) error {
				if refuse {
					return fault.Newf(fault.Unsupported, "trash", "", "none")
				}
				return f.Rename(ctx, path, files.Path{"trash"}, false)
			}
			p.center.Start()
			for _, trash := range []bool{true, false} {
				site := server(s)
				site.Trash = trash
				id, err := Add(t.Context(), p.center, Job{From: here(dir, "f"), To: NewPlace(site, "", files.Path{"f"}), Exists: Replace}, 3)
				require.NoError(t, err)
				j := p.wait(t, id, ended)
				if trash && refuse {
					require.Equal(t, activity.Failed, j.State)
					is(t, filepath.Join(s.Dir, "f"), []byte("old"))
					continue
				}
				require.Equal(t, activity.Done, j.State, "%v", j.Fault)
				is(t, filepath.Join(s.Dir, "f"), []byte("new"))
				if trash {
					is(t, filepath.Join(s.Dir, "trash"), []byte("old"))
				}
			}
		})
	}
}
