package pageview

import (
	"errors"

	"guichet/services/html"
	"guichet/widgets/document"
)

// change carries a value from the widget to the document.
func (v *View) change(id int, value document.Value) {
	v.Do(func(d *html.Document) {
		d.SetValue(id, html.FormValue{Text: value.Text, Checked: value.Checked, Selected: value.Selected})
	})
}

// control is a control of the layout that is shown.
func (v *View) control(id int) (html.Control, bool) {
	if view := v.Laid(); view != nil {
		for _, c := range view.Controls() {
			if c.ID == id {
				return c, true
			}
		}
	}
	return html.Control{}, false
}

// press is the use of a button.
func (v *View) press(id int) {
	c, ok := v.control(id)
	if !ok {
		return
	}
	switch c.Kind {
	case html.ControlSubmit, html.ControlImage:
		v.submit(id)
	case html.ControlReset:
		v.Do(func(d *html.Document) { d.Reset(id) })
	case html.ControlFile:
		if v.OnFiles != nil {
			v.OnFiles(c, func(files []html.File) {
				v.Do(func(d *html.Document) { d.SetValue(id, html.FormValue{Files: files}) })
			})
		}
	}
}

// submit makes the submission of a form, after all changes before it.
func (v *View) submit(id int) {
	s := v.current
	if s == nil {
		return
	}
	v.Do(func(d *html.Document) {
		sub, err := d.Submit(id)
		v.p.Post(func() {
			if v.current != s {
				return
			}
			if err == nil {
				if v.OnSubmit != nil {
					v.OnSubmit(sub)
				}
				return
			}
			// Enter in a field that is in no form does nothing.
			if invalid := (*html.Invalid)(nil); errors.As(err, &invalid) {
				v.widget.ShowControl(invalid.Control)
				if v.OnInvalid != nil {
					v.OnInvalid(err)
				}
			}
		})
	})
}
