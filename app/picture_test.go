package app

import (
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/app/activitypanel"
	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/settings"
	"guichet/app/trouble"
	"guichet/services/activity"
	"guichet/services/address"
	"guichet/services/check"
	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/profile"
	"guichet/widgets/kit"
)

// TestPictures draws the window's own screens into the folder named by
// GUICHET_PICTURES, in both languages, both themes and at 150 %.
func TestPictures(t *testing.T) {
	dir := os.Getenv("GUICHET_PICTURES")
	if dir == "" {
		t.Skip("GUICHET_PICTURES is not set")
	}
	for _, c := range []struct {
		name, language, theme string
		size                  float32
	}{{"en", "en", "light", 1}, {"fr-dark", "fr", "dark", 1}, {"fr-150", "fr", "light", 1.5}} {
		f := pictured(t, c.language, c.theme, c.size)
		for name, show := range map[string]func(){
			"mail-trouble": func() { f.ShowPanel("mail") },
			"web":          func() { f.ShowPanel("web") },
			"activity":     func() { f.ShowPanel("activity") },
			"settings":     func() { f.ShowPanel("settings") },
			"welcome":      func() { f.shown = nil; f.p.Welcome = &Welcome{func() {}, func() {}, func() {}}; f.showWelcome("web") },
		} {
			show()
			f.picture(t, filepath.Join(dir, c.name+"-"+name+".png"))
		}
		f.ShowPanel("web")
		f.FocusAddress()
		test.Type(f.address.FocusTarget(), "example.org")
		f.web.host.Show(panel.Toast{Text: "3 files deleted", Action: "Undo", Do: func() {}})
		f.picture(t, filepath.Join(dir, c.name+"-typing.png"))
		f.web.host.Trouble("mail", &fault.Fault{Kind: fault.Certificate, Check: fault.CheckAuthority, Host: "imap.example.org", Question: &connect.CertificateQuestion{
			Host: "imap.example.org", Port: 993, Names: []string{"imap.example.org"}, Issuer: "CN=imap.example.org", From: time.Unix(1.7e9, 0), To: time.Unix(1.8e9, 0),
		}}, nil)
		f.picture(t, filepath.Join(dir, c.name+"-question.png"))
	}
}

func (f *fixture) picture(t *testing.T, name string) {
	t.Helper()
	file, err := os.Create(name)
	require.NoError(t, err)
	require.NoError(t, png.Encode(file, f.win.Canvas().Capture()))
	require.NoError(t, file.Close())
}

func pictured(t *testing.T, language, theme string, size float32) *fixture {
	jobs := &activity.Snapshot{Running: 2, Waiting: 1, Speed: 4.1e6, Left: 3 * time.Minute, Index: map[int64]int{}, Jobs: []activity.Job{
		{ID: 1, Kind: "transfer", Title: "finale.mp4", From: "/home/anna", To: "Club server", State: activity.Running, Size: 1.2e9, Done: 744e6, Speed: 3.2e6},
		{ID: 2, Kind: "download", Title: "scores.zip", To: "Documents", State: activity.Running, Size: 96e6, Done: 18e6, Speed: 9e5},
		{ID: 3, Kind: "transfer", Title: "programme.pdf", From: "/home/anna", To: "Club server", State: activity.NeedsAnswer, Question: &activity.Question{Kind: "exists", Data: map[string]string{"name": "programme.pdf"}, Choices: []string{"keep_both", "replace", "skip"}, All: true}},
		{ID: 4, Kind: "transfer", Title: "choir-02.jpg", From: "/home/anna", To: "Club server", State: activity.Waiting, Fault: fault.Newf(fault.Timeout, "store", "club.example", "x"), NextTry: time.Now().Add(40 * time.Second)},
		{ID: 5, Kind: "send", Title: "Programme for Saturday", To: "marie@orchestra.example", State: activity.Done, Size: 418e3, Updated: time.Now(), Result: []byte(`{"path":"/x"}`)},
		{ID: 6, Kind: "download", Title: "poster.jpg", To: "Documents", State: activity.Failed, Fault: fault.Newf(fault.NotFound, "get", "orchestra.example", "404")},
	}}
	for i, j := range jobs.Jobs {
		jobs.Index[j.ID] = i
	}
	trust := connect.NewTrust()
	require.NoError(t, trust.TrustHostKey(&connect.HostKeyQuestion{Host: "club.example", Port: 22, Fingerprint: "SHA256:abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", Key: []byte("k")}))
	f := open(t, func(p *WindowParams) {
		p.Trust = trust
		require.NoError(t, p.Settings.Change(func(v *profile.Values) { v.Language, v.Theme, v.TextSize, v.Welcomed = language, theme, size, true }))
	})
	require.NoError(t, f.jobs.Set(jobs))
	p := f.p
	mail := newFakePanel("mail", address.Person)
	web := newFakePanel("web", address.Web)
	real := func(h panel.Host) []panel.Panel {
		web.host = h
		web.commands = []panel.Command{
			{ID: "web.back", Name: "Back", Icon: look.Icon("back")},
			{ID: "web.forward", Name: "Forward", Icon: look.Icon("forward"), Enabled: func() bool { return false }},
			{ID: "web.reload", Name: "Reload", Icon: look.Icon("reload")},
			{ID: "web.star", Name: "Star", Icon: look.Icon("star")},
			{ID: "web.reader", Name: "Reader", Icon: look.Icon("paragraph")},
			{ID: "web.downloads", Name: "Downloads", Icon: look.Icon("download")},
			{ID: "web.more", Name: "More", Icon: look.Icon("dots")},
		}
		web.bar = panel.Bar{Left: []string{"web.back", "web.forward", "web.reload"}, Right: []string{"web.star", "web.reader", "web.downloads", "web.more"}, Placeholder: "Where to? A web address, a server, a person, or words to look for"}
		mail.commands = []panel.Command{
			{ID: "mail.back", Name: "Back", Icon: look.Icon("back")},
			{ID: "mail.forward", Name: "Forward", Icon: look.Icon("forward")},
			{ID: "mail.check", Name: "Check now", Icon: look.Icon("reload")},
			{ID: "mail.write", Name: "Write", Icon: look.Icon("write")},
		}
		mail.bar = panel.Bar{Left: []string{"mail.back", "mail.forward"}, Right: []string{"mail.check", "mail.write"}, Primary: true, Placeholder: "Search your mail, or type a web address, a server or a person"}
		return []panel.Panel{
			titled{web, "Web", "web", iconSheet()},
			titled{mail, "Mail", "mail", nil},
			titled{newFakePanel("files", address.Server), "Files", "files", nil},
			activitypanel.New(activitypanel.Params{Host: h, Jobs: f.jobs, Center: noCenter{}}),
			settings.New(settings.Params{Host: h, Settings: p.Settings, Trust: trust, Downloads: func() string { return "/home/anna/Downloads" }}),
		}
	}
	p.Panels = real
	f.Window = NewWindow(f.app, p)
	f.web = web
	require.NoError(t, mail.badge.Set(12))
	require.NoError(t, mail.status.Set(panel.Status{Level: panel.Waiting, Text: "anna@example.org: waiting for the server since 14:06", More: "Club: connected"}))
	require.NoError(t, web.status.Set(panel.Status{Level: panel.Good, Text: "Online", More: "14 trackers blocked today"}))
	return f
}

// titled gives a fake panel a name, an icon and a view.
type titled struct {
	*fakePanel
	title, icon string
	view        fyne.CanvasObject
}

func (p titled) Title() string       { return p.title }
func (p titled) Icon() fyne.Resource { return look.Icon(p.icon) }

func (p titled) Content() fyne.CanvasObject {
	if p.view != nil {
		return p.view
	}
	r := check.Report{Kind: fault.Timeout, Step: check.Connect, Blame: check.Server, Fault: &fault.Fault{Kind: fault.Timeout, Op: "connect", Host: "imap.example.org:993"}, Steps: []check.Step{
		{ID: check.Computer, State: check.OK, Took: 12 * time.Millisecond},
		{ID: check.Name, State: check.OK, Took: 9 * time.Millisecond, Detail: check.Detail{Host: "imap.example.org"}},
		{ID: check.Connect, State: check.Failed, Took: 10 * time.Second, Detail: check.Detail{Port: 993, Expected: "imap"}},
		{ID: check.TLS, State: check.Skipped},
		{ID: check.Login, State: check.Skipped},
	}}
	return trouble.New(trouble.Params{Panel: "mail", Report: &r, OnRetry: func() {}, OnSettings: func() {}, NextTry: time.Now().Add(24 * time.Second)})
}

type noCenter struct{}

func (noCenter) Pause(int64)                {}
func (noCenter) Resume(int64)               {}
func (noCenter) Retry(int64)                {}
func (noCenter) Cancel(int64)               {}
func (noCenter) Remove(int64)               {}
func (noCenter) Clear()                     {}
func (noCenter) PauseAll()                  {}
func (noCenter) ResumeAll()                 {}
func (noCenter) Answer(int64, string, bool) {}

func iconSheet() fyne.CanvasObject {
	var all []fyne.CanvasObject
	for _, n := range []string{"web", "mail", "files", "activity", "settings", "back", "forward", "reload", "stop", "star", "star-filled", "download", "upload", "menu", "dots", "lock", "lock-open", "search", "reply", "reply-all", "forward-mail", "archive", "trash", "flag", "flag-filled", "attach", "send", "write", "folder", "folder-filled", "new-folder", "file", "image", "video", "pdf", "sound", "archive-file", "computer", "server", "plus", "minus", "close", "pause", "play", "retry", "check", "cross", "compare", "home", "user", "people", "info", "warning", "plug", "inbox", "drafts", "sent", "junk", "calendar", "undo", "print", "reader", "eye", "eye-off", "copy", "rename", "sort-up", "sort-down", "chevron-right", "chevron-left", "shield", "shield-check", "key", "link", "feed", "open", "move", "clock", "bold", "paragraph", "filter", "list", "history", "cloud-off", "help", "zoom-in", "zoom-out", "moon", "bookmark", "language", "snooze", "arrow-left", "arrow-right", "arrow-up", "arrow-down"} {
		all = append(all, kit.Least(70, 60, kit.Column(2, kit.Centre(kit.NewImage(look.Icon(n), 32, kit.ColorText)), kit.NewText(n, kit.TextStyle{Size: 9, Align: fyne.TextAlignCenter}))))
	}
	return container.NewStack(kit.NewPage(1000, false, kit.Flow(4, all...)))
}
