package pageview

import (
	"image"
	"image/color"

	"guichet/services/html"
	"guichet/services/html/display"
	"guichet/services/html/raster"
	"guichet/widgets/document"
)

// page shows an html.View as the widget's Page.
type page struct {
	view       *html.View
	index      *raster.Index
	ground     color.NRGBA
	flipped    bool // shown in dark colours that are not its own
	focusables []document.Focusable
	controls   map[int]document.Control
}

var _ document.Page = (*page)(nil)

// newPage does what takes time ahead, on the goroutine of the layout. With
// flip, a page made for light surroundings is shown in dark ones.
func newPage(v *html.View, flip bool) *page {
	p := &page{view: v, ground: v.Background, flipped: flip, controls: map[int]document.Control{}}
	list := v.List
	if flip {
		list, p.ground = display.Dark(list), display.DarkColor(v.Background)
	}
	p.index = raster.NewIndex(list)
	links, controls := v.Links(), v.Controls()
	for i := range controls {
		p.controls[controls[i].ID] = p.control(&controls[i])
	}
	for _, f := range v.Focusables() {
		out := document.Focusable{Control: -1, Rects: rects(f.Rects)}
		switch {
		case f.Link >= 0 && f.Link < len(links):
			out.Link = link(&links[f.Link])
		case f.Control >= 0 && f.Control < len(controls):
			out.Control = controls[f.Control].ID
		default:
			continue
		}
		p.focusables = append(p.focusables, out)
	}
	return p
}

func (p *page) Size() (w, h float32)    { return p.view.Width, p.view.Height }
func (p *page) Background() color.NRGBA { return p.ground }

func (p *page) Paint(dst *image.RGBA, x, y, scale float32) { p.index.Paint(dst, x, y, scale) }

func (p *page) Hit(x, y float32) document.Hit {
	h := p.view.Hit(x, y)
	out := document.Hit{Title: h.Title, Position: int(h.Position), OnText: h.OnText}
	if h.Link != nil {
		out.Link = link(h.Link)
	}
	if h.Control != nil {
		c := p.control(h.Control)
		out.Control = &c
	}
	if h.Picture != nil {
		out.Picture = &document.Picture{URL: h.Picture.URL, Alt: h.Picture.Alt, Missing: h.Picture.Missing}
	}
	return out
}

func (p *page) Position(x, y float32) int  { return int(p.view.PositionAt(x, y)) }
func (p *page) Word(at int) document.Range { return fromRange(p.view.Word(html.Position(at))) }
func (p *page) Paragraph(at int) document.Range {
	return fromRange(p.view.Paragraph(html.Position(at)))
}
func (p *page) All() document.Range                    { return fromRange(p.view.All()) }
func (p *page) Rects(r document.Range) []document.Rect { return rects(p.view.Rects(toRange(r))) }
func (p *page) Caret(at int) document.Rect             { return document.Rect(p.view.Caret(html.Position(at))) }
func (p *page) Text(r document.Range) string           { return p.view.Text(toRange(r)) }
func (p *page) HTML(r document.Range) string           { return p.view.HTML(toRange(r)) }
func (p *page) Anchor(name string) (float32, bool)     { return p.view.Anchor(name) }
func (p *page) Focusables() []document.Focusable       { return p.focusables }

func (p *page) Control(id int) (document.Control, bool) {
	c, ok := p.controls[id]
	return c, ok
}

func (p *page) Find(text string) []document.Range {
	found := p.view.Find(text)
	out := make([]document.Range, len(found))
	for i, r := range found {
		out[i] = fromRange(r)
	}
	return out
}

func fromRange(r html.Range) document.Range {
	return document.Range{Start: int(r.Start), End: int(r.End)}
}

func toRange(r document.Range) html.Range {
	return html.Range{Start: html.Position(r.Start), End: html.Position(r.End)}
}

func rects(in []display.Rect) []document.Rect {
	out := make([]document.Rect, len(in))
	for i, r := range in {
		out[i] = document.Rect(r)
	}
	return out
}

func link(l *html.Link) *document.Link {
	return &document.Link{URL: l.URL, Target: l.Target, Download: l.Download, Title: l.Title, Text: l.Text}
}

func (p *page) control(c *html.Control) document.Control {
	out := document.Control{
		ID: c.ID, Kind: kind(c.Kind), Value: c.Value, Checked: c.Checked, Placeholder: c.Placeholder,
		MaxLength: c.MaxLength, Multiple: c.Multiple, Disabled: c.Disabled, ReadOnly: c.ReadOnly,
		Rect: document.Rect(c.Rect), FontSize: c.FontSize, Color: c.Color, Background: c.Background,
	}
	if p.flipped {
		out.Color, out.Background = display.DarkColor(c.Color), display.DarkColor(c.Background)
	}
	for _, o := range c.Options {
		out.Options = append(out.Options, document.Option{Text: o.Text, Group: o.Group, Selected: o.Selected, Disabled: o.Disabled})
	}
	return out
}

func kind(k html.ControlKind) document.Kind {
	switch k {
	case html.ControlPassword:
		return document.Password
	case html.ControlArea:
		return document.Area
	case html.ControlCheckbox:
		return document.Checkbox
	case html.ControlRadio:
		return document.Radio
	case html.ControlSelect:
		return document.Select
	case html.ControlFile:
		return document.File
	case html.ControlSummary:
		return document.Summary
	case html.ControlSubmit, html.ControlImage, html.ControlReset, html.ControlButton:
		return document.Button
	}
	return document.Text
}
