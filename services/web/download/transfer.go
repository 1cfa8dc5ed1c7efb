package download

import (
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"guichet/services/fault"
	"guichet/services/web/fetch"
)

// State is how far a download got: what is needed to go on after any kind of end.
type State struct {
	Part  string `json:"part"` // path of the unfinished file
	Name  string `json:"name"` // of the finished one
	Done  int64  `json:"done"` // bytes that are surely on the disk
	Size  int64  `json:"size"` // in all; -1 unknown
	Sum   []byte `json:"sum"`  // state of the SHA-256 over Done bytes
	Final string `json:"final,omitempty"`
	// ETag and Modified are the validators that a range is asked with (RFC 9110,
	// section 13.1.5); empty if the server gave none that are strong.
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"modified,omitempty"`
	Digest   string `json:"digest,omitempty"` // SHA-256 that the server stated, hexadecimal
	Head     []byte `json:"head,omitempty"`   // first bytes
	Media    string `json:"media,omitempty"`
}

// Result is what came of a download.
type Result struct {
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
	Resumed bool   `json:"resumed"`
	// Verified is checksum where the server stated one and it is right, size
	// where it stated the length, else none.
	Verified  string `json:"verified"`
	MediaType string `json:"media_type"`
	// Runnable files are never opened directly.
	Runnable bool `json:"runnable"`
}

// job is one download at work.
type job struct {
	loader   *fetch.Loader
	request  fetch.Request
	live     *fetch.Response // an answer that is open already, nil for none
	suggest  string
	dir      string
	exact    string // path wanted by the command line; "" for a name in dir
	state    State
	save     func(State) error
	progress func(done, size int64)
	named    func(string)
	resumed  bool
	sum      hash.Hash
	file     *os.File
	pause    func(ctx context.Context, d time.Duration) error
	once     bool // the request must not be made again
	saved    time.Time

	mu   sync.Mutex
	held *fetch.Response // live while it is read
}

// Tries in a row that bring next to nothing before a download gives up, what
// counts as something, how long it waits for a mute server, and when it writes
// down how far it got.
const (
	fruitless  = 5
	fruitful   = 16 << 10
	slowLine   = 5 * time.Second
	patience   = 45 * time.Second
	saveBytes  = 8 << 20
	saveEvery  = 2 * time.Second
	headLength = 64
)

// run works until the file is whole. A cut connection is taken up again at once
// as long as each try brings something worth while.
func (j *job) run(ctx context.Context) (Result, error) {
	if j.state.Final != "" { // only the last step may be missing
		return j.finish()
	}
	defer func() {
		if j.file != nil {
			j.file.Close()
		}
	}()
	for tries, mute := 0, time.Duration(0); ; {
		before, began := j.state.Done, time.Now()
		err := j.attempt(ctx)
		if err == nil {
			return j.finish()
		}
		if serr := j.checkpoint(); serr != nil && ctx.Err() == nil {
			return Result{}, errors.Join(serr, err)
		}
		if ctx.Err() != nil {
			return Result{}, fault.From("download", j.request.URL.Host, ctx.Err())
		}
		kind, gained := fault.KindOf(err), j.state.Done-before
		switch {
		case gained >= fruitful, gained > 0 && time.Since(began) > slowLine:
			tries, mute = 0, 0
		case kind == fault.Timeout:
			mute += time.Since(began)
		}
		tries++
		if mute > patience || tries >= fruitless || !kind.Transient() || kind == fault.Busy || kind == fault.NameNotFound || kind == fault.Offline {
			return Result{}, err
		}
		if tries == 1 {
			continue // a cut connection: go on at once
		}
		if perr := j.pause(ctx, 250*time.Millisecond<<(tries-1)); perr != nil {
			return Result{}, fault.From("download", j.request.URL.Host, perr)
		}
	}
}

// abandon closes the answer that was open when the job began.
func (j *job) abandon() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.held != nil {
		if err := j.held.Body.Close(); err != nil {
			slog.Debug("closing a download", "err", err)
		}
		j.held = nil
	}
}

// attempt makes one request and writes what it brings.
func (j *job) attempt(ctx context.Context) error {
	resp := j.live
	j.live = nil
	if resp == nil {
		if j.once {
			return fault.Newf(fault.Unsupported, "download", j.request.URL.Host, "the answer to a form cannot be asked for again")
		}
		r := j.request
		r.Kind = fetch.File
		r.Header = http.Header{}
		if j.ranged() {
			r.Header.Set("Range", fmt.Sprintf("bytes=%d-", j.state.Done))
			if j.state.ETag != "" {
				r.Header.Set("If-Range", j.state.ETag)
			} else {
				r.Header.Set("If-Range", j.state.Modified)
			}
		}
		var err error
		if resp, err = j.loader.Open(ctx, r); err != nil {
			return err
		}
	}
	j.mu.Lock()
	j.held = resp
	j.mu.Unlock()
	defer j.abandon()
	if err := j.begin(resp); err != nil {
		return err
	}
	return j.write(ctx, resp)
}

func (j *job) ranged() bool {
	return j.state.Done > 0 && (j.state.ETag != "" || j.state.Modified != "")
}

// begin looks at an answer's header and opens the file at the right place.
func (j *job) begin(resp *fetch.Response) error {
	host := resp.URL.Host
	switch {
	case resp.Status == http.StatusPartialContent && j.ranged():
		from, size, ok := contentRange(resp.Header.Get("Content-Range"))
		if !ok || from != j.state.Done || resp.Encoded || j.state.Size >= 0 && size >= 0 && size != j.state.Size {
			j.startOver()
			return fault.Newf(fault.Protocol, "download", host, "range %q answers bytes from %d of %d", resp.Header.Get("Content-Range"), j.state.Done, j.state.Size)
		}
		j.state.Size = size
		j.resumed = true
		return j.open(host)
	case resp.Status == http.StatusRequestedRangeNotSatisfiable && j.ranged():
		// The file has changed, or all of it is here already and only the end is missing.
		if _, size, ok := contentRange(resp.Header.Get("Content-Range")); ok && size == j.state.Done && j.state.Size == size {
			return j.open(host)
		}
		j.startOver()
		return fault.Newf(fault.Protocol, "download", host, "range from %d refused", j.state.Done)
	}
	if f := fetch.StatusFault(resp.Status, resp.Header, host); f != nil {
		return f
	}
	if resp.Status != http.StatusOK && resp.Status != http.StatusNonAuthoritativeInfo {
		return fault.Newf(fault.Protocol, "download", host, "HTTP status %d", resp.Status)
	}
	j.startOver()
	j.state.Size, j.state.Media = resp.Length, resp.MediaType
	j.state.ETag, j.state.Modified, j.state.Digest = "", "", ""
	if !resp.Encoded {
		j.state.ETag, j.state.Modified = validators(resp.Header)
		j.state.Digest = statedDigest(resp.Header)
	}
	if j.state.Name == "" {
		j.state.Name = Name(resp.Header.Get("Content-Disposition"), j.suggest, resp.URL, resp.MediaType)
		if j.exact != "" {
			j.state.Name = filepath.Base(j.exact)
		}
		if j.named != nil {
			j.named(j.state.Name)
		}
	}
	return j.open(host)
}

// startOver forgets what came so far.
func (j *job) startOver() {
	j.state.Done, j.state.Sum, j.state.Head, j.sum, j.resumed = 0, nil, nil, nil, false
}

// open makes or takes up the unfinished file, cut to what is surely in it.
func (j *job) open(host string) error {
	fail := func(err error) error { return fault.From("write file", "", err) }
	if j.file == nil {
		var err error
		if j.state.Part != "" {
			j.file, err = os.OpenFile(j.state.Part, os.O_RDWR, 0o600)
			if errors.Is(err, os.ErrNotExist) { // somebody removed it
				lost := j.state.Done > 0
				j.state.Part = ""
				j.startOver()
				if lost {
					return fault.Newf(fault.Protocol, "download", host, "the unfinished file is gone")
				}
			} else if err != nil {
				return fail(err)
			}
		}
		if j.state.Part == "" {
			if j.file, err = j.create(); err != nil {
				return err
			}
			j.state.Part = j.file.Name()
			if err := j.save(j.state); err != nil {
				return err
			}
		}
	}
	info, err := j.file.Stat()
	if err != nil {
		return fail(err)
	}
	if info.Size() < j.state.Done {
		j.startOver()
		return fault.Newf(fault.Protocol, "download", host, "the unfinished file has shrunk")
	}
	if err := j.file.Truncate(j.state.Done); err != nil {
		return fail(err)
	}
	if _, err := j.file.Seek(j.state.Done, io.SeekStart); err != nil {
		return fail(err)
	}
	j.sum = sha256.New()
	if j.state.Done > 0 {
		if err := j.sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(j.state.Sum); err != nil {
			return fault.New(fault.Damaged, "download", "", err)
		}
	}
	return nil
}

// create makes a new ".part" file whose name nothing has.
func (j *job) create() (*os.File, error) {
	for n := 1; n < 10_000; n++ {
		name := numbered(j.state.Name, n)
		path := filepath.Join(j.dir, name) + ".part"
		if j.exact != "" {
			path = numbered(j.exact, n) + ".part"
		} else if _, err := os.Lstat(filepath.Join(j.dir, name)); err == nil {
			continue
		}
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, os.ErrExist) {
			return nil, fault.From("write file", "", err)
		}
	}
	return nil, fault.Newf(fault.Exists, "write file", "", "no free name for %q", j.state.Name)
}

// write copies the body into the file.
func (j *job) write(ctx context.Context, resp *fetch.Response) error {
	if resp.Status == http.StatusRequestedRangeNotSatisfiable {
		return nil // all is here
	}
	buf := make([]byte, 128<<10)
	unsaved := int64(0)
	j.saved = time.Now()
	for {
		n, err := resp.Body.Read(buf)
		if n > 0 {
			if _, werr := j.file.Write(buf[:n]); werr != nil {
				return fault.From("write file", "", werr)
			}
			j.sum.Write(buf[:n])
			if need := headLength - len(j.state.Head); need > 0 {
				j.state.Head = append(j.state.Head, buf[:min(n, need)]...)
			}
			j.state.Done += int64(n)
			unsaved += int64(n)
			if j.progress != nil {
				j.progress(j.state.Done, j.state.Size)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fault.From("download", resp.URL.Host, err)
		}
		if ctx.Err() != nil {
			return fault.From("download", resp.URL.Host, ctx.Err())
		}
		if unsaved > saveBytes && time.Since(j.saved) > saveEvery {
			if err := j.checkpoint(); err != nil {
				return err
			}
			unsaved, j.saved = 0, time.Now()
		}
	}
	if j.state.Size >= 0 && j.state.Done != j.state.Size {
		return fault.Newf(fault.Protocol, "download", resp.URL.Host, "%d bytes came, %d were promised", j.state.Done, j.state.Size)
	}
	return nil
}

// checkpoint brings what came to the disk and writes down how much that is.
func (j *job) checkpoint() error {
	if j.file == nil || j.sum == nil {
		return nil
	}
	if err := j.file.Sync(); err != nil {
		return fault.From("write file", "", err)
	}
	sum, err := j.sum.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return fault.New(fault.Internal, "download", "", err)
	}
	j.state.Sum = sum
	return j.save(j.state)
}

// finish checks the whole file and gives it its name.
func (j *job) finish() (Result, error) {
	sum := j.state.Digest
	if j.sum != nil {
		sum = hex.EncodeToString(j.sum.Sum(nil))
		if j.state.Digest != "" && j.state.Digest != sum {
			want := j.state.Digest
			j.startOver()
			if err := j.save(j.state); err != nil {
				return Result{}, err
			}
			return Result{}, fault.Newf(fault.Damaged, "download", j.request.URL.Host, "checksum %s, stated was %s", sum, want)
		}
		if err := j.file.Sync(); err != nil {
			return Result{}, fault.From("write file", "", err)
		}
		if err := j.file.Close(); err != nil {
			return Result{}, fault.From("write file", "", err)
		}
		j.file = nil
	}
	final, err := j.rename()
	if err != nil {
		return Result{}, err
	}
	verified := "none"
	if j.state.Size >= 0 {
		verified = "size"
	}
	if j.state.Digest != "" {
		verified = "checksum"
	}
	if j.sum == nil { // finished before a crash: the sum was not written down
		if sum, err = sumOf(final); err != nil {
			return Result{}, err
		}
	}
	return Result{
		Path: final, Bytes: j.state.Done, SHA256: sum, Resumed: j.resumed, Verified: verified,
		MediaType: j.state.Media, Runnable: Runnable(final, j.state.Head),
	}, nil
}

// rename gives the finished file a name that nothing has: it claims the name
// with an empty file first, so that nobody's file is ever replaced.
func (j *job) rename() (string, error) {
	if j.state.Final != "" {
		if _, err := os.Lstat(j.state.Part); errors.Is(err, os.ErrNotExist) {
			return j.state.Final, nil // it was renamed before the crash
		}
	}
	for n := 1; j.state.Final == "" && n < 10_000; n++ {
		path := filepath.Join(j.dir, numbered(j.state.Name, n))
		if j.exact != "" {
			path = j.exact // the person named the file: replaced when the new one is whole
			j.state.Final = path
			break
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return "", fault.From("write file", "", err)
		}
		if err := f.Close(); err != nil {
			return "", fault.From("write file", "", err)
		}
		j.state.Final = path
	}
	if j.state.Final == "" {
		return "", fault.Newf(fault.Exists, "write file", "", "no free name for %q", j.state.Name)
	}
	if err := j.save(j.state); err != nil {
		return "", err
	}
	if err := os.Chmod(j.state.Part, 0o644); err != nil {
		return "", fault.From("write file", "", err)
	}
	if err := os.Rename(j.state.Part, j.state.Final); err != nil {
		return "", fault.From("write file", "", err)
	}
	return j.state.Final, nil
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fault.From("read file", "", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fault.From("read file", "", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// discard removes an unfinished file. Only one that a download made is touched.
func discard(s State) error {
	if s.Part == "" || !strings.HasSuffix(s.Part, ".part") {
		return nil
	}
	if err := os.Remove(s.Part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fault.From("remove file", "", err)
	}
	if s.Final != "" { // claimed but never filled
		if info, err := os.Lstat(s.Final); err == nil && info.Mode().IsRegular() && info.Size() == 0 && s.Done > 0 {
			if err := os.Remove(s.Final); err != nil {
				return fault.From("remove file", "", err)
			}
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
