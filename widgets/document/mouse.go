package document

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

const (
	clickTime = 400 * time.Millisecond // between the clicks of a double click
	clickNear = 4                      // Fyne units
)

// hover is what the mouse is over.
type hover struct {
	hit    Hit
	text   string // told by OnHover
	inside bool
	at     fyne.Position
}

// pointer is the state of the mouse.
type pointer struct {
	over    hover
	down    bool // the primary button
	at      fyne.Position
	hit     Hit // under the button when it went down
	dragged bool
	bar     *bar
	clicks  int
	last    time.Time
	lastAt  fyne.Position
	middle  *Link // under the middle button when it went down
}

// MouseIn is part of desktop.Hoverable.
func (d *Document) MouseIn(e *desktop.MouseEvent) { d.MouseMoved(e) }

// MouseMoved is part of desktop.Hoverable.
func (d *Document) MouseMoved(e *desktop.MouseEvent) {
	d.pointer.over.inside, d.pointer.over.at = true, e.Position
	d.hoverAgain()
}

// MouseOut is part of desktop.Hoverable.
func (d *Document) MouseOut() {
	d.pointer.over.inside, d.pointer.over.hit = false, Hit{}
	d.tellHover("")
}

// hoverAgain looks again at what is under the mouse, after one of both moved.
func (d *Document) hoverAgain() {
	p := &d.pointer
	if !p.over.inside || p.down {
		return
	}
	p.over.hit = Hit{}
	if d.page != nil && d.barAt(p.over.at) == nil {
		p.over.hit = d.hitAt(p.over.at)
	}
	switch h := p.over.hit; {
	case h.Link != nil && h.Link.URL != "":
		d.tellHover(h.Link.URL)
	default:
		d.tellHover(h.Title)
	}
}

func (d *Document) tellHover(text string) {
	if text == d.pointer.over.text {
		return
	}
	d.pointer.over.text = text
	if d.OnHover != nil {
		d.OnHover(text)
	}
}

func (d *Document) hitAt(p fyne.Position) Hit {
	if d.page == nil {
		return Hit{}
	}
	x, y := d.toPage(p)
	return d.page.Hit(x, y)
}

// Cursor is part of desktop.Cursorable.
func (d *Document) Cursor() desktop.Cursor {
	h := d.pointer.over.hit
	switch {
	case h.Link != nil:
		return desktop.PointerCursor
	case h.Control != nil:
		if h.Control.Disabled {
			return desktop.DefaultCursor
		}
		if h.Control.typed() {
			return desktop.TextCursor
		}
		return desktop.PointerCursor
	case h.OnText:
		return desktop.TextCursor
	}
	return desktop.DefaultCursor
}

// MouseDown is part of desktop.Mouseable.
func (d *Document) MouseDown(e *desktop.MouseEvent) {
	d.requestFocus()
	p := &d.pointer
	p.over.inside, p.over.at = true, e.Position
	switch e.Button {
	case desktop.MouseButtonPrimary:
		p.down, p.dragged, p.at = true, false, e.Position
		if p.bar = d.barAt(e.Position); p.bar != nil {
			p.bar.press(d, e.Position)
			return
		}
		d.countClick(e.Position)
		p.hit = d.hitAt(e.Position)
		d.focus.hide(d)
		d.beginSelection(e)
	case desktop.MouseButtonTertiary:
		p.middle = d.hitAt(e.Position).Link
	}
}

// countClick tells single, double and triple clicks apart.
func (d *Document) countClick(at fyne.Position) {
	p := &d.pointer
	now := d.now()
	near := at.X-p.lastAt.X < clickNear && p.lastAt.X-at.X < clickNear && at.Y-p.lastAt.Y < clickNear && p.lastAt.Y-at.Y < clickNear
	if near && now.Sub(p.last) < clickTime && p.clicks < 3 {
		p.clicks++
	} else {
		p.clicks = 1
	}
	p.last, p.lastAt = now, at
}

// beginSelection starts a selection where the button went down.
func (d *Document) beginSelection(e *desktop.MouseEvent) {
	h := d.pointer.hit
	if d.page == nil || h.Control != nil {
		return
	}
	switch d.pointer.clicks {
	case 2:
		d.choice.unit = d.page.Word
	case 3:
		d.choice.unit = d.page.Paragraph
	default:
		d.choice.unit = nil
	}
	if e.Modifier&fyne.KeyModifierShift != 0 && d.choice.begun {
		d.extendTo(e.Position)
		return
	}
	at := Range{h.Position, h.Position}
	if d.choice.unit != nil {
		at = d.choice.unit(h.Position)
	}
	d.choice.anchor, d.choice.begun = at, true
	d.selectRange(at)
}

// Dragged is part of fyne.Draggable.
func (d *Document) Dragged(e *fyne.DragEvent) {
	p := &d.pointer
	if !p.down {
		return
	}
	if p.bar != nil {
		p.bar.drag(d, e.Position)
		return
	}
	moved := e.Position.Subtract(p.at)
	if !p.dragged && moved.X < clickNear && moved.X > -clickNear && moved.Y < clickNear && moved.Y > -clickNear {
		return
	}
	p.dragged = true
	if d.page == nil || p.hit.Control != nil {
		return
	}
	size := d.Size()
	switch { // beyond the edges the page comes along
	case e.Position.Y < 0:
		d.scroll(d.x, d.y+e.Position.Y/2)
	case e.Position.Y > size.Height:
		d.scroll(d.x, d.y+(e.Position.Y-size.Height)/2)
	}
	d.extendTo(e.Position)
}

// DragEnd is part of fyne.Draggable.
func (d *Document) DragEnd() { d.release() }

func (d *Document) release() {
	d.pointer.down, d.pointer.bar = false, nil
	d.hoverAgain()
}

// MouseUp is part of desktop.Mouseable.
func (d *Document) MouseUp(e *desktop.MouseEvent) {
	p := &d.pointer
	switch e.Button {
	case desktop.MouseButtonPrimary:
		click := p.down && !p.dragged && p.bar == nil
		was := p.hit
		d.release()
		if click && p.clicks == 1 {
			d.click(was, d.hitAt(e.Position), e.Modifier)
		}
	case desktop.MouseButtonTertiary:
		was := p.middle
		p.middle = nil
		if now := d.hitAt(e.Position).Link; was != nil && now != nil && now.URL == was.URL {
			d.followLink(*now, NewTab)
		}
	case desktop.MouseButtonSecondary:
		if d.OnMenu != nil && d.page != nil {
			d.OnMenu(Menu{Hit: d.hitAt(e.Position), Selection: d.SelectedText()}, e.AbsolutePosition)
		}
	}
}

// click acts where the button went down and up over the same thing.
func (d *Document) click(was, now Hit, mod fyne.KeyModifier) {
	switch {
	case was.Control != nil && now.Control != nil && was.Control.ID == now.Control.ID:
		d.use(*now.Control)
	case was.Link != nil && now.Link != nil && was.Link.URL == now.Link.URL:
		where := Here
		if mod&fyne.KeyModifierShortcutDefault != 0 {
			where = NewTab
			if mod&fyne.KeyModifierShift != 0 {
				where = NewTabInFront
			}
		}
		d.followLink(*now.Link, where)
	}
}

func (d *Document) followLink(l Link, where Where) {
	if d.OnLink != nil {
		d.OnLink(l, where)
	}
}

func (d *Document) requestFocus() {
	if c := d.canvas(); c != nil && c.Focused() != fyne.Focusable(d) {
		c.Focus(d)
	}
}

func (d *Document) canvas() fyne.Canvas {
	app := fyne.CurrentApp()
	if app == nil {
		return nil
	}
	return app.Driver().CanvasForObject(d)
}
