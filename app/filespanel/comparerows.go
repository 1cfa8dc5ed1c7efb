package filespanel

import (
	"time"

	"fyne.io/fyne/v2"

	"guichet/app/look"
	"guichet/app/words"
	"guichet/services/files"
	"guichet/services/files/compare"
	"guichet/widgets/comparetable"
	"guichet/widgets/kit"
)

// tone is the sign and the colour of a kind of difference; the legend shows those
// that are differences.
type tone struct {
	id, icon string
	colour   fyne.ThemeColorName
}

// The tones.
var (
	toneOnly     = tone{"only", "plus", kit.ColorGoodText}
	toneNewer    = tone{"newer", "clock", kit.ColorPrimary}
	toneDiffers  = tone{"differs", "compare", kit.ColorWarningText}
	toneDelete   = tone{"delete", "trash", kit.ColorBad}
	toneConflict = tone{"conflict", "warning", kit.ColorBad}
	toneSame     = tone{"same", "check", kit.ColorQuiet}
	toneLeft     = tone{"left", "minus", kit.ColorQuiet}
)

var legend = []tone{toneOnly, toneNewer, toneDiffers, toneDelete, toneConflict}

func toneOf(d compare.Decision) tone {
	switch {
	case d.Action == compare.Undecided:
		return toneConflict
	case d.Action.Deletes():
		return toneDelete
	case d.Action == compare.None:
		return toneSame
	}
	switch d.Reason {
	case compare.OnlyLeft, compare.OnlyRight, compare.KeptFull:
		return toneOnly
	case compare.NewerLeft, compare.NewerRight, compare.ChangedLeft, compare.ChangedRight:
		return toneNewer
	case compare.SizeDiffers, compare.Content:
		return toneDiffers
	case compare.BothChanged, compare.ChangedGone, compare.TypeDiffers, compare.Twin:
		return toneConflict
	case compare.Same, compare.SameHour:
		return toneSame
	}
	return toneLeft
}

// actionMark draws an action between the sides.
func actionMark(d compare.Decision) comparetable.Mark {
	colour := toneOf(d).colour
	mark := func(icon string, at int) comparetable.Mark {
		return comparetable.Mark{Icon: look.Icon(icon), Color: colour, At: at}
	}
	if d.Action == compare.ToRight && d.Reason == compare.NewerRight || d.Action == compare.ToLeft && d.Reason == compare.NewerLeft {
		colour = kit.ColorBad // something newer is overwritten
	}
	switch d.Action {
	case compare.ToRight:
		return mark("arrow-right", 0)
	case compare.ToLeft:
		return mark("arrow-left", 0)
	case compare.DeleteLeft:
		return mark("trash", -1)
	case compare.DeleteRight:
		return mark("trash", 1)
	case compare.Undecided:
		return mark("help", 0)
	case compare.None:
		return mark("check", 0)
	}
	colour = kit.ColorQuiet
	return mark("minus", 0)
}

// Len and Row implement comparetable.Source.
func (c *comparison) Len() int { return len(c.rows) }

// Row writes one name out.
func (c *comparison) Row(i int) comparetable.Row {
	r, d := &c.scan.Rows[c.rows[i]], c.plan.At(c.rows[i])
	t := toneOf(d)
	out := comparetable.Row{
		Action: actionMark(d), Reason: c.reason(d), Sign: comparetable.Mark{Icon: look.Icon(t.icon), Color: t.colour},
		Dim: d.Action == compare.None || d.Action == compare.Skip,
	}
	out.Name = files.Display(r.Rel.Base())
	if dir := r.Rel.Dir(); len(dir) > 0 {
		out.Folder = files.Display(dir.String()[1:]) + "/"
	}
	out.Icon = look.Icon("folder")
	for side, e := range r.Entry {
		if e == nil {
			continue
		}
		out.Icon = look.Icon(icon(*e))
		if e.Type.IsDir() {
			out.Cells[side].Size = words.T("compare.folder")
			continue
		}
		out.Cells[side] = comparetable.Cell{Size: words.Size(e.Size), Changed: words.DateTime(e.ModTime, c.f.p.Now())}
		if e.Precise >= 24*time.Hour {
			out.Cells[side].Changed = words.Date(e.ModTime, c.f.p.Now().AddDate(0, 0, 3))
		}
	}
	return out
}

// reason says in words why, and what follows where that is not plain.
func (c *comparison) reason(d compare.Decision) string {
	id := "compare.reason." + string(d.Reason)
	return words.T(id, "Left", c.side(compare.Left), "Right", c.side(compare.Right))
}

// side names a side shortly: "here" and "on Club server".
func (c *comparison) side(s compare.Side) string {
	p := [2]files.Site{c.pair.Left.Site, c.pair.Right.Site}[s]
	switch {
	case c.alike() && s == compare.Left:
		return words.T("compare.at.left")
	case c.alike():
		return words.T("compare.at.right")
	case p.Protocol == files.ProtocolLocal:
		return words.T("compare.at.here")
	}
	return words.T("compare.at.there")
}

// alike reports whether both sides are servers, or both this computer.
func (c *comparison) alike() bool {
	return (c.pair.Left.Site.Protocol == files.ProtocolLocal) == (c.pair.Right.Site.Protocol == files.ProtocolLocal)
}

// direction words: towards a side.
func (c *comparison) towards(s compare.Side) string {
	there := [2]files.Site{c.pair.Left.Site, c.pair.Right.Site}[s]
	switch {
	case c.alike() && s == compare.Left:
		return words.T("compare.to_left")
	case c.alike():
		return words.T("compare.to_right")
	case there.Protocol == files.ProtocolLocal:
		return words.T("compare.fetch")
	}
	return words.T("compare.send")
}

// actionName says in words what an action does.
func (c *comparison) actionName(a compare.Action) string {
	switch a {
	case compare.ToRight, compare.ToLeft:
		return c.towards(a.Target())
	case compare.DeleteLeft, compare.DeleteRight:
		return words.T("compare.delete", "Where", c.side(a.Target()))
	}
	return words.T("compare.skip")
}
