package s3

import (
	"context"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"guichet/services/fault"
	"guichet/services/files"
)

// samples is how many unreadable names a report shows.
const samples = 5

// buckets gives the root's folders. Where the key may not list them, the bucket
// of the site's address is all there is.
func (f *FS) buckets(ctx context.Context) ([]files.Entry, error) {
	var all []minio.BucketInfo
	err := f.do(ctx, "list", "", func(c client) (err error) {
		all, err = c.ListBuckets(ctx)
		return err
	})
	if err != nil {
		if start := f.p.Site.Path; len(start) > 0 && (fault.Is(err, fault.Permission) || f.p.Site.User == "") {
			return []files.Entry{dirEntry(start[0])}, nil
		}
		return nil, err
	}
	entries := make([]files.Entry, 0, len(all))
	for _, b := range all {
		e := dirEntry(b.Name)
		if !b.CreationDate.IsZero() {
			e.ModTime, e.Precise = b.CreationDate.UTC(), time.Second
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func dirEntry(name string) files.Entry {
	return files.Entry{Name: name, Display: files.Display(name), Type: files.Dir, Size: -1}
}

func fileEntry(name string, o minio.ObjectInfo) files.Entry {
	return files.Entry{
		Name: name, Display: files.Display(name), Type: files.File, Size: o.Size, Precise: time.Second,
		ModTime: o.LastModified.UTC().Truncate(time.Second), ID: o.ETag, // HEAD has no fractions of a second
	}
}

// List implements files.FS. Entries arrive in the server's pages.
func (f *FS) List(ctx context.Context, dir files.Path, emit func([]files.Entry) error) (files.Report, error) {
	at, err := f.place("list", dir)
	if err != nil {
		return files.Report{}, err
	}
	if at.bucket == "" {
		return f.listRoot(ctx, emit)
	}
	l := &lister{f: f, prefix: at.folder(), emit: emit, taken: map[string]bool{}}
	err = f.do(ctx, "list", at.bucket, func(c client) error { return l.pages(ctx, c, at.bucket) })
	if err == nil {
		err = l.flush()
	}
	if l.raised != nil {
		err = l.raised
	}
	switch {
	case err != nil:
		return l.report, err
	case !l.there && at.key != "":
		return l.report, fault.Newf(fault.NotFound, "list", f.host, "%s is no folder", dir)
	}
	f.know(at)
	return l.report, nil
}

func (f *FS) listRoot(ctx context.Context, emit func([]files.Entry) error) (files.Report, error) {
	var report files.Report
	all, err := f.buckets(ctx)
	if err != nil {
		return report, err
	}
	var good []files.Entry
	for _, e := range all {
		if files.CheckName(e.Name) != nil {
			report.Unread++
			report.Samples = append(report.Samples, fault.CleanLine(e.Name))
			continue
		}
		good = append(good, e)
	}
	if report.Entries = len(good); report.Entries == 0 {
		return report, nil
	}
	return report, emit(good)
}

// lister makes entries of the names of objects.
type lister struct {
	f      *FS
	prefix string
	emit   func([]files.Entry) error
	there  bool // the folder exists: something is in it, or its marker
	taken  map[string]bool
	ready  []files.Entry
	report files.Report
	raised error // by emit, or the limit
	seen   pages
}

// batch is how many entries are handed over at once.
const batch = 250

func (l *lister) pages(ctx context.Context, c client, bucket string) error {
	noOwner := false
	l.seen = pages{}
	ctx = context.WithValue(ctx, pages{}, &l.seen)
	for o := range c.ListObjectsIter(ctx, bucket, minio.ListObjectsOptions{Prefix: l.prefix, FetchOwner: &noOwner}) {
		if o.Err != nil {
			return o.Err
		}
		if err := l.add(o); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// add takes one object or, with a slash at the end, one folder.
func (l *lister) add(o minio.ObjectInfo) error {
	name, inside := strings.CutPrefix(o.Key, l.prefix)
	if inside {
		l.there = true
	}
	if inside && name == "" {
		return nil // the folder's own marker
	}
	folder := false
	if bare, ok := strings.CutSuffix(name, "/"); ok {
		name, folder = bare, true
	}
	if !inside || files.CheckName(name) != nil || l.taken[name] {
		// A file and a folder of one name are no two places here, and what cannot
		// be told apart must not be deleted.
		l.report.Unread++
		if len(l.report.Samples) < samples {
			l.report.Samples = append(l.report.Samples, fault.CleanLine(o.Key))
		}
		return l.bound()
	}
	l.taken[name], l.seen.barren = true, 0
	l.report.Entries++
	if err := l.bound(); err != nil {
		return err
	}
	if folder {
		l.ready = append(l.ready, dirEntry(name))
	} else {
		l.ready = append(l.ready, fileEntry(name, o))
	}
	if len(l.ready) < batch {
		return nil
	}
	return l.flush()
}

// bound ends a listing that has too many names, readable or not.
func (l *lister) bound() error {
	if l.report.Entries+l.report.Unread > files.MaxEntries {
		l.raised = fault.Newf(fault.TooBig, "list", l.f.host, "more than %d entries", files.MaxEntries)
	}
	return l.raised
}

func (l *lister) flush() error {
	if len(l.ready) == 0 {
		return nil
	}
	ready := l.ready
	l.ready = nil
	l.raised = l.emit(ready)
	return l.raised
}

// Stat implements files.FS. What is no object may be a folder: one that is
// marked, or the beginning of other names.
func (f *FS) Stat(ctx context.Context, p files.Path) (files.Entry, error) {
	at, err := f.place("stat", p)
	switch {
	case err != nil:
		return files.Entry{}, err
	case at.bucket == "":
		return dirEntry(""), nil
	case at.key == "":
		return f.statBucket(ctx, at.bucket)
	}
	o, err := f.head(ctx, "stat", at)
	if err == nil {
		return fileEntry(p.Base(), o), nil
	}
	if !fault.Is(err, fault.NotFound) {
		return files.Entry{}, err
	}
	there, err := f.lookFolder(ctx, "stat", at)
	switch {
	case err != nil:
		return files.Entry{}, err
	case !there:
		return files.Entry{}, fault.Newf(fault.NotFound, "stat", f.host, "%s", p)
	}
	return dirEntry(p.Base()), nil
}

func (f *FS) statBucket(ctx context.Context, bucket string) (files.Entry, error) {
	there := false
	err := f.do(ctx, "stat", bucket, func(c client) (err error) {
		there, err = c.BucketExists(ctx, bucket)
		return err
	})
	if fault.Is(err, fault.Permission) {
		// A key may be allowed to list without HeadBucket's right.
		_, err = f.lookFolder(ctx, "stat", place{bucket: bucket})
		there = err == nil
	}
	switch {
	case err != nil:
		return files.Entry{}, err
	case !there:
		return files.Entry{}, fault.Newf(fault.NotFound, "stat", f.host, "no bucket %s", bucket)
	}
	f.know(place{bucket: bucket})
	return dirEntry(bucket), nil
}

// head gives an object's properties.
func (f *FS) head(ctx context.Context, op string, at place) (minio.ObjectInfo, error) {
	var o minio.ObjectInfo
	err := f.do(ctx, op, at.bucket, func(c client) (err error) {
		o, err = c.StatObject(ctx, at.bucket, at.key, minio.StatObjectOptions{})
		return err
	})
	return o, err
}

// lookFolder asks whether there is any name in a folder, its marker counted.
func (f *FS) lookFolder(ctx context.Context, op string, at place) (bool, error) {
	there := false
	err := f.do(ctx, op, at.bucket, func(c client) error {
		ctx := context.WithValue(ctx, pages{}, &pages{})
		for o := range c.ListObjectsIter(ctx, at.bucket, minio.ListObjectsOptions{Prefix: at.folder(), MaxKeys: 1}) {
			if o.Err != nil {
				return o.Err
			}
			there = true
			break
		}
		return ctx.Err()
	})
	if there && err == nil {
		f.know(at)
	}
	return there, err
}

// know remembers that a folder is there, so that not every file written into
// it asks again.
func (f *FS) know(at place) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.folders) > 10_000 {
		clear(f.folders)
	}
	f.folders[at.bucket+"/"+at.key] = true
}

// forget drops what is known of a folder and all below it.
func (f *FS) forget(at place) {
	f.mu.Lock()
	defer f.mu.Unlock()
	below := at.bucket + "/" + at.folder()
	for name := range f.folders {
		if name == at.bucket+"/"+at.key || strings.HasPrefix(name, below) {
			delete(f.folders, name)
		}
	}
}

// needFolder fails with NotFound if the folder that is to hold a name is
// missing: the protocol itself would take the name, and nobody would see the
// folder in which it lies coming.
func (f *FS) needFolder(ctx context.Context, op string, p files.Path) error {
	at, err := f.place(op, p)
	if err != nil {
		return err
	}
	f.mu.Lock()
	known := f.folders[at.bucket+"/"+at.key]
	f.mu.Unlock()
	if known {
		return nil
	}
	if at.key == "" {
		_, err := f.statBucket(ctx, at.bucket)
		return err
	}
	there, err := f.lookFolder(ctx, op, at)
	if err == nil && !there {
		err = fault.Newf(fault.NotFound, op, f.host, "no folder %s", p)
	}
	return err
}
