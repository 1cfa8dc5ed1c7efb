package html

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"guichet/services/html/dom"
)

// kept are the elements that copied HTML keeps.
var kept = map[atom.Atom]bool{
	atom.P: true, atom.Div: true, atom.H1: true, atom.H2: true, atom.H3: true, atom.H4: true, atom.H5: true, atom.H6: true,
	atom.Ul: true, atom.Ol: true, atom.Li: true, atom.Dl: true, atom.Dt: true, atom.Dd: true, atom.Blockquote: true, atom.Pre: true,
	atom.Table: true, atom.Thead: true, atom.Tbody: true, atom.Tfoot: true, atom.Tr: true, atom.Td: true, atom.Th: true, atom.Caption: true,
	atom.A: true, atom.B: true, atom.Strong: true, atom.I: true, atom.Em: true, atom.U: true, atom.S: true, atom.Code: true, atom.Kbd: true,
	atom.Sub: true, atom.Sup: true, atom.Q: true, atom.Cite: true, atom.Mark: true, atom.Small: true, atom.Del: true, atom.Ins: true,
}

// HTML is the range as HTML with the markup around it, safe to paste: without
// scripts, handlers and style sheets.
func (v *View) HTML(r Range) string {
	a, b := v.order(r)
	var out strings.Builder
	var open []dom.ID
	closeTo := func(n int) {
		for len(open) > n {
			out.WriteString("</" + v.doc.Node(open[len(open)-1]).Name + ">")
			open = open[:len(open)-1]
		}
	}
	last := a
	for i := range v.ix.Spots {
		s := &v.ix.Spots[i]
		if s.End <= a {
			continue
		}
		if s.Start >= b {
			break
		}
		chain := v.chain(s.Box.Node)
		same := 0
		for same < len(open) && same < len(chain) && open[same] == chain[same] {
			same++
		}
		from, to := max(a, s.Start), min(b, s.End)
		if same == len(open) && from > last {
			// A break that no element explains: br, or the end of a line.
			gap := v.ix.Text[last:from]
			if strings.Contains(gap, "\n") {
				if same == len(chain) {
					out.WriteString("<br>")
				}
			} else {
				out.WriteString(" ")
			}
		} else if from > last && !strings.ContainsAny(v.ix.Text[last:from], "\n\t") {
			out.WriteString(" ")
		}
		closeTo(same)
		for _, n := range chain[same:] {
			out.WriteString("<" + v.doc.Node(n).Name + v.attributes(n) + ">")
			open = append(open, n)
		}
		out.WriteString(html.EscapeString(v.ix.Text[from:to]))
		last = to
	}
	closeTo(0)
	return out.String()
}

// chain lists the kept elements around a node, outermost first.
func (v *View) chain(n dom.ID) []dom.ID {
	var up []dom.ID
	for ; n > 0; n = v.doc.Nodes[n].Parent {
		if nd := &v.doc.Nodes[n]; nd.Kind == dom.Element && kept[nd.Atom] && !nd.Foreign {
			up = append(up, n)
		}
	}
	for i, j := 0, len(up)-1; i < j; i, j = i+1, j-1 {
		up[i], up[j] = up[j], up[i]
	}
	return up
}

func (v *View) attributes(n dom.ID) string {
	var b strings.Builder
	for _, a := range v.doc.Attrs(n) {
		switch a.Name {
		case "href":
			for _, l := range v.links {
				if strings.HasSuffix(l.URL, strings.TrimSpace(a.Value)) {
					b.WriteString(` href="` + html.EscapeString(l.URL) + `"`)
					break
				}
			}
		case "colspan", "rowspan", "start":
			if atoi(a.Value) > 0 {
				b.WriteString(" " + a.Name + `="` + html.EscapeString(strings.TrimSpace(a.Value)) + `"`)
			}
		}
	}
	return b.String()
}
