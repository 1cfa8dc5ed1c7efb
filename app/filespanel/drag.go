package filespanel

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"guichet/app/look"
	"guichet/app/words"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/widgets/kit"
)

// drag is what is being dragged from a pane: its picture follows the pointer,
// and what lies under it lights up.
type drag struct {
	layer   *fyne.Container // over the whole panel
	from    *side           // nil: nothing is dragged
	picture fyne.CanvasObject
	stopped bool // by Escape, until the button is let go
}

func newDrag() *drag { return &drag{layer: container.NewWithoutLayout()} }

// dragged follows the pointer; at is in the window.
func (s *side) dragged(at fyne.Position) {
	d := s.f.drag
	if d.stopped {
		return
	}
	if d.from != s {
		entries := s.selectedEntries()
		if len(entries) == 0 {
			return
		}
		d.from = s
		icon, text := icon(entries[0]), shorten(entries[0].Display, 40)
		if len(entries) > 1 {
			icon, text = "copy", words.N("files.dragged", len(entries))
		}
		d.picture = kit.Over(kit.NewBox(kit.BoxStyle{Fill: kit.ColorSurface, Edge: kit.ColorPrimary, Radius: 8}),
			kit.Inset(6, 12, 6, 10, kit.Row(8, -1, kit.NewImage(look.Icon(icon), 16, kit.ColorText), kit.NewText(text, kit.TextStyle{}))))
		d.picture.Resize(d.picture.MinSize())
		d.layer.Add(d.picture)
	}
	origin := fyne.CurrentApp().Driver().AbsolutePositionForObject(d.layer)
	size := d.picture.Size()
	to := at.Subtract(origin).AddXY(kit.Px(14), kit.Px(10))
	to.X = fyne.Min(to.X, d.layer.Size().Width-size.Width)
	to.Y = fyne.Min(to.Y, d.layer.Size().Height-size.Height)
	d.picture.Move(to)
	s.f.light(s.f.landing(s, at))
}

// landing says where something dragged from a pane (nil: from the desktop) would
// go: the pane, and the row of the folder under it or -1. It gives nil where
// letting go does nothing.
func (f *Panel) landing(from *side, at fyne.Position) (*side, int) {
	to := f.sideAt(at)
	if to == nil || to.session == nil || to.table == nil {
		return nil, -1
	}
	row := to.table.RowAt(at)
	if row >= len(to.entries) || row >= 0 && (!to.entries[row].Type.IsDir() || to == from && to.table.List.IsSelected(row)) {
		row = -1
	}
	if to == from && row < 0 || to.listing().State != browse.Ready {
		return nil, -1
	}
	return to, row
}

// light shows where it would go.
func (f *Panel) light(to *side, row int) {
	for _, s := range []*side{f.here, f.there} {
		if s.table == nil {
			continue
		}
		mark := -1
		if s == to {
			mark = row
		}
		s.table.Mark(mark)
		if on := s == to && row < 0; on != s.target.Visible() {
			s.target.Hidden = !on
			s.target.Refresh()
		}
	}
}

// endDrag puts everything out.
func (f *Panel) endDrag() {
	f.drag.layer.RemoveAll()
	f.drag.from, f.drag.picture = nil, nil
	f.light(nil, -1)
}

// dropped ends a drag of rows: on the other side it is a transfer, on a folder
// of the same side a move.
func (s *side) dropped(at fyne.Position) {
	stopped := s.f.drag.stopped
	s.f.drag.stopped = false
	s.f.endDrag()
	if stopped {
		return
	}
	to, row := s.f.landing(s, at)
	if to == nil {
		return
	}
	dir := to.listing().Path
	if row >= 0 {
		dir = dir.Join(to.entries[row].Name)
	}
	if to == s {
		s.moveInto(s.selectedEntries(), to.entries[row])
		return
	}
	s.f.send(s, to, dir)
}

// moveInto moves entries into a folder beside them, after a question: a slip of
// the mouse is easily made.
func (s *side) moveInto(entries []files.Entry, folder files.Entry) {
	dir := s.listing().Path
	s.f.confirm(words.N("files.move.title", len(entries), "Folder", shorten(folder.Display, 40)), "", words.T("files.move.yes"), func() {
		s.session.Move(entries, dir, dir.Join(folder.Name))
	})
}

// Dropped sends files that were dropped onto the window to the pane, or the
// folder of it, under them.
func (f *Panel) Dropped(at fyne.Position, uris []fyne.URI) {
	var paths []string
	for _, u := range uris {
		if u.Scheme() == "file" {
			paths = append(paths, u.Path())
		}
	}
	to, row := f.landing(nil, at)
	if len(paths) == 0 {
		return
	}
	if to == nil {
		f.sayNotReady()
		return
	}
	dir := to.listing().Path
	if row >= 0 {
		dir = dir.Join(to.entries[row].Name)
	}
	f.transfers.expect(to.session)
	f.run("drop", func(ctx ctx) error { return f.p.Files.TransferPathsTo(ctx, paths, to.session, dir, "") }, f.report)
}
