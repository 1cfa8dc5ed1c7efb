//go:build unix && !darwin

package trash

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
)

// This file is the Trash specification of freedesktop.org, version 1.0: a trash
// holds "files", the things themselves, and "info", a file for each that says
// where it was. There is one in the person's data folder and one at the top of
// every other volume, because a rename does not cross volumes.

// Here reports whether this computer has a trash that Move can use.
const Here = true

// dateForm is the spec's DeletionDate: local time without a zone.
const dateForm = "2006-01-02T15:04:05"

// bin is one trash.
type bin struct {
	dir string // holds files and info
	top string // of the volume; "" for the person's own, whose paths are absolute
}

func homeBin() (bin, error) {
	if d := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(d) {
		return bin{dir: filepath.Join(d, "Trash")}, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return bin{}, fault.From("trash", "", err)
	}
	return bin{dir: filepath.Join(home, ".local", "share", "Trash")}, nil
}

func device(path string) (uint64, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Dev), nil
	}
	return 0, fault.Newf(fault.Unsupported, "trash", "", "no device number")
}

// existing is the nearest folder on the way to path that is there.
func existing(path string) string {
	for {
		if _, err := os.Lstat(path); err == nil || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}

// binFor chooses the trash of the volume that path is on.
func binFor(path string) (bin, error) {
	home, err := homeBin()
	if err != nil {
		return bin{}, err
	}
	at, err := device(filepath.Dir(path))
	if err != nil {
		return bin{}, fault.From("trash", "", err)
	}
	if d, err := device(existing(home.dir)); err == nil && d == at {
		return home, nil
	}
	top := filepath.Dir(path)
	for top != filepath.Dir(top) {
		d, err := device(filepath.Dir(top))
		if err != nil || d != at {
			break
		}
		top = filepath.Dir(top)
	}
	return volumeBin(top)
}

// volumeBin is the trash at the top of a volume: the shared ".Trash" if it is a
// real folder with the sticky bit, as the spec demands, else one of the person's
// own.
func volumeBin(top string) (bin, error) {
	uid := strconv.Itoa(os.Getuid())
	shared := filepath.Join(top, ".Trash")
	if info, err := os.Lstat(shared); err == nil && info.IsDir() && info.Mode()&fs.ModeSticky != 0 {
		b := bin{dir: filepath.Join(shared, uid), top: top}
		if b.make() == nil {
			return b, nil
		}
	}
	b := bin{dir: filepath.Join(top, ".Trash-"+uid), top: top}
	return b, b.make()
}

// make makes the trash's folders, for the person alone. One that is a link, or
// somebody else's, is refused: whoever made it would get the files.
func (b bin) make() error {
	for _, dir := range []string{b.dir, filepath.Join(b.dir, "files"), filepath.Join(b.dir, "info")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fault.New(fault.Unsupported, "trash", "", err)
		}
		info, err := os.Lstat(dir)
		if err != nil {
			return fault.From("trash", "", err)
		}
		s, ok := info.Sys().(*syscall.Stat_t)
		if !info.IsDir() || !ok || int(s.Uid) != os.Getuid() {
			return fault.Newf(fault.Unsupported, "trash", "", "%s cannot be used", dir)
		}
	}
	return nil
}

func (b bin) info(name string) string { return filepath.Join(b.dir, "info", name+".trashinfo") }
func (b bin) file(name string) string { return filepath.Join(b.dir, "files", name) }

func moveHere(ctx context.Context, f *local.FS, item Item) (Item, error) {
	path := f.System(item.Origin)
	b, err := binFor(path)
	if err != nil {
		return Item{}, err
	}
	if err := b.make(); err != nil {
		return Item{}, err
	}
	if inside(b.dir, path) || inside(path, b.dir) {
		return Item{}, fault.Newf(fault.Unsupported, "trash", "", "this is the trash itself")
	}
	name, err := b.reserve(path, item.Deleted)
	if err != nil {
		return Item{}, err
	}
	if err := ctx.Err(); err != nil {
		return Item{}, errors.Join(fault.From("trash", "", err), os.Remove(b.info(name)))
	}
	if err := os.Rename(path, b.file(name)); err != nil {
		kind := fault.KindOf(err)
		if errors.Is(err, syscall.EXDEV) || errors.Is(err, syscall.EBUSY) { // a mount point, or one inside another
			kind = fault.Unsupported
		}
		return Item{}, fault.New(kind, "trash", "", errors.Join(err, os.Remove(b.info(name))))
	}
	return b.item(f, name, item.Origin, item)
}

func inside(dir, path string) bool {
	return path == dir || strings.HasPrefix(path, dir+string(filepath.Separator))
}

// item fills in where a thing is, as path of f.
func (b bin) item(f *local.FS, name string, origin files.Path, item Item) (Item, error) {
	rel, err := filepath.Rel(f.Root(), b.file(name))
	if err != nil || !filepath.IsLocal(rel) {
		return Item{}, fault.Newf(fault.Unsupported, "trash", "", "the trash is out of reach")
	}
	item.ID, item.Origin, item.Held = b.info(name), origin, files.ParsePath(filepath.ToSlash(rel))
	return item, nil
}

// reserve takes a free name in the trash by making its info file, which nobody
// else can have made.
func (b bin) reserve(path string, deleted time.Time) (string, error) {
	written := path
	if b.top != "" {
		rel, err := filepath.Rel(b.top, path)
		if err != nil {
			return "", fault.From("trash", "", err)
		}
		written = rel
	}
	text := "[Trash Info]\nPath=" + (&url.URL{Path: written}).EscapedPath() + "\nDeletionDate=" + deleted.Local().Format(dateForm) + "\n"
	for n := 1; n < 10_000; n++ {
		name := filepath.Base(path)
		if n > 1 {
			name = files.Numbered(name, n)
		}
		if _, err := os.Lstat(b.file(name)); err == nil {
			continue // left there without an info
		}
		w, err := os.OpenFile(b.info(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", fault.From("trash", "", err)
		}
		_, err = w.WriteString(text)
		if err = errors.Join(err, w.Close()); err != nil {
			return "", fault.From("trash", "", errors.Join(err, os.Remove(b.info(name))))
		}
		return name, nil
	}
	return "", fault.Newf(fault.Exists, "trash", "", "no free name")
}

// listHere lists the person's own trash.
func listHere(ctx context.Context, f *local.FS) (items []Item, unread int, err error) {
	b, err := homeBin()
	if err != nil {
		return nil, 0, err
	}
	names, err := os.ReadDir(filepath.Join(b.dir, "info"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fault.From("trash", "", err)
	}
	for _, entry := range names {
		if err := ctx.Err(); err != nil {
			return nil, 0, fault.From("trash", "", err)
		}
		name, ok := strings.CutSuffix(entry.Name(), ".trashinfo")
		if !ok {
			continue
		}
		item, ierr := b.read(ctx, f, name)
		if ierr != nil {
			unread++
			continue
		}
		items = append(items, item)
	}
	newestFirst(items)
	return items, unread, nil
}

func (b bin) read(ctx context.Context, f *local.FS, name string) (Item, error) {
	data, err := os.ReadFile(b.info(name))
	if err != nil {
		return Item{}, err
	}
	path, deleted, err := parseInfo(string(data))
	if err != nil {
		return Item{}, err
	}
	if b.top != "" {
		path = filepath.Join(b.top, path)
	}
	rel, err := filepath.Rel(f.Root(), path)
	if err != nil || !filepath.IsLocal(rel) || !filepath.IsAbs(path) {
		return Item{}, fault.Newf(fault.Damaged, "trash", "", "path of %s", name)
	}
	item, err := b.item(f, name, files.ParsePath(filepath.ToSlash(rel)), Item{Deleted: deleted})
	if err != nil {
		return Item{}, err
	}
	e, err := f.Stat(ctx, item.Held)
	item.Type, item.Size = e.Type, e.Size
	return item, err
}

// parseInfo reads a .trashinfo file.
func parseInfo(text string) (path string, deleted time.Time, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) == 0 || strings.TrimSpace(lines[0]) != "[Trash Info]" {
		return "", deleted, fault.Newf(fault.Damaged, "trash", "", "no trash info")
	}
	for _, line := range lines[1:] {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\r"), "=")
		switch {
		case key == "Path" && path == "":
			if path, err = url.PathUnescape(value); err != nil {
				return "", deleted, fault.New(fault.Damaged, "trash", "", err)
			}
		case key == "DeletionDate" && deleted.IsZero():
			if t, terr := time.ParseInLocation(dateForm, value, time.Local); terr == nil {
				deleted = t.UTC()
			}
		}
	}
	if path == "" || strings.Contains(path, "\x00") {
		return "", deleted, fault.Newf(fault.Damaged, "trash", "", "no path")
	}
	return path, deleted, nil
}

func forgetHere(_ *local.FS, item Item) error {
	if filepath.Ext(item.ID) != ".trashinfo" {
		return fault.Newf(fault.Internal, "trash", "", "not an item of this computer's trash")
	}
	if err := os.Remove(item.ID); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.From("trash", "", err)
	}
	return nil
}
