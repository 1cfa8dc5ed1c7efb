package download

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/task"
	"guichet/services/web/fetch"
)

// site serves one file and cuts the connection as told.
type site struct {
	*httptest.Server
	mu       sync.Mutex
	data     []byte
	etag     string
	modified time.Time
	header   http.Header
	cuts     []int64 // bytes after which each response ends, the first one first
	noRange  bool
	ranges   []string
	hold     chan struct{} // not nil: responses wait after their cut until it is closed
}

func newSite(t *testing.T, size int) *site {
	s := &site{data: make([]byte, size), etag: `"v1"`, header: http.Header{}}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range s.data {
		s.data[i] = byte(r.Uint32())
	}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

type cutter struct {
	http.ResponseWriter
	left int64
	hold chan struct{}
	done <-chan struct{}
}

func (c *cutter) Write(p []byte) (int, error) {
	if int64(len(p)) < c.left {
		c.left -= int64(len(p))
		return c.ResponseWriter.Write(p)
	}
	c.ResponseWriter.Write(p[:c.left])
	c.ResponseWriter.(http.Flusher).Flush()
	if c.hold != nil {
		select {
		case <-c.hold:
		case <-c.done:
		}
	}
	panic(http.ErrAbortHandler)
}

func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.ranges = append(s.ranges, r.Header.Get("Range"))
	data, etag, noRange := s.data, s.etag, s.noRange
	cut := int64(-1)
	if len(s.cuts) > 0 {
		cut, s.cuts = s.cuts[0], s.cuts[1:]
	}
	for k, v := range s.header {
		w.Header()[k] = v
	}
	s.mu.Unlock()
	if r.URL.Path == "/gone" {
		http.NotFound(w, r)
		return
	}
	if etag != "" {
		w.Header().Set("Etag", etag)
	}
	if noRange {
		r.Header.Del("Range")
	}
	if cut >= 0 {
		w = &cutter{w, cut, s.hold, r.Context().Done()}
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", s.modified, bytes.NewReader(data))
}

func (s *site) sum() string {
	h := sha256.Sum256(s.data)
	return hex.EncodeToString(h[:])
}

func loader() *fetch.Loader { return fetch.New(fetch.Params{Transport: http.DefaultTransport}) }

func noPause(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func TestGetThroughCuts(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(*site)
		resumed bool
		ranges  int // requests that asked for a range
	}{
		{"whole", func(*site) {}, false, 0},
		{"cut by ETag", func(s *site) { s.cuts = []int64{100_000, 1, 400_000, 70_000} }, true, 4},
		{"cut by date", func(s *site) { s.etag, s.modified = "", time.Now().Add(-time.Hour); s.cuts = []int64{300_000, 300_000} }, true, 2},
		{"no validator starts over", func(s *site) { s.etag = ""; s.cuts = []int64{300_000} }, false, 0},
		{"weak validator starts over", func(s *site) { s.etag = `W/"v1"`; s.cuts = []int64{300_000} }, false, 0},
		{"server without ranges starts over", func(s *site) { s.noRange = true; s.cuts = []int64{300_000} }, false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, 1_000_000)
			c.prepare(s)
			dest := filepath.Join(t.TempDir(), "out.bin")
			var last int64
			result, err := Get(t.Context(), loader(), s.URL+"/x", dest, Options{pause: noPause, Progress: func(done, size int64) {
				last = done
				require.Equal(t, int64(len(s.data)), size)
			}})
			require.NoError(t, err)
			require.Equal(t, int64(len(s.data)), last)
			got, err := os.ReadFile(dest)
			require.NoError(t, err)
			require.True(t, bytes.Equal(s.data, got))
			require.Equal(t, Result{
				Path: dest, Bytes: int64(len(s.data)), SHA256: s.sum(), Resumed: c.resumed, Verified: "size", MediaType: "application/octet-stream",
			}, stripRunnable(result))
			asked := 0
			for _, r := range s.ranges {
				if r != "" {
					asked++
				}
			}
			require.Equal(t, c.ranges, asked)
			left, err := filepath.Glob(filepath.Join(filepath.Dir(dest), "*.part*"))
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}

// A line that cuts after a handful of bytes each time is given up: the file would
// never be whole in a person's time.
func TestGetGivesUpOnCrumbs(t *testing.T) {
	s := newSite(t, 1_000_000)
	for range 100 {
		s.cuts = append(s.cuts, 50)
	}
	_, err := Get(t.Context(), loader(), s.URL+"/x", filepath.Join(t.TempDir(), "out.bin"), Options{pause: noPause})
	require.True(t, fault.KindOf(err).Transient(), "%v", err)
	require.LessOrEqual(t, len(s.ranges), fruitless)
}

func stripRunnable(r Result) Result { r.Runnable = false; return r }

// TestGetGoesOnAfterGivingUp ends the first call half way, as a kill would.
func TestGetGoesOnAfterGivingUp(t *testing.T) {
	for _, c := range []struct {
		name    string
		between func(*site)
		resumed bool
	}{
		{"same file", func(*site) {}, true},
		{"changed file", func(s *site) { s.etag = `"v2"`; s.data = bytes.Repeat([]byte("new"), 100_000) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, 600_000)
			s.cuts, s.hold = []int64{200_000}, make(chan struct{})
			dir := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			_, err := Get(ctx, loader(), s.URL+"/file.bin", dir, Options{pause: noPause, Progress: func(done, _ int64) {
				if done >= 200_000 {
					cancel()
				}
			}})
			require.Equal(t, fault.Cancelled, fault.KindOf(err))
			require.FileExists(t, filepath.Join(dir, "file.bin.part"))
			require.NoFileExists(t, filepath.Join(dir, "file.bin"))
			c.between(s)

			result, err := Get(t.Context(), loader(), s.URL+"/file.bin", dir, Options{Resume: true, pause: noPause})
			require.NoError(t, err)
			require.Equal(t, c.resumed, result.Resumed)
			require.Equal(t, s.sum(), result.SHA256)
			got, err := os.ReadFile(filepath.Join(dir, "file.bin"))
			require.NoError(t, err)
			require.True(t, bytes.Equal(s.data, got))
			if c.resumed {
				require.Equal(t, "bytes=200000-", s.ranges[1])
			}
		})
	}
}

func TestGetFaults(t *testing.T) {
	s := newSite(t, 1000)
	dir := t.TempDir()
	_, err := Get(t.Context(), loader(), s.URL+"/gone", filepath.Join(dir, "x"), Options{pause: noPause})
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	s.cuts = []int64{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	_, err = Get(t.Context(), loader(), s.URL+"/x", filepath.Join(dir, "x"), Options{pause: noPause})
	require.Equal(t, fault.Protocol, fault.KindOf(err), "a server that only cuts is given up")
	_, err = Get(t.Context(), loader(), s.URL+"/x", filepath.Join(dir, "no", "such", "folder", "x"), Options{pause: noPause})
	require.Error(t, err)
	_, err = Get(t.Context(), loader(), "ftp://a.example/x", filepath.Join(dir, "x"), Options{pause: noPause})
	require.Equal(t, fault.Unsupported, fault.KindOf(err))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestStatedChecksum(t *testing.T) {
	s := newSite(t, 10_000)
	right := sha256.Sum256(s.data)
	for _, c := range []struct {
		name, header, value, verified string
		kind                          fault.Kind
	}{
		{"right", "Repr-Digest", "sha-512=:AA==:, sha-256=:" + base64.StdEncoding.EncodeToString(right[:]) + ":", "checksum", ""},
		{"right, old header", "Digest", "SHA-256=" + base64.StdEncoding.EncodeToString(right[:]), "checksum", ""},
		{"wrong", "Repr-Digest", "sha-256=:" + base64.StdEncoding.EncodeToString(make([]byte, 32)) + ":", "", fault.Damaged},
		{"nonsense", "Repr-Digest", "sha-256=:!!:", "size", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.header = http.Header{c.header: {c.value}}
			dest := filepath.Join(t.TempDir(), "x")
			result, err := Get(t.Context(), loader(), s.URL+"/x", dest, Options{pause: noPause})
			require.Equal(t, c.kind, fault.KindOf(err))
			require.Equal(t, c.verified, result.Verified)
			if c.kind != "" {
				require.NoFileExists(t, dest)
			}
		})
	}
}

// handle is a job's Handle over a map that outlives the runner, as the
// database does.
type handle struct {
	mu         sync.Mutex
	job        activity.Job
	spec       Spec
	checkpoint *State
	result     *Result
	onProgress func(done int64)
	kill       bool // nothing is saved any more
}

func (h *handle) Job() activity.Job { return h.job }
func (h *handle) Spec(v any) error  { *v.(*Spec) = h.spec; return nil }
func (h *handle) Checkpoint(v any) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.checkpoint == nil {
		return false, nil
	}
	*v.(*State) = *h.checkpoint
	return true, nil
}

func (h *handle) Save(v any) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.kill {
		return fmt.Errorf("killed")
	}
	s := v.(State)
	h.checkpoint = &s
	return nil
}

func (h *handle) Progress(done, _ int64) {
	if h.onProgress != nil {
		h.onProgress(done)
	}
}
func (h *handle) Items(int, int) {}
func (h *handle) Ask(context.Context, activity.Question) (string, bool, error) {
	return "", false, fmt.Errorf("not asked")
}
func (h *handle) Result(v any) error { r := v.(Result); h.result = &r; return nil }
func (h *handle) SetTitle(s string)  { h.job.Title = s }

func TestRunnerPauseAndRestart(t *testing.T) {
	s := newSite(t, 500_000)
	s.header.Set("Content-Disposition", `attachment; filename="Rapport été.bin"`)
	s.cuts, s.hold = []int64{150_000, 150_000}, make(chan struct{})
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Rapport été.bin"), []byte("mine"), 0o600))
	h := &handle{spec: Spec{URL: s.URL + "/x", Dir: dir}}

	pause := func(at int64) {
		ctx, cancel := context.WithCancel(t.Context())
		h.onProgress = func(done int64) {
			if done >= at {
				cancel()
			}
		}
		require.Equal(t, fault.Cancelled, fault.KindOf(NewRunner(loader()).Run(ctx, h)))
	}
	pause(150_000)
	require.Equal(t, int64(150_000), h.checkpoint.Done)
	// What was written after the checkpoint is not trusted.
	part := filepath.Join(dir, "Rapport été (2).bin.part")
	f, err := os.OpenFile(part, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString("torn")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	pause(300_000)

	h.onProgress = nil
	require.NoError(t, NewRunner(loader()).Run(t.Context(), h))
	require.Equal(t, filepath.Join(dir, "Rapport été (2).bin"), h.result.Path)
	require.Equal(t, s.sum(), h.result.SHA256)
	require.True(t, h.result.Resumed)
	require.Equal(t, "Rapport été.bin", h.job.Title)
	got, err := os.ReadFile(h.result.Path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(s.data, got))
	mine, err := os.ReadFile(filepath.Join(dir, "Rapport été.bin"))
	require.NoError(t, err)
	require.Equal(t, "mine", string(mine), "nobody's file is replaced")
	require.Equal(t, []string{"", "bytes=150000-", "bytes=300000-"}, s.ranges)

	// A kill between the last checkpoint and the end of the job: run again.
	again := *h.checkpoint
	h2 := &handle{spec: h.spec, checkpoint: &again}
	require.NoError(t, NewRunner(loader()).Run(t.Context(), h2))
	require.Equal(t, h.result.SHA256, h2.result.SHA256)
	require.Equal(t, h.result.Path, h2.result.Path)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2)
}

func TestRunnerHeldAnswer(t *testing.T) {
	s := newSite(t, 300_000)
	l := loader()
	u, err := fetch.ParseURL(nil, s.URL+"/x.bin")
	require.NoError(t, err)
	resp, err := l.Open(t.Context(), fetch.Request{URL: u, Kind: fetch.File})
	require.NoError(t, err)
	r := NewRunner(l)
	h := &handle{spec: Spec{URL: u.String(), Dir: t.TempDir(), Token: r.Hold(resp), Once: true}}
	require.NoError(t, r.Run(t.Context(), h))
	require.Equal(t, s.sum(), h.result.SHA256)
	require.Len(t, s.ranges, 1, "not asked twice")

	h = &handle{spec: Spec{URL: u.String(), Dir: t.TempDir(), Token: "from before the restart", Once: true}}
	require.Equal(t, fault.Unsupported, fault.KindOf(r.Run(t.Context(), h)))
}

func TestDiscard(t *testing.T) {
	s := newSite(t, 500_000)
	s.cuts, s.hold = []int64{100_000}, make(chan struct{})
	dir := t.TempDir()
	h := &handle{spec: Spec{URL: s.URL + "/x.bin", Dir: dir}}
	ctx, cancel := context.WithCancel(t.Context())
	h.onProgress = func(int64) { cancel() }
	r := NewRunner(loader())
	require.Error(t, r.Run(ctx, h))
	require.FileExists(t, h.checkpoint.Part)
	require.NoError(t, discard(*h.checkpoint))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
	require.NoError(t, discard(*h.checkpoint), "twice is once")
	other := filepath.Join(dir, "precious.txt")
	require.NoError(t, os.WriteFile(other, nil, 0o600))
	require.NoError(t, discard(State{Part: other}))
	require.FileExists(t, other)
}

// TestInCenter runs a download in the real list of jobs, through a restart.
func TestInCenter(t *testing.T) {
	s := newSite(t, 400_000)
	s.cuts, s.hold = []int64{100_000}, make(chan struct{})
	dir := t.TempDir()
	down := filepath.Join(dir, "Downloads")
	open := func() (*activity.Center, func()) {
		db, err := activity.Open(filepath.Join(dir, "activity.db"))
		require.NoError(t, err)
		g := task.NewGroup(context.Background())
		c, err := activity.New(activity.Params{DB: db, Tasks: g})
		require.NoError(t, err)
		c.Register(Kind, NewRunner(loader()))
		c.Start()
		return c, func() {
			require.True(t, g.Close(5*time.Second))
			require.NoError(t, db.Close())
		}
	}
	c, end := open()
	id, err := c.Add(t.Context(), activity.Spec{Kind: Kind, Title: "x", Size: -1, Data: Spec{URL: s.URL + "/x.bin", Dir: down}})
	require.NoError(t, err)
	require.Eventually(t, func() bool { j, _ := c.Get(id); return j.Done >= 100_000 }, 5*time.Second, 5*time.Millisecond)
	end()
	c, end = open()
	defer end()
	require.Eventually(t, func() bool { j, _ := c.Get(id); return j.State == activity.Done }, 5*time.Second, 5*time.Millisecond)
	got, err := os.ReadFile(filepath.Join(down, "x.bin"))
	require.NoError(t, err)
	require.True(t, bytes.Equal(s.data, got))
	require.Equal(t, []string{"", "bytes=100000-"}, s.ranges)
}

func TestContentRange(t *testing.T) {
	for in, want := range map[string]string{
		"bytes 5-9/10": "5 10 true", "bytes 5-9/*": "5 -1 true", "bytes */10": "-1 10 true", "Bytes 0-0/1": "0 1 true",
		"bytes 9-5/10": "0 0 false", "bytes 5-10/10": "0 0 false", "items 1-2/3": "0 0 false", "": "0 0 false", "bytes */*": "-1 -1 false", "bytes a-b/c": "0 0 false",
	} {
		from, size, ok := contentRange(in)
		require.Equal(t, want, fmt.Sprint(from, size, ok), in)
	}
	require.True(t, strings.HasPrefix(fmt.Sprint(sleep(context.Background(), 0)), "<nil>"))
}
