package webpanel

import (
	"errors"
	"io"
	"net/url"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"

	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/html"
	"guichet/services/web"
	"guichet/widgets/document"
	"guichet/widgets/kit"
)

// follow opens a link of the page.
func (t *tab) follow(l document.Link, where document.Where) {
	u, err := url.Parse(l.URL)
	if err != nil {
		return
	}
	switch u.Scheme {
	case "http", "https", "data", "about":
	case "javascript":
		t.w.p.Host.Show(panel.Toast{
			Text: words.T("web.script"), Action: words.T("web.outside"), Do: func() { t.w.openOutside(t.state.URL) },
		})
		return
	default: // mailto, ftp, sftp: other tabs of the window know them
		t.w.p.Host.OpenText(l.URL)
		return
	}
	if l.Download != "" {
		t.w.download(l.URL, t.state.URL, l.Download)
		return
	}
	o := web.OpenOptions{From: t.pageURL()}
	if where == document.Here && l.Target == "_blank" {
		where = document.NewTabInFront
	}
	if where == document.Here {
		t.t.Open(l.URL, o)
		return
	}
	t.w.OpenInTab(l.URL, o, where == document.NewTabInFront)
}

func (t *tab) pageURL() *url.URL {
	if t.state.Page == nil {
		return nil
	}
	return t.state.Page.URL
}

// menu is the context menu of what lies under the pointer.
func (t *tab) menu(m document.Menu, at fyne.Position) {
	w := t.w
	var items []*fyne.MenuItem
	if l := m.Hit.Link; l != nil {
		open := func(front bool) func() {
			return func() { w.OpenInTab(l.URL, web.OpenOptions{From: t.pageURL()}, front) }
		}
		if strings.HasPrefix(l.URL, "http") {
			items = append(items, entry("web.link.new_tab", "plus", open(false)),
				entry("web.link.save", "download", func() { w.download(l.URL, t.state.URL, l.Download) }))
		}
		address, label := l.URL, "web.link.copy"
		if mail, ok := strings.CutPrefix(address, "mailto:"); ok {
			address, _, _ = strings.Cut(mail, "?")
			label = "web.link.copy_mail"
		}
		items = append(items, entry(label, "copy", func() { w.copy(address) }))
		if strings.HasPrefix(l.URL, "http") {
			items = append(items, entry("web.link.outside", "open", func() { w.openOutside(l.URL) }))
		}
		items = append(items, nil)
	}
	if p := m.Hit.Picture; p != nil && p.URL != "" {
		if strings.HasPrefix(p.URL, "http") {
			items = append(items, entry("web.picture.open", "image", func() {
				w.OpenInTab(p.URL, web.OpenOptions{From: t.pageURL()}, true)
			}))
		}
		items = append(items, entry("web.picture.save", "download", func() { w.download(p.URL, t.state.URL, "") }), nil)
	}
	if m.Selection != "" {
		search := strings.Join(strings.Fields(m.Selection), " ")
		if r := []rune(search); len(r) > 60 {
			search = string(r[:60])
		}
		items = append(items, entry("web.copy", "copy", func() { t.view.Widget().Copy() }),
			entry("web.search_words", "search", func() { w.p.Host.OpenText(search) }), nil)
	}
	if len(items) == 0 {
		back := entry("command.web.back", "back", w.back)
		back.Disabled = !t.state.CanBack
		next := entry("command.web.next", "forward", t.t.Forward)
		next.Disabled = !t.state.CanNext
		items = append(items, back, next, entry("command.web.reload", "reload", func() { w.reload(t) }), nil)
	}
	items = append(items, entry("web.select_all", "", func() { t.view.Widget().SelectAll() }),
		entry("command.web.find", "search", func() { w.find.open() }),
		entry("command.web.copy_address", "copy", func() { w.copy(t.state.URL) }),
		entry("command.web.outside", "open", func() { w.openOutside(t.state.URL) }))
	w.popUp(at, items...)
}

// submit sends a form, after asking where it would travel in clear text.
func (t *tab) submit(s html.Submission) {
	if !s.Consent {
		t.t.Submit(s)
		return
	}
	t.w.p.Host.Ask(panel.Question{
		Title: words.T("web.consent.title"), Text: words.T("web.consent.text", "Host", hostOf(s.URL)),
		Choices: []panel.Choice{{Label: words.T("web.consent.no"), Primary: true}, {Label: words.T("web.consent.yes"), Value: "yes", Danger: true}},
		Answer: func(value string, _ bool) {
			if value == "yes" && !t.gone {
				t.t.Submit(s)
			}
		},
	})
}

// invalid says what is wrong with a field.
func (t *tab) invalid(err error) {
	var v *html.Invalid
	if !errors.As(err, &v) {
		return
	}
	name := v.Name
	if name == "" {
		name = words.T("web.field")
	}
	t.w.p.Host.Show(panel.Toast{Text: words.T("web.invalid."+string(v.Reason), "Name", name)})
}

// chooseFiles asks for a file for a form.
func (t *tab) chooseFiles(c html.Control, set func([]html.File)) {
	d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
		if err != nil {
			t.w.p.Host.Trouble(t.w.ID(), fault.From("open file", "", err), nil)
			return
		}
		if r == nil {
			return // closed without a choice
		}
		uri := r.URI()
		if err := r.Close(); err != nil {
			t.w.p.Host.Trouble(t.w.ID(), fault.From("open file", "", err), nil)
			return
		}
		set([]html.File{{
			Name: uri.Name(), MediaType: uri.MimeType(), Size: -1,
			Open: func() (io.ReadCloser, error) { return storage.Reader(uri) },
		}})
	}, t.w.p.Host.Window())
	d.SetConfirmText(words.T("web.file.choose"))
	d.SetDismissText(words.T("common.cancel"))
	if f := acceptFilter(c.Accept); f != nil {
		d.SetFilter(f)
	}
	d.Resize(fyne.NewSize(kit.Px(760), kit.Px(520)))
	d.Show()
}

// acceptFilter reads the accept attribute; nil: all files.
func acceptFilter(accept string) storage.FileFilter {
	var extensions, types []string
	for part := range strings.SplitSeq(accept, ",") {
		switch part = strings.TrimSpace(part); {
		case strings.HasPrefix(part, "."):
			extensions = append(extensions, part, strings.ToUpper(part))
		case strings.Contains(part, "/"):
			types = append(types, part)
		}
	}
	switch {
	case len(extensions) > 0 && len(types) == 0:
		return storage.NewExtensionFileFilter(extensions)
	case len(types) > 0 && len(extensions) == 0:
		return storage.NewMimeTypeFileFilter(types)
	}
	return nil
}
