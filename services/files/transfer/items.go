package transfer

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
)

// rawPath is a files.Path that survives JSON: names that are no UTF-8 are kept
// in base64 behind a NUL, which no name can hold.
type rawPath files.Path

// MarshalJSON implements json.Marshaler.
func (p rawPath) MarshalJSON() ([]byte, error) {
	names := make([]string, len(p))
	for i, name := range p {
		names[i] = name
		if strings.ToValidUTF8(name, "") != name {
			names[i] = "\x00" + base64.StdEncoding.EncodeToString([]byte(name))
		}
	}
	return json.Marshal(names)
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *rawPath) UnmarshalJSON(b []byte) error {
	var names []string
	if err := json.Unmarshal(b, &names); err != nil {
		return err
	}
	for i, name := range names {
		if coded, ok := strings.CutPrefix(name, "\x00"); ok {
			raw, err := base64.StdEncoding.DecodeString(coded)
			if err != nil {
				return err
			}
			names[i] = string(raw)
		}
	}
	*p = names
	return nil
}

func decode(b json.RawMessage, v any) error {
	if err := json.Unmarshal(b, v); err != nil {
		return fault.New(fault.Internal, "transfer", "", err)
	}
	return nil
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// stamp writes an entry's time for a question: RFC 3339, "" unknown.
func stamp(e files.Entry) string {
	if e.ModTime.IsZero() {
		return ""
	}
	return e.ModTime.UTC().Format(time.RFC3339)
}

// runTree copies a folder, or chosen names of it, as a job. What was finished
// before an interruption is passed over, also where the answer for it was another
// name; after a try that got to every file the next one is about those that
// failed.
func (r *Runner) runTree(ctx context.Context, h activity.Handle, j Job, src, dst files.FS, q *questions) error {
	id := h.Job().ID
	if q.fixed == "" {
		saved, err := r.savedAnswer(ctx, id)
		if err != nil {
			return err
		}
		q.fixed = saved
	}
	q.keep = func(a Answer) error {
		return r.db.Exec(ctx, "INSERT OR REPLACE INTO answer VALUES (?, ?)", id, string(a))
	}
	matcher, err := j.Filter.Compile()
	if err != nil {
		return err
	}
	n, err := r.newNotes(ctx, id, src)
	if err != nil {
		return err
	}
	again, base, err := r.lastTry(ctx, id)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var found, ended, passed int
	before := base.Bytes // of files that were done before
	items := func(change func()) {
		mu.Lock()
		defer mu.Unlock()
		change()
		h.Items(base.Files+base.Passed+ended+passed, base.Files+base.Passed+found)
	}
	n.passed = func(count int, bytes int64) { items(func() { passed += count; before += bytes }) }
	o := r.options(j, h, q)
	o.Progress = func(done, size int64) {
		mu.Lock()
		defer mu.Unlock()
		h.Progress(done+before, max(size+base.Bytes, done+before))
	}
	var lost []failed
	t := &tree{
		src: src, dst: dst, from: j.From.At(), to: j.To.At(), journal: n, names: j.Names, top: j.Top, again: again,
		after: func(it Item, err error) {
			if err != nil && len(lost) < mostFailures {
				lost = append(lost, newFailed(it, err))
			}
			if !it.Source.Type.IsDir() {
				items(func() { ended++ })
			}
		},
		o: TreeOptions{
			Options: o, Filter: matcher,
			Totals: func(n int, _ int64, _ bool) { items(func() { found = n }) },
		},
	}
	result, err := t.run(ctx)
	verified := result.Verified
	if base.Files > 0 && (verified == "" || strength[base.Verified] < strength[verified]) {
		verified = base.Verified
	}
	if passed > 0 && verified != VerifiedNone || result.Skipped > 0 && verified == "" {
		verified = VerifiedSize // that much is known of what was there before
	}
	sum := outcome{
		Path: j.To.address(), Bytes: result.Bytes + before, Verified: verified,
		Files: base.Files + result.Files + passed, Passed: base.Passed + result.Skipped, Failed: result.Failed,
		Unread: base.Unread + result.Unread, Links: base.Links + result.Links, InPlace: base.InPlace + result.InPlace,
	}
	if err != nil {
		return errors.Join(err, n.flush(context.WithoutCancel(ctx)), r.unfinished(ctx, h, t, lost, sum))
	}
	if err := h.Result(sum); err != nil {
		return err
	}
	return r.forget(ctx, id)
}

// unfinished keeps what came of a try in which something failed.
func (r *Runner) unfinished(ctx context.Context, h activity.Handle, t *tree, lost []failed, sum outcome) error {
	if ctx.Err() != nil || t.again != nil && !t.complete {
		return nil // interrupted; what was to be tried stays to be tried
	}
	var complete *outcome
	if t.complete && sum.Failed == len(lost) {
		complete = &sum
	}
	if err := r.saveFailures(ctx, h.Job().ID, lost, complete); err != nil {
		return err
	}
	return h.Result(sum)
}
