package webdav

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

const (
	propfind = `<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop>` +
		`<resourcetype/><getcontentlength/><getlastmodified/><getetag/></prop></propfind>`
	quotaBody    = `<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><quota-available-bytes/></prop></propfind>`
	checksumBody = `<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop>` +
		`<checksums xmlns="http://owncloud.org/ns"/></prop></propfind>`
)

// segments splits the path of an href into raw names. What it is relative to,
// scheme and host are of no account: only the path counts.
func segments(href string) (files.Path, error) {
	path := strings.TrimSpace(href)
	if !strings.HasPrefix(path, "/") {
		u, err := url.Parse(path)
		if err != nil {
			return nil, err
		}
		path = u.EscapedPath()
	}
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	p := make(files.Path, 0, strings.Count(path, "/"))
	for part := range strings.SplitSeq(path, "/") {
		if part == "" {
			continue
		}
		name, err := url.PathUnescape(part)
		if err != nil {
			return nil, err
		}
		p = append(p, name)
	}
	return p, nil
}

// entry makes an entry of a resource.
func (r *resource) entry(name string) files.Entry {
	e := files.Entry{Name: name, Display: files.Display(name), Size: -1, ID: version(r.etag)}
	if n, err := strconv.ParseInt(r.length, 10, 64); err == nil && n >= 0 {
		e.Size = n
	}
	if t, err := http.ParseTime(r.modified); err == nil {
		e.ModTime, e.Precise = t.UTC(), time.Second
	}
	if r.folder {
		e.Type, e.Size = files.Dir, -1
	}
	return e
}

// version is an ETag without the mark of weak ones: Apache gives a file's own
// ETag that mark for a second after each change.
func version(etag string) string { return strings.TrimPrefix(etag, "W/") }

// propfind asks for properties and calls each with every resource of the
// answer, as it arrives. Only depths 0 and 1 are asked for: servers forbid
// infinity for good reason.
func (f *FS) propfind(ctx context.Context, op string, u *url.URL, depth, body string, each func(*resource) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := f.do(ctx, request{op: op, method: "PROPFIND", url: u, body: []byte(body), header: http.Header{
		"Depth": {depth}, "Content-Type": {"application/xml; charset=utf-8"},
	}})
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusMultiStatus {
		if r.StatusCode/100 == 2 {
			return fault.Newf(fault.Unsupported, op, f.p.Site.Host, "the server does not speak WebDAV")
		}
		return f.status(op, r)
	}
	var raised error
	err = parseMultistatus(io.LimitReader(r.Body, maxAnswer), func(one *resource) error {
		raised = each(one)
		return raised
	})
	switch {
	case err == nil:
		// The end of the answer is read too, so that the connection serves again.
		_, _ = io.CopyN(io.Discard, r.Body, 1<<10)
		return nil
	case raised != nil:
		return raised
	case ctx.Err() != nil:
		return f.fail(ctx, op, ctx.Err())
	case errors.Is(err, errBudget):
		return fault.New(fault.TooBig, op, f.p.Site.Host, err)
	}
	if k := fault.KindOf(err); k != fault.Internal {
		return fault.From(op, f.p.Site.Host, err)
	}
	return fault.New(fault.Protocol, op, f.p.Site.Host, err)
}

// A first row is shown as soon as it is there; the rest comes in batches.
const (
	firstBatch = 32
	batch      = 512
)

// samples is how many unreadable lines a report shows.
const samples = 5

// List implements files.FS.
func (f *FS) List(ctx context.Context, dir files.Path, emit func([]files.Entry) error) (files.Report, error) {
	var report files.Report
	u, err := f.target("list", dir, true)
	if err != nil {
		return report, err
	}
	var entries []files.Entry
	self, enough, seen := false, firstBatch, 0
	err = f.propfind(ctx, "list", u, "1", propfind, func(r *resource) error {
		if seen++; seen > files.MaxEntries+1 { // the folder itself is one
			return fault.Newf(fault.TooBig, "list", f.p.Site.Host, "more than %d entries", files.MaxEntries)
		}
		p, err := segments(r.href)
		switch {
		case err == nil && p.Equal(dir):
			self = true
			if e := r.entry(""); !e.Type.IsDir() && e.Size >= 0 {
				return fault.Newf(fault.NotFound, "list", f.p.Site.Host, "%s is no folder", dir)
			}
			return nil
		case err != nil, len(p) != len(dir)+1, !slices.Equal(p[:len(p)-1], dir), files.CheckName(p.Base()) != nil:
			report.Unread++
			if len(report.Samples) < samples {
				report.Samples = append(report.Samples, fault.CleanLine(r.href))
			}
			return nil
		}
		report.Entries++
		entries = append(entries, r.entry(p.Base()))
		if len(entries) < enough {
			return nil
		}
		full := entries
		entries, enough = make([]files.Entry, 0, batch), batch
		return emit(full)
	})
	if err != nil {
		return report, err
	}
	if !self && report.Entries == 0 && report.Unread > 0 {
		return report, fault.Newf(fault.Protocol, "list", f.p.Site.Host, "the answer is about another folder")
	}
	if len(entries) > 0 {
		return report, emit(entries)
	}
	return report, nil
}

// Stat implements files.FS.
func (f *FS) Stat(ctx context.Context, p files.Path) (files.Entry, error) {
	u, err := f.target("stat", p, false)
	if err != nil {
		return files.Entry{}, err
	}
	var found *files.Entry
	err = f.propfind(ctx, "stat", u, "0", propfind, func(r *resource) error {
		if found == nil {
			e := r.entry(p.Base())
			found = &e
		}
		return nil
	})
	if err != nil {
		return files.Entry{}, err
	}
	if found == nil {
		return files.Entry{}, fault.Newf(fault.NotFound, "stat", f.p.Site.Host, "an empty answer")
	}
	return *found, nil
}

// Free implements files.Spacer (RFC 4331).
func (f *FS) Free(ctx context.Context, p files.Path) (int64, error) {
	u, err := f.target("free", p, true)
	if err != nil {
		return 0, err
	}
	free := int64(-1)
	err = f.propfind(ctx, "free", u, "0", quotaBody, func(r *resource) error {
		if n, err := strconv.ParseInt(r.available, 10, 64); err == nil && n >= 0 {
			free = n
		}
		return nil
	})
	if err == nil && free < 0 {
		err = fault.Newf(fault.Unsupported, "free", f.p.Site.Host, "no quota")
	}
	return free, err
}
