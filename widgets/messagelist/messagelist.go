// Package messagelist is the list of mails: sender and date, subject, and the
// first words, in rows of one height. It shows what it is handed and reports
// intentions.
package messagelist

import (
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"guichet/widgets/kit"
	"guichet/widgets/rowlist"
)

// Row is what one line shows; its texts are finished.
type Row struct {
	From       string
	Date       string
	Subject    string
	Snippet    string
	Unread     bool
	Flagged    bool
	Answered   bool
	Attachment bool
	Dim        bool // cannot be opened
}

// Source gives the rows.
type Source interface {
	Len() int
	Row(i int) Row
}

// Params are what a List is made of.
type Params struct {
	OnSelect func() // the selection or the current row changed
	OnOpen   func(i int)
	OnMenu   func(i int, at fyne.Position)
	OnKey    func(*fyne.KeyEvent) bool
	// OnRune, if not nil, gets the letters that are typed: they are commands then,
	// and do not look for a row.
	OnRune func(rune)
	// OnDrag and OnDrop are called while selected rows are dragged, with the
	// place in the window.
	OnDrag, OnDrop func(at fyne.Position)
}

// rowHeight is the height of a row in units of the design.
const rowHeight = 79

// RowHeight is the height of a row at the text size in force.
func RowHeight() float32 { return kit.Px(rowHeight) }

// List is the widget.
type List struct {
	*rowlist.List
	source Source
	onRune func(rune)
}

type none struct{}

func (none) Len() int    { return 0 }
func (none) Row(int) Row { return Row{} }

// New makes an empty list.
func New(p Params) *List {
	l := &List{source: none{}, onRune: p.OnRune}
	l.List = rowlist.New(rowlist.Params{
		RowHeight: RowHeight,
		Create:    func() fyne.CanvasObject { return newRow() },
		Update: func(i int, o fyne.CanvasObject, s rowlist.State) {
			o.(*row).set(l.source.Row(i), s)
		},
		OnSelect: p.OnSelect, OnOpen: p.OnOpen, OnMenu: p.OnMenu, OnKey: p.OnKey, OnDrag: p.OnDrag, OnDrop: p.OnDrop,
		OnType: l.find,
	})
	return l
}

// SetSource shows other rows.
func (l *List) SetSource(s Source) {
	l.source = s
	l.SetLength(s.Len())
}

// lookAhead bounds how many rows type-ahead reads.
const lookAhead = 5000

// find looks for a sender or subject that begins with prefix.
func (l *List) find(prefix string, from int) (int, bool) {
	if l.onRune != nil {
		letter, _ := utf8.DecodeLastRuneInString(prefix)
		l.onRune(letter)
		return 0, false
	}
	n := l.source.Len()
	prefix = strings.ToLower(prefix)
	for k := range min(n, lookAhead) {
		i := (from + k) % n
		r := l.source.Row(i)
		if strings.HasPrefix(strings.ToLower(r.From), prefix) || strings.HasPrefix(strings.ToLower(r.Subject), prefix) {
			return i, true
		}
	}
	return 0, false
}

// row draws one mail.
type row struct {
	widget.BaseWidget
	ground  *kit.Box
	line    *kit.Box
	focus   *kit.Box
	dot     *kit.Dot
	from    *kit.Text
	date    *kit.Text
	subject *kit.Text
	snippet *kit.Text
	flag    *kit.Image
	attach  *kit.Image
	answer  *kit.Image
}

func newRow() *row {
	r := &row{
		ground:  kit.NewBox(kit.BoxStyle{}),
		line:    kit.Line(),
		focus:   kit.NewBox(kit.BoxStyle{Fill: kit.ColorPrimary}),
		dot:     kit.NewDot(kit.ColorPrimary),
		from:    kit.NewText("", kit.TextStyle{Shrink: true}),
		date:    kit.NewText("", kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet}),
		subject: kit.NewText("", kit.TextStyle{Shrink: true}),
		snippet: kit.NewText("", kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Shrink: true}),
		flag:    kit.NewImage(kit.Icon("flag-filled"), 13, kit.ColorBadge),
		attach:  kit.NewImage(kit.Icon("attach"), 13, kit.ColorQuiet),
		answer:  kit.NewImage(kit.Icon("reply"), 13, kit.ColorQuiet),
	}
	r.ExtendBaseWidget(r)
	return r
}

// visible changes what is shown only where it must: hiding and showing repaints.
func visible(o fyne.CanvasObject, on bool) {
	switch {
	case on == o.Visible():
	case on:
		o.Show()
	default:
		o.Hide()
	}
}

func (r *row) set(v Row, s rowlist.State) {
	ground := kit.ColorNone
	switch {
	case s.Selected:
		ground = kit.ColorSelection
	case s.Hovered:
		ground = kit.ColorHover
	}
	r.ground.SetStyle(kit.BoxStyle{Fill: ground})
	visible(r.focus, s.Current && s.Focused)
	visible(r.dot, v.Unread)
	visible(r.flag, v.Flagged)
	visible(r.attach, v.Attachment)
	visible(r.answer, v.Answered)
	colour := kit.ColorText
	if v.Dim {
		colour = kit.ColorQuiet
	}
	r.from.Set(v.From, kit.TextStyle{Bold: v.Unread, Color: colour, Shrink: true})
	r.subject.Set(v.Subject, kit.TextStyle{Bold: v.Unread, Color: colour, Shrink: true})
	r.date.SetText(v.Date)
	r.snippet.SetText(v.Snippet)
	r.layout(r.Size())
}

// layout places three lines; the marks stand right of the second.
func (r *row) layout(size fyne.Size) {
	const left, right, gap = 14, 14, 8
	l, w := kit.Px(left), size.Width-kit.Px(left+right)
	r.ground.Resize(size)
	r.line.Move(fyne.NewPos(0, size.Height-1))
	r.line.Resize(fyne.NewSize(size.Width, 1))
	r.focus.Resize(fyne.NewSize(kit.Px(3), size.Height-1))
	dot := fyne.NewSquareSize(kit.Px(7))
	top := kit.Px(9)
	line := r.from.MinSize().Height
	r.dot.Move(fyne.NewPos(l-kit.Px(3)-dot.Width, top+(line-dot.Height)/2))
	r.dot.Resize(dot)

	date := r.date.MinSize()
	r.date.Move(fyne.NewPos(l+w-date.Width, top+(line-date.Height)/2))
	r.date.Resize(date)
	r.from.Move(fyne.NewPos(l, top))
	r.from.Resize(fyne.NewSize(fyne.Max(w-date.Width-kit.Px(gap), 0), line))

	top += line + kit.Px(1)
	room := w
	for _, mark := range []*kit.Image{r.flag, r.attach, r.answer} {
		if mark.Visible() {
			m := mark.MinSize()
			room -= m.Width + kit.Px(4)
			mark.Move(fyne.NewPos(l+room+kit.Px(4), top+(line-m.Height)/2))
			mark.Resize(m)
		}
	}
	r.subject.Move(fyne.NewPos(l, top))
	r.subject.Resize(fyne.NewSize(fyne.Max(room, 0), line))

	top += line + kit.Px(2)
	r.snippet.Move(fyne.NewPos(l, top))
	r.snippet.Resize(fyne.NewSize(w, r.snippet.MinSize().Height))
}

// CreateRenderer is called by Fyne.
func (r *row) CreateRenderer() fyne.WidgetRenderer { return &renderer{r} }

type renderer struct{ r *row }

func (o *renderer) Destroy()              {}
func (o *renderer) Layout(size fyne.Size) { o.r.layout(size) }
func (o *renderer) MinSize() fyne.Size    { return fyne.NewSize(kit.Px(120), RowHeight()) }

func (o *renderer) Refresh() {
	for _, c := range o.Objects() {
		c.Refresh()
	}
}

func (o *renderer) Objects() []fyne.CanvasObject {
	r := o.r
	return []fyne.CanvasObject{r.ground, r.line, r.focus, r.dot, r.from, r.date, r.subject, r.snippet, r.flag, r.attach, r.answer}
}
