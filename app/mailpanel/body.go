package mailpanel

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"golang.org/x/net/publicsuffix"

	"guichet/app/look"
	"guichet/app/mailtext"
	"guichet/app/pageview"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/address"
	"guichet/services/fault"
	"guichet/services/html"
	"guichet/services/mail"
	"guichet/services/task"
	"guichet/widgets/document"
	"guichet/widgets/kit"
)

// body shows a mail's text through the page engine. What it may load are the
// mail's own parts and, when the person allowed it, the pictures it names.
type body struct {
	m       *Panel
	page    *pageview.View
	message *mail.Message // that is shown; read by loaders under no lock: it is replaced before a page is shown
	parse   *task.Slot
	key     bodyKey
}

// bodyKey tells when a page has to be made anew.
type bodyKey struct {
	id     int64
	remote bool
}

// sheet is how mails look that say nothing themselves: as the window does, flush
// with the text above.
const sheet = `html { font-family: system-ui, sans-serif; font-size: 14px; line-height: 1.45 } body { margin: 0 }`

func newBody(m *Panel) *body {
	b := &body{m: m, parse: task.NewSlot(m.p.Tasks)}
	b.page = pageview.New(pageview.Params{Group: m.p.Tasks, Post: m.p.Host.Post, Load: b.load})
	w := b.page.Widget()
	w.OnLink = func(l document.Link, _ document.Where) { b.follow(l) }
	w.OnHover = m.hint
	b.dress()
	return b
}

// dress puts theme and text size in force.
func (b *body) dress() {
	b.page.SetDark(dark())
	b.page.Widget().SetZoom(kit.Scale())
}

// dark reports whether mails are to show their dark form.
func dark() bool {
	s := fyne.CurrentApp().Settings()
	if t, ok := s.Theme().(look.Theme); ok {
		return t.Variant(s.ThemeVariant()) == theme.VariantDark
	}
	return s.ThemeVariant() == theme.VariantDark
}

func (b *body) close() {
	b.parse.Stop()
	b.page.Clear()
}

func (b *body) clear() {
	b.key = bodyKey{}
	b.close()
}

func (b *body) focus() { b.m.p.Host.Window().Canvas().Focus(b.page.Widget()) }

// show gives the view of a mail.
func (b *body) show(c *mail.Message) fyne.CanvasObject {
	if key := (bodyKey{c.ID, c.RemoteAllowed}); key != b.key {
		b.key = key
		source := c.HTML
		if strings.TrimSpace(source) == "" {
			source = mailtext.HTML(c.Text)
		}
		b.parse.Start("parse mail", func(ctx context.Context, current func() bool) {
			doc, err := html.Parse(ctx, []byte(source), html.Options{ContentType: "text/html; charset=utf-8", Mail: true, Sheet: sheet})
			b.m.p.Host.Post(func() {
				switch {
				case !current() && ctx.Err() != nil:
				case err != nil:
					b.m.trouble(err, nil)
				case b.key == key:
					b.message = c
					b.page.Show(doc, pageview.Place{})
				}
			})
		})
	}
	return b.page.Widget()
}

// load gives the mail's own parts; pictures from the network only when allowed.
func (b *body) load(ctx context.Context, r html.Request) (*html.Resource, error) {
	c := b.message
	if c == nil {
		return nil, fault.Newf(fault.NotFound, "load", "", "no mail")
	}
	if strings.HasPrefix(r.URL, "cid:") {
		data, mediaType, ok := c.Inline(r.URL)
		if !ok {
			return nil, fault.Newf(fault.NotFound, "load", "", "no such part")
		}
		return &html.Resource{URL: r.URL, MediaType: mediaType, Data: data}, nil
	}
	if !c.RemoteAllowed || r.Kind != html.Image || b.m.p.Fetch == nil || !slices.Contains(c.Remote, r.URL) {
		return nil, fault.Newf(fault.Permission, "load", "", "a mail loads its own parts only")
	}
	return b.m.p.Fetch(ctx, r)
}

// follow opens a link after comparing what it says with where it leads.
func (b *body) follow(l document.Link) {
	u, err := url.Parse(l.URL)
	if err != nil {
		return
	}
	switch strings.ToLower(u.Scheme) {
	case "mailto":
		b.m.mailto(u)
		return
	case "http", "https", "ftp", "ftps", "sftp":
	default: // nothing else is opened from a mail
		return
	}
	t := address.Parse(l.URL, address.Options{})
	said := namedHost(l.Text)
	if said == "" || sameSite(said, u.Hostname()) {
		b.m.p.Host.Open(t)
		return
	}
	b.m.p.Host.Ask(panel.Question{
		Title: words.T("mail.link.question"), Text: words.T("mail.link.text", "Text", shorten(l.Text, 80), "Host", u.Hostname()), Details: t.Shown,
		Choices: []panel.Choice{{Label: words.T("mail.link.stay"), Primary: true}, {Label: words.T("mail.link.open", "Host", shorten(u.Hostname(), 40)), Value: "open"}},
		Answer: func(value string, _ bool) {
			if value == "open" {
				b.m.p.Host.Open(t)
			}
		},
	})
}

// namedHost is the host that a link's text names, "" if it names none.
func namedHost(text string) string {
	text = strings.TrimSpace(text)
	if strings.ContainsAny(text, " \t\n@") || !strings.Contains(text, ".") {
		return ""
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	if suffix, _ := publicsuffix.PublicSuffix(host); suffix == "" || suffix == host || !strings.Contains(host, ".") {
		return ""
	}
	return host
}

// sameSite reports whether two hosts belong to the same registered domain.
func sameSite(a, b string) bool {
	da, erra := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(a))
	db, errb := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(b))
	return erra == nil && errb == nil && da == db
}
