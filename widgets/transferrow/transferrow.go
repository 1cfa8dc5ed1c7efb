// Package transferrow is the line of one job: what goes where, how far it is,
// and what can be done about it.
package transferrow

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/kit"
)

// Action is a small button at the end of the line.
type Action struct {
	Icon fyne.Resource
	Tip  string
	Do   func()
}

// Choice is an answer to the job's question.
type Choice struct {
	Label   string
	Primary bool
	Do      func(all bool)
}

// Data is what a row shows.
type Data struct {
	Icon      fyne.Resource
	IconColor fyne.ThemeColorName
	Title     string
	To        string  // quiet, "→ Club server"
	Fraction  float64 // 0 to 1; below 0: no bar
	Figures   string  // "744 MB of 1.2 GB · 3.2 MB/s · 2 min"
	Note      string  // in the bar's place
	NoteColor fyne.ThemeColorName
	Question  string
	Choices   []Choice
	All       string // label of a check box beside the choices
	Actions   []Action
}

// Row is the widget. It is made to be reused: Set with the same shape of data
// changes texts and the bar only.
type Row struct {
	widget.BaseWidget
	compact bool
	data    Data
	icon    *kit.Image
	title   *kit.Text
	to      *kit.Text
	figures *kit.Text
	note    *kit.Text
	track   *kit.Box
	bar     *kit.Box
	buttons []*kit.Button
	choices []*kit.Button
	all     *widget.Check
}

// Compact is the height of a row on one line, Tall that on two lines, in units
// of the design.
const (
	Compact = 33
	Tall    = 58
)

// New makes an empty row: on one line, or with the bar below the title.
func New(compact bool) *Row {
	r := &Row{
		compact: compact,
		icon:    kit.NewImage(nil, 16, kit.ColorText),
		title:   kit.NewText("", kit.TextStyle{Shrink: true}),
		to:      kit.NewText("", kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Shrink: true}),
		figures: kit.NewText("", kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Shrink: true}),
		note:    kit.NewText("", kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Shrink: true}),
		track:   kit.NewBox(kit.BoxStyle{Fill: kit.ColorTrack, Round: true}),
		bar:     kit.NewBox(kit.BoxStyle{Fill: kit.ColorPrimary, Round: true}),
		all:     widget.NewCheck("", nil),
	}
	r.ExtendBaseWidget(r)
	return r
}

// Set changes what the row shows.
func (r *Row) Set(d Data) {
	old := r.data
	r.data = d
	colour := d.IconColor
	if colour == kit.ColorNone {
		colour = kit.ColorText
	}
	r.icon.SetResource(d.Icon, colour)
	r.title.SetText(d.Title)
	r.to.SetText(d.To)
	r.figures.SetText(d.Figures)
	note, noteColour := d.Note, d.NoteColor
	if d.Question != "" {
		note, noteColour = d.Question, kit.ColorText
	}
	if noteColour == kit.ColorNone {
		noteColour = kit.ColorQuiet
	}
	r.note.Set(note, kit.TextStyle{Size: kit.SizeSmall, Color: noteColour, Shrink: true})
	for i, a := range d.Actions {
		if i >= len(r.buttons) {
			r.buttons = append(r.buttons, kit.NewButton(kit.ButtonParams{Kind: kit.Quiet, Small: true, OnTapped: func() { r.act(i) }}))
		}
		if i >= len(old.Actions) || !same(old.Actions[i].Icon, a.Icon) {
			r.buttons[i].SetIcon(a.Icon)
		}
		r.buttons[i].SetTip(a.Tip)
	}
	for i, c := range d.Choices {
		if i < len(r.choices) && i < len(old.Choices) && old.Choices[i].Label == c.Label && old.Choices[i].Primary == c.Primary {
			continue
		}
		kind := kit.Plain
		if c.Primary {
			kind = kit.Primary
		}
		b := kit.NewButton(kit.ButtonParams{Text: c.Label, Kind: kind, Small: true, OnTapped: func() { r.answer(i) }})
		if i < len(r.choices) {
			r.choices[i] = b
		} else {
			r.choices = append(r.choices, b)
		}
	}
	if r.all.Text != d.All {
		r.all.Text = d.All
		r.all.Checked = false
		r.all.Refresh()
	}
	r.Refresh()
}

func same(a, b fyne.Resource) bool {
	return a == b || a != nil && b != nil && a.Name() == b.Name()
}

func (r *Row) act(i int) {
	if i < len(r.data.Actions) && r.data.Actions[i].Do != nil {
		r.data.Actions[i].Do()
	}
}

func (r *Row) answer(i int) {
	if i < len(r.data.Choices) && r.data.Choices[i].Do != nil {
		r.data.Choices[i].Do(r.all.Checked)
	}
}

// CreateRenderer is called by Fyne.
func (r *Row) CreateRenderer() fyne.WidgetRenderer { return &renderer{r} }

type renderer struct{ r *Row }

func (o *renderer) Destroy() {}

func (o *renderer) MinSize() fyne.Size {
	h := float32(Tall)
	if o.r.compact {
		h = Compact
	}
	return fyne.NewSize(kit.Px(300), kit.Px(h))
}

func (o *renderer) Objects() []fyne.CanvasObject {
	r := o.r
	objects := []fyne.CanvasObject{r.icon, r.title, r.to}
	if r.showsBar() {
		objects = append(objects, r.track, r.bar)
	}
	if r.data.Note != "" || r.data.Question != "" {
		objects = append(objects, r.note)
	}
	if r.data.Figures != "" && r.data.Question == "" {
		objects = append(objects, r.figures)
	}
	for i := range r.data.Choices {
		objects = append(objects, r.choices[i])
	}
	if r.data.All != "" && r.data.Question != "" {
		objects = append(objects, r.all)
	}
	for i := range r.data.Actions {
		objects = append(objects, r.buttons[i])
	}
	return objects
}

func (r *Row) showsBar() bool {
	return r.data.Fraction >= 0 && r.data.Note == "" && r.data.Question == ""
}

// line places objects from the right edge leftwards and gives what is left.
func line(right, middle, gap float32, objects ...fyne.CanvasObject) float32 {
	for i := len(objects) - 1; i >= 0; i-- {
		m := objects[i].MinSize()
		right -= m.Width
		objects[i].Resize(m)
		objects[i].Move(fyne.NewPos(right, middle-m.Height/2))
		right -= gap
	}
	return right
}

func (o *renderer) Layout(size fyne.Size) {
	r := o.r
	gap := kit.Px(8)
	top, below := size.Height/2, size.Height/2
	if !r.compact {
		top, below = kit.Px(20), kit.Px(42)
	}
	var buttons []fyne.CanvasObject
	for i := range r.data.Actions {
		buttons = append(buttons, r.buttons[i])
	}
	right := line(size.Width-kit.Px(8), size.Height/2, 0, buttons...) - gap
	r.icon.Resize(fyne.NewSquareSize(kit.Px(16)))
	r.icon.Move(fyne.NewPos(kit.Px(12), top-kit.Px(8)))

	left := kit.Px(12 + 16 + 14)
	titleEnd := right
	if r.compact {
		titleEnd = fyne.Min(left+(right-left)*0.36, left+kit.Px(340))
	}
	var figures float32
	if r.data.Figures != "" {
		figures = r.figures.NaturalWidth() + 1
	}
	titleHeight, smallHeight := r.title.MinSize().Height, r.note.MinSize().Height
	room := titleEnd - left
	if !r.compact {
		room -= figures + gap
	}
	w := fyne.Min(r.title.NaturalWidth()+1, fyne.Max(room*0.72, room-r.to.NaturalWidth()-gap))
	r.title.Resize(fyne.NewSize(w, titleHeight))
	r.title.Move(fyne.NewPos(left, top-titleHeight/2))
	r.to.Resize(fyne.NewSize(fyne.Max(room-w-gap, 0), smallHeight))
	r.to.Move(fyne.NewPos(left+w+kit.Px(6), top-smallHeight/2+kit.Px(1)))

	from := left
	if r.compact {
		from = titleEnd + gap
	}
	to := right
	if r.data.Question != "" {
		var answers []fyne.CanvasObject
		if r.data.All != "" {
			answers = append(answers, r.all)
		}
		for i := range r.data.Choices {
			answers = append(answers, r.choices[i])
		}
		to = line(right, size.Height/2, kit.Px(6), answers...)
	} else if r.compact {
		w := fyne.Max(kit.Px(212), figures)
		if r.data.Figures == "" {
			w = 0
		}
		to = right - w
		r.figures.Move(fyne.NewPos(to+gap, below-smallHeight/2))
		r.figures.Resize(fyne.NewSize(fyne.Max(w-gap, 0), smallHeight))
	} else {
		r.figures.Move(fyne.NewPos(right-figures, top-smallHeight/2))
		r.figures.Resize(fyne.NewSize(figures, smallHeight))
	}
	r.note.Move(fyne.NewPos(from, below-smallHeight/2))
	r.note.Resize(fyne.NewSize(fyne.Max(to-from, 0), smallHeight))
	thick := kit.Px(8)
	r.track.Move(fyne.NewPos(from, below-thick/2))
	r.track.Resize(fyne.NewSize(fyne.Max(to-from, 0), thick))
	r.bar.Move(r.track.Position())
	done := float32(max(min(r.data.Fraction, 1), 0)) * (to - from)
	if done > 0 {
		done = fyne.Max(done, thick)
	}
	r.bar.Resize(fyne.NewSize(fyne.Max(done, 0), thick))
}

func (o *renderer) Refresh() {
	o.Layout(o.r.Size())
	for _, object := range o.Objects() {
		object.Refresh()
	}
}
