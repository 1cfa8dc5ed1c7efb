package app

import (
	"io"
	"log"
	"runtime"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/profile"
	"guichet/widgets/keys"
	"guichet/widgets/kit"
)

// commandsOf asks a panel for its commands.
func (w *Window) commandsOf(p panel.Panel) (list []panel.Command) {
	if p != nil {
		w.guard(p.ID(), func() { list = p.Commands() })
	}
	return list
}

func find(list []panel.Command, id string) *panel.Command {
	for i := range list {
		if list[i].ID == id {
			return &list[i]
		}
	}
	return nil
}

func ctrl(key fyne.KeyName) fyne.Shortcut {
	return &desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault}
}

func plain(key fyne.KeyName) fyne.Shortcut { return &desktop.CustomShortcut{KeyName: key} }

// own are the window's commands.
func (w *Window) own() []panel.Command {
	view := words.T("menu.view")
	list := []panel.Command{
		{ID: "window.address", Name: words.T("command.window.address"), Menu: words.T("menu.file"), Shortcut: ctrl(fyne.KeyL), Icon: look.Icon("search"), Run: w.FocusAddress},
		{ID: "window.quit", Name: words.T("command.window.quit"), Menu: words.T("menu.file"), Shortcut: ctrl(fyne.KeyQ), Separator: true, Run: w.Close},
	}
	for i, p := range w.panels {
		c := panel.Command{ID: "window.show." + p.ID(), Name: p.Title(), Menu: view, Icon: p.Icon(), Run: func() { w.ShowPanel(p.ID()) }}
		switch {
		case p.ID() == "settings":
			c.Shortcut = ctrl(fyne.KeyComma)
		case i < 9:
			c.Shortcut = ctrl(fyne.KeyName(rune('1' + i)))
		}
		list = append(list, c)
	}
	size := func(id string, key fyne.KeyName, to func(float32) float32) panel.Command {
		return panel.Command{ID: id, Name: words.T("command." + id), Menu: view, Shortcut: ctrl(key), Run: func() {
			w.change(func(v *profile.Values) {
				v.TextSize = min(max(to(v.TextSize), look.MinTextSize/100.0), look.MaxTextSize/100.0)
			})
		}}
	}
	larger := size("window.larger", fyne.KeyPlus, func(s float32) float32 { return s + 0.1 })
	larger.Separator = true
	return append(list, larger,
		size("window.smaller", fyne.KeyMinus, func(s float32) float32 { return s - 0.1 }),
		size("window.normal", fyne.Key0, func(float32) float32 { return 1 }),
		panel.Command{ID: "window.next_pane", Name: words.T("command.window.next_pane"), Menu: view, Separator: true, Shortcut: plain(fyne.KeyF6), Run: w.nextPane},
		panel.Command{ID: "window.full", Name: words.T("command.window.full"), Menu: view, Shortcut: plain(fyne.KeyF11), Checked: w.win.FullScreen, Run: func() { w.win.SetFullScreen(!w.win.FullScreen()) }},
		panel.Command{ID: "window.menu", Name: words.T("command.window.menu"), Shortcut: plain(fyne.KeyF10), Icon: look.Icon("menu"), Run: w.ShowMenu},
		panel.Command{ID: "window.about", Name: words.T("command.window.about"), Menu: words.T("menu.help"), Icon: look.Icon("info"), Run: w.about},
	)
}

// aliases are further keys for the window's commands: on most keyboards plus
// and minus are no keys of their own.
func (w *Window) aliases() []panel.Command {
	key := func(id string, key fyne.KeyName, m fyne.KeyModifier) panel.Command {
		return panel.Command{
			ID: id, Shortcut: &desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault | m},
			Run: func() { w.Run(id) },
		}
	}
	return []panel.Command{
		key("window.larger", fyne.KeyEqual, 0), key("window.larger", fyne.KeyEqual, fyne.KeyModifierShift),
		key("window.larger", fyne.KeyPlus, fyne.KeyModifierShift), key("window.smaller", fyne.KeyMinus, fyne.KeyModifierShift),
	}
}

// Run carries out a command by its id, if it may run now; a command of a panel
// that is not shown brings the panel to the front first. It reports whether
// there is such a command.
func (w *Window) Run(id string) bool {
	if c := find(w.own(), id); c != nil {
		w.run("window", *c)
		return true
	}
	for _, p := range w.panels {
		if c := find(w.commandsOf(p), id); c != nil {
			w.ShowPanel(p.ID())
			w.run(p.ID(), *c)
			return true
		}
	}
	return false
}

func (w *Window) run(owner string, c panel.Command) {
	w.guard(owner, func() {
		if c.Run != nil && (c.Enabled == nil || c.Enabled()) {
			c.Run()
		}
	})
	if w.shown != nil && !w.closing {
		w.showBar()
	}
}

// menus gives all commands as menus: the window's first, then each panel's,
// help last. Commands of the same menu name share a menu.
func (w *Window) menus() []*fyne.Menu {
	var order []*fyne.Menu
	byName := map[string]*fyne.Menu{}
	add := func(owner panel.Panel, c panel.Command) {
		if c.Menu == "" {
			return
		}
		m := byName[c.Menu]
		if m == nil {
			m = fyne.NewMenu(c.Menu)
			byName[c.Menu] = m
			order = append(order, m)
		}
		if c.Separator && len(m.Items) > 0 {
			m.Items = append(m.Items, fyne.NewMenuItemSeparator())
		}
		item := fyne.NewMenuItem(c.Name, func() { w.Run(c.ID) })
		item.Shortcut, item.Icon = c.Shortcut, c.Icon
		w.guard(c.ID, func() {
			item.Disabled = c.Enabled != nil && !c.Enabled()
			item.Checked = c.Checked != nil && c.Checked()
			if item.Disabled && c.Icon != nil { // Fyne recolours what is filled only
				item.Icon = kit.Recolor(c.Icon, "disabled")
			}
		})
		m.Items = append(m.Items, item)
	}
	help := words.T("menu.help")
	own := w.own()
	for _, c := range own {
		if c.Menu != help {
			add(nil, c)
		}
	}
	for _, p := range w.panels {
		for _, c := range w.commandsOf(p) {
			add(p, c)
		}
	}
	for _, c := range own {
		if c.Menu == help {
			add(nil, c)
		}
	}
	return order
}

// buildMenu hands the commands to Fyne. Where menus are drawn by Fyne itself
// they would take a bar of the window, which the design has no room for: there
// the menu that Fyne knows is only the table of shortcuts, which win over those
// of the focused widget, and F10 or the rail's button opens the visible one.
func (w *Window) buildMenu() {
	menus := w.menus()
	if nativeMenus() {
		w.menu.Items = menus
		w.win.SetMainMenu(w.menu)
		return
	}
	table := fyne.NewMenu("")
	seen := map[string]bool{}
	each := func(list []panel.Command) {
		for _, c := range list {
			if c.Shortcut == nil || seen[c.Shortcut.ShortcutName()] {
				continue
			}
			seen[c.Shortcut.ShortcutName()] = true
			item := fyne.NewMenuItem(c.Name, func() { w.shortcut(c.Shortcut) })
			item.Shortcut = c.Shortcut
			table.Items = append(table.Items, item)
		}
	}
	each(w.own())
	each(w.commandsOf(w.shown))
	each(w.aliases())
	w.menu.Items = []*fyne.Menu{table}
}

// hideMenuBar gives Fyne the menu while it is empty, so that no bar is made;
// the items come afterwards. It is called once the window exists.
func (w *Window) hideMenuBar() {
	if nativeMenus() {
		return
	}
	items := w.menu.Items
	w.menu.Items = nil
	before := log.Writer()
	log.SetOutput(io.Discard) // Fyne complains about the empty menu
	w.win.SetMainMenu(w.menu)
	log.SetOutput(before)
	w.menu.Items = items
}

// shortcut carries out what a shortcut means now: the shown panel's command,
// else the window's. Editing keys belong to the focused field, and while a
// dialog is open all keys belong to it.
func (w *Window) shortcut(s fyne.Shortcut) {
	focused := w.win.Canvas().Focused()
	_, field := focused.(interface{ SelectedText() string })
	if w.win.Canvas().Overlays().Top() != nil || field && isEditing(s) {
		if f, ok := focused.(fyne.Shortcutable); ok {
			f.TypedShortcut(withClipboard(s))
		}
		return
	}
	name := s.ShortcutName()
	try := func(owner string, list []panel.Command) bool {
		for _, c := range list {
			if c.Shortcut != nil && c.Shortcut.ShortcutName() == name && (c.Enabled == nil || c.Enabled()) {
				w.run(owner, c)
				return true
			}
		}
		return false
	}
	if w.shown != nil && try(w.shown.ID(), w.commandsOf(w.shown)) {
		return
	}
	if try("window", w.own()) || try("window", w.aliases()) {
		return
	}
	if f, ok := focused.(fyne.Shortcutable); ok {
		f.TypedShortcut(withClipboard(s))
	}
}

func isEditing(s fyne.Shortcut) bool {
	switch s.ShortcutName() {
	case "Copy", "Cut", "Paste", "SelectAll", "Undo", "Redo":
		return true
	}
	return false
}

func withClipboard(s fyne.Shortcut) fyne.Shortcut {
	c := fyne.CurrentApp().Clipboard()
	switch s.ShortcutName() {
	case "Copy":
		return &fyne.ShortcutCopy{Clipboard: c}
	case "Cut":
		return &fyne.ShortcutCut{Clipboard: c}
	case "Paste":
		return &fyne.ShortcutPaste{Clipboard: c}
	}
	return s
}

// typedKey gets the keys that nothing else has a use for: shortcuts without a
// modifier, which Fyne does not look up in menus.
func (w *Window) typedKey(ev *fyne.KeyEvent) {
	if ev.Name == fyne.KeyF6 && keys.Modifiers()&fyne.KeyModifierShift != 0 {
		w.walkPanes(-1)
		return
	}
	name := plain(ev.Name).ShortcutName()
	for _, list := range [][]panel.Command{w.commandsOf(w.shown), w.own()} {
		for _, c := range list {
			if c.Shortcut != nil && c.Shortcut.ShortcutName() == name && (c.Enabled == nil || c.Enabled()) {
				w.run("key", c)
				return
			}
		}
	}
	if ev.Name == fyne.KeyEscape {
		w.toasts.Dismiss(false)
	}
}

func (w *Window) nextPane() { w.walkPanes(1) }

// walkPanes moves the focus through the window's parts: address box, the
// panel's own, rail.
func (w *Window) walkPanes(step int) {
	panes := []fyne.Focusable{w.address.FocusTarget()}
	if p, ok := w.shown.(Paner); ok {
		w.guard(w.shown.ID(), func() { panes = append(panes, p.Panes()...) })
	}
	panes = append(panes, w.rail.FocusTarget())
	at := -1
	for i, p := range panes {
		if p != nil && p == w.win.Canvas().Focused() {
			at = i
		}
	}
	if at < 0 && step < 0 {
		at = 0
	}
	if next := panes[(at+step+len(panes))%len(panes)]; next != nil {
		w.win.Canvas().Focus(next)
	}
}

// ShowMenu opens the menu of all commands beside the rail.
func (w *Window) ShowMenu() {
	var items []*fyne.MenuItem
	for _, m := range w.menus() {
		item := fyne.NewMenuItem(m.Label, nil)
		item.ChildMenu = m
		items = append(items, item)
	}
	menu := kit.NewMenu(w.win.Canvas(), words.T("menu.more"), items)
	menu.ShowAtPosition(fyne.NewPos(kit.Px(84), fyne.Max(w.win.Canvas().Size().Height-menu.MinSize().Height-kit.Px(150), 0)))
}

// shortcutText writes a shortcut for people: "Ctrl+Shift+F".
func shortcutText(s fyne.Shortcut) string {
	k, ok := s.(fyne.KeyboardShortcut)
	if !ok {
		return ""
	}
	var parts []string
	for _, m := range []struct {
		m     fyne.KeyModifier
		name  string
		apple string
	}{
		{fyne.KeyModifierControl, words.T("key.ctrl"), "⌃"},
		{fyne.KeyModifierAlt, words.T("key.alt"), "⌥"},
		{fyne.KeyModifierShift, words.T("key.shift"), "⇧"},
		{fyne.KeyModifierSuper, words.T("key.super"), "⌘"},
	} {
		if k.Mod()&m.m != 0 {
			if runtime.GOOS == "darwin" {
				parts = append(parts, m.apple)
			} else {
				parts = append(parts, m.name)
			}
		}
	}
	return strings.Join(append(parts, keyName(k.Key())), "+")
}

func keyName(k fyne.KeyName) string {
	switch k {
	case fyne.KeyDelete:
		return words.T("key.delete")
	case fyne.KeyBackspace:
		return words.T("key.backspace")
	case fyne.KeyReturn, fyne.KeyEnter:
		return words.T("key.enter")
	case fyne.KeyEscape:
		return words.T("key.escape")
	case fyne.KeySpace:
		return words.T("key.space")
	case fyne.KeyPageUp:
		return words.T("key.page_up")
	case fyne.KeyPageDown:
		return words.T("key.page_down")
	case fyne.KeyLeft:
		return "←"
	case fyne.KeyRight:
		return "→"
	case fyne.KeyUp:
		return "↑"
	case fyne.KeyDown:
		return "↓"
	}
	return string(k)
}
