package webdav

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
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

const propfind = `<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop>` +
	`<resourcetype/><getcontentlength/><getlastmodified/><getetag/></prop></propfind>`

const quotaBody = `<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><quota-available-bytes/></prop></propfind>`

// Limits on an answer: in all, and for one resource.
const (
	maxAnswer   = 1 << 30
	maxResource = 1 << 20
)

// response is one resource of a multistatus answer (RFC 4918 section 14.24).
type response struct {
	Href     string `xml:"DAV: href"`
	Status   string `xml:"DAV: status"`
	Propstat []struct {
		Status string `xml:"DAV: status"`
		Prop   struct {
			Collection *struct{} `xml:"DAV: resourcetype>collection"`
			Length     string    `xml:"DAV: getcontentlength"`
			Modified   string    `xml:"DAV: getlastmodified"`
			ETag       string    `xml:"DAV: getetag"`
			Available  string    `xml:"DAV: quota-available-bytes"`
		} `xml:"DAV: prop"`
	} `xml:"DAV: propstat"`
}

// budget is a reader that fails when one resource takes too many bytes.
type budget struct {
	r    io.Reader
	left int
}

var errBudget = errors.New("one resource fills more than the limit")

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errBudget
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// parseMultistatus calls each with every resource of an answer.
func parseMultistatus(r io.Reader, each func(*response) error) error {
	b := &budget{r: r, left: maxResource}
	d := xml.NewDecoder(b)
	d.CharsetReader = func(charset string, input io.Reader) (io.Reader, error) {
		if strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "us-ascii") {
			return input, nil
		}
		return nil, fmt.Errorf("charset %q", charset)
	}
	inside := false
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			if !inside {
				return errors.New("no multistatus")
			}
			return nil
		}
		if err != nil {
			return err
		}
		start, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		switch {
		case !inside && start.Name.Space == "DAV:" && start.Name.Local == "multistatus":
			inside = true
		case !inside:
			return errors.New("no multistatus")
		case start.Name.Space == "DAV:" && start.Name.Local == "response":
			var one response
			if err := d.DecodeElement(&one, &start); err != nil {
				return err
			}
			if err := each(&one); err != nil {
				return err
			}
			b.left = maxResource
		default:
			if err := d.Skip(); err != nil {
				return err
			}
			b.left = maxResource
		}
	}
}

// segments splits the path of an href into raw names. What it is relative to,
// scheme and host are of no account: only the path counts.
func segments(href string) (files.Path, error) {
	u, err := url.Parse(strings.TrimSpace(href))
	if err != nil {
		return nil, err
	}
	var p files.Path
	for part := range strings.SplitSeq(u.EscapedPath(), "/") {
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
func (r *response) entry(name string) files.Entry {
	e := files.Entry{Name: name, Display: files.Display(name), Size: -1}
	for _, ps := range r.Propstat {
		if ps.Status != "" && !strings.Contains(ps.Status, " 200") {
			continue
		}
		if ps.Prop.Collection != nil {
			e.Type = files.Dir
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(ps.Prop.Length), 10, 64); err == nil && n >= 0 {
			e.Size = n
		}
		if t, err := http.ParseTime(strings.TrimSpace(ps.Prop.Modified)); err == nil {
			e.ModTime, e.Precise = t.UTC(), time.Second
		}
		if ps.Prop.ETag != "" {
			e.ID = ps.Prop.ETag
		}
	}
	if e.Type == files.Dir {
		e.Size = -1
	}
	return e
}

func (f *FS) propfind(ctx context.Context, op string, u *url.URL, depth, body string, each func(*response) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := f.do(ctx, op, "PROPFIND", u, http.Header{"Depth": {depth}, "Content-Type": {"application/xml; charset=utf-8"}}, body)
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
	answer := newStalling(r.Body, cancel)
	defer answer.stop()
	err = parseMultistatus(io.LimitReader(answer, maxAnswer), func(one *response) error {
		raised = each(one)
		return raised
	})
	switch {
	case err == nil:
		return nil
	case raised != nil:
		return raised
	case answer.stalled():
		return fault.Newf(fault.Timeout, op, f.p.Site.Host, "the server fell silent")
	case ctx.Err() != nil:
		return f.fail(ctx, op, ctx.Err())
	case errors.Is(err, errBudget):
		return fault.New(fault.TooBig, op, f.p.Site.Host, err)
	}
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return fault.New(fault.Protocol, op, f.p.Site.Host, err)
	}
	if k := fault.KindOf(err); k != fault.Internal {
		return fault.From(op, f.p.Site.Host, err)
	}
	return fault.New(fault.Protocol, op, f.p.Site.Host, err)
}

// batch is how many entries are handed over at once.
const batch = 256

// List implements files.FS.
func (f *FS) List(ctx context.Context, dir files.Path, emit func([]files.Entry) error) (files.Report, error) {
	var report files.Report
	u, err := f.target("list", dir, true)
	if err != nil {
		return report, err
	}
	var entries []files.Entry
	self := false
	err = f.propfind(ctx, "list", u, "1", propfind, func(r *response) error {
		p, err := segments(r.Href)
		switch {
		case err == nil && p.Equal(dir):
			self = true
			if e := r.entry(""); !e.Type.IsDir() && e.Size >= 0 {
				return fault.Newf(fault.NotFound, "list", f.p.Site.Host, "%s is no folder", dir)
			}
			return nil
		case err != nil, len(p) != len(dir)+1, !slices.Equal(p[:len(p)-1], dir), files.CheckName(p.Base()) != nil:
			report.Unread++
			if len(report.Samples) < 5 {
				report.Samples = append(report.Samples, fault.CleanLine(r.Href))
			}
			return nil
		}
		if report.Entries++; report.Entries > files.MaxEntries {
			return fault.Newf(fault.TooBig, "list", f.p.Site.Host, "more than %d entries", files.MaxEntries)
		}
		entries = append(entries, r.entry(p.Base()))
		if len(entries) < batch {
			return nil
		}
		full := entries
		entries = nil
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
	err = f.propfind(ctx, "stat", u, "0", propfind, func(r *response) error {
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
	err = f.propfind(ctx, "free", u, "0", quotaBody, func(r *response) error {
		for _, ps := range r.Propstat {
			if n, err := strconv.ParseInt(strings.TrimSpace(ps.Prop.Available), 10, 64); err == nil && n >= 0 {
				free = n
			}
		}
		return nil
	})
	if err == nil && free < 0 {
		err = fault.Newf(fault.Unsupported, "free", f.p.Site.Host, "no quota")
	}
	return free, err
}
