// Package dom holds a page's tree: HTML parsed as the standard says (HTML,
// section 13.2, by golang.org/x/net/html) and kept in an arena, where a node is
// a small integer. Comments are dropped; text is merged and valid UTF-8.
//
// The tree is bounded: by nodes, by depth (deeper elements are taken out, their
// text stays) and by the copies of formatting elements that misnested markup
// makes a parser produce.
package dom

import (
	"iter"
	"strings"

	"golang.org/x/net/html/atom"
)

// ID names a node of a Document; the document itself is 0.
type ID int32

// None is the absent node.
const None ID = -1

// Kind is a node's type.
type Kind uint8

// The kinds of nodes.
const (
	Root Kind = iota
	Element
	Text
)

// Attr is an attribute; names of HTML elements are in lower case.
type Attr struct{ Name, Value string }

// Node is an entry of the arena. Links are None where there is nothing.
type Node struct {
	Kind    Kind
	Foreign bool      // of SVG or MathML
	Atom    atom.Atom // 0 for names that HTML does not know
	Parent  ID
	First   ID
	Last    ID
	Prev    ID
	Next    ID
	attrs   int32 // first of its attributes in Document.attrs
	nattrs  int32
	Name    string // of an element, lower case in HTML
	Text    string // of a text
}

// Document is a parsed page.
type Document struct {
	Nodes  []Node
	Quirks bool // no doctype, or an old one (HTML, section 13.2.6.4.1)
	// Truncated is set where a limit cut the tree.
	Truncated bool
	attrs     []Attr
	ids       map[string]ID
}

// Node gives the node; it is valid until the tree changes, which it does not
// after Parse.
func (d *Document) Node(id ID) *Node { return &d.Nodes[id] }

// Attrs lists an element's attributes in source order.
func (d *Document) Attrs(id ID) []Attr {
	n := &d.Nodes[id]
	return d.attrs[n.attrs : n.attrs+n.nattrs]
}

// Attr gives an attribute's value, and whether it is there.
func (d *Document) Attr(id ID, name string) (string, bool) {
	for _, a := range d.Attrs(id) {
		if a.Name == name {
			return a.Value, true
		}
	}
	return "", false
}

// Get gives an attribute's value, "" where it is absent.
func (d *Document) Get(id ID, name string) string {
	v, _ := d.Attr(id, name)
	return v
}

// Has reports whether the attribute is there.
func (d *Document) Has(id ID, name string) bool {
	_, ok := d.Attr(id, name)
	return ok
}

// Is reports whether id is the HTML element a.
func (d *Document) Is(id ID, a atom.Atom) bool {
	if id == None {
		return false
	}
	n := &d.Nodes[id]
	return n.Kind == Element && n.Atom == a && !n.Foreign
}

// ByID finds the first element of that id.
func (d *Document) ByID(id string) ID {
	if n, ok := d.ids[id]; ok {
		return n
	}
	return None
}

// Children gives a node's children in order.
func (d *Document) Children(id ID) iter.Seq[ID] {
	return func(yield func(ID) bool) {
		for c := d.Nodes[id].First; c != None; c = d.Nodes[c].Next {
			if !yield(c) {
				return
			}
		}
	}
}

// Next gives the node after id in tree order inside the subtree of root; with
// skip, id's own children are passed over. It is None at the end.
func (d *Document) Next(id, root ID, skip bool) ID {
	if !skip && d.Nodes[id].First != None {
		return d.Nodes[id].First
	}
	for id != root && id != None {
		if n := d.Nodes[id].Next; n != None {
			return n
		}
		id = d.Nodes[id].Parent
	}
	return None
}

// Descendants gives the nodes below root in tree order.
func (d *Document) Descendants(root ID) iter.Seq[ID] {
	return func(yield func(ID) bool) {
		for n := d.Next(root, root, false); n != None; n = d.Next(n, root, false) {
			if !yield(n) {
				return
			}
		}
	}
}

// Closest gives the nearest of id and its ancestors that is the HTML element a.
func (d *Document) Closest(id ID, a ...atom.Atom) ID {
	for ; id != None; id = d.Nodes[id].Parent {
		n := &d.Nodes[id]
		if n.Kind != Element || n.Foreign {
			continue
		}
		for _, x := range a {
			if n.Atom == x {
				return id
			}
		}
	}
	return None
}

// Find gives the first HTML element a below root.
func (d *Document) Find(root ID, a atom.Atom) ID {
	for n := range d.Descendants(root) {
		if d.Is(n, a) {
			return n
		}
	}
	return None
}

// Body is the body element, or None.
func (d *Document) Body() ID {
	for h := range d.Children(0) {
		for c := range d.Children(h) {
			if d.Is(c, atom.Body) || d.Is(c, atom.Frameset) {
				return c
			}
		}
	}
	return None
}

// TextContent is the text of all nodes below id.
func (d *Document) TextContent(id ID) string {
	var b strings.Builder
	for n := range d.Descendants(id) {
		if d.Nodes[n].Kind == Text {
			b.WriteString(d.Nodes[n].Text)
		}
	}
	return b.String()
}

// Line is TextContent on one line: white space collapsed and trimmed.
func (d *Document) Line(id ID) string {
	return strings.Join(strings.Fields(d.TextContent(id)), " ")
}

// SetText makes a text the only child of an element that has none yet.
func (d *Document) SetText(parent ID, s string) {
	if parent == None || d.Nodes[parent].First != None {
		return
	}
	id := ID(len(d.Nodes))
	d.Nodes = append(d.Nodes, Node{Kind: Text, Parent: parent, First: None, Last: None, Prev: None, Next: None, Text: s})
	d.Nodes[parent].First, d.Nodes[parent].Last = id, id
}
