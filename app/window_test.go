package app

import (
	"errors"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"github.com/stretchr/testify/require"

	"guichet/app/panel"
	"guichet/services/activity"
	"guichet/services/address"
	"guichet/services/fault"
	"guichet/services/profile"
	"guichet/widgets/dialogs"
)

func TestTabs(t *testing.T) {
	f := open(t, nil)
	require.Equal(t, "web", f.Shown().ID())
	require.Equal(t, 1, f.web.shown)
	require.Zero(t, f.mail.made, "a tab's content is made when it is first shown")
	require.True(t, f.press(ctrl(fyne.Key2)))
	require.Equal(t, "mail", f.Shown().ID())
	require.Equal(t, 1, f.web.hidden)
	require.Equal(t, "mail", f.rail.Selected())
	f.press(ctrl(fyne.KeyComma))
	require.Equal(t, "settings", f.Shown().ID())
	f.press(ctrl(fyne.Key2))
	require.Equal(t, 1, f.mail.made)
	require.Equal(t, "mail", f.profile.Settings.Get().LastTab)
}

func TestLastTabIsShownAgain(t *testing.T) {
	f := open(t, func(p *WindowParams) {
		require.NoError(t, p.Settings.Change(func(v *profile.Values) { v.LastTab, v.Width, v.Height = "mail", 900, 700 }))
	})
	require.Equal(t, "mail", f.Shown().ID())
	require.Equal(t, fyne.NewSize(900, 700), f.win.Canvas().Size())
}

func TestBadgeAndStatus(t *testing.T) {
	f := open(t, nil)
	require.NoError(t, f.mail.badge.Set(12))
	require.Equal(t, "12", f.rail.Badge("mail"))
	require.NoError(t, f.mail.badge.Set(1234))
	require.Equal(t, "999+", f.rail.Badge("mail"))
	require.NoError(t, f.mail.badge.Set(0))
	require.Empty(t, f.rail.Badge("mail"))
	require.NoError(t, f.mail.status.Set(panel.Status{Level: panel.Good, Text: "Connected"}))
	require.Empty(t, f.status.text.Text(), "not the shown tab's")
	f.ShowPanel("mail")
	require.Equal(t, "Connected", f.status.text.Text())
	require.NoError(t, f.jobs.Set(&activity.Snapshot{Running: 2, Speed: 4.1e6, Left: 3 * time.Minute}))
	require.Equal(t, "2 transfers · 4.1\u00a0MB/s · 3\u00a0min left", f.status.transfers.Text())
	require.NoError(t, f.jobs.Set(&activity.Snapshot{}))
	require.Empty(t, f.status.transfers.Text())
}

func TestTheShownPanelsShortcutWins(t *testing.T) {
	f := open(t, nil)
	f.press(ctrl(fyne.KeyR))
	require.Equal(t, []string{"reload"}, f.web.ran)
	require.False(t, f.press(ctrl(fyne.KeyN)), "a hidden tab's shortcut does nothing")
	f.ShowPanel("mail")
	f.press(ctrl(fyne.KeyR))
	require.Equal(t, []string{"reply"}, f.mail.ran)
	f.mail.commands[0].Enabled = func() bool { return false }
	f.press(ctrl(fyne.KeyR))
	require.Equal(t, []string{"reply"}, f.mail.ran, "a disabled command does not run")
	require.True(t, f.Run("web.reload"))
	require.Equal(t, "web", f.Shown().ID(), "a command of another tab brings it to the front")
	require.False(t, f.Run("web.nonsense"))
}

func TestKeysWithoutModifier(t *testing.T) {
	f := open(t, nil)
	f.win.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyF9})
	require.Equal(t, []string{"stop"}, f.web.ran)
	f.win.Canvas().Focus(f.web.field)
	f.web.field.TypedKey(&fyne.KeyEvent{Name: fyne.KeyF9})
	require.Len(t, f.web.ran, 2, "also from within a field")
}

func TestPanesWithF6(t *testing.T) {
	f := open(t, nil)
	c := f.win.Canvas()
	f6 := func() { c.OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyF6}) }
	for _, want := range []fyne.Focusable{f.address.FocusTarget(), f.web.field, f.web.button, f.rail.FocusTarget(), f.address.FocusTarget()} {
		f6()
		require.Equal(t, want, c.Focused())
	}
	f.ShowPanel("mail")
	require.Nil(t, c.Focused(), "a hidden tab keeps no cursor")
}

func TestAddressBox(t *testing.T) {
	f := open(t, nil)
	require.Equal(t, "http://example.org/", f.address.Text())
	f.press(ctrl(fyne.KeyL))
	require.True(t, f.address.Editing())
	f.address.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyDelete})
	test.Type(f.address.FocusTarget(), "anna@example.org")
	require.NotEmpty(t, f.address.Suggestions())
	f.address.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	require.Empty(t, f.address.Suggestions())
	f.address.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	require.Equal(t, "mail", f.Shown().ID())
	require.Equal(t, address.Person, f.mail.opened[0].Kind)
	f.OpenText("example.com/page")
	require.Equal(t, "web", f.Shown().ID())
	require.Equal(t, "example.com", f.web.opened[0].URL.Host)
	f.OpenText("about:settings")
	require.Equal(t, "settings", f.Shown().ID())

	f.press(ctrl(fyne.KeyL))
	f.address.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	require.False(t, f.address.Editing(), "Escape leaves")
}

func TestLookalikesAreTold(t *testing.T) {
	f := open(t, nil)
	f.web.bar.Address = "https://p\u0430ypal.com/" // a Cyrillic letter
	f.Changed(f.web)
	require.NotEmpty(t, f.address.Warning())
	f.OpenText("https://p\u0430ypal.com/")
	m, ok := f.toasts.Current()
	require.True(t, ok)
	require.Contains(t, m.Text, "Careful")
}

// Words that a panel looks for can look like an address with a password.
func TestWordsOfASearchAreNoForgedAddress(t *testing.T) {
	f := open(t, nil)
	require.Empty(t, f.warning("from:anna@example.org"))
	require.Empty(t, f.warning(""))
	require.NotEmpty(t, f.warning("http://\u0430pple.com/"))
}

// noScreen is an app whose display cannot be opened: GLFW panics in Run.
type noScreen struct {
	fyne.App
	say any
}

func (n noScreen) Run() { panic(n.say) }

func TestRun_WithoutAScreenIsAFault(t *testing.T) {
	run := func(say any) error {
		var settings *profile.Settings
		open(t, func(p *WindowParams) { settings = p.Settings })
		a := noScreen{App: fyne.CurrentApp(), say: say}
		return Run(a, Params{Window: WindowParams{
			Settings: settings, Panels: func(panel.Host) []panel.Panel { return nil }, Desktop: func() error { return errors.New("no answer") },
		}})
	}
	err := run("NotInitialized: The GLFW library is not initialized")
	require.True(t, fault.Is(err, fault.Unsupported))
	require.ErrorContains(t, err, "show window")
	require.PanicsWithValue(t, "something else", func() { _ = run("something else") })
}

func TestToastUndo(t *testing.T) {
	f := open(t, nil)
	undone := 0
	f.web.host.Show(panel.Toast{Text: "Deleted", Action: "Undo", Do: func() { undone++ }})
	m, ok := f.toasts.Current()
	require.True(t, ok)
	require.Equal(t, 10*time.Second, m.For)
	f.toasts.Act()
	require.Equal(t, 1, undone)
	_, ok = f.toasts.Current()
	require.False(t, ok)
}

func dialogOf(t *testing.T, f *fixture) *dialogs.Dialog {
	t.Helper()
	d, ok := f.win.Canvas().Overlays().Top().(*dialogs.Dialog)
	require.True(t, ok, "a dialog is open")
	return d
}

func TestDialogKeys(t *testing.T) {
	f := open(t, nil)
	f.win.Canvas().Focus(f.web.field)
	var got []string
	ask := func() {
		f.web.host.Ask(panel.Question{
			Title: "Delete 3 files from Club server?", Choices: []panel.Choice{{Label: "Keep", Value: "keep"}, {Label: "Delete", Value: "delete", Primary: true}},
			Answer: func(v string, _ bool) { got = append(got, v) },
		})
	}
	ask()
	require.NotNil(t, dialogOf(t, f))
	f.press(ctrl(fyne.KeyR))
	require.Empty(t, f.web.ran, "shortcuts rest while a dialog is open")
	f.win.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	require.Equal(t, []string{""}, got)
	require.Equal(t, fyne.Focusable(f.web.field), f.win.Canvas().Focused(), "the focus comes back")
	ask()
	f.win.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	require.Equal(t, []string{"", "delete"}, got)
	require.Nil(t, f.win.Canvas().Overlays().Top())
}

func TestTroubleIsAToastWithMore(t *testing.T) {
	f := open(t, nil)
	f.web.host.Trouble("web", fault.New(fault.Cancelled, "fetch", "", nil), nil)
	_, ok := f.toasts.Current()
	require.False(t, ok, "what a person stopped is no trouble")
	tried := 0
	f.web.host.Trouble("mail", fault.Newf(fault.Refused, "connect", "imap.example.org:993", "refused"), func() { tried++ })
	m, ok := f.toasts.Current()
	require.True(t, ok)
	require.Equal(t, "Your mail server turns connections away", m.Text)
	f.toasts.Act()
	dialogOf(t, f).Close("retry")
	require.Equal(t, 1, tried)
}

func TestLanguageAndTextSizeWithoutRestart(t *testing.T) {
	f := open(t, nil)
	f.ShowPanel("mail")
	made := f.mail.made
	require.NoError(t, f.profile.Settings.Change(func(v *profile.Values) { v.Language = "fr" }))
	require.Equal(t, made+1, f.mail.made)
	require.Equal(t, "mail", f.Shown().ID())
	require.Equal(t, "fr mail", f.panels[1].Title())
	require.Equal(t, "Fichier", f.menus()[0].Label)
	before := theme.TextSize()
	f.press(ctrl(fyne.KeyEqual)) // plus without Shift, on most keyboards
	require.Greater(t, theme.TextSize(), before)
	require.Equal(t, made+2, f.mail.made)
	f.press(ctrl(fyne.Key0))
	require.Equal(t, before, theme.TextSize())
	for range 20 {
		f.press(ctrl(fyne.KeyPlus))
	}
	require.InDelta(t, 1.75, f.profile.Settings.Get().TextSize, 0.001)
}

func TestColoursOfASilentDesktop(t *testing.T) {
	answer, posted := make(chan error), make(chan func())
	f := open(t, func(p *WindowParams) {
		p.Desktop = func() error { return <-answer }
		p.Post = func(do func()) { posted <- do }
	})
	require.Equal(t, theme.VariantLight, f.theme().Variant(theme.VariantDark))
	answer <- nil
	(<-posted)()
	require.Equal(t, theme.VariantDark, f.theme().Variant(theme.VariantDark), "now the desktop has said it")
}

func TestMenusHoldEveryCommand(t *testing.T) {
	f := open(t, nil)
	byName := map[string]*fyne.Menu{}
	for _, m := range f.menus() {
		byName[m.Label] = m
	}
	require.Equal(t, "reload", byName["Menu web"].Items[0].Label)
	byName["Menu mail"].Items[0].Action()
	require.Equal(t, []string{"reply"}, f.mail.ran)
	require.Equal(t, "mail", f.Shown().ID())
	f.ShowMenu()
	require.NotNil(t, f.win.Canvas().Overlays().Top())
	require.Equal(t, "Ctrl+R", shortcutText(ctrl(fyne.KeyR)))
}

func TestAPanicDoesNotEndTheWindow(t *testing.T) {
	for _, method := range []string{"Content", "Bar", "Shown", "Open"} {
		t.Run(method, func(t *testing.T) {
			f := open(t, nil)
			f.mail.crash = method
			f.ShowPanel("mail")
			f.OpenText("anna@example.org")
			m, ok := f.toasts.Current()
			require.True(t, ok)
			require.Contains(t, m.Text, "went wrong")
			f.ShowPanel("web")
			require.Equal(t, "web", f.Shown().ID())
		})
	}
}

func TestDrop(t *testing.T) {
	f := open(t, nil)
	f.dropped(fyne.NewPos(1, 1), nil)
	require.Equal(t, 1, f.web.dropped)
}

func TestClose(t *testing.T) {
	f := open(t, nil)
	f.win.Resize(fyne.NewSize(1000, 700))
	f.Close()
	f.Close()
	require.Equal(t, 1, f.quit)
	require.Equal(t, 1, f.mail.closed)
	require.InDelta(t, 1000, f.profile.Settings.Get().Width, 1)
	require.NoError(t, f.jobs.Set(&activity.Snapshot{Running: 1}), "nothing listens any more")
}

func TestWelcome(t *testing.T) {
	added := 0
	f := open(t, func(p *WindowParams) { p.Welcome = &Welcome{AddMail: func() { added++ }} })
	require.Nil(t, f.Shown())
	require.NotNil(t, f.welcome)
	f.ShowPanel("mail")
	require.Equal(t, "mail", f.Shown().ID(), "the rail works from the beginning")
}

func TestCheckDisplay(t *testing.T) {
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	err := CheckDisplay()
	require.True(t, fault.Is(err, fault.Unsupported))
	t.Setenv("DISPLAY", ":0")
	require.NoError(t, CheckDisplay())
	require.True(t, errors.Is(fault.New(fault.Unsupported, "", "", ErrNoGraphics), ErrNoGraphics))
}
