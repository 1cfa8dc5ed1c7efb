package style

import (
	"context"
	_ "embed"
	"encoding/binary"
	"slices"
	"strings"
	"sync"

	"golang.org/x/net/html/atom"

	"guichet/services/html/css"
	"guichet/services/html/dom"
	"guichet/services/html/text"
)

//go:embed ua.css
var uaSource string

var uaSheet = sync.OnceValue(func() *css.Sheet { return css.Parse(uaSource, 1<<20) })

// Env is what styles depend on besides the document.
type Env struct {
	Media   css.Media
	Text    float32 // factor on font sizes; 0 is 1
	Fonts   *text.Fonts
	Mail    bool
	Target  string // id of the element the address points at
	Visited func(href string) bool
	Checked func(dom.ID) bool
	Base    func(ref string) string // makes URLs in attributes absolute; may be nil
}

// Source is an author's style sheet with the media it is for: its own and those
// of the sheets that import it.
type Source struct {
	Sheet *css.Sheet
	Media []*css.Query
}

// Engine holds the prepared rules of a document's sheets.
type Engine struct {
	rs      *ruleSet
	media   [][]*css.Query // by rule: of its source
	queries []*css.Query
	// Dark is set where a sheet asks for prefers-color-scheme.
	Dark bool
}

// New prepares sheets in cascade order; the user agent's comes by itself. own,
// if not nil, adds to that one: what the program wants pages to look like that
// say nothing themselves (CSS 2.1, 6.4.1: a user style sheet without important
// declarations).
func New(own *css.Sheet, sources []Source) *Engine {
	e := &Engine{rs: newRuleSet()}
	seen := map[*css.Query]bool{}
	note := func(q *css.Query) {
		if q != nil && !seen[q] {
			seen[q] = true
			e.queries = append(e.queries, q)
			e.Dark = e.Dark || q.AsksDark()
		}
	}
	add := func(s Source, from origin) {
		for _, q := range s.Media {
			note(q)
		}
		for i := range s.Sheet.Rules {
			r := &s.Sheet.Rules[i]
			if len(r.Selectors) == 0 {
				continue
			}
			for _, q := range r.Media {
				note(q)
			}
			e.rs.add(r, from)
			e.media = append(e.media, s.Media)
		}
	}
	add(Source{Sheet: uaSheet()}, fromUA)
	if own != nil {
		add(Source{Sheet: own}, fromUA)
	}
	for _, s := range sources {
		add(s, fromAuthor)
	}
	return e
}

// UsesState reports whether a change of a form control may change styles.
func (e *Engine) UsesState() bool { return e.rs.usesState }

// Answers evaluates all media queries: styles made for equal answers are equal
// but for viewport units.
func (e *Engine) Answers(m *css.Media) string {
	b := make([]byte, len(e.queries))
	for i, q := range e.queries {
		b[i] = '0'
		if q.Matches(m) {
			b[i] = '1'
		}
	}
	return string(b)
}

// Tree holds the styles of a document.
type Tree struct {
	Styles        []*Style // by dom.ID; nil for what is no element or not shown
	Before, After map[dom.ID]*Style
	Marker        map[dom.ID]*Style
	// UsesViewport is set where a value depends on vw or vh.
	UsesViewport bool
	initial      *Style
	anonymous    map[anonymousKey]*Style
}

// block is a list of declarations with its place in the cascade.
type block struct {
	decls    []css.Decl
	level    uint8
	layer    uint16
	weight   uint32
	order    int32
	imported bool // has important declarations
}

// The levels of the cascade, lowest first (Cascade 4, section 6.1).
const (
	levelUA uint8 = iota
	levelHint
	levelAuthor
	levelAttr
	levelAuthorImportant
	levelAttrImportant
	levelUAImportant
)

type cascade struct {
	ctx    context.Context
	d      *dom.Document
	e      *Engine
	env    *Env
	m      *matcher
	on     []bool // by rule: its media hold
	has    []bool // by rule: it has important declarations
	t      *Tree
	cache  map[string]*Style
	key    []byte
	hints  hinter
	root   *Style
	count  int
	win    [css.LastLonghand]*css.Decl
	ua     [css.LastLonghand]*css.Decl
	lists  [css.OtherPseudo][]found
	expand int // budget for var()
	serial uint32
}

// Style computes the styles of all elements that may be shown. The only error
// is the context's.
func (e *Engine) Style(ctx context.Context, d *dom.Document, env *Env) (*Tree, error) {
	c := &cascade{
		ctx: ctx, d: d, e: e, env: env, m: newMatcher(d, e.rs, env), cache: map[string]*Style{}, expand: 2_000_000,
		t: &Tree{
			Styles: make([]*Style, len(d.Nodes)), Before: map[dom.ID]*Style{}, After: map[dom.ID]*Style{}, Marker: map[dom.ID]*Style{},
		},
	}
	c.on, c.has = make([]bool, len(e.rs.rules)), make([]bool, len(e.rs.rules))
	for i, r := range e.rs.rules {
		c.on[i] = true
		for _, q := range e.media[i] {
			c.on[i] = c.on[i] && q.Matches(&env.Media)
		}
		for _, q := range r.Media {
			c.on[i] = c.on[i] && q.Matches(&env.Media)
		}
		for j := range r.Decls {
			c.has[i] = c.has[i] || r.Decls[j].Important
		}
	}
	c.hints = hinter{d: d, base: env.Base}
	c.root = initial(env)
	c.t.initial = c.root
	for n := range d.Children(0) {
		if d.Nodes[n].Kind == dom.Element {
			if err := c.subtree(n, nil); err != nil {
				return nil, err
			}
		}
	}
	return c.t, nil
}

func (c *cascade) subtree(id dom.ID, parent *Style) error {
	if c.count++; c.count%256 == 0 && c.ctx.Err() != nil {
		return c.ctx.Err()
	}
	for i := range c.lists {
		c.lists[i] = c.lists[i][:0]
	}
	c.m.match(id, &c.lists)
	pseudo := [css.OtherPseudo][]found{}
	for _, p := range [...]css.PseudoElement{css.Before, css.After, css.Marker} {
		if len(c.lists[p]) > 0 {
			pseudo[p] = slices.Clone(c.lists[p])
		}
	}
	s := c.style(id, parent, c.lists[css.NoPseudo], true)
	if s.Display == None {
		return nil
	}
	c.t.Styles[id] = s
	for p, l := range pseudo {
		if len(l) == 0 {
			continue
		}
		ps := c.style(id, s, l, false)
		switch css.PseudoElement(p) {
		case css.Before:
			if len(ps.Content) > 0 && ps.Display != None {
				c.t.Before[id] = ps
			}
		case css.After:
			if len(ps.Content) > 0 && ps.Display != None {
				c.t.After[id] = ps
			}
		case css.Marker:
			c.t.Marker[id] = ps
		}
	}
	c.m.push(id, 1)
	for ch := range c.d.Children(id) {
		if c.d.Nodes[ch].Kind == dom.Element {
			if err := c.subtree(ch, s); err != nil {
				return err
			}
		}
	}
	c.m.push(id, ^uint16(0)) // minus one
	return nil
}

// style cascades and computes one element, or a pseudo-element of it.
func (c *cascade) style(id dom.ID, parent *Style, list []found, element bool) *Style {
	var hints, attr []css.Decl
	if element {
		hints = c.hints.element(id)
		if a, ok := c.d.Attr(id, "style"); ok && a != "" {
			attr = css.ParseStyle(a)
			if c.env.Base != nil {
				css.MapURLs(attr, c.env.Base)
			}
		}
	}
	share := len(hints) == 0 && len(attr) == 0 && parent != nil
	if share {
		c.key = c.key[:0]
		if !element {
			c.key = append(c.key, 1)
		}
		c.key = binary.LittleEndian.AppendUint32(c.key, parent.serial)
		for _, f := range list {
			if c.on[f.rule] {
				c.key = binary.LittleEndian.AppendUint32(c.key, uint32(f.rule))
				c.key = binary.LittleEndian.AppendUint32(c.key, f.weight)
			}
		}
		if s := c.cache[string(c.key)]; s != nil {
			return s
		}
	}
	blocks := make([]block, 0, len(list)+2)
	for _, f := range list {
		if !c.on[f.rule] {
			continue
		}
		r := c.e.rs.rules[f.rule]
		b := block{decls: r.Decls, level: levelAuthor, layer: 1<<16 - 1, weight: f.weight, order: f.rule, imported: c.has[f.rule]}
		if r.Layer > 0 {
			b.layer = uint16(min(r.Layer, 1<<16-2))
		}
		if c.e.rs.origin[f.rule] == fromUA {
			b.level = levelUA
		}
		blocks = append(blocks, b)
	}
	if len(hints) > 0 {
		blocks = append(blocks, block{decls: hints, level: levelHint})
	}
	if len(attr) > 0 {
		b := block{decls: attr, level: levelAttr}
		for i := range attr {
			b.imported = b.imported || attr[i].Important
		}
		blocks = append(blocks, b)
	}
	slices.SortStableFunc(blocks, compareBlocks)
	s := c.compute(id, parent, blocks, element)
	if share {
		c.cache[string(c.key)] = s
	}
	return s
}

func compareBlocks(a, b block) int {
	switch {
	case a.level != b.level:
		return int(a.level) - int(b.level)
	case a.layer != b.layer:
		return int(a.layer) - int(b.layer)
	case a.weight != b.weight:
		if a.weight < b.weight {
			return -1
		}
		return 1
	}
	return int(a.order) - int(b.order)
}

// important orders the blocks for their important declarations: origins and
// layers turn round.
func important(blocks []block) []block {
	var out []block
	for _, b := range blocks {
		if !b.imported {
			continue
		}
		switch b.level {
		case levelUA:
			b.level = levelUAImportant
		case levelAuthor:
			b.level = levelAuthorImportant
			b.layer = 1<<16 - 1 - b.layer
		case levelAttr:
			b.level = levelAttrImportant
		}
		out = append(out, b)
	}
	slices.SortStableFunc(out, compareBlocks)
	return out
}

// compute runs the cascade over sorted blocks and computes the values.
func (c *cascade) compute(id dom.ID, parent *Style, blocks []block, element bool) *Style {
	late := important(blocks)
	own := c.variables(parent, blocks, late)
	clear(c.win[:])
	clear(c.ua[:])
	apply := func(b *block, imp bool) {
		for i := range b.decls {
			d := &b.decls[i]
			if d.Important != imp || d.Prop == css.Custom {
				continue
			}
			if d.Vars {
				vals, ok := own.substitute(d.Vals, &c.expand)
				var expanded []css.Decl
				if ok {
					expanded = css.Expand(d.Prop, css.Clean(vals), imp)
				}
				if expanded == nil {
					// Invalid at computed-value time (Variables 1, section 3.1).
					expanded = css.Expand(d.Prop, []css.Value{{Kind: css.Ident, Text: "unset"}}, imp)
				}
				for j := range expanded {
					c.set(&expanded[j], b.level)
				}
				continue
			}
			c.set(d, b.level)
		}
	}
	for i := range blocks {
		apply(&blocks[i], false)
	}
	for i := range late {
		apply(&late[i], true)
	}
	s := c.values(id, parent, own)
	if element {
		c.fixUp(id, s, parent)
	} else {
		blockify(s, parent)
	}
	return s
}

func (c *cascade) set(d *css.Decl, level uint8) {
	if len(d.Vals) == 1 && d.Vals[0].Kind == css.Ident && strings.HasPrefix(d.Vals[0].Text, "revert") {
		c.win[d.Prop] = c.ua[d.Prop]
		return
	}
	c.win[d.Prop] = d
	if level == levelUA {
		c.ua[d.Prop] = d
	}
}

// fixUp is what depends on the element itself or on its parent's display (CSS
// 2.1, section 9.7; Flexbox 1, section 4).
func (c *cascade) fixUp(id dom.ID, s, parent *Style) {
	if c.env.Mail {
		// Nothing may stand still over the message or leave it.
		if s.Position == Fixed {
			s.Position = Absolute
		}
		if s.Position == Sticky {
			s.Position = Static
		}
		s.ZIndex = max(-100, min(100, s.ZIndex))
	}
	if s.TextAlign >= AlignBlockLeft && c.d.Is(id, atom.Table) {
		// The alignment of blocks ends at tables, as in all browsers.
		s.TextAlign = AlignLeft
		if s.RTL {
			s.TextAlign = AlignRight
		}
	}
	if parent == nil {
		if s.Display != None {
			s.Display = blockOf(s.Display)
		}
		s.Float = NoSide
		return
	}
	if s.Display == Contents && replaced(c.d, id) {
		s.Display = None
	}
	blockify(s, parent)
}

func replaced(d *dom.Document, id dom.ID) bool {
	switch d.Nodes[id].Atom {
	case atom.Img, atom.Input, atom.Textarea, atom.Select, atom.Button, atom.Iframe, atom.Video, atom.Canvas, atom.Svg, atom.Br, atom.Object, atom.Embed:
		return true
	}
	return false
}

func blockify(s, parent *Style) {
	if s.Display == None || s.Display == Contents {
		return
	}
	if s.OutOfFlow() || s.Float != NoSide {
		s.WasInline = s.InlineLevel()
		s.Display = blockOf(s.Display)
		if s.OutOfFlow() {
			s.Float = NoSide
		}
		return
	}
	if parent != nil {
		switch parent.Display {
		case Flex, InlineFlex, Grid, InlineGrid:
			s.Display = blockOf(s.Display)
		}
	}
}

func blockOf(d Display) Display {
	switch d {
	case InlineTable:
		return Table
	case InlineFlex:
		return Flex
	case InlineGrid:
		return Grid
	case Inline, InlineBlock, RowGroup, HeaderGroup, FooterGroup, Row, ColumnGroup, Column, Cell, Caption:
		return Block
	}
	return d
}
