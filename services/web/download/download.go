// Package download keeps files from the web: safe names, unfinished files that
// go on after a cut, a pause, a crash or a restart, and checksums.
package download

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/web/fetch"
)

// Kind is the kind of the jobs in package activity.
const Kind = "download"

// Spec is what a job is to do.
type Spec struct {
	URL      string `json:"url"`
	Referrer string `json:"referrer,omitempty"`
	Name     string `json:"name,omitempty"` // suggested by the page
	Dir      string `json:"dir"`
	// Token names the answer that is open already, as long as the program runs.
	Token string `json:"token,omitempty"`
	// Once is set where the request must not be made again: the answer to a form.
	Once bool `json:"once,omitempty"`
}

// Runner carries out downloads. It implements activity.Runner.
type Runner struct {
	loader *fetch.Loader
	mu     sync.Mutex
	open   map[string]*fetch.Response
	count  int
}

// NewRunner makes a Runner that loads by l.
func NewRunner(l *fetch.Loader) *Runner {
	return &Runner{loader: l, open: map[string]*fetch.Response{}}
}

// Hold keeps an answer that is open already for the job whose Spec gets the token.
func (r *Runner) Hold(resp *fetch.Response) (token string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count++
	token = fmt.Sprintf("%d-%d", os.Getpid(), r.count)
	r.open[token] = resp
	return token
}

// Release gives a held answer back, nil if there is none.
func (r *Runner) Release(token string) *fetch.Response {
	r.mu.Lock()
	defer r.mu.Unlock()
	resp := r.open[token]
	delete(r.open, token)
	return resp
}

// Run carries out a job.
func (r *Runner) Run(ctx context.Context, h activity.Handle) error {
	var spec Spec
	if err := h.Spec(&spec); err != nil {
		return err
	}
	u, err := fetch.ParseURL(nil, spec.URL)
	if err != nil {
		return err
	}
	j := &job{
		loader: r.loader, request: fetch.Request{URL: u}, dir: spec.Dir, suggest: spec.Name, once: spec.Once,
		live: r.Release(spec.Token), save: func(s State) error { return h.Save(s) }, progress: h.Progress,
		named: h.SetTitle, pause: sleep, state: State{Size: -1},
	}
	if spec.Referrer != "" {
		if j.request.Referrer, err = fetch.ParseURL(nil, spec.Referrer); err != nil {
			return err
		}
	}
	if _, err := h.Checkpoint(&j.state); err != nil {
		return err
	}
	if j.live != nil {
		// A held answer does not know of this job's end by itself.
		stop := context.AfterFunc(ctx, func() { j.abandon() })
		defer stop()
	}
	if err := os.MkdirAll(spec.Dir, 0o755); err != nil {
		return fault.From("write file", "", err)
	}
	result, err := j.run(ctx)
	if err != nil {
		return err
	}
	return h.Result(result)
}

// Discard removes what a cancelled job left.
func (r *Runner) Discard(_ context.Context, j activity.Job) error {
	var spec Spec
	if err := json.Unmarshal(j.Spec, &spec); err != nil {
		return fault.New(fault.Damaged, "read job", "", err)
	}
	if resp := r.Release(spec.Token); resp != nil {
		if err := resp.Body.Close(); err != nil {
			return fault.From("download", "", err)
		}
	}
	if len(j.Checkpoint) == 0 || j.State == activity.Done {
		return nil
	}
	var s State
	if err := json.Unmarshal(j.Checkpoint, &s); err != nil {
		return fault.New(fault.Damaged, "read job", "", err)
	}
	return discard(s)
}

// Options say how Get works.
type Options struct {
	// Resume goes on with what an earlier Get of the same address left.
	Resume bool
	// Progress, if not nil, is told of every block; size is -1 while unknown.
	Progress func(done, size int64)
	// Request, if not nil, completes the request: a referrer, for one.
	Request func(*fetch.Request)

	pause func(context.Context, time.Duration) error // for tests; nil: really
}

// notes are what Get leaves beside an unfinished file.
type notes struct {
	URL   string `json:"url"`
	State State  `json:"state"`
}

// Get loads an address into dest, a file (replaced when the new one is whole)
// or a folder that exists, and returns when it is there or a fault stands in
// the way. What came stays beside dest as ".part" with its notes, for Resume.
func Get(ctx context.Context, l *fetch.Loader, address, dest string, o Options) (Result, error) {
	u, err := fetch.ParseURL(nil, address)
	if err != nil {
		return Result{}, err
	}
	j := &job{loader: l, request: fetch.Request{URL: u}, progress: o.Progress, pause: sleep, state: State{Size: -1}}
	if o.pause != nil {
		j.pause = o.pause
	}
	if o.Request != nil {
		o.Request(&j.request)
	}
	if info, err := os.Stat(dest); err == nil && info.IsDir() {
		j.dir = dest
	} else {
		j.dir, j.exact = filepath.Dir(dest), dest
	}
	if o.Resume {
		if s, ok := leftover(j, u.String()); ok {
			j.state = s
		}
	}
	var noted string
	j.save = func(s State) error {
		data, err := json.Marshal(notes{URL: u.String(), State: s})
		if err != nil {
			return fault.New(fault.Internal, "download", "", err)
		}
		if s.Part == "" {
			return nil
		}
		noted = s.Part + ".json"
		if err := os.WriteFile(noted+"~", data, 0o600); err != nil {
			return fault.From("write file", "", err)
		}
		return fault.OrNil("write file", os.Rename(noted+"~", noted))
	}
	result, err := j.run(ctx)
	if err == nil && noted != "" {
		if rerr := os.Remove(noted); rerr != nil && !errors.Is(rerr, os.ErrNotExist) {
			return result, fault.From("remove file", "", rerr)
		}
	}
	if err != nil && noted != "" && j.state.Done == 0 { // nothing worth keeping
		if rerr := errors.Join(discard(j.state), os.Remove(noted)); rerr != nil && !errors.Is(rerr, os.ErrNotExist) {
			return result, errors.Join(err, rerr)
		}
	}
	return result, err
}

// leftover finds the notes of an earlier Get of the same address.
func leftover(j *job, address string) (State, bool) {
	pattern := filepath.Join(escapeGlob(j.dir), "*.part.json")
	if j.exact != "" {
		pattern = escapeGlob(j.exact) + ".part.json"
	}
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return State{}, false
	}
	for _, path := range paths {
		data, err := readSmall(path)
		var n notes
		if err != nil || json.Unmarshal(data, &n) != nil || n.URL != address {
			continue
		}
		// The notes are only believed about the file that they lie beside.
		if n.State.Part != strings.TrimSuffix(path, ".json") || filepath.Base(n.State.Name) != n.State.Name || n.State.Done < 0 {
			continue
		}
		if f := n.State.Final; f != "" && filepath.Dir(f) != filepath.Dir(n.State.Part) {
			continue
		}
		return n.State, true
	}
	return State{}, false
}

func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 64<<10))
}

func escapeGlob(s string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}
