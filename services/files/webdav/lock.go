package webdav

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files/httpwatch"
)

// lockTime is how long a lock holds if it is not refreshed: short, because the
// program may end without giving it back.
const lockTime = 2 * time.Minute

const lockBody = `<?xml version="1.0" encoding="utf-8"?><lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope>` +
	`<locktype><write/></locktype><owner>Guichet</owner></lockinfo>`

// lock is a write lock on one resource (RFC 4918 section 6), kept until it is
// given back. The nil lock is none, on a server that has none.
type lock struct {
	f     *FS
	url   *url.URL
	token string // with its angle brackets
	stop  context.CancelFunc
}

// lock takes a write lock on what is about to be replaced. Faults: Busy when
// somebody else has one.
func (f *FS) lock(ctx context.Context, op string, u *url.URL) (*lock, error) {
	if !f.locks {
		return nil, nil //nolint:nilnil // see lock
	}
	q := request{op: op, method: "LOCK", url: u, body: []byte(lockBody), header: http.Header{
		"Depth": {"0"}, "Timeout": {"Second-120"}, "Content-Type": {"application/xml; charset=utf-8"},
	}}
	r, err := f.do(ctx, q)
	if err != nil {
		return nil, err
	}
	defer httpwatch.Discard(r)
	token := r.Header.Get("Lock-Token")
	switch {
	case r.StatusCode == http.StatusLocked:
		return nil, f.lockedBy(ctx, q, r)
	case r.StatusCode/100 == 2 && strings.HasPrefix(token, "<") && strings.HasSuffix(token, ">") && !strings.ContainsAny(token, " \t"):
	case r.StatusCode == http.StatusMethodNotAllowed, r.StatusCode == http.StatusNotImplemented, r.StatusCode/100 == 2,
		r.StatusCode == http.StatusForbidden, r.StatusCode == http.StatusPreconditionFailed:
		return nil, nil //nolint:nilnil // offered, but not here: go on without
	default:
		return nil, f.status(op, r)
	}
	lctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	l := &lock{f: f, url: u, token: token, stop: stop}
	f.group.Go("webdav lock", func(gctx context.Context) { l.keep(lctx, gctx) })
	return l, nil
}

// keep refreshes the lock before its time is over.
func (l *lock) keep(ctx, group context.Context) {
	t := time.NewTicker(lockTime / 2)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			// An old lock that is lost shows when the file is replaced.
			_, _ = l.f.simple(ctx, request{op: "lock", method: "LOCK", url: l.url, header: http.Header{
				"If": {"(" + l.token + ")"}, "Timeout": {"Second-120"}, "Depth": {"0"},
			}})
		case <-ctx.Done():
			return
		case <-group.Done():
			return
		}
	}
}

// proof is what a request that changes the locked resource says in its header
// If (RFC 4918 section 10.4).
func (l *lock) proof() string { return "<" + l.url.String() + "> (" + l.token + ")" }

// release gives the lock back. The replaced resource may have taken it along,
// so what the server says is of no account: at worst it ends by itself.
func (l *lock) release(ctx context.Context) {
	if l == nil {
		return
	}
	l.stop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	// A lock that stays runs out by itself.
	_, _ = l.f.simple(ctx, request{op: "unlock", method: "UNLOCK", url: l.url, header: http.Header{"Lock-Token": {l.token}}})
}

// lockedBy makes the fault of a locked resource, with the name of who holds the
// lock where the server tells it.
func (f *FS) lockedBy(ctx context.Context, q request, r *http.Response) error {
	fa := fault.From(q.op, f.p.Site.Host, f.status(q.op, r))
	if owner := f.lockOwner(ctx, q.url); owner != "" {
		fa.Said = fault.CleanLine(fa.Said + ": " + owner)
	}
	fa.Err = errors.New("somebody else is working on it")
	return fa
}

const lockQuestion = `<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><lockdiscovery/></prop></propfind>`

// lockOwner asks who holds a lock; "" if that cannot be found out.
func (f *FS) lockOwner(ctx context.Context, u *url.URL) string {
	r, err := f.do(ctx, request{op: "lock", method: "PROPFIND", url: u, body: []byte(lockQuestion), header: http.Header{
		"Depth": {"0"}, "Content-Type": {"application/xml; charset=utf-8"},
	}})
	if err != nil {
		return ""
	}
	defer httpwatch.Discard(r)
	if r.StatusCode != http.StatusMultiStatus {
		return ""
	}
	return ownerOf(io.LimitReader(r.Body, 64<<10))
}

// ownerOf finds the text of the first owner in a lockdiscovery, whose form is
// the client's that took the lock.
func ownerOf(r io.Reader) string {
	d := xml.NewDecoder(r)
	inside := 0
	var text strings.Builder
	for {
		t, err := d.Token()
		if err != nil {
			return ""
		}
		switch t := t.(type) {
		case xml.StartElement:
			if inside > 0 || t.Name.Space == "DAV:" && t.Name.Local == "owner" {
				inside++
			}
		case xml.EndElement:
			if inside > 0 {
				if inside--; inside == 0 {
					return strings.Join(strings.Fields(text.String()), " ")
				}
			}
		case xml.CharData:
			if inside > 0 {
				text.Write(t)
				text.WriteByte(' ')
			}
		}
	}
}
