package filespanel

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"time"

	"fyne.io/fyne/v2"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/files"
	"guichet/services/files/preview"
	"guichet/services/task"
	previewcard "guichet/widgets/preview"

	"fyne.io/fyne/v2/driver/desktop"
)

// previewCommands are the commands about previews; previewMenu names those that stand in
// the menu of a row, -1 for the space below the rows.
func (f *Panel) previewCommands() []panel.Command {
	return []panel.Command{{
		ID: "files.preview", Name: words.T("command.files.preview"), Menu: words.T("menu.view"), Icon: look.Icon("eye"),
		Shortcut: &desktop.CustomShortcut{KeyName: fyne.KeyP, Modifier: fyne.KeyModifierShortcutDefault | fyne.KeyModifierShift},
		Checked:  func() bool { return f.state.Preview },
		Enabled:  func() bool { return f.p.Previews != nil }, Run: f.togglePreview,
	}}
}

func (f *Panel) previewMenu(_ *side, row int) []string {
	if row < 0 {
		return nil
	}
	return []string{"files.preview"}
}

// card is the preview at the panel's right edge.
type card struct {
	f      *Panel
	object *previewcard.Card
	work   *task.Slot
	what   preview.Request // that is shown or on its way
}

func (f *Panel) previewCard() *card {
	if f.card == nil {
		f.card = &card{f: f, work: task.NewSlot(f.p.Tasks)}
		f.card.object = previewcard.New(words.T("files.preview.close"), f.togglePreview)
		f.card.show()
	}
	return f.card
}

func (f *Panel) togglePreview() {
	if f.p.Previews == nil {
		return
	}
	f.state.Preview = !f.state.Preview
	f.keep()
	if f.card != nil && !f.state.Preview {
		f.card.work.Stop()
		f.card = nil
	}
	f.layout()
	f.focus(f.active)
	f.p.Host.Changed(f)
}

// showPreview follows the selection.
func (f *Panel) showPreview() {
	if f.state.Preview && f.card != nil {
		f.card.show()
	}
}

// cardBox is the longest side of the card's picture, in pixels: sharp on dense
// screens too.
const cardBox = 900

// settle is how long a row must stay selected before its file is read: someone
// who walks through the rows with a key held down reads none.
const settle = 120 * time.Millisecond

// show previews the row where the keyboard is.
func (c *card) show() {
	s := c.f.active
	var e files.Entry
	if s.table != nil {
		if i := s.table.List.Current(); i >= 0 && i < len(s.entries) {
			e = s.entries[i]
		}
	}
	if e.Name == "" {
		c.work.Stop()
		c.what = preview.Request{}
		c.object.Set(previewcard.Data{Note: words.T("files.preview.none_selected"), Icon: look.Icon("eye")})
		return
	}
	r := s.request(e, cardBox, false)
	if sameFile(c.what, r) {
		return
	}
	c.what = r
	d := previewcard.Data{Name: e.Display, Icon: look.Icon(icon(e)), Facts: c.facts(e, nil)}
	if e.Type.IsDir() {
		c.work.Stop()
		c.object.Set(d)
		return
	}
	if p := c.f.p.Previews.Kept(r); p != nil {
		c.work.Stop()
		c.fill(e, p, nil)
		return
	}
	if small := c.f.p.Previews.Kept(s.request(e, tileBox, true)); small != nil && small.Kind == preview.Picture {
		d.Picture = small.Image // until the large one is there
	}
	d.Loading = true
	c.object.Set(d)
	session := s.session
	c.work.Start("preview", func(ctx context.Context, current func() bool) {
		select {
		case <-time.After(settle):
		case <-ctx.Done():
			return
		}
		p, err := c.f.p.Previews.Load(ctx, r)
		c.f.p.Host.Post(func() {
			if current() && s.session == session && sameFile(c.what, r) {
				c.fill(e, p, err)
			}
		})
	})
}

func sameFile(a, b preview.Request) bool {
	return a.Place == b.Place && a.Path.Equal(b.Path) && a.Entry.Size == b.Entry.Size && a.Entry.ModTime.Equal(b.Entry.ModTime) && a.FS == b.FS
}

// fill shows a preview, or why there is none.
func (c *card) fill(e files.Entry, p *preview.Preview, err error) {
	d := previewcard.Data{Name: e.Display, Icon: look.Icon(icon(e)), Facts: c.facts(e, p)}
	switch {
	case err != nil:
		d.Note = words.Fault(err, c.f.ID()).Title
	case p.Kind == preview.Picture:
		d.Picture = p.Image
	case p.Kind == preview.Text:
		d.Lines = p.Lines
		if p.Cut {
			d.Lines = append(slices.Clip(d.Lines), "…")
		}
	case p.Kind == preview.TooBig:
		d.Note = words.T("files.preview.too_big")
	default:
		d.Note = words.T("files.preview.none")
	}
	c.object.Set(d)
}

// facts are the lines below the picture.
func (c *card) facts(e files.Entry, p *preview.Preview) []string {
	var out []string
	if !e.Type.IsDir() && e.Size >= 0 {
		out = append(out, words.Size(e.Size))
	}
	if p != nil && p.Width > 0 {
		out = append(out, fmt.Sprintf("%d × %d", p.Width, p.Height))
	}
	if p != nil && p.Kind == preview.Text && p.Charset != "utf-8" {
		out = append(out, p.Charset)
	}
	if !e.ModTime.IsZero() {
		out = append(out, words.T("files.preview.changed", "Time", words.DateTime(e.ModTime, c.f.p.Now())))
	}
	return out
}

// request names an entry of the pane for the previews.
func (s *side) request(e files.Entry, box int, small bool) preview.Request {
	l := s.listing()
	r := preview.Request{FS: s.session.FS(), Path: l.Path.Join(e.Name), Entry: e, Box: box, Small: small}
	if !s.local {
		r.Place = l.Site.Key()
	}
	return r
}

// tileBox is the longest side of a picture of the grid, in pixels.
const tileBox = 240

// thumbKey names a picture of the grid.
type thumbKey struct {
	name string
	size int64
	at   int64
}

func keyOf(e files.Entry) thumbKey { return thumbKey{e.Name, e.Size, e.ModTime.UnixNano()} }

// thumbnail gives the picture of an entry, nil while it is not there.
func (s *side) thumbnail(e files.Entry) image.Image { return s.thumbs[keyOf(e)] }

// dropThumbnails forgets those of the folder that is left.
func (s *side) dropThumbnails() {
	s.thumbs = nil
	if s.thumbWork != nil {
		s.thumbWork.Stop()
	}
}

// loadThumbnails fetches the pictures in view, from the top down; what is
// scrolled out of view before its turn is not fetched.
func (s *side) loadThumbnails() {
	if s.table == nil || !s.table.Grid() || s.f.p.Previews == nil || s.session == nil || s.session.FS() == nil {
		return
	}
	first, last := s.table.List.InView()
	var wanted []preview.Request
	for i := first; i <= last && i < len(s.entries); i++ {
		e := s.entries[i]
		if _, known := s.thumbs[keyOf(e)]; known || !preview.Promising(e) {
			continue
		}
		wanted = append(wanted, s.request(e, tileBox, true))
	}
	if s.thumbWork == nil {
		s.thumbWork = task.NewSlot(s.f.p.Tasks)
	}
	if len(wanted) == 0 {
		s.thumbWork.Stop()
		return
	}
	if s.thumbs == nil {
		s.thumbs = map[thumbKey]image.Image{}
	}
	session := s.session
	s.thumbWork.Start("thumbnails", func(ctx context.Context, current func() bool) {
		for _, r := range wanted {
			p, err := s.f.p.Previews.Load(ctx, r)
			if ctx.Err() != nil {
				return
			}
			if errors.Is(err, context.Canceled) {
				return
			}
			var img image.Image
			if err == nil {
				img = p.Image
			}
			s.f.p.Host.Post(func() {
				if s.session != session || s.thumbs == nil {
					return
				}
				s.thumbs[keyOf(r.Entry)] = img // nil: not asked for again
				if img == nil {
					return
				}
				for i, last := s.inView(); i <= last; i++ {
					if keyOf(s.entries[i]) == keyOf(r.Entry) {
						s.table.List.RefreshRow(i)
					}
				}
			})
			if !current() {
				return
			}
		}
	})
}

// inView is the range of rows in view that exist.
func (s *side) inView() (first, last int) {
	if s.table == nil {
		return 0, -1
	}
	first, last = s.table.List.InView()
	return first, min(last, len(s.entries)-1)
}
