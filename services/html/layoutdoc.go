package html

import (
	"context"
	"fmt"
	"image/color"
	"io"
	"strings"

	"guichet/services/fault"
	"guichet/services/html/css"
	"guichet/services/html/display"
	"guichet/services/html/dom"
	"guichet/services/html/layout"
	"guichet/services/html/style"
	"guichet/services/html/text"
)

// normal fills in what a viewport leaves open and bounds the rest.
func (vp Viewport) normal() Viewport {
	fix := func(v *float32, d, lo, hi float32) {
		if !(*v > 0) {
			*v = d
		}
		*v = max(lo, min(hi, *v))
	}
	fix(&vp.Width, 1000, 16, 20000)
	fix(&vp.Height, 700, 16, 20000)
	fix(&vp.Scale, 1, 0.25, 8)
	fix(&vp.Text, 1, 0.25, 8)
	return vp
}

func (d *Document) fonts() *text.Fonts {
	if d.opt.Fonts != nil {
		return d.opt.Fonts
	}
	return text.Shared()
}

// styles computes the styles for a viewport, or gives those computed before
// where they are the same.
func (d *Document) styles(ctx context.Context, vp Viewport) (*style.Tree, error) {
	engine := d.rules()
	media := css.Media{Width: vp.Width, Height: vp.Height, Scale: vp.Scale, Dark: vp.Dark, Print: vp.Print}
	key := fmt.Sprintf("%s|%g|%v", engine.Answers(&media), vp.Text, engine.UsesState() && d.touched())
	if d.styled != nil {
		if d.styled.UsesViewport {
			key += fmt.Sprintf("|%g|%g", vp.Width, vp.Height)
		}
		if key == d.styleKey {
			return d.styled, nil
		}
	}
	env := &style.Env{Media: media, Text: vp.Text, Fonts: d.fonts(), Mail: d.opt.Mail, Base: d.absolute, Checked: d.checked}
	if d.opt.Visited != nil {
		env.Visited = func(href string) bool { return d.opt.Visited(d.absolute(href)) }
	}
	t, err := engine.Style(ctx, d.tree, env)
	if err != nil {
		return nil, err
	}
	if t.UsesViewport && !strings.HasSuffix(key, fmt.Sprintf("|%g|%g", vp.Width, vp.Height)) {
		key += fmt.Sprintf("|%g|%g", vp.Width, vp.Height)
	}
	d.styled, d.styleKey, d.boxes = t, key, nil
	d.notePictures(t)
	return t, nil
}

// pipeline runs the stages up to fragments.
type pipeline struct {
	tree *style.Tree
	root *layout.Box
	page *layout.Fragment
}

func (d *Document) run(ctx context.Context, vp Viewport) (p pipeline, err error) {
	defer guard("lay out the page", &err)
	d.viewport = vp
	if p.tree, err = d.styles(ctx, vp); err != nil {
		return p, err
	}
	if d.boxes == nil {
		if d.boxes, err = layout.Build(ctx, d.tree, p.tree, d); err != nil {
			return p, err
		}
		if d.boxes == nil {
			d.boxes = layout.Empty(p.tree)
		}
	}
	p.root = d.boxes
	p.page, err = layout.Layout(ctx, p.root, layout.Params{
		Width: vp.Width, Height: vp.Height, Scale: vp.Scale, Fonts: d.fonts(), Doc: d.tree, Lang: d.Lang(), Contain: d.opt.Mail,
	})
	return p, err
}

// Layout lays the document out. It always gives a view, if need be a simplified
// one, unless ctx is done.
func (d *Document) Layout(ctx context.Context, vp Viewport) (*View, error) {
	vp = vp.normal()
	within, cancel := context.WithTimeout(ctx, d.lim.Layout)
	defer cancel()
	v, err := d.view(within, vp)
	if err == nil {
		return v, nil
	}
	if ctx.Err() != nil {
		return nil, fault.From("lay out the page", "", ctx.Err())
	}
	// Over the time limit, or a mistake of ours: the words remain.
	d.boxes = nil
	reason := fault.From("lay out the page", "", err)
	if within.Err() != nil {
		reason = fault.New(fault.TooBig, "lay out the page", "", fmt.Errorf("not done within %v", d.lim.Layout))
	}
	v, err = d.simple(ctx, vp)
	if err != nil {
		return nil, err
	}
	v.Simplified, v.Reason = true, reason
	return v, nil
}

func (d *Document) view(ctx context.Context, vp Viewport) (v *View, err error) {
	defer guard("lay out the page", &err)
	p, err := d.run(ctx, vp)
	if err != nil {
		return nil, err
	}
	return d.finish(p, vp), nil
}

func (d *Document) finish(p pipeline, vp Viewport) *View {
	list, ground := layout.Paint(p.page, p.root, d, vp.Scale)
	w, h := p.page.W, p.page.H
	box := display.Rect{}
	for _, it := range list {
		switch it.(type) {
		case display.Push, display.Pop, *display.Push, *display.Pop, display.Shadow:
			continue
		}
		r := it.Bounds()
		box.W, box.H = max(box.W, r.X+r.W), max(box.H, r.Y+r.H)
	}
	if d.opt.Mail {
		// Nothing is drawn outside the message.
		h = max(p.page.H, 0)
		w = max(w, min(box.W, 4*vp.Width))
		clipped := make(display.List, 0, len(list)+2)
		clipped = append(clipped, display.Push{Rect: display.Rect{W: w, H: h}, Opacity: 1, Clip: true})
		clipped = append(clipped, list...)
		list = append(clipped, display.Pop{})
	} else {
		const limit = 1 << 22
		w, h = max(w, min(box.W, 8*vp.Width)), max(h, min(box.H, limit))
	}
	v := &View{Width: w, Height: h, List: list, Background: ground, doc: d.tree, ix: layout.NewIndex(p.page)}
	v.collect(d)
	return v
}

// maxSimple bounds the text that a simplified view shows.
const maxSimple = 1 << 20

// simple lays out the document's words alone.
func (d *Document) simple(ctx context.Context, vp Viewport) (v *View, err error) {
	defer guard("lay out the text", &err)
	words := d.words(maxSimple)
	tree, err := dom.Parse(ctx, []byte("<!DOCTYPE html><body><pre id=t style='white-space:pre-wrap;font:16px sans-serif;overflow-wrap:break-word'></pre>"),
		dom.Limits{Nodes: 100, Depth: 20})
	if err != nil {
		return nil, fault.From("lay out the text", "", err)
	}
	// The text goes in behind the parser's back: it is no markup.
	tree.SetText(tree.ByID("t"), words)
	s := &Document{
		opt: Options{Fonts: d.opt.Fonts}, lim: d.lim, tree: tree, base: d.base, pictures: map[string]*shown{}, failed: map[Request]bool{},
		byNode: map[dom.ID]int{}, open: map[dom.ID]bool{},
	}
	// Its own limit: what is left of patience after the first attempt.
	within, cancel := context.WithTimeout(ctx, 2*d.lim.Layout)
	defer cancel()
	p, err := s.run(within, vp)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fault.From("lay out the text", "", ctx.Err())
		}
		return &View{Width: vp.Width, Height: vp.Height, Background: color.NRGBA{R: 255, G: 255, B: 255, A: 255}, doc: tree, ix: &layout.Index{}}, nil
	}
	return s.finish(p, vp), nil
}

// words collects the text of the tree with line feeds at the ends of blocks,
// without styles: for documents that are too much for them.
func (d *Document) words(limit int) string {
	var b strings.Builder
	id := dom.ID(0)
	for id != dom.None && b.Len() < limit {
		n := &d.tree.Nodes[id]
		skip := false
		switch n.Kind {
		case dom.Text:
			t := strings.Join(strings.Fields(n.Text[:min(len(n.Text), limit)]), " ")
			if t != "" {
				if b.Len() > 0 && !strings.HasSuffix(b.String()[max(0, b.Len()-1):], "\n") {
					b.WriteByte(' ')
				}
				b.WriteString(t)
			}
		case dom.Element:
			switch n.Name {
			case "script", "style", "template", "head", "title", "svg", "select", "textarea":
				skip = true
			case "p", "div", "li", "tr", "br", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "pre", "blockquote", "section", "article":
				if b.Len() > 0 {
					b.WriteByte('\n')
				}
			}
		}
		id = d.tree.Next(id, 0, skip)
	}
	return strings.ToValidUTF8(b.String()[:min(b.Len(), limit)], "")
}

// Text is the document's readable text without any layout: lines at block
// ends, list markers, no markup.
func (d *Document) Text() string {
	var out string
	var err error
	func() {
		defer guard("read the text", &err)
		var t *style.Tree
		var root *layout.Box
		if t, err = d.styles(context.Background(), d.viewport); err != nil {
			return
		}
		if root, err = layout.Build(context.Background(), d.tree, t, d); err != nil {
			return
		}
		out = layout.PlainText(root, d.lim.Bytes)
	}()
	if err != nil {
		return d.words(d.lim.Bytes)
	}
	return out
}

// Dump writes a stage of the pipeline as text. The stages after StageDOM lay
// the document out for vp.
func (d *Document) Dump(ctx context.Context, w io.Writer, stage Stage, vp Viewport) (err error) {
	defer guard("dump", &err)
	if stage == StageDOM {
		return d.dumped(d.tree.Dump(w))
	}
	vp = vp.normal()
	p, err := d.run(ctx, vp)
	if err != nil {
		return fault.From("dump", "", err)
	}
	switch stage {
	case StageStyle:
		return d.dumped(p.tree.Dump(w, d.tree))
	case StageBoxes:
		return d.dumped(p.root.Dump(w))
	case StageFragments:
		return d.dumped(p.page.Dump(w))
	case StageList:
		list, _ := layout.Paint(p.page, p.root, d, vp.Scale)
		for _, it := range list {
			r := it.Bounds()
			name := strings.TrimPrefix(strings.TrimPrefix(fmt.Sprintf("%T", it), "*"), "display.")
			if _, err := fmt.Fprintf(w, "%s %g,%g %gx%g\n", name, r.X, r.Y, r.W, r.H); err != nil {
				return d.dumped(err)
			}
		}
		return nil
	}
	return fault.Newf(fault.Unsupported, "dump", "", "no stage %q", stage)
}

func (d *Document) dumped(err error) error {
	if err == nil {
		return nil
	}
	return fault.From("dump", "", err)
}
