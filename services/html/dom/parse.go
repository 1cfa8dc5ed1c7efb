package dom

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Limits bound a tree.
type Limits struct {
	Nodes int
	Depth int
}

// parserDepth is what x/net/html refuses to go beyond.
const parserDepth = 512

// Parse builds the tree of src, which is UTF-8. The only error is the context's.
func Parse(ctx context.Context, src []byte, lim Limits) (*Document, error) {
	lim.Depth = min(lim.Depth, parserDepth)
	src, cut, err := tame(ctx, src, lim, 1<<30)
	if err != nil {
		return nil, err
	}
	root, err := parse(ctx, src)
	// The library refuses deep trees: take tags out below a depth, and below a
	// smaller one where tags imply others (tbody, tr); at last keep the words.
	for _, depth := range []int{parserDepth - 16, parserDepth / 5} {
		if err == nil || ctx.Err() != nil {
			break
		}
		var flat []byte
		if flat, _, err = tame(ctx, src, lim, depth); err != nil {
			return nil, err
		}
		cut = true
		root, err = parse(ctx, flat)
	}
	if err != nil && ctx.Err() == nil {
		root, err = parse(ctx, flatten(src))
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		root, cut = &html.Node{Type: html.DocumentNode}, true
	}
	b := &builder{ctx: ctx, lim: lim, d: &Document{ids: map[string]ID{}, Quirks: true, Truncated: cut}}
	b.d.Nodes = make([]Node, 0, 256)
	b.d.Nodes = append(b.d.Nodes, Node{Kind: Root, Parent: None, First: None, Last: None, Prev: None, Next: None})
	if err := b.children(root, 0, 0); err != nil {
		return nil, err
	}
	return b.d, nil
}

// parse runs the library's parser; a panic of it becomes an error.
func parse(ctx context.Context, src []byte) (root *html.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("parse: %v", r)
		}
	}()
	return html.ParseWithOptions(&reader{ctx: ctx, r: bytes.NewReader(src)}, html.ParseOptionEnableScripting(false))
}

// reader stops the parser when the context is done.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

type builder struct {
	ctx   context.Context
	lim   Limits
	d     *Document
	count int
}

var errFull = errors.New("node limit")

func (b *builder) children(n *html.Node, parent ID, depth int) error {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		err := b.add(c, parent, depth)
		if errors.Is(err, errFull) {
			b.d.Truncated = true
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) add(n *html.Node, parent ID, depth int) error {
	if b.count++; b.count%1024 == 0 && b.ctx.Err() != nil {
		return b.ctx.Err()
	}
	switch n.Type {
	case html.DoctypeNode:
		b.d.Quirks = quirks(n)
		return nil
	case html.TextNode:
		return b.text(n.Data, parent)
	case html.ElementNode:
	default:
		return nil
	}
	if len(b.d.Nodes) >= b.lim.Nodes {
		return errFull
	}
	if depth >= b.lim.Depth {
		return b.children(n, parent, depth)
	}
	id := b.link(Node{
		Kind: Element, Foreign: n.Namespace != "", Atom: n.DataAtom, Name: n.Data,
		attrs: int32(len(b.d.attrs)), nattrs: int32(len(n.Attr)),
	}, parent)
	for _, a := range n.Attr {
		name := a.Key
		if a.Namespace != "" {
			name = a.Namespace + ":" + a.Key
		}
		b.d.attrs = append(b.d.attrs, Attr{name, a.Val})
		if name == "id" && a.Val != "" {
			if _, dup := b.d.ids[a.Val]; !dup {
				b.d.ids[a.Val] = id
			}
		}
	}
	return b.children(n, id, depth+1)
}

func (b *builder) text(s string, parent ID) error {
	// A comment had stood between; long texts stay apart so that a page of
	// comments does not cost a copy each.
	if last := b.d.Nodes[parent].Last; last != None && b.d.Nodes[last].Kind == Text && len(b.d.Nodes[last].Text) < 1024 {
		b.d.Nodes[last].Text += s
		return nil
	}
	if len(b.d.Nodes) >= b.lim.Nodes {
		return errFull
	}
	b.link(Node{Kind: Text, Text: strings.ToValidUTF8(s, "\uFFFD")}, parent)
	return nil
}

func (b *builder) link(n Node, parent ID) ID {
	id := ID(len(b.d.Nodes))
	n.Parent, n.First, n.Last, n.Next = parent, None, None, None
	p := &b.d.Nodes[parent]
	n.Prev = p.Last
	if p.Last != None {
		b.d.Nodes[p.Last].Next = id
	} else {
		p.First = id
	}
	p.Last = id
	b.d.Nodes = append(b.d.Nodes, n)
	return id
}

// quirks follows HTML, section 13.2.6.4.1, for the doctypes that still occur.
func quirks(n *html.Node) bool {
	if !strings.EqualFold(n.Data, "html") {
		return true
	}
	var public, system string
	hasSystem := false
	for _, a := range n.Attr {
		switch a.Key {
		case "public":
			public = strings.ToLower(a.Val)
		case "system":
			system, hasSystem = strings.ToLower(a.Val), true
		}
	}
	if system == "http://www.ibm.com/data/dtd/v11/ibmxhtml1-transitional.dtd" {
		return true
	}
	for _, p := range []string{
		"-//w3c//dtd html 3", "-//w3c//dtd html 2", "-//ietf//dtd html", "-//w3o//dtd w3 html", "-//netscape",
		"-//w3c//dtd html 4.0 transitional//", "-//w3c//dtd html 4.0 frameset//", "-//microsoft//dtd internet explorer",
		"-//softquad", "-//webtechs", "html",
	} {
		if public != "" && (public == p || len(p) > 4 && strings.HasPrefix(public, p)) {
			return true
		}
	}
	return !hasSystem && (strings.HasPrefix(public, "-//w3c//dtd html 4.01 transitional//") ||
		strings.HasPrefix(public, "-//w3c//dtd html 4.01 frameset//"))
}

// formatting are the elements that the parser opens again after misnesting
// (HTML, section 13.2.4.3): each open one may be copied into every later block.
var formatting = map[atom.Atom]bool{
	atom.A: true, atom.B: true, atom.Big: true, atom.Code: true, atom.Em: true, atom.Font: true, atom.I: true,
	atom.Nobr: true, atom.S: true, atom.Small: true, atom.Strike: true, atom.Strong: true, atom.Tt: true, atom.U: true,
}

var void = map[atom.Atom]bool{
	atom.Area: true, atom.Base: true, atom.Br: true, atom.Col: true, atom.Embed: true, atom.Hr: true, atom.Img: true,
	atom.Input: true, atom.Link: true, atom.Meta: true, atom.Param: true, atom.Source: true, atom.Track: true, atom.Wbr: true,
}

// closes are the elements whose end tag may be left out: their start tags do
// not add to the depth.
var closes = map[atom.Atom]bool{
	atom.P: true, atom.Li: true, atom.Dt: true, atom.Dd: true, atom.Option: true, atom.Optgroup: true, atom.Tr: true, atom.Td: true,
	atom.Th: true, atom.Thead: true, atom.Tbody: true, atom.Tfoot: true, atom.Colgroup: true, atom.Rp: true, atom.Rt: true,
}

// tame runs over the tags once and takes out those that would make the parser
// build a tree beyond the limits: too many, deeper than most, or too many
// formatting elements open. It gives src itself where there is nothing to do.
func tame(ctx context.Context, src []byte, lim Limits, most int) ([]byte, bool, error) {
	var out []byte
	z := html.NewTokenizer(bytes.NewReader(src))
	pos, tags, depth, open, copies, dropped := 0, 0, 0, 0, 0, 0
	for {
		tt := z.Next()
		if tt == html.ErrorToken {
			break
		}
		raw := z.Raw()
		drop := false
		switch tt {
		case html.StartTagToken, html.SelfClosingTagToken:
			if tags++; tags%1024 == 0 && ctx.Err() != nil {
				return nil, false, ctx.Err()
			}
			name, _ := z.TagName()
			a := atom.Lookup(name)
			switch {
			case tags > lim.Nodes:
				drop = true
			case void[a] || closes[a]:
			case depth >= most:
				drop = true
				dropped++
			case formatting[a]:
				if open >= 64 || copies > 2*lim.Nodes {
					drop = true
					break
				}
				open++
				depth++
			default:
				depth++
				copies += open
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			a := atom.Lookup(name)
			switch {
			case closes[a]:
			case dropped > 0:
				dropped--
				drop = true
			case tags > 4*lim.Nodes:
				drop = true
			default:
				tags++
				depth = max(depth-1, 0)
				if formatting[a] {
					open = max(open-1, 0)
				}
			}
		}
		if drop && out == nil {
			out = append(make([]byte, 0, len(src)), src[:pos]...)
		}
		if !drop && out != nil {
			out = append(out, raw...)
		}
		pos += len(raw)
	}
	if out == nil {
		return src, false, nil
	}
	return out, true, nil
}

// flatten keeps paragraphs and words only.
func flatten(src []byte) []byte {
	var out bytes.Buffer
	z := html.NewTokenizer(bytes.NewReader(src))
	hidden := 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			return out.Bytes()
		case html.TextToken:
			if hidden == 0 {
				out.Write(z.Raw())
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			switch atom.Lookup(name) {
			case atom.Script, atom.Style, atom.Template, atom.Title:
				hidden++
			case atom.P, atom.Div, atom.Li, atom.Tr, atom.Br, atom.H1, atom.H2, atom.H3:
				out.WriteString("<br>")
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			switch atom.Lookup(name) {
			case atom.Script, atom.Style, atom.Template, atom.Title:
				hidden = max(hidden-1, 0)
			}
		}
	}
}
