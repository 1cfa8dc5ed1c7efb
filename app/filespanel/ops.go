package filespanel

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/services/files/ops"
	"guichet/services/files/transfer"
	"guichet/widgets/filetable"
	"guichet/widgets/kit"
)

// operations is what the panel keeps for the commands of this file and those
// beside it: delete, properties, search, edit, copy and paste, the trash.
type operations struct {
	clip  clipboard
	edits *editList
	// again makes the open page anew, in another language or text size; nil: none
	// is open.
	again func()
	// left is called when the page is closed.
	left func()
}

// clipboard is what was cut or copied in a pane.
type clipboard struct {
	session *browse.Session
	dir     files.Path
	entries []files.Entry
	cut     bool
}

// opsCommands are the commands about operations; opsMenu names those that stand
// in the menu of a row, -1 for the space below the rows.
func (f *Panel) opsCommands() []panel.Command {
	menu, places := words.T("files.menu"), words.T("files.menu.place")
	command := func(id, icon, menu string, key fyne.KeyName, more fyne.KeyModifier, enabled func() bool, run func()) panel.Command {
		c := panel.Command{ID: "files." + id, Name: words.T("command.files." + id), Menu: menu, Icon: look.Icon(icon), Enabled: enabled, Run: run}
		if key != "" {
			c.Shortcut = &desktop.CustomShortcut{KeyName: key, Modifier: more}
		}
		return c
	}
	const ctrl, alt = fyne.KeyModifierShortcutDefault, fyne.KeyModifierAlt
	ready := func() bool { return f.active.session != nil }
	some := func() bool { return ready() && len(f.active.selectedEntries()) > 0 }
	server := func() bool { return ready() && !f.active.local }
	list := []panel.Command{
		command("edit", "write", menu, fyne.KeyF4, 0, func() bool { return f.editable() }, f.edit),
		command("edited", "write", menu, "", 0, func() bool { return len(f.editedFiles()) > 0 }, f.showEdits),
		command("cut", "move", menu, fyne.KeyX, ctrl, some, func() { f.clip(true) }),
		command("copy", "copy", menu, fyne.KeyC, ctrl, some, func() { f.clip(false) }),
		command("paste", "paragraph", menu, fyne.KeyV, ctrl, func() bool { return ready() && len(f.ops.clip.entries) > 0 }, f.paste),
		command("copy_to", "copy", menu, "", 0, some, func() { f.carryTo(ops.Copy) }),
		command("move_to", "move", menu, "", 0, some, func() { f.carryTo(ops.Move) }),
		command("properties", "info", menu, fyne.KeyReturn, alt, some, f.properties),
		command("search", "search", places, fyne.KeyF, ctrl, ready, f.openSearch),
		command("trash", "trash", places, "", 0, server, f.openTrash),
		command("import", "download", places, "", 0, nil, f.importServers),
		command("export", "upload", places, "", 0, func() bool { return len(f.sites()) > 0 }, f.exportServers),
	}
	for i := range list {
		switch list[i].ID {
		case "files.edit", "files.cut", "files.properties", "files.search", "files.import":
			list[i].Separator = true
		case "files.paste":
			list[i].Icon = nil
		}
	}
	return list
}

func (f *Panel) opsMenu(s *side, row int) []string {
	if row < 0 {
		ids := []string{"files.search", "files.paste"}
		if !s.local {
			ids = append(ids, "files.trash")
		}
		return ids
	}
	ids := []string{"files.cut", "files.copy", "files.copy_to", "files.move_to", "files.properties"}
	if f.editable() {
		ids = append([]string{"files.edit"}, ids...)
	}
	return ids
}

// page shows something in the place of the two panes, with a way back.
func (f *Panel) page(title string, tools []fyne.CanvasObject, body, foot fyne.CanvasObject, again, left func()) {
	back := kit.NewButton(kit.ButtonParams{Text: words.T("ops.back"), Icon: look.Icon("back"), Kind: kit.Quiet, OnTapped: f.closePage})
	line := append([]fyne.CanvasObject{back, kit.NewText(title, kit.TextStyle{Bold: true, Shrink: true})}, tools...)
	head := kit.Column(0, kit.Inset(6, 14, 6, 8, kit.Row(10, 1, line...)), kit.Line())
	f.ops.again, f.ops.left = again, left
	f.cover = kit.Frame(head, body, foot)
	f.layout()
}

// closePage shows the two panes again.
func (f *Panel) closePage() {
	if left := f.ops.left; left != nil {
		left()
	}
	f.ops.again, f.ops.left = nil, nil
	f.cover = nil
	f.layout()
	f.focus(f.active)
}

// opsContent makes an open page anew.
func (f *Panel) opsContent() {
	if f.ops.again != nil {
		f.ops.again()
	}
}

// rows are those of a page's table.
type rows []filetable.Row

// Len and Row implement filetable.Source.
func (r rows) Len() int                { return len(r) }
func (r rows) Row(i int) filetable.Row { return r[i] }

// escape lets the Escape key close a page.
func (f *Panel) escape(ev *fyne.KeyEvent) bool {
	if ev.Name == fyne.KeyEscape {
		f.closePage()
		return true
	}
	return false
}

// operate makes a job, and has the folders listed again when it ends.
func (f *Panel) operate(from *browse.Session, dir files.Path, entries []files.Entry, j ops.Job, to *transfer.Place, shown ...*browse.Session) {
	f.run("operation", func(ctx ctx) error {
		_, err := f.p.Files.Operate(ctx, from, dir, entries, j, to)
		return err
	}, func(err error) {
		if err != nil {
			f.trouble(err, nil)
			return
		}
		for _, s := range append(shown, from) {
			f.transfers.expect(s)
		}
	})
}
