package html

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/html/atom"

	"guichet/services/fault"
	"guichet/services/html/dom"
)

// entry is an entry of a form's data set (HTML, section 4.10.22.4).
type entry struct {
	name, value string
	file        *File
}

// Submit makes the submission of the form that control belongs to; control
// being the button that was pressed, or the field in which Enter was pressed
// (the form's first submit button is then the submitter). The error is a fault
// with an *Invalid cause if a value does not pass, fault.NotFound if control is
// in no form.
func (d *Document) Submit(id int) (s Submission, err error) {
	defer guard("submit the form", &err)
	c := d.control(id)
	if c == nil || c.form == dom.None {
		return s, fault.Newf(fault.NotFound, "submit the form", "", "control %d belongs to no form", id)
	}
	submitter := c
	if c.kind != ControlSubmit && c.kind != ControlImage {
		submitter = nil
		for _, o := range d.controls {
			if o.form == c.form && (o.kind == ControlSubmit || o.kind == ControlImage) && !d.disabled(o) {
				submitter = o
				break
			}
		}
	}
	attr := func(name string) string {
		if submitter != nil {
			if v, ok := d.tree.Attr(submitter.node, "form"+name); ok {
				return v
			}
		}
		return d.tree.Get(c.form, name)
	}
	if !d.tree.Has(c.form, "novalidate") && (submitter == nil || !d.tree.Has(submitter.node, "formnovalidate")) {
		if bad := d.invalid(c.form); bad != nil {
			return s, fault.New(fault.Unsupported, "submit the form", "", bad)
		}
	}
	set := d.entries(c.form, submitter)
	action := attr("action")
	target := baseURL(d.opt.URL).String()
	if strings.TrimSpace(action) != "" {
		target = d.absolute(action)
	}
	u, perr := url.Parse(target)
	if perr != nil {
		return s, fault.New(fault.Damaged, "submit the form", "", perr)
	}
	switch u.Scheme {
	case "http", "https", "mailto":
	default:
		return s, fault.Newf(fault.Unsupported, "submit the form", "", "forms cannot be sent to %s addresses", u.Scheme)
	}
	s = Submission{Method: "GET", Target: attr("target")}
	for _, e := range set {
		if e.file != nil {
			s.Files = append(s.Files, FormFile{Field: e.name, File: *e.file})
			continue
		}
		s.Fields = append(s.Fields, Field{e.name, e.value})
	}
	s.Consent = d.opt.Mail || u.Scheme == "http" && d.opt.URL != nil && d.opt.URL.Scheme == "https"
	if !strings.EqualFold(strings.TrimSpace(attr("method")), "post") {
		u.RawQuery, u.Fragment, u.RawFragment = urlencode(set), "", ""
		s.URL = u.String()
		return s, nil
	}
	s.Method, s.URL = "POST", u.String()
	switch strings.ToLower(strings.TrimSpace(attr("enctype"))) {
	case "multipart/form-data":
		s.multipart(set)
	case "text/plain":
		var b strings.Builder
		for _, e := range set {
			b.WriteString(e.name + "=" + e.text() + "\r\n")
		}
		s.body("text/plain; charset=utf-8", b.String())
	default:
		s.body("application/x-www-form-urlencoded", urlencode(set))
	}
	return s, nil
}

func (e *entry) text() string {
	if e.file != nil {
		return e.file.Name
	}
	return e.value
}

func (s *Submission) body(kind, text string) {
	s.ContentType, s.Length = kind, int64(len(text))
	s.Body = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
}

// entries makes the data set.
func (d *Document) entries(form dom.ID, submitter *control) []entry {
	var out []entry
	crlf := strings.NewReplacer("\r\n", "\r\n", "\n", "\r\n", "\r", "\r\n")
	add := func(name, value string) { out = append(out, entry{name: name, value: value}) }
	for _, c := range d.controls {
		if c.form != form || d.disabled(c) || d.tree.Closest(c.node, atom.Datalist) != dom.None {
			continue
		}
		switch c.kind {
		case ControlSubmit, ControlImage:
			if c != submitter {
				continue
			}
			if c.kind == ControlImage {
				p := ""
				if c.name != "" {
					p = c.name + "."
				}
				add(p+"x", "0")
				add(p+"y", "0")
				continue
			}
			if c.name != "" {
				add(c.name, d.tree.Get(c.node, "value"))
			}
			continue
		case ControlReset, ControlSummary:
			continue
		case ControlButton:
			if c.typ != "color" {
				continue
			}
		}
		if c.name == "" {
			continue
		}
		switch c.kind {
		case ControlCheckbox, ControlRadio:
			if c.value.Checked {
				add(c.name, c.value.Text)
			}
		case ControlSelect:
			for _, i := range c.value.Selected {
				if !c.options[i].disabled {
					add(c.name, c.options[i].value)
				}
			}
		case ControlFile:
			if len(c.value.Files) == 0 {
				out = append(out, entry{name: c.name, file: &File{Size: 0, MediaType: "application/octet-stream"}})
			}
			for i := range c.value.Files {
				out = append(out, entry{name: c.name, file: &c.value.Files[i]})
			}
		case ControlArea:
			add(c.name, crlf.Replace(c.value.Text))
		case ControlHidden:
			if strings.EqualFold(c.name, "_charset_") {
				add(c.name, "UTF-8")
				continue
			}
			add(c.name, c.value.Text)
		default:
			add(c.name, c.value.Text)
		}
	}
	return out
}

// urlencode writes the data set as application/x-www-form-urlencoded (URL,
// section 5.2), in its order, always in UTF-8.
func urlencode(set []entry) string {
	var b strings.Builder
	for i, e := range set {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(formEscape(e.name) + "=" + formEscape(e.text()))
	}
	return b.String()
}

func formEscape(s string) string {
	// QueryEscape differs from the URL standard in * and ~ only.
	return strings.NewReplacer("%2A", "*", "~", "%7E").Replace(url.QueryEscape(s))
}

// multipart writes the data set as multipart/form-data (RFC 7578; HTML, section
// 4.10.22.7). Files are read when the body is, never kept in memory. The
// boundary follows from the contents, so that the same form gives the same
// body.
func (s *Submission) multipart(set []entry) {
	h := sha256.New()
	for _, e := range set {
		fmt.Fprintf(h, "%q=%q;", e.name, e.text())
	}
	boundary := "----guichet" + hex.EncodeToString(h.Sum(nil))[:32]
	// Quotes and line feeds are written as browsers do, not as MIME would.
	esc := strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22")
	type part struct {
		head []byte
		file *File
		text string
	}
	var parts []part
	length := int64(0)
	for _, e := range set {
		var head bytes.Buffer
		fmt.Fprintf(&head, "--%s\r\nContent-Disposition: form-data; name=\"%s\"", boundary, esc.Replace(e.name))
		p := part{file: e.file, text: e.value}
		if e.file != nil {
			kind := e.file.MediaType
			if _, _, err := mime.ParseMediaType(kind); err != nil {
				kind = "application/octet-stream"
			}
			fmt.Fprintf(&head, "; filename=\"%s\"\r\nContent-Type: %s", esc.Replace(e.file.Name), kind)
			if length >= 0 && e.file.Size >= 0 {
				length += e.file.Size
			} else {
				length = -1
			}
		}
		head.WriteString("\r\n\r\n")
		p.head = head.Bytes()
		if length >= 0 {
			length += int64(len(p.head) + len(p.text) + 2)
		}
		parts = append(parts, p)
	}
	tail := "--" + boundary + "--\r\n"
	if length >= 0 {
		length += int64(len(tail))
	}
	s.ContentType, s.Length = "multipart/form-data; boundary="+boundary, length
	s.Body = func() (io.ReadCloser, error) {
		b := &body{}
		for i := range parts {
			p := &parts[i]
			b.add(bytes.NewReader(p.head), nil)
			switch {
			case p.file != nil && p.file.Open != nil:
				f, err := p.file.Open()
				if err != nil {
					return nil, firstError(err, b.Close())
				}
				b.add(f, f)
			case p.file == nil:
				b.add(strings.NewReader(p.text), nil)
			}
			b.add(strings.NewReader("\r\n"), nil)
		}
		b.add(strings.NewReader(tail), nil)
		b.Reader = io.MultiReader(b.readers...)
		return b, nil
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// body reads its parts one after the other.
type body struct {
	io.Reader
	readers []io.Reader
	closers []io.Closer
}

func (b *body) add(r io.Reader, c io.Closer) {
	b.readers = append(b.readers, r)
	if c != nil {
		b.closers = append(b.closers, c)
	}
}

// Close closes all files.
func (b *body) Close() error {
	var errs []error
	for _, c := range b.closers {
		errs = append(errs, c.Close())
	}
	return firstError(errs...)
}

// invalid finds the first control that does not pass validation.
func (d *Document) invalid(form dom.ID) *Invalid {
	for id, c := range d.controls {
		if c.form != form || d.disabled(c) {
			continue
		}
		if r := d.check(c); r != "" {
			name := d.label(c)
			if name == "" {
				name = d.tree.Get(c.node, "placeholder")
			}
			if name == "" {
				name = c.name
			}
			return &Invalid{Control: id, Name: name, Reason: r}
		}
	}
	return nil
}

// emailPattern is the standard's own (HTML, section 4.10.5.1.5).
var emailPattern = regexp.MustCompile("^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$")

// check validates one control (HTML, section 4.10.21.1).
func (d *Document) check(c *control) InvalidReason {
	required := d.tree.Has(c.node, "required")
	t := c.value.Text
	switch c.kind {
	case ControlCheckbox:
		if required && !c.value.Checked {
			return InvalidMissing
		}
		return ""
	case ControlRadio:
		if !required {
			return ""
		}
		for _, o := range d.controls {
			if o.kind == ControlRadio && o.form == c.form && o.name == c.name && o.value.Checked {
				return ""
			}
		}
		return InvalidMissing
	case ControlSelect:
		if required {
			for _, i := range c.value.Selected {
				if c.options[i].value != "" {
					return ""
				}
			}
			return InvalidMissing
		}
		return ""
	case ControlFile:
		if required && len(c.value.Files) == 0 {
			return InvalidMissing
		}
		return ""
	case ControlSubmit, ControlReset, ControlButton, ControlImage, ControlHidden, ControlSummary:
		return ""
	}
	if d.tree.Has(c.node, "readonly") {
		return ""
	}
	if t == "" {
		if required {
			return InvalidMissing
		}
		return ""
	}
	if n := atoi(d.tree.Get(c.node, "maxlength")); n > 0 && c.touched && utf16Len(t) > n {
		return InvalidLength
	}
	if n := atoi(d.tree.Get(c.node, "minlength")); n > 0 && c.touched && utf16Len(t) < n {
		return InvalidLength
	}
	switch {
	case c.kind == ControlEmail:
		list := []string{t}
		if d.tree.Has(c.node, "multiple") {
			list = strings.Split(t, ",")
		}
		for _, a := range list {
			a = strings.TrimSpace(a)
			if emailPattern.MatchString(a) {
				continue
			}
			// Names in other scripts are fine with mail servers of today.
			if p, err := mail.ParseAddress(a); err != nil || p.Name != "" || strings.ContainsAny(a, "<> ") {
				return InvalidEmail
			}
		}
	case c.typ == "url":
		if u, err := url.Parse(strings.TrimSpace(t)); err != nil || !u.IsAbs() {
			return InvalidURL
		}
	case c.kind == ControlNumber:
		f, err := strconv.ParseFloat(strings.TrimSpace(t), 64)
		if err != nil || f != f {
			return InvalidNumber
		}
		if lo, err := strconv.ParseFloat(d.tree.Get(c.node, "min"), 64); err == nil && f < lo {
			return InvalidRange
		}
		if hi, err := strconv.ParseFloat(d.tree.Get(c.node, "max"), 64); err == nil && f > hi {
			return InvalidRange
		}
	}
	if p := d.tree.Get(c.node, "pattern"); p != "" && len(p) < 1000 {
		// A pattern that Go's syntax does not know is left to the server.
		if re, err := regexp.Compile("^(?:" + p + ")$"); err == nil && !re.MatchString(t) {
			return InvalidPattern
		}
	}
	return ""
}
