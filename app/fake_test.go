package app

import (
	"context"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/data/binding"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/address"
	"guichet/services/profile"
	"guichet/services/publish"
	"guichet/widgets/kit"
)

// fakePanel is a panel that writes down what happens to it.
type fakePanel struct {
	id       string
	host     panel.Host
	accepts  address.Kind
	bar      panel.Bar
	commands []panel.Command
	status   binding.Item[panel.Status]
	badge    binding.Int
	field    *kit.Entry
	button   *kit.Button

	made, shown, hidden, closed int
	opened                      []address.Target
	ran                         []string
	dropped                     int
	crash                       string // the method that panics
}

func newFakePanel(id string, accepts address.Kind) *fakePanel {
	p := &fakePanel{id: id, accepts: accepts, status: publish.NewItem(panel.Status{}), badge: binding.NewInt(), field: kit.NewEntry("")}
	p.button = kit.NewButton(kit.ButtonParams{Text: "inside"})
	return p
}

func (p *fakePanel) command(id string, shortcut fyne.Shortcut) {
	p.commands = append(p.commands, panel.Command{
		ID: p.id + "." + id, Name: id, Menu: "Menu " + p.id, Shortcut: shortcut, Icon: look.Icon("star"),
		Run: func() { p.ran = append(p.ran, id) },
	})
}

func (p *fakePanel) explode(method string) {
	if p.crash == method {
		panic("crash in " + method)
	}
}

func (p *fakePanel) ID() string                         { return p.id }
func (p *fakePanel) Title() string                      { return words.Language() + " " + p.id }
func (p *fakePanel) Icon() fyne.Resource                { return look.Icon("web") }
func (p *fakePanel) Bar() panel.Bar                     { p.explode("Bar"); return p.bar }
func (p *fakePanel) Accepts(t address.Target) bool      { return t.Kind == p.accepts }
func (p *fakePanel) Open(t address.Target)              { p.explode("Open"); p.opened = append(p.opened, t) }
func (p *fakePanel) Shown()                             { p.explode("Shown"); p.shown++ }
func (p *fakePanel) Hidden()                            { p.hidden++ }
func (p *fakePanel) Commands() []panel.Command          { return p.commands }
func (p *fakePanel) Status() binding.Item[panel.Status] { return p.status }
func (p *fakePanel) Badge() binding.Int                 { return p.badge }
func (p *fakePanel) Close(context.Context) error        { p.closed++; return nil }
func (p *fakePanel) Panes() []fyne.Focusable            { return []fyne.Focusable{p.field, p.button} }
func (p *fakePanel) Dropped(fyne.Position, []fyne.URI)  { p.dropped++ }

func (p *fakePanel) Content() fyne.CanvasObject {
	p.explode("Content")
	p.made++
	return container.NewVBox(p.field, p.button)
}

// fixture is a window with three tabs.
type fixture struct {
	*Window
	web, mail, settings *fakePanel
	profile             *profile.Profile
	jobs                binding.Item[*activity.Snapshot]
	quit                int
}

func open(t *testing.T, change func(*WindowParams)) *fixture {
	t.Helper()
	a := test.NewTempApp(t)
	p, err := profile.Open(t.TempDir())
	require.NoError(t, err)
	f := &fixture{profile: p, jobs: publish.NewItem(&activity.Snapshot{})}
	f.web, f.mail, f.settings = newFakePanel("web", address.Web), newFakePanel("mail", address.Person), newFakePanel("settings", "")
	f.web.command("reload", ctrl(fyne.KeyR))
	f.web.command("stop", plain(fyne.KeyF9))
	f.web.bar = panel.Bar{Left: []string{"web.reload"}, Right: []string{"web.stop"}, Placeholder: "where to", Address: "http://example.org/", Secure: true}
	f.mail.command("reply", ctrl(fyne.KeyR))
	f.mail.command("write", &desktop.CustomShortcut{KeyName: fyne.KeyN, Modifier: fyne.KeyModifierShortcutDefault})
	f.mail.bar = panel.Bar{Right: []string{"mail.reply", "mail.write"}, Primary: true}
	params := WindowParams{
		Settings: p.Settings, Jobs: f.jobs, SystemLanguage: "en",
		Panels: func(h panel.Host) []panel.Panel {
			list := []*fakePanel{f.web, f.mail, f.settings}
			all := make([]panel.Panel, len(list))
			for i, one := range list {
				one.host = h
				all[i] = one
			}
			return all
		},
		Quit: func() { f.quit++ },
	}
	if change != nil {
		change(&params)
	}
	f.Window = NewWindow(a, params)
	return f
}

// press acts as Fyne's desktop driver does: the menu's shortcuts come first.
func (f *fixture) press(s fyne.Shortcut) bool {
	for _, m := range f.menu.Items {
		for _, i := range m.Items {
			if i.Shortcut != nil && i.Shortcut.ShortcutName() == s.ShortcutName() {
				i.Action()
				return true
			}
		}
	}
	return false
}
