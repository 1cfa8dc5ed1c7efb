package webdav

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"guichet/services/fault"
	"guichet/services/files"
)

// Mkdir implements files.FS.
func (f *FS) Mkdir(ctx context.Context, p files.Path) error {
	u, err := f.target("mkdir", p, true)
	if err != nil {
		return err
	}
	_, err = f.simple(ctx, request{op: "mkdir", method: "MKCOL", url: u})
	err = f.withoutFolder(ctx, p, err)
	if fault.Is(err, fault.Unsupported) { // 405: something is there
		if _, serr := f.Stat(ctx, p); serr == nil {
			return fault.New(fault.Exists, "mkdir", f.p.Site.Host, err)
		}
	}
	return err
}

// Remove implements files.FS.
func (f *FS) Remove(ctx context.Context, p files.Path) error {
	e, err := f.Stat(ctx, p)
	if err != nil {
		return err
	}
	if e.Type.IsDir() {
		return fault.Newf(fault.Unsupported, "remove", f.p.Site.Host, "%s is a folder", p)
	}
	return f.delete(ctx, p)
}

// delete removes what has that name, a file as the caller knows.
func (f *FS) delete(ctx context.Context, p files.Path) error {
	u, err := f.target("remove", p, false)
	if err != nil {
		return err
	}
	_, err = f.simple(ctx, request{op: "remove", method: http.MethodDelete, url: u})
	return err
}

// RemoveDir implements files.FS. DELETE takes folders with all their contents,
// so the folder is looked into first.
func (f *FS) RemoveDir(ctx context.Context, p files.Path) error {
	if len(p) == 0 {
		return fault.Newf(fault.Permission, "rmdir", f.p.Site.Host, "the root stays")
	}
	e, err := f.Stat(ctx, p)
	if err != nil {
		return err
	}
	if !e.Type.IsDir() {
		return fault.Newf(fault.NotFound, "rmdir", f.p.Site.Host, "%s is no folder", p)
	}
	report, err := f.List(ctx, p, func([]files.Entry) error { return nil })
	if err != nil {
		return err
	}
	if report.Entries > 0 || report.Unread > 0 {
		return fault.Newf(fault.Exists, "rmdir", f.p.Site.Host, "%s is not empty", p)
	}
	u, err := f.target("rmdir", p, true)
	if err != nil {
		return err
	}
	_, err = f.simple(ctx, request{op: "rmdir", method: http.MethodDelete, url: u})
	return err
}

// Rename implements files.FS. Servers that overwrite delete first, so the old
// file is set aside instead.
func (f *FS) Rename(ctx context.Context, from, to files.Path, replace bool) error {
	err := f.move(ctx, from, to)
	if !replace || !fault.Is(err, fault.Exists) {
		return err
	}
	return f.replace(ctx, from, to, "")
}

// ReplaceIf implements files.Replacer: under a lock where the server has locks,
// and in any case by looking just before.
func (f *FS) ReplaceIf(ctx context.Context, from, to files.Path, id string) error {
	return f.replace(ctx, from, to, id)
}

// replace puts from in the place of to, whose ETag must be etag if one is given.
// to is locked meanwhile where the server can do that.
func (f *FS) replace(ctx context.Context, from, to files.Path, etag string) error {
	u, err := f.target("rename", to, false)
	if err != nil {
		return err
	}
	held, err := f.lock(ctx, "rename", u)
	if err != nil {
		return err
	}
	defer func() { held.release(ctx) }()
	if etag != "" {
		e, err := f.Stat(ctx, to)
		switch {
		case fault.Is(err, fault.NotFound):
			return fault.Newf(fault.NotFound, "rename", f.p.Site.Host, "%s is gone meanwhile", to)
		case err != nil:
			return err
		case e.ID != etag:
			return fault.Newf(fault.Exists, "rename", f.p.Site.Host, "%s was changed meanwhile", to)
		}
	}
	return files.ReplaceAside(ctx, from, to, func(ctx context.Context, a, b files.Path) error {
		header := http.Header{}
		if held != nil && a.Equal(to) {
			header.Set("If", held.proof())
		}
		err := f.moveWith(ctx, a, b, header)
		if held != nil && a.Equal(to) && fault.Is(err, fault.Exists) {
			// The name beside it is new, so it is the condition that failed. Some
			// servers want both names of a MOVE to be locked; it has been looked at.
			held.release(ctx)
			held = nil
			err = f.moveWith(ctx, a, b, http.Header{})
		}
		if held != nil && b.Equal(to) && fault.Is(err, fault.Busy) {
			// Here the lock stays with the name that the old file has left.
			err = f.moveWith(ctx, a, b, http.Header{"If": {held.proof()}})
		}
		return err
	}, f.delete)
}

func (f *FS) move(ctx context.Context, from, to files.Path) error {
	return f.moveWith(ctx, from, to, http.Header{})
}

func (f *FS) moveWith(ctx context.Context, from, to files.Path, header http.Header) error {
	u, d, err := f.addresses("rename", from, to)
	if err != nil {
		return err
	}
	header.Set("Overwrite", "F")
	return f.relocateAny(ctx, request{op: "rename", method: "MOVE", url: u, header: header}, d, from)
}

// relocateAny is relocate for a file or a folder: nginx takes folders only where
// both names end in a slash.
func (f *FS) relocateAny(ctx context.Context, q request, to *url.URL, from files.Path) error {
	err := f.relocate(ctx, q, to)
	if !fault.Is(err, fault.Protocol) {
		return err
	}
	if e, serr := f.Stat(ctx, from); serr != nil || !e.Type.IsDir() {
		return err
	}
	u := *q.url
	u.Path, u.RawPath = u.Path+"/", u.RawPath+"/"
	d := *to
	d.Path, d.RawPath = d.Path+"/", d.RawPath+"/"
	q.url = &u
	return f.relocate(ctx, q, &d)
}

// withoutFolder makes NotFound of a refusal that the missing folder explains:
// nginx has 500 for it.
func (f *FS) withoutFolder(ctx context.Context, p files.Path, err error) error {
	if !fault.Is(err, fault.Protocol) {
		return err
	}
	if _, serr := f.Stat(ctx, p.Dir()); fault.Is(serr, fault.NotFound) {
		return serr
	}
	return err
}

// Copy implements files.Copier; for a folder, with all that is in it.
func (f *FS) Copy(ctx context.Context, from, to files.Path, replace bool) error {
	u, d, err := f.addresses("copy", from, to)
	if err != nil {
		return err
	}
	if strings.HasPrefix(d.EscapedPath()+"/", strings.TrimSuffix(u.EscapedPath(), "/")+"/") {
		return fault.Newf(fault.Unsupported, "copy", f.p.Site.Host, "%s lies in %s", to, from)
	}
	q := request{op: "copy", method: "COPY", url: u, header: http.Header{"Overwrite": {"F"}, "Depth": {"infinity"}}, long: true}
	err = f.relocateAny(ctx, q, d, from)
	if !replace || !fault.Is(err, fault.Exists) {
		return err
	}
	// Beside the target first: an overwriting COPY deletes it before it begins.
	aside := to.Dir().Join(files.PartName(to.Base(), files.RandomSuffix()))
	if err := f.Copy(ctx, from, aside, false); err != nil {
		return err
	}
	return f.Rename(ctx, aside, to, true)
}
