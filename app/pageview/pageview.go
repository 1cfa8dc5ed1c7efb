// Package pageview joins the page engine (services/html) and the widget that
// shows pages (widgets/document): it lays out on a goroutine when the width or
// a resource changes, fetches what pages refer to through its owner, and
// carries what a person does in forms back to the document.
package pageview

import (
	"context"
	"sync"
	"time"

	"guichet/services/html"
	"guichet/services/task"
	"guichet/widgets/document"
)

const (
	resizeDelay   = 60 * time.Millisecond  // while a window is dragged
	resourceDelay = 100 * time.Millisecond // several pictures are laid out together
	sheetWait     = 1500 * time.Millisecond
	maxLoads      = 6 // resources that are fetched at the same time
)

// Params are what a View needs. Post and Group are required.
type Params struct {
	// Group is the lifetime of the view's work.
	Group *task.Group
	// Post runs a function on the UI goroutine: panel.Host's Post.
	Post func(func())
	// Load fetches what a page refers to; nil: nothing is loaded. It is called by
	// several goroutines and obeys its context.
	Load func(ctx context.Context, r html.Request) (*html.Resource, error)
}

// View shows documents. All its methods and callbacks are for the UI
// goroutine. Links, hover, menus, selection and search are the widget's own
// callbacks: set them on Widget.
type View struct {
	p      Params
	widget *document.Document
	layout *task.Slot

	// OnShown is called each time a layout is shown; the first one of a document
	// has first set. Reason says why a page is shown simplified, nil if it is not.
	OnShown func(first bool, reason error)
	// OnLoaded is called when nothing the page refers to is pending any more.
	OnLoaded func()
	// OnSubmit is called with a form's submission; Consent in it has to be asked
	// for before it is sent.
	OnSubmit func(html.Submission)
	// OnInvalid is called when a form cannot be submitted: see html.Invalid.
	OnInvalid func(err error)
	// OnFiles asks for files for a control; set hands them over.
	OnFiles func(c html.Control, set func([]html.File))

	current *session
	dark    bool
	asSent  bool
	text    float32
	soon    bool          // a layout for parts that came is due
	layouts int           // asked for so far
	port    html.Viewport // of the newest one
	busy    bool          // the newest one is not done
	again   bool          // parts came meanwhile
}

// session is a document and the work on it. Its document is used under mu by
// one goroutine at a time; what the UI wants done with it waits in todo.
type session struct {
	group *task.Group
	mu    sync.Mutex
	doc   *html.Document

	queue sync.Mutex
	todo  []func(*html.Document)

	asked map[html.Request]bool // under mu

	// On the UI goroutine:
	view    *html.View // shown
	place   Place
	begun   bool // may be laid out: its style sheets are there, or late
	loading bool
}

// Place is where a document is first shown.
type Place struct {
	Fragment string  // an element's id; wins over Y
	Y        float32 // CSS pixels from the top
}

// New makes a view that shows nothing.
func New(p Params) *View {
	v := &View{p: p, layout: task.NewSlot(p.Group), text: 1}
	v.widget = document.New(func(f func()) {
		p.Group.Go("paint a tile", func(context.Context) { f() })
	})
	v.widget.Post = p.Post
	v.widget.OnView = func(w, h, scale float32) {
		// A document that is shown anew tells the size that it is laid out for.
		if v.port.Width != w || v.port.Height != h || v.port.Scale != scale {
			v.relayout(resizeDelay)
		}
	}
	v.widget.OnChange = v.change
	v.widget.OnPress = v.press
	v.widget.OnSubmit = v.submit
	return v
}

// Widget is what to put into the window.
func (v *View) Widget() *document.Document { return v.widget }

// Show shows a document and fetches what it refers to. The document belongs
// to the view from now on.
func (v *View) Show(doc *html.Document, at Place) {
	v.end()
	s := &session{
		group: v.p.Group.Child(), doc: doc, place: at,
		asked: map[html.Request]bool{},
	}
	v.current = s
	v.layout.Stop()
	v.port = html.Viewport{}
	v.busy, v.again = false, false
	v.loadParts(s)
}

// Clear shows nothing.
func (v *View) Clear() {
	v.end()
	v.layout.Stop()
	v.widget.SetPage(nil, document.Nothing)
}

func (v *View) end() {
	if v.current != nil {
		v.current.group.Cancel()
		v.current = nil
	}
}

// Stop ends the loading of parts; what is there stays.
func (v *View) Stop() {
	if s := v.current; s != nil {
		s.group.Cancel()
		v.relayout(0)
	}
}

// Laid is the layout that is shown, or nil.
func (v *View) Laid() *html.View {
	if v.current == nil {
		return nil
	}
	return v.current.view
}

// SetDark says whether pages are to be shown in dark colours: their own, if
// they have them, else with the lightness turned round (see SetAsSent).
func (v *View) SetDark(dark bool) {
	if dark != v.dark {
		v.dark = dark
		v.relayout(0)
	}
}

// SetAsSent shows pages that have no dark colours of their own as they are,
// whatever SetDark says.
func (v *View) SetAsSent(asSent bool) {
	if asSent != v.asSent {
		v.asSent = asSent
		v.relayout(0)
	}
}

// SetText sets the factor on all font sizes, 1 for none.
func (v *View) SetText(factor float32) {
	if factor != v.text && factor > 0 {
		v.text = factor
		v.relayout(0)
	}
}

// Do hands f the document, later and on another goroutine, and lays it out anew.
func (v *View) Do(f func(*html.Document)) {
	if s := v.current; s != nil {
		s.later(f)
		v.relayout(0)
	}
}

func (s *session) later(f func(*html.Document)) {
	s.queue.Lock()
	defer s.queue.Unlock()
	s.todo = append(s.todo, f)
}

// use runs what waits and then f, alone with the document.
func (s *session) use(f func(*html.Document)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.Lock()
	todo := s.todo
	s.todo = nil
	s.queue.Unlock()
	for _, do := range todo {
		do(s.doc)
	}
	f(s.doc)
}

// relayout lays the document out after a delay, unless another layout is asked
// for before.
func (v *View) relayout(delay time.Duration) {
	s := v.current
	w, h, scale := v.widget.View()
	if s == nil || !s.begun || w <= 0 {
		return
	}
	if s.view == nil {
		delay = 0 // the first picture waits for nothing
	}
	vp := html.Viewport{Width: w, Height: h, Scale: scale, Dark: v.dark, Text: v.text}
	v.port = vp
	flip := v.dark && !v.asSent
	v.layouts++
	v.busy = true
	number := v.layouts
	v.layout.Start("lay out a page", func(ctx context.Context, current func() bool) {
		if !pause(ctx, delay) {
			return
		}
		var view *html.View
		var err error
		more := false
		s.use(func(d *html.Document) {
			view, err = d.Layout(ctx, vp)
			more = len(s.fresh(d)) > 0 // a width may call for other pictures
			flip = flip && !d.DeclaresDark()
		})
		var p *page
		if err == nil && view != nil && current() {
			p = newPage(view, flip)
		}
		v.p.Post(func() { v.laid(s, number, p, more) })
	})
}

// laid takes a finished layout; p is nil if it was cancelled.
func (v *View) laid(s *session, number int, p *page, more bool) {
	if v.layouts != number || v.current != s {
		return // a newer one is on its way
	}
	v.busy = false
	if p != nil {
		v.shown(s, p)
	}
	if more {
		v.loadParts(s)
	}
	if v.again {
		v.again = false
		v.relayout(0)
	}
}

// pause waits and reports whether the context still holds.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func (v *View) shown(s *session, p *page) {
	first := s.view == nil
	s.view = p.view
	if !first {
		v.widget.SetPage(p, document.Place)
	} else {
		v.widget.SetPage(p, document.Nothing)
		switch {
		case s.place.Fragment != "":
			v.widget.ScrollToAnchor(s.place.Fragment)
		case s.place.Y > 0:
			v.widget.ScrollTo(0, s.place.Y)
		}
	}
	if v.OnShown != nil {
		v.OnShown(first, p.view.Reason)
	}
}
