package filespanel

import (
	"context"
	"errors"
	"strings"

	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/services/files/ops"
	"guichet/services/files/ops/trash"
)

// keeps reports whether what is deleted there goes to a trash.
func (s *side) keeps() bool {
	if s.local {
		return trash.Here
	}
	return s.listing().Site.Trash
}

// remove deletes after a question that names what goes and says whether it can
// be put back.
func (f *Panel) remove() {
	s := f.active
	entries := s.selectedEntries()
	if len(entries) == 0 {
		return
	}
	kept := s.keeps() && !inTrash(s.listing().Path)
	text := "ops.delete.kept"
	if !kept {
		text = "files.delete.text"
		for _, e := range entries {
			if e.Type == files.Dir {
				text = "files.delete.folder"
			}
		}
	}
	f.askDelete(s, entries, words.T(text), func() {
		if kept {
			f.toTrash(s, entries)
		} else {
			f.deleteForGood(s.session, s.listing().Path, entries)
		}
	})
}

// inTrash reports whether a path leads into a server's trash.
func inTrash(p files.Path) bool {
	for _, name := range p {
		if name == trash.Folder {
			return true
		}
	}
	return false
}

func (f *Panel) askDelete(s *side, entries []files.Entry, text string, yes func()) {
	place := words.T("files.here")
	if !s.local {
		place = s.listing().Site.Title()
	}
	title := words.N("files.delete.title", len(entries), "Place", place)
	if len(entries) == 1 {
		title = words.T("files.delete.one", "Name", shorten(entries[0].Display, 50), "Place", place)
	}
	f.p.Host.Ask(panel.Question{
		Title: title, Text: text,
		Choices: []panel.Choice{{Label: words.T("files.keep")}, {Label: words.T("command.files.delete"), Value: "yes", Danger: true}},
		Answer: func(value string, _ bool) {
			if value == "yes" {
				yes()
			}
		},
	})
}

// deleteForGood makes the job that deletes.
func (f *Panel) deleteForGood(session *browse.Session, dir files.Path, entries []files.Entry) {
	f.operate(session, dir, entries, ops.Job{Action: ops.Delete}, nil)
}

// toTrash moves entries into the trash and offers to put them back. What no
// trash takes is asked about again.
func (f *Panel) toTrash(s *side, entries []files.Entry) {
	session, dir := s.session, s.listing().Path
	session.Act("delete", func(ctx context.Context, fs files.FS, done func(int)) error {
		var items []trash.Item
		var refused []files.Entry
		var failed error
		for i, e := range entries {
			item, err := trash.Move(ctx, fs, dir.Join(e.Name))
			switch {
			case err == nil:
				items = append(items, item)
			case fault.Is(err, fault.Unsupported):
				refused = append(refused, e)
			case fault.Is(err, fault.NotFound): // somebody was faster
			default:
				failed = errors.Join(failed, err)
			}
			if ctx.Err() != nil {
				break
			}
			done(i + 1)
		}
		f.p.Host.Post(func() {
			if len(items) > 0 {
				f.sayTrashed(session, items)
			}
			if len(refused) > 0 {
				f.askDelete(s, refused, words.T("ops.delete.refused"), func() { f.deleteForGood(session, dir, refused) })
			}
		})
		return fault.OrNil("delete", failed)
	})
}

// sayTrashed tells what went into the trash, with a way to undo it.
func (f *Panel) sayTrashed(session *browse.Session, items []trash.Item) {
	text := words.N("ops.trashed", len(items))
	if len(items) == 1 {
		text = words.T("ops.trashed.one", "Name", shorten(files.Display(items[0].Name()), 40))
	}
	f.p.Host.Show(panel.Toast{Text: text, Action: words.T("ops.undo"), Do: func() { f.putBack(session, items) }})
}

// putBack undoes a delete. A name that was taken meanwhile is no obstacle: what
// comes back gets another.
func (f *Panel) putBack(session *browse.Session, items []trash.Item) {
	session.Act("undo", func(ctx context.Context, fs files.FS, done func(int)) error {
		var failed error
		back := 0
		for i, item := range items {
			if _, err := trash.Restore(ctx, fs, item, true); err != nil {
				failed = errors.Join(failed, err)
			} else {
				back++
			}
			if ctx.Err() != nil {
				break
			}
			done(i + 1)
		}
		if back > 0 {
			f.p.Host.Post(func() { f.p.Host.Show(panel.Toast{Text: words.N("ops.put_back", back)}) })
		}
		return fault.OrNil("undo", failed)
	})
}

// makeFolder makes a folder in the one shown and offers to undo it.
func (f *Panel) makeFolder(s *side, name string) {
	session, dir := s.session, s.listing().Path
	session.Act("mkdir", func(ctx context.Context, fs files.FS, _ func(int)) error {
		if err := files.CheckName(strings.TrimSpace(name)); err != nil {
			return fault.New(fault.Permission, "mkdir", "", err)
		}
		p := dir.Join(files.ImportName(fs, name))
		if err := fs.Mkdir(ctx, p); err != nil {
			return err
		}
		f.offerUndo(session, words.T("ops.made", "Name", shorten(name, 40)), func(ctx context.Context, fs files.FS) error { return fs.RemoveDir(ctx, p) })
		return nil
	})
}

// renameTo gives an entry another name and offers to undo it.
func (f *Panel) renameTo(s *side, e files.Entry, name string) {
	session, dir := s.session, s.listing().Path
	session.Act("rename", func(ctx context.Context, fs files.FS, _ func(int)) error {
		if err := files.CheckName(strings.TrimSpace(name)); err != nil {
			return fault.New(fault.Permission, "rename", "", err)
		}
		from, to := dir.Join(e.Name), dir.Join(files.ImportName(fs, name))
		if from.Equal(to) {
			return nil
		}
		if err := fs.Rename(ctx, from, to, false); err != nil {
			return err
		}
		f.offerUndo(session, words.T("ops.renamed", "Name", shorten(name, 40)), func(ctx context.Context, fs files.FS) error { return fs.Rename(ctx, to, from, false) })
		return nil
	})
}

// offerUndo tells what was done, with a way to take it back. It is called off
// the UI goroutine.
func (f *Panel) offerUndo(session *browse.Session, text string, undo func(ctx context.Context, fs files.FS) error) {
	f.p.Host.Post(func() {
		f.p.Host.Show(panel.Toast{Text: text, Action: words.T("ops.undo"), Do: func() {
			session.Act("undo", func(ctx context.Context, fs files.FS, _ func(int)) error { return undo(ctx, fs) })
		}})
	})
}
