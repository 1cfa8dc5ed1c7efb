package filespanel

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"guichet/app/look"
	"guichet/app/words"
	"guichet/services/files/compare"
	"guichet/widgets/comparetable"
	"guichet/widgets/kit"
)

// compareView are the objects of a comparison.
type compareView struct {
	c          *comparison
	object     *fyne.Container
	directions [3]*kit.Button
	remove     *widget.Check
	contents   *widget.Check
	leaveOut   *kit.Entry
	filters    [3]*kit.Button
	table      *comparetable.Table
	face       *fyne.Container // in the place of the rows: being compared, alike
	counted    *kit.Text       // of the progress
	notes      *fyne.Container
	totals     *kit.Paragraph
	again      *kit.Button
	keep       *kit.Button
	start      *kit.Button
}

var directions = [3]compare.Direction{compare.RightLikeLeft, compare.LeftLikeRight, compare.BothWays}

func newCompareView(c *comparison) *compareView {
	v := &compareView{c: c, face: container.NewStack(), notes: kit.Column(0)}
	button := func(text, icon string, run func()) *kit.Button {
		return kit.NewButton(kit.ButtonParams{Text: text, Icon: look.Icon(icon), Kind: kit.Quiet, Small: true, OnTapped: run})
	}
	for i, d := range directions {
		text := []string{c.towards(compare.Right), c.towards(compare.Left), words.T("compare.both")}[i]
		v.directions[i] = button(text, []string{"arrow-right", "arrow-left", "compare"}[i], func() {
			c.options.Direction = d
			c.decide()
			c.update()
		})
	}
	for i, id := range []string{"all", "differences", "conflicts"} {
		v.filters[i] = button(words.T("compare.show."+id), "", func() {
			c.shows = i
			if c.scan != nil {
				c.filter()
			}
		})
		v.filters[i].SetIcon(nil)
	}
	v.remove = widget.NewCheck(words.T("compare.delete_extra"), nil)
	v.remove.Checked = c.options.Deletes == compare.DeleteExtra
	v.remove.OnChanged = func(on bool) {
		c.options.Deletes = compare.DeleteNothing
		if on {
			c.options.Deletes = compare.DeleteExtra
		}
		c.decide()
	}
	v.contents = widget.NewCheck(words.T("compare.contents"), nil)
	v.contents.Checked = c.contents
	v.contents.OnChanged = func(on bool) {
		c.contents = on
		c.look()
	}
	v.table = comparetable.New(comparetable.Params{
		NameTitle: words.T("files.column.name"), Titles: c.names, ActionTitle: words.T("compare.column.action"), ReasonTitle: words.T("compare.column.reason"),
		OnAction: c.cycle, OnOpen: c.cycle, OnMenu: c.menu, OnKey: c.key,
	})
	v.totals = kit.NewParagraph("", kit.TextStyle{})
	v.again = kit.NewButton(kit.ButtonParams{Icon: look.Icon("reload"), Tip: words.T("compare.again"), OnTapped: c.look})
	v.keep = kit.NewButton(kit.ButtonParams{Text: words.T("compare.keep"), OnTapped: c.f.keepFolder})
	v.start = kit.NewButton(kit.ButtonParams{Text: words.T("compare.start"), Kind: kit.Primary, OnTapped: c.ask})
	v.keep.Hidden = c.f.p.Watch == nil || c.alike()

	closing := kit.NewButton(kit.ButtonParams{Icon: look.Icon("close"), Kind: kit.Quiet, Small: true, Tip: words.T("compare.close"), OnTapped: c.close})
	title := kit.NewText(c.names[0]+"  ⇄  "+c.names[1], kit.TextStyle{Bold: true, Shrink: true})
	v.leaveOut = kit.NewEntry(words.T("compare.leave_out"))
	v.leaveOut.SetText(c.leaveOut)
	v.leaveOut.OnSubmitted = func(masks string) {
		if masks = strings.TrimSpace(masks); masks != c.leaveOut {
			c.leaveOut = masks
			c.look()
		}
	}
	head := kit.Least(0, 40, kit.Inset(4, 6, 4, 14, kit.Row(8, 1, kit.NewImage(look.Icon("compare"), 17, kit.ColorText), title, kit.Least(270, 30, v.leaveOut), closing)))
	choices := kit.Flow(6, v.directions[0], v.directions[1], v.directions[2], kit.Least(0, 30, v.remove), kit.Least(0, 30, v.contents))
	shown := []fyne.CanvasObject{v.filters[0], v.filters[1], v.filters[2]}
	for _, t := range legend {
		shown = append(shown, kit.Inset(7, 0, 0, 6, kit.Row(4, -1, kit.NewImage(look.Icon(t.icon), 13, t.colour),
			kit.NewText(words.T("compare.tone."+t.id), kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet}))))
	}
	strip := kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSide}), kit.Inset(4, 8, 4, 8, kit.Column(2, choices, kit.Flow(6, shown...))))
	foot := kit.Column(0, kit.Line(), kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSide}),
		kit.Inset(8, 14, 8, 14, kit.Row(8, 0, v.totals, v.again, v.keep, v.start))))
	v.object = kit.Frame(kit.Column(0, head, kit.Line(), strip, kit.Line(), v.notes), container.NewStack(v.table, v.face), foot)
	return v
}

// update shows the state of the comparison.
func (v *compareView) update() {
	c := v.c
	for i, d := range directions {
		v.directions[i].SetChecked(c.options.Direction == d)
	}
	for i, b := range v.filters {
		b.SetChecked(c.shows == i)
	}
	if c.options.Direction == compare.BothWays {
		v.remove.Disable()
	} else {
		v.remove.Enable()
	}
	v.table.SetSource(c)
	v.updateFace()
	v.updateNotes()
	v.sum()
}

// updateFace says what is going on where there are no rows.
func (v *compareView) updateFace() {
	c := v.c
	var o fyne.CanvasObject
	quiet := kit.TextStyle{Color: kit.ColorQuiet}
	switch {
	case c.fault != nil:
		o = kit.Column(12, kit.Centre(kit.NewText(words.T("compare.stopped"), quiet)),
			kit.Centre(kit.NewButton(kit.ButtonParams{Text: words.T("compare.again"), OnTapped: c.look})))
	case c.scan == nil:
		bar := widget.NewProgressBarInfinite()
		v.counted = kit.NewText(words.T("compare.beginning"), quiet)
		o = kit.Column(12, kit.Centre(kit.Least(320, 8, bar)), kit.Centre(kit.Least(320, 0, v.counted)),
			kit.Centre(kit.NewButton(kit.ButtonParams{Text: words.T("compare.stop"), Icon: look.Icon("stop"), OnTapped: c.stop})))
	case len(c.rows) == 0 && c.shows == showConflicts:
		o = kit.Centre(kit.NewText(words.T("compare.no_conflicts"), quiet))
	case len(c.rows) == 0 && c.shows == showDifferences:
		o = kit.Column(8, kit.Centre(kit.NewImage(look.Icon("check"), 32, kit.ColorGoodText)), kit.Centre(kit.NewText(words.T("compare.alike"), kit.TextStyle{Bold: true})),
			kit.Centre(kit.NewText(words.N("compare.alike.files", c.plan.Totals().Same), quiet)))
	case len(c.rows) == 0:
		o = kit.Centre(kit.NewText(words.T("compare.empty"), quiet))
	}
	v.face.Objects = nil
	if o != nil {
		v.face.Objects = []fyne.CanvasObject{kit.Inset(90, 14, 0, 14, o)}
	}
	v.face.Refresh()
}

// progress shows how far the walk is.
func (v *compareView) progress(p compare.Progress) {
	if v.counted == nil || v.c.scan != nil {
		return
	}
	if p.ToHash > 0 {
		v.counted.SetText(words.T("compare.hashing", "Done", words.Number(int64(p.Hashed)), "All", words.Number(int64(p.ToHash))))
		return
	}
	v.counted.SetText(words.N("compare.walking", p.Names, "Folders", words.Number(int64(p.Folders))))
}

// updateNotes says what a person should know before anything is done.
func (v *compareView) updateNotes() {
	var lines []string
	if s := v.c.scan; s != nil {
		if n := s.Unread[compare.Left] + s.Unread[compare.Right]; n > 0 {
			lines = append(lines, words.N("compare.note.unread", n))
		}
		if n := len(s.Closed[compare.Left]) + len(s.Closed[compare.Right]); n > 0 {
			lines = append(lines, words.N("compare.note.closed", n))
		}
		if s.Shift != 0 {
			lines = append(lines, words.T("compare.note.shift", "Time", words.Duration(s.Shift.Abs())))
		}
		if v.c.options.Direction == compare.BothWays && len(v.c.options.Last) == 0 {
			lines = append(lines, words.T("compare.note.first"))
		}
	}
	v.notes.Objects = nil
	if len(lines) > 0 {
		v.notes.Objects = []fyne.CanvasObject{kit.Column(0, kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorWarningGround}),
			kit.Inset(6, 14, 6, 14, kit.NewParagraph(strings.Join(lines, " "), kit.TextStyle{Color: kit.ColorWarningText, Size: kit.SizeSmall}))), kit.Line())}
	}
	v.object.Refresh()
}

// sum writes the line of totals and says whether there is work.
func (v *compareView) sum() {
	c := v.c
	if c.plan == nil {
		v.totals.SetText("")
		v.start.SetEnabled(false)
		v.again.SetEnabled(c.fault != nil)
		return
	}
	v.totals.SetText(strings.Join(c.summary(c.plan.Totals()), " · "))
	v.start.SetEnabled(c.plan.Totals().Work() && !c.queued)
	v.again.SetEnabled(true)
}

// summary are the parts of the line of totals.
func (c *comparison) summary(t compare.Totals) []string {
	var parts []string
	for _, s := range []compare.Side{compare.Right, compare.Left} {
		id := "compare.total.to_" + s.String()
		if !c.alike() {
			id = "compare.total.send"
			if [2]compare.Side{compare.Left, compare.Right}[s] == c.local() {
				id = "compare.total.fetch"
			}
		}
		if n := t.Copies[s]; n > 0 {
			parts = append(parts, words.N(id, n)+", "+words.Size(t.Bytes[s]))
		}
	}
	if n := t.Folders[0] + t.Folders[1]; n > 0 {
		parts = append(parts, words.N("compare.total.folders", n))
	}
	if n := t.Deletes[0] + t.Deletes[1]; n > 0 {
		parts = append(parts, words.N("compare.total.delete", n))
	}
	if t.Undecided > 0 {
		parts = append(parts, words.N("compare.total.conflicts", t.Undecided))
	}
	if t.Skipped > 0 {
		parts = append(parts, words.N("compare.total.skipped", t.Skipped))
	}
	return append(parts, words.N("compare.total.same", t.Same))
}

// local is the side that is this computer, where just one is.
func (c *comparison) local() compare.Side {
	if c.pair.Left.Site.Protocol == "file" {
		return compare.Left
	}
	return compare.Right
}

// menu offers the actions of a row.
func (c *comparison) menu(row int, at fyne.Position) {
	if row < 0 || c.plan == nil {
		return
	}
	icons := map[compare.Action]string{
		compare.ToRight: "arrow-right", compare.ToLeft: "arrow-left", compare.DeleteLeft: "trash", compare.DeleteRight: "trash", compare.Skip: "minus",
	}
	var items []*fyne.MenuItem
	i := c.rows[row]
	for _, a := range c.plan.Choices(i) {
		item := fyne.NewMenuItemWithIcon(c.actionName(a), look.Icon(icons[a]), func() { c.act(a) })
		item.Checked = c.plan.At(i).Action == a
		items = append(items, item)
	}
	if first := c.first.At(i).Action; first != c.plan.At(i).Action {
		items = append(items, fyne.NewMenuItemSeparator(), fyne.NewMenuItemWithIcon(words.T("compare.proposed"), look.Icon("undo"), c.propose))
	}
	kit.ShowMenu(c.f.p.Host.Window().Canvas(), words.T("menu.more"), at, items)
}
