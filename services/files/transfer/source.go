package transfer

import (
	"context"
	"io"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

// trusted reports whether a listing says enough about a file to copy it without
// asking again. A link's size is not its file's, and a time that is known to the
// day only would be given to the copy.
func trusted(e *files.Entry) bool {
	return e != nil && e.Type == files.File && e.Size >= 0 && !e.Rounded && (!e.ModTime.IsZero() || e.ID != "") && e.Precise < 24*time.Hour
}

// A copy that is smaller and quicker than this is not asked about again: its
// number of bytes is what was announced.
const (
	briefSize = 8 << 20
	briefTime = 5 * time.Second
)

// unchanged makes sure that the source is still what it was at the beginning.
func (j *job) unchanged(ctx context.Context, r io.Reader) error {
	if w, ok := r.(files.Witness); ok {
		changed, err := w.Changed()
		if err == nil && changed {
			err = j.changed(ctx)
		}
		return err
	}
	if _, ok := r.(files.Described); ok {
		return nil // all its bytes are of the version that was looked at before
	}
	if j.source.Size < briefSize && time.Since(j.began) < briefTime {
		return nil
	}
	now, err := j.src.Stat(ctx, j.from)
	if err != nil {
		return err
	}
	if !sameVersion(j.source, now) {
		return j.changed(ctx)
	}
	return nil
}

// described makes sure that a reader which knows what it reads has the version
// that was announced.
func (j *job) described(r io.Reader) error {
	d, ok := r.(files.Described)
	if !ok {
		return nil
	}
	size, modTime, id := d.Describe()
	if size < 0 {
		size = j.source.Size
	}
	if modTime.IsZero() {
		modTime = j.source.ModTime
	}
	if !sameVersion(j.source, files.Entry{Size: size, ModTime: modTime, Precise: time.Second, ID: id}) {
		return fault.Newf(fault.Protocol, "copy", "", "%s is another version than a moment ago", j.from)
	}
	return nil
}

// sameVersion reports whether two entries tell of one version of a file. Times
// told equally exactly must be equal; a listing may be coarser than Stat.
func sameVersion(a, b files.Entry) bool {
	switch {
	case a.Size != b.Size:
		return false
	case a.ModTime.IsZero() || b.ModTime.IsZero():
		return a.ID == "" || b.ID == "" || a.ID == b.ID
	case a.Precise == b.Precise:
		return a.ModTime.Equal(b.ModTime)
	}
	return a.ModTime.Sub(b.ModTime).Abs() <= max(a.Precise, b.Precise)
}

func (j *job) changed(ctx context.Context) error {
	j.discard(ctx)
	return fault.Newf(fault.Protocol, "copy", "", "%s changed while it was copied", j.from)
}
