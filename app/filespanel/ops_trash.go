package filespanel

import (
	"context"
	"errors"

	"fyne.io/fyne/v2"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/services/files/ops"
	"guichet/services/files/ops/trash"
	"guichet/widgets/filetable"
	"guichet/widgets/kit"
)

// bin is the page with what lies in the trash of a server.
type bin struct {
	f       *Panel
	s       *side
	session *browse.Session
	items   []trash.Item
	unread  int
	loaded  bool
	busy    bool
	table   *filetable.Table
	status  *kit.Text
	bar     *kit.LoadingBar
	back    *kit.Button
	empty   *kit.Button
}

func (f *Panel) openTrash() {
	s := f.active
	if s.session == nil || s.local {
		return
	}
	b := &bin{f: f, s: s, session: s.session}
	b.build()
	b.load()
}

func (b *bin) build() {
	b.table = filetable.New(filetable.Params{
		NameTitle: words.T("files.column.name"), SizeTitle: words.T("files.column.size"), ChangedTitle: words.T("ops.column.deleted"),
		OwnerTitle: words.T("ops.column.folder"), OnSelect: b.update, OnOpen: func(int) { b.restore() }, OnMenu: b.menu, OnKey: b.key,
	})
	b.table.ShowColumn(filetable.Owner, true)
	b.table.SetWidth(filetable.Owner, 300)
	b.status = kit.NewText("", kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Shrink: true})
	b.bar = kit.NewLoadingBar()
	b.back = kit.NewButton(kit.ButtonParams{Text: words.T("ops.trash.back"), Icon: look.Icon("undo"), Kind: kit.Primary, OnTapped: b.restore})
	b.empty = kit.NewButton(kit.ButtonParams{Text: words.T("ops.trash.empty"), Icon: look.Icon("trash"), OnTapped: b.askEmpty})
	foot := kit.Column(0, kit.Line(), kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSide}), kit.Least(0, 30, kit.Inset(0, 14, 0, 14, kit.Row(8, 0, b.status)))))
	b.f.page(words.T("ops.trash.title", "Place", shorten(b.session.Current().Site.Title(), 40)), []fyne.CanvasObject{b.back, b.empty},
		kit.Frame(b.bar, b.table, foot), nil, b.build, nil)
	b.update()
	b.f.p.Host.Window().Canvas().Focus(b.table.List.FocusTarget())
}

func (b *bin) update() {
	b.bar.Stop()
	if b.busy {
		b.bar.Start()
	}
	b.back.SetEnabled(!b.busy && len(b.chosen()) > 0)
	b.empty.SetEnabled(!b.busy && len(b.items) > 0)
	text := ""
	switch {
	case len(b.items) > 0:
		text = words.N("ops.trash.count", len(b.items))
	case b.loaded && !b.busy:
		text = words.T("ops.trash.none")
		if !b.session.Current().Site.Trash {
			text = words.T("ops.trash.off")
		}
	}
	if b.unread > 0 {
		text += " · " + words.N("ops.trash.unread", b.unread)
	}
	b.status.SetText(text)
}

func (b *bin) rows() rows {
	out := make(rows, len(b.items))
	for i, item := range b.items {
		e := files.Entry{Name: item.Name(), Type: item.Type}
		out[i] = filetable.Row{
			Icon: look.Icon(icon(e)), Name: files.Display(item.Name()), Changed: words.DateTime(item.Deleted, b.f.p.Now()), Owner: b.s.pathText(item.Origin.Dir()),
		}
		if item.Type != files.Dir {
			out[i].Size = words.Size(item.Size)
		}
	}
	return out
}

// chosen are the selected items.
func (b *bin) chosen() []trash.Item {
	var out []trash.Item
	for _, i := range b.table.List.Selected() {
		if i < len(b.items) {
			out = append(out, b.items[i])
		}
	}
	return out
}

// work does something with the trash and lists it again.
func (b *bin) work(name string, do func(ctx context.Context, f files.FS) error) {
	b.busy = true
	b.update()
	var items []trash.Item
	unread := 0
	b.f.run(name, func(ctx ctx) error {
		f, err := b.session.Connected(ctx)
		if err != nil {
			return err
		}
		err = do(ctx, f)
		var lerr error
		items, unread, lerr = trash.List(ctx, f)
		return fault.OrNil(name, errors.Join(err, lerr))
	}, func(err error) {
		b.busy, b.loaded, b.items, b.unread = false, true, items, unread
		b.table.SetSource(b.rows())
		b.table.List.SetSelection(nil, min(0, len(b.items)-1))
		b.update()
		b.f.report(err)
	})
}

func (b *bin) load() { b.work("list trash", func(context.Context, files.FS) error { return nil }) }

func (b *bin) restore() {
	items := b.chosen()
	if len(items) == 0 || b.busy {
		return
	}
	b.work("put back", func(ctx context.Context, f files.FS) error {
		var failed error
		back := 0
		for _, item := range items {
			if _, err := trash.Restore(ctx, f, item, true); err != nil {
				failed = errors.Join(failed, err)
			} else {
				back++
			}
		}
		b.f.p.Host.Post(func() {
			b.f.p.Host.Show(panel.Toast{Text: words.N("ops.put_back", back)})
			b.session.Reload()
		})
		return failed
	})
}

func (b *bin) askEmpty() {
	b.ask(words.T("ops.trash.empty.title", "Place", shorten(b.session.Current().Site.Title(), 40)), words.T("ops.trash.empty"), b.items)
}

func (b *bin) askRemove() {
	if items := b.chosen(); len(items) > 0 && !b.busy {
		b.ask(words.N("ops.trash.remove.title", len(items)), words.T("command.files.delete"), items)
	}
}

// ask asks before things are deleted for good.
func (b *bin) ask(title, yes string, items []trash.Item) {
	b.f.p.Host.Ask(panel.Question{
		Title: title, Text: words.T("files.delete.folder"),
		Choices: []panel.Choice{{Label: words.T("files.keep")}, {Label: yes, Value: "yes", Danger: true}},
		Answer: func(value string, _ bool) {
			if value == "yes" {
				b.work("empty trash", func(ctx context.Context, f files.FS) error { return ops.Discard(ctx, f, items) })
			}
		},
	})
}

func (b *bin) key(ev *fyne.KeyEvent) bool {
	if ev.Name == fyne.KeyDelete {
		b.askRemove()
		return true
	}
	return b.f.escape(ev)
}

func (b *bin) menu(i int, at fyne.Position) {
	if i < 0 {
		return
	}
	if !b.table.List.IsSelected(i) {
		b.table.List.Select(i)
	}
	kit.ShowMenu(b.f.p.Host.Window().Canvas(), words.T("menu.more"), at, []*fyne.MenuItem{
		fyne.NewMenuItemWithIcon(words.T("ops.trash.back"), look.Icon("undo"), b.restore),
		fyne.NewMenuItemWithIcon(words.T("command.files.delete"), look.Icon("trash"), b.askRemove),
	})
}
