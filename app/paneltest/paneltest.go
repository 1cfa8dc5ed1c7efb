// Package paneltest is the window as panels see it, for their tests: it runs
// what is posted on the test's goroutine and writes down what it is told.
package paneltest

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/address"
	"guichet/services/publish"
)

// Host is a panel.Host. Its fields are for the test's goroutine only.
type Host struct {
	Opened   []address.Target
	Typed    []string
	Toasts   []panel.Toast
	Asked    []panel.Question
	Troubles []error
	Retries  []func() // of Troubles, may hold nil
	Focused  int      // calls of FocusAddress

	t      testing.TB
	window fyne.Window
	queue  chan func()
}

// patience is how long Until waits for what has to come.
const patience = 20 * time.Second

// New makes a Fyne test app in English and light colours, and a window of the
// design's size for one panel.
func New(t testing.TB) *Host {
	a := test.NewTempApp(t)
	words.SetLanguage("en")
	a.Settings().SetTheme(look.New(look.Light, 100))
	h := &Host{t: t, window: test.NewTempWindow(t, nil), queue: make(chan func(), 100_000)}
	h.window.SetPadded(false)
	h.window.Resize(fyne.NewSize(1196, 734))
	publish.Through(h.Post)
	t.Cleanup(func() { publish.Through(func(f func()) { f() }) })
	return h
}

// Post implements panel.Host, as do the methods below.
func (h *Host) Post(f func())         { h.queue <- f }
func (h *Host) Window() fyne.Window   { return h.window }
func (h *Host) Open(t address.Target) { h.Opened = append(h.Opened, t) }
func (h *Host) OpenText(text string)  { h.Typed = append(h.Typed, text) }
func (h *Host) Show(t panel.Toast)    { h.Toasts = append(h.Toasts, t) }
func (h *Host) Ask(q panel.Question)  { h.Asked = append(h.Asked, q) }
func (h *Host) Changed(panel.Panel)   {}

// FocusAddress counts.
func (h *Host) FocusAddress() { h.Focused++ }

// Trouble writes the error down.
func (h *Host) Trouble(_ string, err error, retry func()) {
	h.Troubles = append(h.Troubles, err)
	h.Retries = append(h.Retries, retry)
}

// Present shows a panel, as a change of the tab or of the language does.
func (h *Host) Present(p panel.Panel) {
	h.window.SetContent(p.Content())
	h.window.Resize(fyne.NewSize(1196, 734))
	p.Shown()
	h.Settle()
}

// Settle runs what waits for the goroutine of the user interface.
func (h *Host) Settle() {
	for {
		select {
		case f := <-h.queue:
			f()
		default:
			return
		}
	}
}

// Until runs what is posted until a condition holds.
func (h *Host) Until(what string, ok func() bool) {
	h.t.Helper()
	limit := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for h.Settle(); !ok(); h.Settle() {
		select {
		case f := <-h.queue:
			f()
		case <-tick.C: // the state of a service may change without a word
		case <-limit:
			h.t.Fatalf("never came: %s; troubles: %v", what, h.Troubles)
		}
	}
}

// Toast gives the newest toast and forgets all.
func (h *Host) Toast() panel.Toast {
	h.t.Helper()
	if len(h.Toasts) == 0 {
		h.t.Fatal("no toast")
	}
	t := h.Toasts[len(h.Toasts)-1]
	h.Toasts = nil
	return t
}

// Answer answers the newest question.
func (h *Host) Answer(value string, all bool) {
	h.t.Helper()
	if len(h.Asked) == 0 {
		h.t.Fatal("nothing was asked")
	}
	q := h.Asked[len(h.Asked)-1]
	h.Asked = h.Asked[:len(h.Asked)-1]
	q.Answer(value, all)
	h.Settle()
}

// Run carries out a panel's command by its id.
func (h *Host) Run(p panel.Panel, id string) {
	h.t.Helper()
	for _, c := range p.Commands() {
		if c.ID == id {
			if c.Enabled != nil && !c.Enabled() {
				h.t.Fatalf("%s is not enabled", id)
			}
			c.Run()
			h.Settle()
			return
		}
	}
	h.t.Fatalf("no command %s", id)
}

// Enabled reports whether a command can be carried out.
func (h *Host) Enabled(p panel.Panel, id string) bool {
	for _, c := range p.Commands() {
		if c.ID == id {
			return c.Enabled == nil || c.Enabled()
		}
	}
	return false
}
