package layout

import (
	"context"
	"strings"

	"golang.org/x/net/html/atom"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"guichet/services/html/css"
	"guichet/services/html/dom"
	"guichet/services/html/style"
)

// Resources answers what boxes need besides the tree.
type Resources interface {
	// Picture gives a picture by absolute URL.
	Picture(url string) PictureState
	// ImageURL is the address that an img (or the like) shows, absolute; "" for none.
	ImageURL(id dom.ID) string
	// Absolute makes a reference of the document absolute.
	Absolute(ref string) string
	// Control gives the form control that an element is, nil for none.
	Control(id dom.ID) *Control
	// Open reports whether a details element shows its contents.
	Open(id dom.ID) bool
}

// builder makes boxes of a styled tree.
type builder struct {
	ctx      context.Context
	d        *dom.Document
	t        *style.Tree
	res      Resources
	count    int
	counters counterSet
	quotes   int
	err      error
}

// Build makes the box tree. The only error is the context's; a document that
// shows nothing gives an empty flow box.
func Build(ctx context.Context, d *dom.Document, t *style.Tree, res Resources) (*Box, error) {
	b := &builder{ctx: ctx, d: d, t: t, res: res, counters: counterSet{}}
	for n := range d.Children(0) {
		if t.Styles[n] != nil {
			out := b.element(n)
			if b.err != nil {
				return nil, b.err
			}
			if len(out) == 1 && out[0].Kind != InlineBox {
				root := out[0]
				root.Independent = true
				return root, nil
			}
		}
	}
	return nil, b.err
}

func (b *builder) children(id dom.ID) []*Box {
	var out []*Box
	if p := b.t.Before[id]; p != nil {
		out = append(out, b.generated(id, p, css.Before)...)
	}
	for c := range b.d.Children(id) {
		if b.err != nil {
			return nil
		}
		n := &b.d.Nodes[c]
		switch n.Kind {
		case dom.Text:
			if s := b.t.Styles[id]; s != nil && n.Text != "" {
				out = append(out, &Box{Kind: TextBox, Style: b.t.Anonymous(s, style.Inline), Node: c, Anon: true, Text: transform(n.Text, s.Transform), Control: -1})
			}
		case dom.Element:
			if b.t.Styles[c] != nil {
				out = append(out, b.element(c)...)
			}
		}
	}
	if p := b.t.After[id]; p != nil {
		out = append(out, b.generated(id, p, css.After)...)
	}
	b.counters.leave(id)
	return out
}

// transform applies text-transform.
func transform(s, how string) string {
	switch how {
	case "uppercase":
		return cases.Upper(language.Und).String(s)
	case "lowercase":
		return strings.ToLower(s)
	case "capitalize":
		if len(s) > 1<<16 {
			return s
		}
		return cases.Title(language.Und, cases.NoLower).String(s)
	}
	return s
}

// generated makes the boxes of ::before and ::after.
func (b *builder) generated(id dom.ID, s *style.Style, which css.PseudoElement) []*Box {
	b.counters.apply(id, s, false)
	box := b.shell(id, s)
	box.Pseudo = which
	inner := b.t.Anonymous(s, style.Inline)
	for _, c := range s.Content {
		text := c.Text
		switch {
		case c.URL != "":
			r := b.picture(c.URL, "")
			if r.Image != nil {
				box.Kids = append(box.Kids, &Box{Kind: ReplacedBox, Style: b.t.Anonymous(s, style.InlineBlock), Node: id, Anon: true, Replaced: r, Control: -1})
			}
			continue
		case c.Kind == "attr":
			text = b.d.Get(id, c.Attr)
		case c.Counter != "":
			text = b.counters.format(c)
		case c.Quote != "":
			text = b.quote(c.Quote, s)
		}
		if text != "" {
			box.Kids = append(box.Kids, &Box{Kind: TextBox, Style: inner, Node: id, Anon: true, Text: transform(text, s.Transform), Control: -1})
		}
	}
	if s.Display == style.Contents {
		return box.Kids
	}
	return []*Box{b.normalize(box)}
}

func (b *builder) quote(kind string, s *style.Style) string {
	marks := s.Quotes
	if len(marks) < 2 {
		marks = []string{"“", "”", "‘", "’"}
	}
	pair := func(level int) int { return min(max(level, 0), len(marks)/2-1) * 2 }
	switch kind {
	case "open":
		b.quotes++
		return marks[pair(b.quotes-1)]
	case "close":
		b.quotes = max(b.quotes-1, 0)
		return marks[pair(b.quotes)+1]
	case "no-open":
		b.quotes++
	case "no-close":
		b.quotes = max(b.quotes-1, 0)
	}
	return ""
}

// shell makes an empty box of the kind that display asks for.
func (b *builder) shell(id dom.ID, s *style.Style) *Box {
	box := &Box{Style: s, Node: id, Control: -1, ColSpan: 1, RowSpan: 1, Independent: independent(s)}
	switch s.Display {
	case style.Inline:
		box.Kind = InlineBox
	case style.Table, style.InlineTable:
		box.Kind, box.Independent = TableBox, true
	case style.RowGroup, style.HeaderGroup, style.FooterGroup:
		box.Kind = RowGroupBox
	case style.Row:
		box.Kind = RowBox
	case style.Cell:
		box.Kind, box.Independent = CellBox, true
	case style.Caption:
		box.Kind, box.Independent = CaptionBox, true
	case style.ColumnGroup:
		box.Kind = ColumnGroupBox
	case style.Column:
		box.Kind = ColumnBox
	case style.Flex, style.InlineFlex:
		box.Kind, box.Independent = FlexBox, true
	case style.Grid, style.InlineGrid:
		box.Kind, box.Independent = GridBox, true
	default:
		box.Kind = FlowBox
	}
	return box
}

// element makes the boxes of an element: mostly one, none, or with display:
// contents those of its children.
func (b *builder) element(id dom.ID) []*Box {
	if b.count++; b.count%256 == 0 && b.ctx.Err() != nil {
		b.err = b.ctx.Err()
	}
	if b.err != nil {
		return nil
	}
	s := b.t.Styles[id]
	n := &b.d.Nodes[id]
	b.counters.apply(id, s, s.Display == style.ListItem)
	if s.Display == style.Contents {
		return b.children(id)
	}
	if !n.Foreign {
		switch n.Atom {
		case atom.Br:
			return []*Box{{Kind: BreakBox, Style: s, Node: id, Control: -1}}
		case atom.Wbr:
			return []*Box{{Kind: WordBreak, Style: s, Node: id, Control: -1}}
		case atom.Details:
			if !b.res.Open(id) {
				return []*Box{b.closedDetails(id, s)}
			}
		case atom.Ol, atom.Ul, atom.Menu, atom.Dir:
			b.counters.list(b.d, id)
		case atom.Li:
			b.counters.item(b.d, id)
		}
	}
	if r, ok := b.replaced(id, n, s); ok {
		return r
	}
	box := b.shell(id, s)
	if c := b.res.Control(id); c != nil {
		box.Control = c.ID
		if box.Kind == InlineBox && c.Kind != "summary" {
			box.Kind, box.Independent = FlowBox, true
		}
	}
	if n.Atom == atom.Td || n.Atom == atom.Th {
		box.ColSpan, box.RowSpan = spans(b.d, id)
	} else if n.Atom == atom.Col || n.Atom == atom.Colgroup {
		box.ColSpan = span(b.d.Get(id, "span"), 1, 1000)
	}
	if n.Atom == atom.Fieldset {
		box.Independent = true
	}
	var marker *Marker
	if s.Display == style.ListItem {
		marker = b.marker(id, s)
	}
	box.Kids = b.children(id)
	if marker != nil && s.ListInside {
		box.Kids = append([]*Box{b.insideMarker(marker)}, box.Kids...)
		marker = nil
	}
	box = b.normalize(box)
	if marker != nil {
		attachMarker(box, marker, 0)
	}
	return []*Box{box}
}

// closedDetails shows the first summary only (HTML, section 15.5.4).
func (b *builder) closedDetails(id dom.ID, s *style.Style) *Box {
	box := b.shell(id, s)
	for c := range b.d.Children(id) {
		if b.d.Is(c, atom.Summary) && b.t.Styles[c] != nil {
			box.Kids = b.element(c)
			break
		}
	}
	return b.normalize(box)
}

func (b *builder) insideMarker(m *Marker) *Box {
	if m.Image != nil {
		return &Box{Kind: ReplacedBox, Style: b.t.Anonymous(m.Style, style.InlineBlock), Node: m.Node, Anon: true, Replaced: m.Image, Control: -1}
	}
	t := m.Text
	switch m.Bullet {
	case "disclosure-closed":
		t = "▸ "
	case "disclosure-open":
		t = "▾ "
	}
	st := *b.t.Anonymous(m.Style, style.Inline)
	st.Space = style.SpacePre
	return &Box{Kind: TextBox, Style: &st, Node: m.Node, Anon: true, Text: t, Control: -1}
}

// attachMarker hands an outside marker to the first line box in the item.
func attachMarker(b *Box, m *Marker, depth int) bool {
	if b.Kind != FlowBox || depth > 0 && (b.Independent || b.Marker != nil) {
		return false
	}
	if b.Lines {
		if b.Marker == nil {
			b.Marker = m
		}
		return true
	}
	for _, k := range b.Kids {
		if !k.inFlow() {
			continue
		}
		if attachMarker(k, m, depth+1) {
			return true
		}
		break
	}
	if depth > 0 {
		return false
	}
	if len(b.Kids) == 0 {
		b.Lines, b.Marker = true, m
		return true
	}
	// A table, a list or a picture comes first: the marker has a line without height.
	b.Kids = append([]*Box{{Kind: FlowBox, Style: b.Style, Node: b.Node, Anon: true, Lines: true, Marker: m, Control: -1}}, b.Kids...)
	b.Kids[0].Style = anonymousOf(b.Style)
	return true
}

// anonymousOf is for the few anonymous boxes made without a tree at hand.
func anonymousOf(s *style.Style) *style.Style {
	c := *s
	c.Display, c.Width, c.Height, c.MinHeight, c.MinWidth = style.Block, style.Length{}, style.Length{}, style.Length{}, style.Length{}
	c.MaxWidth, c.MaxHeight = style.Length{}, style.Length{}
	for i := range c.Margin {
		c.Margin[i], c.Padding[i], c.BorderWidth[i] = style.Px(0), style.Px(0), 0
	}
	c.Background.A, c.Images, c.Shadows, c.Position, c.Float, c.Opacity = 0, nil, nil, style.Static, style.NoSide, 1
	c.OverflowX, c.OverflowY, c.OutlineWidth = "visible", "visible", 0
	return &c
}

func span(s string, def, most int) int {
	n, digits := 0, false
	for _, r := range strings.TrimSpace(s) {
		if r < '0' || r > '9' {
			break
		}
		digits = true
		n = min(n*10+int(r-'0'), 1<<20)
	}
	if !digits {
		return def
	}
	return min(n, most)
}

// spans reads colspan and rowspan (HTML, section 4.9.11).
func spans(d *dom.Document, id dom.ID) (col, row int) {
	col = max(span(d.Get(id, "colspan"), 1, 1000), 1)
	row = span(d.Get(id, "rowspan"), 1, 65534) // 0: to the end of the group
	return col, row
}

// blank reports whether a text box is collapsible white space.
func blank(b *Box) bool {
	if b.Kind != TextBox || b.Style.Space == style.SpacePre || b.Style.Space == style.SpacePreWrap || b.Style.Space == style.SpaceBreak {
		return false
	}
	for _, r := range b.Text {
		if !isSpace(r) || r == '\n' && b.Style.Space == style.SpacePreLine {
			return false
		}
	}
	return true
}

func isSpace(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f' }

// Empty is the box of a document without elements to show.
func Empty(t *style.Tree) *Box {
	return &Box{Kind: FlowBox, Style: t.Initial(style.Block), Independent: true, Control: -1, ColSpan: 1, RowSpan: 1}
}
