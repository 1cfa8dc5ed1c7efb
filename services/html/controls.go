package html

import (
	"image/color"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/net/html/atom"

	"guichet/services/html/css"
	"guichet/services/html/display"
	"guichet/services/html/dom"
	"guichet/services/html/layout"
)

// control is a form control with what a person made of it.
type control struct {
	node    dom.ID
	form    dom.ID // its form owner, dom.None for none
	kind    ControlKind
	typ     string
	name    string
	options []option
	touched bool
	value   FormValue
}

// option is an entry of a select.
type option struct {
	text, value, group string
	selected, disabled bool
}

func atoi(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		return 0
	}
	return n
}

var inputKinds = map[string]ControlKind{
	"password": ControlPassword, "search": ControlSearch, "email": ControlEmail, "number": ControlNumber, "date": ControlDate,
	"checkbox": ControlCheckbox, "radio": ControlRadio, "file": ControlFile, "submit": ControlSubmit, "image": ControlImage,
	"reset": ControlReset, "button": ControlButton, "hidden": ControlHidden, "color": ControlButton,
}

// maxControls bounds the controls of one page.
const maxControls = 20_000

// findControls finds the form controls in tree order, with their form owners
// (HTML, section 4.10.17.3).
func (d *Document) findControls() {
	for n := range d.tree.Descendants(0) {
		nd := &d.tree.Nodes[n]
		if nd.Kind != dom.Element || nd.Foreign || len(d.controls) >= maxControls {
			continue
		}
		c := &control{node: n, name: d.tree.Get(n, "name")}
		switch nd.Atom {
		case atom.Input:
			c.typ = strings.ToLower(strings.TrimSpace(d.tree.Get(n, "type")))
			c.kind = inputKinds[c.typ]
			if c.kind == "" {
				c.kind = ControlText
			}
			if c.typ == "range" {
				c.kind = ControlNumber
			}
		case atom.Textarea:
			c.kind = ControlArea
		case atom.Select:
			c.kind = ControlSelect
			c.options = d.options(n)
		case atom.Button:
			c.typ = strings.ToLower(strings.TrimSpace(d.tree.Get(n, "type")))
			switch c.typ {
			case "reset":
				c.kind = ControlReset
			case "button":
				c.kind = ControlButton
			default:
				c.kind = ControlSubmit
			}
		case atom.Summary:
			if p := nd.Parent; !d.tree.Is(p, atom.Details) {
				continue
			}
			c.kind = ControlSummary
		default:
			continue
		}
		c.form = d.owner(n)
		c.value = d.initial(c)
		d.byNode[n] = len(d.controls)
		d.controls = append(d.controls, c)
	}
}

func (d *Document) owner(n dom.ID) dom.ID {
	if id, ok := d.tree.Attr(n, "form"); ok {
		if f := d.tree.ByID(id); d.tree.Is(f, atom.Form) {
			return f
		}
		return dom.None
	}
	return d.tree.Closest(n, atom.Form)
}

func (d *Document) options(sel dom.ID) []option {
	var out []option
	for n := range d.tree.Descendants(sel) {
		if !d.tree.Is(n, atom.Option) || len(out) >= 5000 {
			continue
		}
		o := option{text: d.tree.Line(n), selected: d.tree.Has(n, "selected"), disabled: d.tree.Has(n, "disabled")}
		if l := d.tree.Get(n, "label"); l != "" {
			o.text = l
		}
		o.value = o.text
		if v, ok := d.tree.Attr(n, "value"); ok {
			o.value = v
		}
		if g := d.tree.Closest(n, atom.Optgroup); g != dom.None {
			o.group = d.tree.Get(g, "label")
			o.disabled = o.disabled || d.tree.Has(g, "disabled")
		}
		out = append(out, o)
	}
	return out
}

// initial is the value that the page gives a control.
func (d *Document) initial(c *control) FormValue {
	v := FormValue{Text: d.tree.Get(c.node, "value")}
	switch c.kind {
	case ControlArea:
		t := strings.ReplaceAll(d.tree.TextContent(c.node), "\r\n", "\n")
		v.Text = t
	case ControlCheckbox, ControlRadio:
		v.Checked = d.tree.Has(c.node, "checked")
		if _, ok := d.tree.Attr(c.node, "value"); !ok {
			v.Text = "on"
		}
	case ControlSelect:
		for i, o := range c.options {
			if o.selected {
				v.Selected = append(v.Selected, i)
			}
		}
		if !d.tree.Has(c.node, "multiple") {
			if len(v.Selected) > 1 {
				v.Selected = v.Selected[len(v.Selected)-1:]
			}
			if len(v.Selected) == 0 && atoi(d.tree.Get(c.node, "size")) <= 1 {
				for i, o := range c.options {
					if !o.disabled {
						v.Selected = []int{i}
						break
					}
				}
			}
		}
	case ControlText, ControlPassword, ControlSearch, ControlEmail, ControlNumber, ControlDate:
		v.Text = strings.Map(func(r rune) rune {
			if r == '\n' || r == '\r' {
				return -1
			}
			return r
		}, v.Text)
	case ControlFile:
		v.Text = ""
	}
	return v
}

func (d *Document) control(id int) *control {
	if id < 0 || id >= len(d.controls) {
		return nil
	}
	return d.controls[id]
}

// SetValue sets a control as a person would: checking a radio button unchecks
// its group. An unknown id does nothing. Layouts made later show it.
func (d *Document) SetValue(id int, v FormValue) {
	c := d.control(id)
	if c == nil || d.disabled(c) {
		return
	}
	d.boxes = nil
	c.touched = true
	switch c.kind {
	case ControlSummary:
		det := d.tree.Nodes[c.node].Parent
		d.open[det] = v.Checked
		c.value.Checked = v.Checked
	case ControlCheckbox:
		c.value.Checked = v.Checked
		d.restyle()
	case ControlRadio:
		c.value.Checked = v.Checked
		d.restyle()
		if !v.Checked {
			return
		}
		for _, o := range d.controls {
			if o != c && o.kind == ControlRadio && o.form == c.form && o.name == c.name && c.name != "" {
				o.value.Checked, o.touched = false, true
			}
		}
	case ControlSelect:
		var sel []int
		for _, i := range v.Selected {
			if i >= 0 && i < len(c.options) && !slices.Contains(sel, i) {
				sel = append(sel, i)
			}
		}
		if !d.tree.Has(c.node, "multiple") && len(sel) > 1 {
			sel = sel[:1]
		}
		c.value.Selected = sel
	case ControlFile:
		c.value.Files = slices.Clone(v.Files)
		if !d.tree.Has(c.node, "multiple") && len(c.value.Files) > 1 {
			c.value.Files = c.value.Files[:1]
		}
	case ControlHidden, ControlSubmit, ControlReset, ControlButton, ControlImage:
	default:
		if d.tree.Has(c.node, "readonly") {
			return
		}
		t := v.Text
		if c.kind != ControlArea {
			t = strings.NewReplacer("\r", "", "\n", "").Replace(t)
		}
		c.value.Text = t
	}
}

// restyle drops styles that may depend on a checked state.
func (d *Document) restyle() {
	if d.rules().UsesState() {
		d.styled, d.styleKey = nil, ""
	}
}

// touched reports whether any control differs from what the page said.
func (d *Document) touched() bool {
	for _, c := range d.controls {
		if c.touched {
			return true
		}
	}
	return false
}

// checked answers the pseudo-class.
func (d *Document) checked(n dom.ID) bool {
	if i, ok := d.byNode[n]; ok {
		return d.controls[i].value.Checked
	}
	return false
}

// Value gives a control's present value.
func (d *Document) Value(id int) FormValue {
	c := d.control(id)
	if c == nil {
		return FormValue{}
	}
	v := c.value
	if c.kind == ControlSummary {
		v.Checked = d.Open(d.tree.Nodes[c.node].Parent)
	}
	return v
}

// Reset puts all controls of the form that control belongs to back to what the
// page said.
func (d *Document) Reset(id int) {
	c := d.control(id)
	if c == nil || c.form == dom.None {
		return
	}
	for _, o := range d.controls {
		if o.form == c.form && o.kind != ControlSummary {
			o.value, o.touched = d.initial(o), false
		}
	}
	d.boxes = nil
	d.restyle()
}

// disabled follows HTML, section 4.10.18.5.
func (d *Document) disabled(c *control) bool {
	if d.tree.Has(c.node, "disabled") && c.kind != ControlSummary {
		return true
	}
	for f := d.tree.Closest(d.tree.Nodes[c.node].Parent, atom.Fieldset); f != dom.None; f = d.tree.Closest(d.tree.Nodes[f].Parent, atom.Fieldset) {
		if d.tree.Has(f, "disabled") {
			// The first legend's controls stay enabled.
			if l := d.tree.Closest(c.node, atom.Legend); l != dom.None && d.tree.Nodes[l].Parent == f {
				continue
			}
			return true
		}
	}
	return false
}

// labelled is the control that a label element is for, -1 for none.
func (d *Document) labelled(label dom.ID) int {
	if id, ok := d.tree.Attr(label, "for"); ok {
		if i, ok := d.byNode[d.tree.ByID(id)]; ok {
			return i
		}
		return -1
	}
	for n := range d.tree.Descendants(label) {
		if i, ok := d.byNode[n]; ok && d.controls[i].kind != ControlHidden {
			return i
		}
	}
	return -1
}

// label is the words that name a control.
func (d *Document) label(c *control) string {
	if l := strings.TrimSpace(d.tree.Get(c.node, "aria-label")); l != "" {
		return l
	}
	own := d.tree.Get(c.node, "id")
	if own != "" {
		for n := range d.tree.Descendants(0) {
			if d.tree.Is(n, atom.Label) && d.tree.Get(n, "for") == own {
				return d.tree.Line(n)
			}
		}
	}
	if l := d.tree.Closest(d.tree.Nodes[c.node].Parent, atom.Label); l != dom.None {
		return d.tree.Line(l)
	}
	return strings.TrimSpace(d.tree.Get(c.node, "title"))
}

// text is what stands on a button.
func (d *Document) caption(c *control) string {
	if d.tree.Is(c.node, atom.Button) || c.kind == ControlSummary {
		return d.tree.Line(c.node)
	}
	if v, ok := d.tree.Attr(c.node, "value"); ok {
		return v
	}
	pick := func(s, sign string) string {
		if s != "" {
			return s
		}
		return sign
	}
	switch c.kind {
	case ControlSubmit:
		return pick(d.opt.Labels.Submit, "OK")
	case ControlReset:
		return pick(d.opt.Labels.Reset, "×")
	}
	return ""
}

// Control gives package layout what it draws of a control.
func (d *Document) Control(n dom.ID) *layout.Control {
	id, ok := d.byNode[n]
	if !ok {
		return nil
	}
	c := d.controls[id]
	lc := &layout.Control{
		ID: id, Kind: string(c.kind), Type: c.typ, Value: c.value.Text, Placeholder: d.tree.Get(n, "placeholder"), Checked: c.value.Checked,
		Disabled: d.disabled(c), Multiple: d.tree.Has(n, "multiple"), Size: atoi(d.tree.Get(n, "size")),
		Rows: atoi(d.tree.Get(n, "rows")), Cols: atoi(d.tree.Get(n, "cols")), Selected: c.value.Selected,
	}
	switch c.kind {
	case ControlSubmit, ControlReset, ControlButton, ControlImage:
		lc.Value = d.caption(c)
		if c.typ == "color" {
			if col, ok := css.LegacyColor(c.value.Text); ok {
				lc.Color = col.NRGBA
			}
		}
	case ControlSelect:
		for _, o := range c.options {
			lc.Options = append(lc.Options, o.text)
		}
	case ControlFile:
		lc.Placeholder = d.opt.Labels.Choose
		if lc.Placeholder == "" {
			lc.Placeholder = "…"
		}
		var names []string
		for _, f := range c.value.Files {
			names = append(names, f.Name)
		}
		lc.Value = strings.Join(names, ", ")
	}
	return lc
}

// describe makes the control as hosts see it.
func (d *Document) describe(id int, border, content display.Rect, box *layout.Box) Control {
	c := d.controls[id]
	n := c.node
	out := Control{
		ID: id, Kind: c.kind, Type: c.typ, Name: c.name, Value: c.value.Text, Checked: c.value.Checked,
		Placeholder: d.tree.Get(n, "placeholder"), Label: d.label(c), Accept: d.tree.Get(n, "accept"),
		Min: d.tree.Get(n, "min"), Max: d.tree.Get(n, "max"), Step: d.tree.Get(n, "step"), MaxLength: max(atoi(d.tree.Get(n, "maxlength")), 0),
		Multiple: d.tree.Has(n, "multiple"), Disabled: d.disabled(c), ReadOnly: d.tree.Has(n, "readonly"), Required: d.tree.Has(n, "required"),
		Files: slices.Clone(c.value.Files), Rect: border, Content: content, FontSize: box.Style.Font.Size,
		Color: box.Style.Color, Background: box.Style.Background,
	}
	for i, o := range c.options {
		out.Options = append(out.Options, ControlOption{Text: o.text, Value: o.value, Group: o.group, Disabled: o.disabled, Selected: slices.Contains(c.value.Selected, i)})
	}
	switch c.kind {
	case ControlSubmit, ControlReset, ControlButton, ControlImage:
		out.Value = d.caption(c)
	case ControlSummary:
		out.Value = d.caption(c)
		out.Checked = d.Open(d.tree.Nodes[n].Parent)
	case ControlArea:
		out.Rows = max(atoi(d.tree.Get(n, "rows")), 2)
	case ControlSelect:
		out.Rows = atoi(d.tree.Get(n, "size"))
		if out.Rows <= 0 && out.Multiple {
			out.Rows = 4
		}
	}
	if out.Background == (color.NRGBA{}) {
		out.Background = color.NRGBA{R: 255, G: 255, B: 255, A: 255}
	}
	return out
}

// utf16Len counts as maxlength does.
func utf16Len(s string) int { return len(utf16.Encode([]rune(s))) }
