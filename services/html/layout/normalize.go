package layout

import (
	"guichet/services/html/style"
)

// normalize makes a box's children legal: tables are fixed up, blocks are taken
// out of inline boxes, and runs of inline boxes beside blocks get an anonymous
// block around them.
func (b *builder) normalize(box *Box) *Box {
	switch box.Kind {
	case TableBox:
		b.fixTable(box)
		return box
	case RowGroupBox:
		box.Kids = b.wrapMissing(box.Kids, box.Style, RowBox, func(k *Box) bool { return k.Kind == RowBox })
		return box
	case RowBox:
		box.Kids = b.wrapMissing(box.Kids, box.Style, CellBox, func(k *Box) bool { return k.Kind == CellBox })
		return box
	case ColumnGroupBox:
		kids := box.Kids[:0]
		for _, k := range box.Kids {
			if k.Kind == ColumnBox {
				kids = append(kids, k)
			}
		}
		box.Kids = kids
		return box
	case ColumnBox:
		box.Kids = nil
		return box
	case InlineBox:
		box.Kids = b.wrapTableParts(box.Kids, box.Style, true)
		return box
	}
	box.Kids = b.wrapTableParts(box.Kids, box.Style, false)
	if box.Kind == FlexBox || box.Kind == GridBox {
		b.flexItems(box)
		return box
	}
	b.blocks(box)
	return box
}

// blocks settles whether a block container holds blocks or lines.
func (b *builder) blocks(box *Box) {
	var kids []*Box
	hasBlock := false
	for _, k := range box.Kids {
		if k.Kind == InlineBox && holdsBlock(k) {
			parts := b.split(k)
			kids = append(kids, parts...)
		} else {
			kids = append(kids, k)
		}
	}
	for _, k := range kids {
		if !k.inlineLevel() && k.inFlow() {
			hasBlock = true
			break
		}
	}
	if !hasBlock {
		// Only inline-level boxes, floats and positioned ones: one inline
		// formatting context, unless nothing at all is in the lines.
		lines := false
		for _, k := range kids {
			if k.inlineLevel() && !blank(k) {
				lines = true
				break
			}
		}
		box.Kids, box.Lines = kids, lines
		if !lines {
			box.Kids = outOfLine(kids)
		}
		return
	}
	var out, run []*Box
	flush := func() {
		if len(run) == 0 {
			return
		}
		content := false
		for _, k := range run {
			if k.inlineLevel() && !blank(k) {
				content = true
				break
			}
		}
		if content {
			out = append(out, &Box{
				Kind: FlowBox, Style: b.t.Anonymous(box.Style, style.Block), Node: box.Node, Anon: true, Kids: run, Lines: true,
				Control: -1, ColSpan: 1, RowSpan: 1,
			})
		} else {
			out = append(out, outOfLine(run)...)
		}
		run = nil
	}
	for _, k := range kids {
		if k.inlineLevel() || !k.inFlow() {
			run = append(run, k)
			continue
		}
		flush()
		out = append(out, k)
	}
	flush()
	box.Kids = out
}

// outOfLine drops the white space between floats and positioned boxes.
func outOfLine(run []*Box) []*Box {
	var out []*Box
	for _, k := range run {
		if !blank(k) {
			out = append(out, k)
		}
	}
	return out
}

func holdsBlock(b *Box) bool {
	for _, k := range b.Kids {
		if !k.inlineLevel() && k.inFlow() || k.Kind == InlineBox && holdsBlock(k) {
			return true
		}
	}
	return false
}

// split takes the blocks out of an inline box: what is before and after them
// stays in parts of the box (CSS 2.1, section 9.2.1.1).
func (b *builder) split(in *Box) []*Box {
	var out []*Box
	part := func(kids []*Box) *Box {
		c := *in
		c.Kids = kids
		c.NoStart = in.NoStart || len(out) > 0
		c.NoEnd = true
		return &c
	}
	var run []*Box
	for _, k := range in.Kids {
		switch {
		case k.Kind == InlineBox && holdsBlock(k):
			for _, p := range b.split(k) {
				if p.inlineLevel() || !p.inFlow() {
					run = append(run, p)
					continue
				}
				if len(run) > 0 || len(out) == 0 {
					out = append(out, part(run))
					run = nil
				}
				out = append(out, p)
			}
		case !k.inlineLevel() && k.inFlow():
			if len(run) > 0 {
				out = append(out, part(run))
				run = nil
			}
			b.carry(in, k)
			out = append(out, k)
		default:
			run = append(run, k)
		}
	}
	if len(run) > 0 {
		last := part(run)
		last.NoEnd = in.NoEnd
		out = append(out, last)
	}
	return out
}

// carry gives a block what its inline parent did to everything inside:
// relative position.
func (b *builder) carry(in, block *Box) {
	if in.Style.Position == style.Relative && block.Style.Position == style.Static {
		s := *block.Style
		s.Position, s.Left, s.Top, s.Right, s.Bottom = style.Relative, in.Style.Left, in.Style.Top, in.Style.Right, in.Style.Bottom
		block.Style = &s
	}
}

// flexItems wraps text into anonymous items (Flexbox 1, section 4).
func (b *builder) flexItems(box *Box) {
	var out, run []*Box
	flush := func() {
		content := false
		for _, k := range run {
			content = content || !blank(k)
		}
		if content {
			item := &Box{
				Kind: FlowBox, Style: b.t.Anonymous(box.Style, style.Block), Node: box.Node, Anon: true, Kids: run, Independent: true,
				Control: -1, ColSpan: 1, RowSpan: 1,
			}
			b.blocks(item)
			out = append(out, item)
		}
		run = nil
	}
	for _, k := range box.Kids {
		switch k.Kind {
		case TextBox, BreakBox, WordBreak, InlineBox:
			run = append(run, k)
			continue
		}
		flush()
		k.Independent = true
		out = append(out, k)
	}
	flush()
	box.Kids = out
}

func tablePart(k *Box) bool {
	switch k.Kind {
	case RowGroupBox, RowBox, CellBox, CaptionBox, ColumnGroupBox, ColumnBox:
		return k.inFlow()
	}
	return false
}

// wrapTableParts puts an anonymous table around parts of tables that stand
// outside of any (CSS 2.1, section 17.2.1).
func (b *builder) wrapTableParts(kids []*Box, parent *style.Style, inline bool) []*Box {
	any := false
	for _, k := range kids {
		if tablePart(k) {
			any = true
			break
		}
	}
	if !any {
		return kids
	}
	var out, run []*Box
	flush := func() {
		// White space behind the last part belongs outside.
		var tail []*Box
		for len(run) > 0 && blank(run[len(run)-1]) {
			tail = append([]*Box{run[len(run)-1]}, tail...)
			run = run[:len(run)-1]
		}
		if len(run) > 0 {
			d := style.Table
			if inline {
				d = style.InlineTable
			}
			t := &Box{Kind: TableBox, Style: b.t.Anonymous(parent, d), Node: run[0].Node, Anon: true, Kids: run, Independent: true, Control: -1, ColSpan: 1, RowSpan: 1}
			b.fixTable(t)
			out = append(out, t)
		}
		out = append(out, tail...)
		run = nil
	}
	for _, k := range kids {
		if tablePart(k) || len(run) > 0 && blank(k) {
			run = append(run, k)
			continue
		}
		flush()
		out = append(out, k)
	}
	flush()
	return out
}

// wrapMissing puts an anonymous box of the kind around children that are not
// what their table part may hold; white space goes.
func (b *builder) wrapMissing(kids []*Box, parent *style.Style, kind BoxKind, legal func(*Box) bool) []*Box {
	var out, run []*Box
	flush := func() {
		if trimmed := outOfLine(run); len(trimmed) > 0 {
			d := map[BoxKind]style.Display{RowBox: style.Row, CellBox: style.Cell}[kind]
			w := &Box{Kind: kind, Style: b.t.Anonymous(parent, d), Node: trimmed[0].Node, Anon: true, Kids: run, Control: -1, ColSpan: 1, RowSpan: 1}
			w.Independent = kind == CellBox
			out = append(out, b.normalize(w))
		}
		run = nil
	}
	for _, k := range kids {
		if legal(k) && k.inFlow() {
			flush()
			out = append(out, k)
			continue
		}
		run = append(run, k)
	}
	flush()
	return out
}

// fixTable makes a table's children captions, column groups and row groups.
func (b *builder) fixTable(t *Box) {
	var captions, columns []*Box
	var rows []*Box
	for _, k := range t.Kids {
		switch {
		case k.Kind == CaptionBox && k.inFlow():
			captions = append(captions, k)
		case k.Kind == ColumnGroupBox:
			columns = append(columns, k)
		case k.Kind == ColumnBox:
			columns = append(columns, &Box{Kind: ColumnGroupBox, Style: b.t.Anonymous(t.Style, style.ColumnGroup), Node: k.Node, Anon: true, Kids: []*Box{k}, Control: -1, ColSpan: 1, RowSpan: 1})
		default:
			rows = append(rows, k)
		}
	}
	rows = b.wrapMissing(rows, t.Style, RowBox, func(k *Box) bool { return k.Kind == RowBox || k.Kind == RowGroupBox })
	var groups []*Box
	var run []*Box
	flush := func() {
		if len(run) > 0 {
			groups = append(groups, &Box{Kind: RowGroupBox, Style: b.t.Anonymous(t.Style, style.RowGroup), Node: t.Node, Anon: true, Kids: run, Control: -1, ColSpan: 1, RowSpan: 1})
			run = nil
		}
	}
	for _, k := range rows {
		if k.Kind == RowBox {
			run = append(run, k)
			continue
		}
		flush()
		groups = append(groups, k)
	}
	flush()
	// The first header group goes up, the first footer group down.
	var head, body, foot []*Box
	for _, g := range groups {
		switch {
		case g.Style.Display == style.HeaderGroup && head == nil:
			head = append(head, g)
		case g.Style.Display == style.FooterGroup && foot == nil:
			foot = append(foot, g)
		default:
			body = append(body, g)
		}
	}
	t.Kids = append(append(append(append(captions, columns...), head...), body...), foot...)
}
