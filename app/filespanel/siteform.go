package filespanel

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"guichet/app/look"
	"guichet/app/trouble"
	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/widgets/kit"
)

// siteForm holds the fields about a server: host, name and password, and the
// rest folded away under "More".
type siteForm struct {
	f      *Panel
	site   files.Site // what was there before
	object fyne.CanvasObject

	title, server, user, password *kit.Entry
	keep                          *widget.Check
	more                          *fyne.Container
	protocol, charset, shift      *widget.Select
	port, key, path, folder       *kit.Entry
	jump, proxy, region, most     *kit.Entry
	active, trash                 *widget.Check

	report *fyne.Container
	stop   context.CancelFunc // of the test under way
}

// protocols are offered in this order; the first finds out by itself.
var protocols = []files.Protocol{
	"", files.ProtocolSFTP, files.ProtocolFTPES, files.ProtocolFTPS, files.ProtocolFTP, files.ProtocolDAVS, files.ProtocolDAV, files.ProtocolS3, files.ProtocolS3Clear,
}

// charsets are those that old servers still use; "" finds out.
var charsets = []string{"", "utf-8", "windows-1252", "iso-8859-15", "windows-1250", "windows-1251", "koi8-r", "ibm850", "shift_jis", "euc-jp", "gbk", "big5", "euc-kr"}

// newSiteForm fills the fields from a site. fresh is for a server that is not
// saved yet.
func newSiteForm(f *Panel, site files.Site, fresh bool) *siteForm {
	o := &siteForm{f: f, site: site, report: kit.Column(0)}
	entry := func(text, placeholder string) *kit.Entry {
		e := kit.NewEntry(placeholder)
		e.SetText(text)
		return e
	}
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	check := func(id string, on bool) *widget.Check {
		c := widget.NewCheck(words.T(id), nil)
		c.SetChecked(on)
		return c
	}
	o.title = entry(site.Name, "")
	o.server, o.user, o.password = entry(site.Host, "files.example.org"), entry(site.User, ""), kit.NewPasswordEntry("")
	o.keep = check("files.connect.keep", true)
	o.port, o.key = entry(number(site.Port), words.T("files.form.usual")), entry(site.KeyFile, "")
	path := ""
	if len(site.Path) > 0 || site.Rooted {
		path = strings.Join(display(site.Path), "/")
		path = "/" + path
	}
	o.path, o.folder = entry(path, words.T("files.form.path.usual")), entry(site.Folder, "")
	o.jump, o.proxy, o.region = entry(site.Jump, "user@host:22"), entry(site.Proxy, "socks5://host:1080"), entry(site.Region, words.T("files.form.usual"))
	o.most = entry(number(site.MaxConns), words.T("files.form.usual"))
	o.active, o.trash = check("files.form.active", site.Active), check("files.form.trash", site.Trash)

	var names []string
	for _, p := range protocols {
		names = append(names, words.T("files.protocol."+protocolID(p)))
	}
	o.protocol = widget.NewSelect(names, nil)
	o.protocol.SetSelectedIndex(max(slices.Index(protocols, site.Protocol), 0))
	names = []string{words.T("files.form.found_out")}
	for _, c := range charsets[1:] {
		names = append(names, strings.ToUpper(c))
	}
	o.charset = widget.NewSelect(names, nil)
	o.charset.SetSelectedIndex(max(slices.Index(charsets, strings.ToLower(site.Charset)), 0))
	names = []string{words.T("files.form.found_out")}
	for h := -12; h <= 14; h++ {
		names = append(names, words.T("files.form.hours", "Hours", signed(h)))
	}
	o.shift = widget.NewSelect(names, nil)
	o.shift.SetSelectedIndex(0)
	if site.TimeFixed {
		o.shift.SetSelectedIndex(max(min(int(site.TimeShift/time.Hour)+13, len(names)-1), 0))
	}

	choose := func(e *kit.Entry, folder bool) fyne.CanvasObject {
		return kit.Row(6, 0, e, kit.NewButton(kit.ButtonParams{Icon: look.Icon("open"), Tip: words.T("files.form.choose"), OnTapped: func() { f.choose(e, folder) }}))
	}
	o.more = kit.Column(10,
		kit.Grid(180, 12,
			labelled("files.form.protocol", o.protocol), labelled("files.form.port", o.port),
			labelled("files.form.key", choose(o.key, false)), labelled("files.form.path", o.path),
			labelled("files.form.folder", choose(o.folder, true)), labelled("files.form.charset", o.charset),
			labelled("files.form.shift", o.shift), labelled("files.form.most", o.most),
			labelled("files.form.jump", o.jump), labelled("files.form.proxy", o.proxy), labelled("files.form.region", o.region)),
		o.active, o.trash)
	o.more.Hide()
	toggle := kit.NewButton(kit.ButtonParams{Text: words.T("files.form.more"), Icon: look.Icon("chevron-down"), Kind: kit.Quiet, Small: true, OnTapped: o.toggle})
	line := []fyne.CanvasObject{toggle, kit.NewBox(kit.BoxStyle{})}
	if f.p.Diagnose != nil {
		line = append(line, kit.NewButton(kit.ButtonParams{Text: words.T("files.form.test"), Kind: kit.Plain, Small: true, OnTapped: o.test}))
	}
	column := kit.Column(10)
	if !fresh {
		column.Add(labelled("files.form.title", o.title))
	}
	column.Add(labelled("files.connect.server", o.server))
	column.Add(labelled("files.connect.user", o.user))
	column.Add(labelled("files.connect.password", o.password))
	if fresh {
		column.Add(o.keep)
	} else {
		o.password.PlaceHolder = words.T("files.form.password.kept")
	}
	column.Add(kit.Row(8, 1, line...))
	column.Add(o.more)
	column.Add(o.report)
	o.object = column
	return o
}

func signed(h int) string {
	if h > 0 {
		return "+" + strconv.Itoa(h)
	}
	return strings.Replace(strconv.Itoa(h), "-", "−", 1)
}

func protocolID(p files.Protocol) string {
	switch p {
	case "":
		return "auto"
	case files.ProtocolS3Clear:
		return "s3clear"
	}
	return string(p)
}

func (o *siteForm) toggle() {
	o.more.Hidden = !o.more.Hidden
	o.refresh()
}

// refresh lays the dialog out anew: the form has become higher or lower.
func (o *siteForm) refresh() {
	o.object.Refresh()
	if top := o.f.p.Host.Window().Canvas().Overlays().Top(); top != nil {
		top.Refresh()
	}
}

// again is a form filled in as this one is, for another question.
func (o *siteForm) again() *siteForm {
	n := newSiteForm(o.f, o.onto(o.site), true)
	n.server.SetText(o.server.Text)
	n.user.SetText(o.user.Text)
	n.password.SetText(o.password.Text)
	n.port.SetText(o.port.Text)
	n.keep.SetChecked(o.keep.Checked)
	n.protocol.SetSelectedIndex(o.protocol.SelectedIndex())
	n.more.Hidden = o.more.Hidden
	return n
}

// close ends a test that is under way.
func (o *siteForm) close() {
	if o.stop != nil {
		o.stop()
		o.stop = nil
	}
}

// read makes a site of the fields. Its Protocol is "" where it has to be found
// out.
func (o *siteForm) read() (files.Site, error) {
	site := o.site
	host, user := strings.TrimSpace(o.server.Text), strings.TrimSpace(o.user.Text)
	protocol := protocols[max(o.protocol.SelectedIndex(), 0)]
	port := 0
	if strings.Contains(host, "://") {
		typed, err := files.ParseURL(host)
		if err != nil {
			return site, err
		}
		protocol, host, port = typed.Protocol, typed.Host, typed.Port
		if typed.User != "" && user == "" {
			user = typed.User
		}
		site.Path, site.Rooted = typed.Path, len(typed.Path) > 0
	} else {
		if u, h, ok := strings.Cut(host, "@"); ok && user == "" {
			user, host = u, h
		}
		if h, p, err := net.SplitHostPort(host); err == nil {
			n, perr := strconv.Atoi(p)
			if p != "" && (perr != nil || n < 1 || n > 65535) {
				return site, fault.Newf(fault.NameNotFound, "connect", host, "no port number")
			}
			host, port = h, n
		}
	}
	if text := strings.TrimSpace(o.port.Text); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 65535 {
			return site, fault.Newf(fault.NameNotFound, "connect", host, "no port number")
		}
		port = n
	}
	site.Host, site.User, site.Port = strings.Trim(host, "[]"), user, port
	if protocol == "" && (o.jump.Text != "" || o.key.Text != "") {
		protocol = files.ProtocolSFTP // nothing else knows these
	}
	site.Protocol = protocol
	if protocol != "" && port == protocol.DefaultPort() {
		site.Port = 0
	}
	if o.site.ID != "" && (o.site.Host != site.Host || o.site.Protocol != site.Protocol) {
		site.AllowClear = false // that was said of another server
	}
	return o.onto(site), nil
}

// onto puts what stands under "More" onto a site.
func (o *siteForm) onto(site files.Site) files.Site {
	if name := strings.TrimSpace(o.title.Text); name != "" {
		site.Name = name
	}
	site.KeyFile, site.Folder = strings.TrimSpace(o.key.Text), strings.TrimSpace(o.folder.Text)
	site.Jump, site.Proxy, site.Region = strings.TrimSpace(o.jump.Text), strings.TrimSpace(o.proxy.Text), strings.TrimSpace(o.region.Text)
	site.Active, site.Trash = o.active.Checked, o.trash.Checked
	site.Charset = charsets[max(o.charset.SelectedIndex(), 0)]
	site.TimeFixed = o.shift.SelectedIndex() > 0
	site.TimeShift = 0
	if site.TimeFixed {
		site.TimeShift = time.Duration(o.shift.SelectedIndex()-13) * time.Hour
	}
	site.MaxConns = 0
	if n, err := strconv.Atoi(strings.TrimSpace(o.most.Text)); err == nil {
		site.MaxConns = max(0, min(n, 8))
	}
	switch text := strings.TrimSpace(o.path.Text); {
	case text == "/"+strings.Join(display(o.site.Path), "/") && (o.site.Rooted || len(o.site.Path) > 0):
		site.Path, site.Rooted = o.site.Path, o.site.Rooted // its raw names
	case text != "":
		site.Path, site.Rooted = files.ParsePath(text), true
	case !strings.Contains(o.server.Text, "://"):
		site.Path, site.Rooted = nil, false
	}
	return site
}

// choose fills a field with a file or folder of this computer.
func (f *Panel) choose(e *kit.Entry, folder bool) {
	w := f.p.Host.Window()
	take := func(u fyne.URI) { e.SetText(u.Path()) }
	if folder {
		dialog.ShowFolderOpen(func(u fyne.ListableURI, err error) {
			if err == nil && u != nil {
				take(u)
			}
		}, w)
		return
	}
	dialog.ShowFileOpen(func(r fyne.URIReadCloser, err error) {
		if err == nil && r != nil {
			take(r.URI())
			_ = r.Close() // only its name is wanted
		}
	}, w)
}

// test examines the server step by step and shows how each went.
func (o *siteForm) test() {
	o.close()
	say := func(objects ...fyne.CanvasObject) {
		o.report.Objects = objects
		o.refresh()
	}
	site, err := o.read()
	if err == nil && site.Host == "" {
		return
	}
	if err != nil {
		say(kit.NewParagraph(words.Fault(err, o.f.ID()).Title, kit.TextStyle{Color: kit.ColorBad}))
		return
	}
	say(kit.NewText(words.T("files.form.testing"), kit.TextStyle{Color: kit.ColorQuiet}))
	password := o.password.Text
	ctx, stop := context.WithCancel(o.f.p.Tasks.Context())
	o.stop = stop
	o.f.p.Tasks.Go("test a server", func(context.Context) {
		if site.Protocol == "" {
			host := site.Host
			if site.Port != 0 {
				host = net.JoinHostPort(host, strconv.Itoa(site.Port))
			}
			found, ferr := o.f.p.Files.Examine(ctx, host, site.User, password)
			if ferr != nil && found.Site.Protocol == "" { // else the steps say more
				o.f.p.Host.Post(func() {
					if ctx.Err() == nil {
						e := words.Fault(ferr, o.f.ID())
						say(kit.NewParagraph(e.Title, kit.TextStyle{Color: kit.ColorBad}), kit.NewParagraph(e.Meaning, kit.TextStyle{Color: kit.ColorQuiet}))
					}
				})
				return
			}
			site = o.onto(found.Site)
		}
		var pw *string
		if password != "" {
			pw = &password
		}
		r := o.f.p.Diagnose(ctx, site, pw)
		o.f.p.Host.Post(func() {
			if ctx.Err() != nil {
				return
			}
			var lines []fyne.CanvasObject
			for _, s := range r.Steps {
				lines = append(lines, trouble.StepLine(s, &r))
			}
			if !r.OK && r.Fault != nil {
				lines = append(lines, kit.NewParagraph(words.Fault(r.Fault, o.f.ID()).Meaning, kit.TextStyle{Color: kit.ColorQuiet}))
			} else if r.OK {
				lines = append(lines, kit.NewParagraph(words.T("files.form.works", "Protocol", words.T("files.protocol."+protocolID(site.Protocol))), kit.TextStyle{Color: kit.ColorGoodText}))
			}
			say(lines...)
		})
	})
}
