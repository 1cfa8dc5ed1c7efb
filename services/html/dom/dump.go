package dom

import (
	"bufio"
	"io"
	"strings"
)

// Dump writes the tree in the notation of the html5lib tests: "| " and two
// spaces per level, attributes on lines of their own.
func (d *Document) Dump(w io.Writer) error {
	b := bufio.NewWriter(w)
	depth := 0
	for n := d.Nodes[0].First; n != None; {
		pad := "| " + strings.Repeat("  ", depth)
		switch node := &d.Nodes[n]; node.Kind {
		case Text:
			b.WriteString(pad + `"` + node.Text + "\"\n")
		case Element:
			b.WriteString(pad + "<" + node.Name + ">\n")
			for _, a := range d.Attrs(n) {
				b.WriteString(pad + "  " + a.Name + `="` + a.Value + "\"\n")
			}
		}
		if d.Nodes[n].First != None {
			n = d.Nodes[n].First
			depth++
			continue
		}
		for n != None && n != 0 && d.Nodes[n].Next == None {
			n = d.Nodes[n].Parent
			depth--
		}
		if n == None || n == 0 {
			break
		}
		n = d.Nodes[n].Next
	}
	return b.Flush()
}
