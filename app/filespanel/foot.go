package filespanel

import (
	"strings"

	"fyne.io/fyne/v2"

	"guichet/app/look"
	"guichet/app/words"
	"guichet/widgets/kit"
)

// foot is the line below a pane's rows: what is selected or shown, and the field
// that filters while one types.
type foot struct {
	s       *side
	object  *fyne.Container
	summary *kit.Text
	field   *kit.Entry
	filter  *fyne.Container
}

func newFoot(s *side) *foot {
	f := &foot{s: s, summary: kit.NewText("", kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Shrink: true}), field: kit.NewEntry(words.T("files.filter.placeholder"))}
	f.field.Icon = look.Icon("filter")
	f.field.OnChanged = func(text string) { s.setFilter(text) }
	f.field.OnEscape = func() { s.closeFilter(); s.f.focus(s) }
	f.field.OnKey = f.key
	clear := kit.NewButton(kit.ButtonParams{Icon: look.Icon("close"), Kind: kit.Quiet, Small: true, Tip: words.T("files.filter.clear"), OnTapped: func() { s.closeFilter(); s.f.focus(s) }})
	f.filter = kit.Row(4, -1, kit.Least(190, 0, f.field), clear)
	f.filter.Hidden = s.filter == ""
	f.object = kit.Column(0, kit.Line(), kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSide}), kit.Least(0, 30, kit.Inset(0, 6, 0, 14, kit.Row(8, 0, f.summary, f.filter)))))
	if s.filter != "" {
		f.field.Text = s.filter
	}
	return f
}

// key lets one go on in the rows without leaving the field's text.
func (f *foot) key(ev *fyne.KeyEvent) bool {
	list := f.s.table.List
	switch ev.Name {
	case fyne.KeyDown, fyne.KeyUp, fyne.KeyPageDown, fyne.KeyPageUp, fyne.KeyTab:
		f.s.f.focus(f.s)
		if list.SelectedCount() == 0 && list.Current() >= 0 {
			list.Select(list.Current())
		}
	case fyne.KeyReturn, fyne.KeyEnter:
		f.s.f.focus(f.s)
		if i := list.Current(); i >= 0 && len(f.s.entries) == 1 {
			f.s.open(i)
		}
	default:
		return false
	}
	return true
}

func (f *foot) update() {
	s := f.s
	l := s.listing()
	if l == nil {
		return
	}
	shown, all := len(s.entries), 0
	if s.arranged != nil {
		all = len(s.arranged.sorted)
	}
	text, before := "", ""
	if s.filter != "" {
		before = words.T("files.filter.shown", "Shown", words.Number(int64(shown)), "All", words.Number(int64(all)))
	}
	switch n := s.selectedCount(); {
	case n > 0:
		text = words.N("files.selected", n)
		size, folders := int64(0), false
		for _, i := range s.table.List.Selected() {
			if i >= shown {
				break
			}
			if e := &s.entries[i]; e.Type.IsDir() {
				folders = true
			} else {
				size += max(e.Size, 0)
			}
		}
		if size > 0 || !folders {
			text += ", " + words.Size(size)
		}
	case before != "":
		text, before = before, ""
	case l.Busy != "" && l.BusyDone > 0:
		text = words.N("files.busy", l.BusyDone)
	case l.Loading && len(l.Entries) > 0:
		text = words.N("files.arriving", len(l.Entries))
	case !l.Loading:
		text = words.N("files.status.entries", all)
	}
	if before != "" {
		text = before + " · " + text
	}
	f.summary.SetText(text)
}

// typed opens the filter with the first letter typed in a pane. The Space bar is
// for the preview.
func (s *side) typed(c rune) bool {
	if c == ' ' {
		s.f.togglePreview()
		return true
	}
	if s.session == nil {
		return false
	}
	s.foot.filter.Show()
	s.foot.object.Refresh()
	s.f.p.Host.Window().Canvas().Focus(s.foot.field)
	s.foot.field.SetText(s.foot.field.Text + string(c))
	s.foot.field.CursorColumn = len([]rune(s.foot.field.Text))
	s.foot.field.Refresh()
	return true
}

// openFilter is for those who do not know that one can just type.
func (s *side) openFilter() {
	if s.session == nil || s.foot == nil {
		return
	}
	s.foot.filter.Show()
	s.foot.object.Refresh()
	s.f.p.Host.Window().Canvas().Focus(s.foot.field)
}

func (s *side) setFilter(text string) {
	text = strings.TrimLeft(text, " ")
	if text == s.filter {
		return
	}
	s.filter = text
	s.resort()
}

// closeFilter shows all rows again.
func (s *side) closeFilter() {
	if s.foot == nil {
		return
	}
	s.foot.filter.Hide()
	s.foot.field.SetText("")
	s.foot.object.Refresh()
	s.setFilter("")
}
