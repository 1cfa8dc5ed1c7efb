package webpanel

import (
	"context"
	"net/url"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/address"
	"guichet/services/web"
	"guichet/widgets/kit"
)

func key(name fyne.KeyName, modifier fyne.KeyModifier) fyne.Shortcut {
	return &desktop.CustomShortcut{KeyName: name, Modifier: modifier}
}

func ctrl(name fyne.KeyName) fyne.Shortcut { return key(name, fyne.KeyModifierShortcutDefault) }

func ctrlShift(name fyne.KeyName) fyne.Shortcut {
	return key(name, fyne.KeyModifierShortcutDefault|fyne.KeyModifierShift)
}

// Commands implements panel.Panel.
func (w *Panel) Commands() []panel.Command {
	menu := words.T("web.menu")
	c := w.current
	s := c.state
	page := func() bool { return s.Page != nil && !c.history }
	site := func() bool { return s.URL != "" && !c.history }
	star, starName := "star", "command.web.bookmark"
	if s.Bookmarked {
		star, starName = "star-filled", "command.web.bookmark_remove"
	}
	cmd := func(id, icon string, shortcut fyne.Shortcut, enabled func() bool, run func()) panel.Command {
		x := panel.Command{ID: "web." + id, Name: words.T("command.web." + id), Menu: menu, Shortcut: shortcut, Enabled: enabled, Run: run}
		if icon != "" {
			x.Icon = look.Icon(icon)
		}
		return x
	}
	hidden := func(x panel.Command) panel.Command { x.Menu = ""; return x }
	line := func(x panel.Command) panel.Command { x.Separator = true; return x }
	bookmark := cmd("bookmark", star, ctrl(fyne.KeyD), site, func() { w.toggleBookmark(c) })
	bookmark.Name = words.T(starName)
	alt := func(name fyne.KeyName) fyne.Shortcut { return key(name, fyne.KeyModifierAlt) }
	plain := func(name fyne.KeyName) fyne.Shortcut { return key(name, 0) }
	return []panel.Command{
		cmd("new_tab", "plus", ctrl(fyne.KeyT), nil, w.openNewTab),
		cmd("close_tab", "close", ctrl(fyne.KeyW), nil, func() { w.closeTab(c) }),
		cmd("reopen_tab", "undo", ctrlShift(fyne.KeyT), func() bool { return len(w.closed) > 0 }, w.reopenTab),
		cmd("next_tab", "", key(fyne.KeyTab, fyne.KeyModifierControl), func() bool { return len(w.tabs) > 1 }, func() { w.walk(1) }),
		cmd("previous_tab", "", key(fyne.KeyTab, fyne.KeyModifierControl|fyne.KeyModifierShift), func() bool { return len(w.tabs) > 1 }, func() { w.walk(-1) }),
		line(cmd("back", "back", alt(fyne.KeyLeft), func() bool { return s.CanBack || c.history }, w.back)),
		cmd("next", "forward", alt(fyne.KeyRight), func() bool { return s.CanNext && !c.history }, c.t.Forward),
		cmd("reload", "reload", ctrl(fyne.KeyR), site, func() { w.reload(c) }),
		hidden(panel.Command{ID: "web.reload_key", Name: words.T("command.web.reload"), Shortcut: plain(fyne.KeyF5), Enabled: site, Run: func() { w.reload(c) }}),
		cmd("stop", "stop", plain(fyne.KeyEscape), func() bool { return s.Loading || c.parts }, func() { c.stopLoading() }),
		cmd("start", "home", alt(fyne.KeyHome), nil, func() { w.openHere(web.Start, web.OpenOptions{}) }),
		line(bookmark),
		cmd("history", "history", ctrl(fyne.KeyH), nil, func() { w.toggleHistory() }),
		cmd("downloads", "download", ctrl(fyne.KeyJ), nil, w.showDownloads),
		line(cmd("find", "search", ctrl(fyne.KeyF), page, func() { w.find.open() })),
		cmd("find_next", "", plain(fyne.KeyF3), func() bool { return page() && w.find != nil && w.find.shown }, func() { w.find.next() }),
		line(cmd("zoom_in", "zoom-in", ctrl(fyne.KeyPlus), page, func() { c.zoom(1) })),
		hidden(panel.Command{ID: "web.zoom_in_key", Name: words.T("command.web.zoom_in"), Shortcut: ctrl(fyne.KeyEqual), Enabled: page, Run: func() { c.zoom(1) }}),
		cmd("zoom_out", "zoom-out", ctrl(fyne.KeyMinus), page, func() { c.zoom(-1) }),
		cmd("zoom_normal", "", ctrl(fyne.Key0), page, func() { c.zoom(0) }),
		line(cmd("copy_address", "copy", nil, site, func() { w.copy(s.URL) })),
		cmd("save", "download", ctrl(fyne.KeyS), site, func() { w.download(s.URL, "", "") }),
		cmd("outside", "open", nil, site, func() { w.openOutside(s.URL) }),
		line(cmd("clear_history", "trash", nil, nil, w.askClearHistory)),
		hidden(cmd("more", "dots", nil, nil, w.showMore)),
	}
}

func (w *Panel) back() {
	if w.current.history {
		w.current.leaveHistory()
		return
	}
	w.current.t.Back()
}

// reload asks first where the page is the answer to a form.
func (w *Panel) reload(t *tab) {
	if t.state.Page == nil || !t.state.Page.Post {
		t.t.Reload()
		return
	}
	w.p.Host.Ask(panel.Question{
		Title: words.T("web.repost.title"), Text: words.T("web.repost.text"),
		Choices: []panel.Choice{{Label: words.T("web.repost.no")}, {Label: words.T("web.repost.yes"), Value: "yes", Primary: true}},
		Answer: func(value string, _ bool) {
			if value == "yes" && !t.gone {
				t.t.Repost()
			}
		},
	})
}

func (t *tab) stopLoading() {
	if t.state.Loading {
		t.t.Stop()
	}
	if t.view != nil && t.parts {
		t.parts = false
		t.view.Stop()
	}
	t.w.updateLoading()
}

// escape is what Escape means in a page that has no use for it.
func (w *Panel) escape() bool {
	switch {
	case w.find.shown:
		w.find.close()
	case w.current.state.Loading || w.current.parts:
		w.current.stopLoading()
	default:
		return false
	}
	return true
}

func (w *Panel) toggleBookmark(t *tab) {
	if was, ok := w.p.Web.RemoveBookmark(t.state.URL); ok {
		w.p.Host.Show(panel.Toast{Text: words.T("web.bookmark.removed", "Title", was.Title), Action: words.T("web.undo"), Do: func() { w.p.Web.PutBookmark(was) }})
		return
	}
	w.p.Web.ToggleBookmark(t.state.URL, t.state.Title)
	w.p.Host.Show(panel.Toast{Text: words.T("web.bookmark.added")})
}

func (w *Panel) showDownloads() {
	w.p.Host.Open(address.Target{Kind: address.Page, Text: "activity", Shown: "about:activity"})
}

func (w *Panel) tellDownload() {
	w.p.Host.Show(panel.Toast{Text: words.T("web.download.begun"), Action: words.T("web.download.show"), Do: w.showDownloads})
}

// download hands an address to the list of activity.
func (w *Panel) download(target, referrer, name string) {
	w.p.Tasks.Go("add download", func(ctx context.Context) {
		_, err := w.p.Web.Download(ctx, target, referrer, name)
		w.p.Host.Post(func() {
			if err != nil {
				w.p.Host.Trouble(w.ID(), err, nil)
				return
			}
			w.tellDownload()
		})
	})
}

func (w *Panel) copy(text string) {
	fyne.CurrentApp().Clipboard().SetContent(text)
	w.p.Host.Show(panel.Toast{Text: words.T("web.copied")})
}

func (w *Panel) openOutside(target string) {
	u, err := url.Parse(target)
	if err == nil {
		err = w.p.OpenOutside(u)
	}
	if err != nil {
		w.p.Host.Trouble(w.ID(), err, nil)
	}
}

// showMore opens the menu of the page below the bar's right end.
func (w *Panel) showMore() {
	var items []*fyne.MenuItem
	for _, c := range w.Commands() {
		if c.Menu == "" {
			continue
		}
		if c.Separator {
			items = append(items, fyne.NewMenuItemSeparator())
		}
		item := fyne.NewMenuItem(c.Name, c.Run)
		item.Icon, item.Shortcut = c.Icon, c.Shortcut
		item.Disabled = c.Enabled != nil && !c.Enabled()
		items = append(items, pale(item))
	}
	canvas := w.p.Host.Window().Canvas()
	m := kit.NewMenu(canvas, words.T("menu.more"), items)
	m.ShowAtPosition(fyne.NewPos(max(canvas.Size().Width-m.MinSize().Width-kit.Px(14), 0), kit.Px(52)))
}

// popUp shows a context menu; nil items are lines.
func (w *Panel) popUp(at fyne.Position, items ...*fyne.MenuItem) {
	for i, item := range items {
		if item == nil {
			items[i] = fyne.NewMenuItemSeparator()
			continue
		}
		pale(item)
	}
	kit.ShowMenu(w.p.Host.Window().Canvas(), words.T("menu.more"), at, items)
}

// pale gives a disabled entry a pale icon: Fyne recolours filled ones only.
func pale(item *fyne.MenuItem) *fyne.MenuItem {
	if item.Disabled && item.Icon != nil {
		item.Icon = kit.Recolor(item.Icon, "disabled")
	}
	return item
}

func entry(id string, icon string, run func()) *fyne.MenuItem {
	item := fyne.NewMenuItem(words.T(id), run)
	if icon != "" {
		item.Icon = look.Icon(icon)
	}
	return item
}

// tabMenu is the context menu of a page tab.
func (w *Panel) tabMenu(t *tab, at fyne.Position) {
	others := entry("web.tab.close_others", "", func() {
		for _, o := range append([]*tab(nil), w.tabs...) {
			if o != t {
				w.closeTab(o)
			}
		}
	})
	others.Disabled = len(w.tabs) < 2
	again := entry("command.web.reload", "reload", func() { w.reload(t) })
	again.Disabled = t.state.URL == ""
	twin := entry("web.tab.twin", "copy", func() { w.OpenInTab(t.state.URL, web.OpenOptions{}, true) })
	reopen := entry("command.web.reopen_tab", "undo", w.reopenTab)
	reopen.Disabled = len(w.closed) == 0
	w.popUp(at, entry("command.web.new_tab", "plus", w.openNewTab), twin, again, nil,
		entry("web.tab.close", "close", func() { w.closeTab(t) }), others, reopen)
}
