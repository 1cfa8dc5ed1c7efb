// Package trash keeps what a person deletes until it is emptied: on a server in
// a hidden folder of the site's home, on this computer in the desktop's own
// trash. Whatever lies there can be put back where it was.
package trash

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
)

// Folder is the name of a server's trash, in the home of the site.
const Folder = ".guichet-trash"

// Item is something in a trash.
type Item struct {
	ID      string     // names it in its trash
	Origin  files.Path // where it was
	Held    files.Path // where it is now
	Deleted time.Time  // UTC
	Type    files.Type
	Size    int64 // bytes of a file; -1 unknown
}

// Name is the item's former name, as raw bytes.
func (i Item) Name() string { return i.Origin.Base() }

// record is what lies beside an item on a server, so that it can be put back:
// names are bytes, which JSON keeps in base64.
type record struct {
	Version int       `json:"version"`
	Origin  [][]byte  `json:"origin"`
	Deleted time.Time `json:"deleted"`
	Type    string    `json:"type"`
	Size    int64     `json:"size"`
	Shown   string    `json:"shown"` // for people who look into the file
}

// maxRecord bounds a record, in bytes.
const maxRecord = 1 << 20

// Keeper moves things into the trash of the file system they are in. The zero
// value is ready, and safe for concurrent use.
type Keeper struct{}

// Keep is Move for those who need no Item: what is about to be overwritten or
// removed goes to the trash.
func (Keeper) Keep(ctx context.Context, f files.FS, p files.Path) error {
	_, err := Move(ctx, f, p)
	return err
}

// Move puts a file, link or folder into the trash. It never copies and never
// deletes: where the file system cannot move it in one step, where there is no
// trash, or where p is in the trash already, the fault is Unsupported and
// nothing has happened.
func Move(ctx context.Context, f files.FS, p files.Path) (Item, error) {
	if len(p) == 0 {
		return Item{}, fault.Newf(fault.Permission, "trash", "", "the root stays")
	}
	e, err := f.Stat(ctx, p)
	if err != nil {
		return Item{}, err
	}
	item := Item{Origin: slices.Clone(p), Deleted: time.Now().UTC().Truncate(time.Second), Type: e.Type, Size: e.Size}
	if l, ok := f.(*local.FS); ok {
		return moveHere(ctx, l, item)
	}
	root, err := folder(ctx, f)
	if err != nil {
		return Item{}, err
	}
	if root.Within(p) && !p.Within(root) {
		// The place begins in what is to go (an address may lead right to it): the
		// trash is then beside it.
		root = p.Dir().Join(Folder)
	}
	if p.Within(root) {
		return Item{}, fault.Newf(fault.Unsupported, "trash", "", "this is the trash itself")
	}
	item.ID = item.Deleted.Format("20060102T150405Z-") + files.RandomSuffix()
	return moveThere(ctx, f, root, item)
}

// folder is where a server's trash is.
func folder(ctx context.Context, f files.FS) (files.Path, error) {
	home, err := f.Home(ctx)
	if err != nil {
		return nil, err
	}
	return home.Join(Folder), nil
}

// moveThere writes the record before the move: what is in the trash can always
// be put back, a record alone is harmless.
func moveThere(ctx context.Context, f files.FS, root files.Path, item Item) (Item, error) {
	item.Held = root.Join(item.ID).Join(item.Name())
	if err := makeFolder(ctx, f, root); err != nil {
		return Item{}, err
	}
	if err := f.Mkdir(ctx, root.Join(item.ID)); err != nil {
		return Item{}, err
	}
	err := writeRecord(ctx, f, recordPath(root, item.ID), item)
	if err == nil {
		err = f.Rename(ctx, item.Origin, item.Held, false)
	}
	if err != nil {
		held := context.WithoutCancel(ctx)
		if _, serr := f.Stat(held, item.Held); serr == nil {
			return item, nil // it was moved, only the answer was lost
		}
		clean(held, f, root, item.ID)
		return Item{}, err
	}
	return item, nil
}

// makeFolder makes a folder unless it is there.
func makeFolder(ctx context.Context, f files.FS, p files.Path) error {
	e, err := f.Stat(ctx, p)
	switch {
	case err == nil && e.Type == files.Dir:
		return nil
	case err == nil: // a link could lead anywhere
		return fault.Newf(fault.Exists, "trash", "", "%s is no folder", p)
	case !fault.Is(err, fault.NotFound):
		return err
	}
	if err := f.Mkdir(ctx, p); err != nil && !fault.Is(err, fault.Exists) {
		return err
	}
	return nil
}

func recordPath(root files.Path, id string) files.Path { return root.Join(id + ".json") }

// clean removes an item's empty folder and its record; what cannot be removed
// stays and is passed over by List.
func clean(ctx context.Context, f files.FS, root files.Path, id string) {
	_ = f.RemoveDir(ctx, root.Join(id))
	_ = f.Remove(ctx, recordPath(root, id))
}

func writeRecord(ctx context.Context, f files.FS, p files.Path, item Item) error {
	r := record{Version: 1, Deleted: item.Deleted, Type: item.Type.String(), Size: item.Size, Shown: files.Display(item.Origin.String())}
	for _, name := range item.Origin {
		r.Origin = append(r.Origin, []byte(name))
	}
	data, err := json.Marshal(r)
	if err != nil {
		return fault.New(fault.Internal, "trash", "", err)
	}
	w, err := f.Write(ctx, p, files.WriteOptions{Size: int64(len(data)), Exclusive: true})
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return errors.Join(err, w.Abort(true))
	}
	return w.Commit(ctx)
}

// readRecord reads what lies beside an item. It comes from a server: every name
// in it is checked.
func readRecord(ctx context.Context, f files.FS, root files.Path, id string) (Item, error) {
	r, err := f.Read(ctx, recordPath(root, id), 0)
	if err != nil {
		return Item{}, err
	}
	data, err := io.ReadAll(io.LimitReader(r, maxRecord+1))
	_ = r.Close() // the bytes are here
	if err != nil {
		return Item{}, fault.From("trash", "", err)
	}
	return parseRecord(data, root, id)
}

func parseRecord(data []byte, root files.Path, id string) (Item, error) {
	var rec record
	if len(data) > maxRecord {
		return Item{}, fault.Newf(fault.TooBig, "trash", "", "record of %s", id)
	}
	if err := json.Unmarshal(data, &rec); err != nil {
		return Item{}, fault.New(fault.Damaged, "trash", "", err)
	}
	if rec.Version != 1 || len(rec.Origin) == 0 || len(rec.Origin) > 10*files.MaxDepth {
		return Item{}, fault.Newf(fault.Damaged, "trash", "", "record of %s", id)
	}
	item := Item{ID: id, Deleted: rec.Deleted.UTC(), Size: rec.Size}
	for _, name := range rec.Origin {
		if err := files.CheckName(string(name)); err != nil {
			return Item{}, fault.New(fault.Damaged, "trash", "", err)
		}
		item.Origin = append(item.Origin, string(name))
	}
	item.Held = root.Join(id).Join(item.Name())
	return item, nil
}

// List gives what lies in the trash, the newest first. Things whose record is
// missing or cannot be read are counted in unread; they are never deleted by
// Empty.
func List(ctx context.Context, f files.FS) (items []Item, unread int, err error) {
	if l, ok := f.(*local.FS); ok {
		return listHere(ctx, l)
	}
	root, err := folder(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	held, unread, err := identities(ctx, f, root)
	if err != nil {
		return nil, 0, err
	}
	for _, id := range held {
		item, rerr := readRecord(ctx, f, root, id)
		if rerr == nil {
			var e files.Entry
			if e, rerr = f.Stat(ctx, item.Held); rerr == nil {
				item.Type, item.Size = e.Type, e.Size
				items = append(items, item)
				continue
			}
		}
		switch {
		case ctx.Err() != nil:
			return nil, 0, fault.From("trash", "", ctx.Err())
		case fault.KindOf(rerr).Transient():
			return nil, 0, rerr
		}
		unread++
	}
	newestFirst(items)
	return items, unread, nil
}

func newestFirst(items []Item) {
	slices.SortFunc(items, func(a, b Item) int {
		if c := b.Deleted.Compare(a.Deleted); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
}

// identities lists the folders of a server's trash that have a record.
func identities(ctx context.Context, f files.FS, root files.Path) (ids []string, unread int, err error) {
	folders, records := map[string]bool{}, map[string]bool{}
	report, err := f.List(ctx, root, func(entries []files.Entry) error {
		for _, e := range entries {
			name, isRecord := strings.CutSuffix(e.Name, ".json")
			switch {
			case !isID(name):
			case isRecord && e.Type == files.File:
				records[name] = true
			case !isRecord && e.Type == files.Dir:
				folders[name] = true
			}
		}
		return nil
	})
	if fault.Is(err, fault.NotFound) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	for id := range folders {
		if records[id] {
			ids = append(ids, id)
		} else {
			unread++
		}
	}
	slices.Sort(ids)
	return ids, unread + report.Unread, nil
}

// isID reports whether a name is one that Move gives: a date and a random end.
func isID(name string) bool {
	stamp, end, ok := strings.Cut(name, "-")
	if !ok || len(end) != 8 || strings.Trim(end, "0123456789abcdef") != "" {
		return false
	}
	_, err := time.Parse("20060102T150405Z", stamp)
	return err == nil
}

// Restore puts an item back where it was; folders on the way are made again.
// Where the name is taken it fails with Exists, unless both is set: then it
// comes back under a free name. It returns where it is now.
func Restore(ctx context.Context, f files.FS, item Item, both bool) (files.Path, error) {
	if err := files.MakeFolders(ctx, f, item.Origin.Dir()); err != nil {
		return nil, err
	}
	to := item.Origin
	err := f.Rename(ctx, item.Held, to, false)
	for n := 2; both && fault.Is(err, fault.Exists) && n < 100; n++ {
		to = item.Origin.Dir().Join(files.Numbered(item.Name(), n))
		err = f.Rename(ctx, item.Held, to, false)
	}
	if err != nil {
		return nil, err
	}
	if l, ok := f.(*local.FS); ok {
		return to, forgetHere(l, item)
	}
	root := item.Held.Dir().Dir()
	clean(context.WithoutCancel(ctx), f, root, item.ID)
	return to, nil
}

// Forget takes an item off the trash's books once it has been removed for good:
// its record and, on a server, the folder that held it.
func Forget(ctx context.Context, f files.FS, item Item) error {
	if l, ok := f.(*local.FS); ok {
		return forgetHere(l, item)
	}
	root := item.Held.Dir().Dir()
	var err error
	for _, e := range []error{f.RemoveDir(ctx, root.Join(item.ID)), f.Remove(ctx, recordPath(root, item.ID))} {
		if e != nil && !fault.Is(e, fault.NotFound) {
			err = errors.Join(err, e)
		}
	}
	return fault.OrNil("trash", err)
}
