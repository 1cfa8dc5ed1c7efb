package html

import (
	"image/color"
	"io"
	"net/url"

	"guichet/services/html/display"
)

// Feed is a feed that a page announces (HTML, section 4.6.7.1: link rel=alternate).
type Feed struct {
	Type  string // media type, "application/rss+xml" for one
	Title string // may be empty
	URL   string // absolute
}

// Redirect is a page's meta refresh (HTML, section 4.2.5.3).
type Redirect struct {
	Seconds int
	URL     string // absolute; the page's own URL where it only reloads
}

// Position is a place in a view's text: a byte offset, always between two
// characters. It stays meaningful when the same document is laid out again for
// another width.
type Position int

// Range is a part of a view's text, Start included, End not.
type Range struct{ Start, End Position }

// Link is a hyperlink as it lies on the page.
type Link struct {
	URL      string // absolute; with its fragment
	Target   string // the target attribute: "_blank" for one
	Download string // the download attribute's file name; "" too where there is none
	Rel      string
	Title    string // its tooltip
	Text     string // what a person reads, one line
	Rects    []display.Rect
}

// Picture is a replaced image as it lies on the page.
type Picture struct {
	URL  string // absolute
	Alt  string
	Rect display.Rect
	// Missing is set while the picture is neither supplied nor failed.
	Missing bool
}

// Hit is what lies under a point. Each pointer may be nil.
type Hit struct {
	Link     *Link
	Control  *Control // also where the point lies on a control's label
	Picture  *Picture
	Title    string   // tooltip of the innermost element that has one
	Position Position // the nearest place in the text
	OnText   bool     // whether the point really lies on text
}

// ControlKind classes form controls by how a person uses them.
type ControlKind string

// The kinds of controls. Text-like input types that need no widget of their own
// (tel, url, datetime-local...) are ControlText with their type in Control.Type.
const (
	ControlText     ControlKind = "text"
	ControlPassword ControlKind = "password"
	ControlSearch   ControlKind = "search"
	ControlEmail    ControlKind = "email"
	ControlNumber   ControlKind = "number"
	ControlDate     ControlKind = "date"
	ControlArea     ControlKind = "textarea"
	ControlCheckbox ControlKind = "checkbox"
	ControlRadio    ControlKind = "radio"
	ControlSelect   ControlKind = "select"
	ControlFile     ControlKind = "file"
	ControlSubmit   ControlKind = "submit"
	ControlImage    ControlKind = "image" // a picture that submits
	ControlReset    ControlKind = "reset"
	ControlButton   ControlKind = "button" // does nothing without scripts
	ControlHidden   ControlKind = "hidden" // only in submissions, never in a view
	// ControlSummary is the heading of a details element: SetValue with Checked
	// opens and closes it.
	ControlSummary ControlKind = "summary"
)

// ControlOption is an entry of a select.
type ControlOption struct {
	Text     string
	Value    string
	Group    string // label of its optgroup
	Selected bool
	Disabled bool
}

// Control is a form control as it lies on the page, with its present value.
type Control struct {
	ID          int // names the control for SetValue, Submit and Reset
	Kind        ControlKind
	Type        string // the type attribute, lower case
	Name        string
	Value       string
	Checked     bool
	Options     []ControlOption
	Placeholder string
	Label       string // its label's text, or aria-label, or title
	Accept      string // for files
	Min, Max    string
	Step        string
	MaxLength   int // in UTF-16 units as HTML counts; 0 is no limit
	Rows        int // visible lines of a textarea or list
	Multiple    bool
	Disabled    bool
	ReadOnly    bool
	Required    bool
	Files       []File
	Rect        display.Rect // border box
	Content     display.Rect // where its text goes
	FontSize    float32      // CSS pixels
	Color       color.NRGBA
	Background  color.NRGBA
}

// File is a file that a person chose for a file control.
type File struct {
	Name      string // without folders
	MediaType string
	Size      int64 // -1 if unknown
	Open      func() (io.ReadCloser, error)
}

// FormValue is what a person set a control to: Text for the text-like kinds,
// Checked for check boxes, radio buttons and summaries, Selected (indices of
// Options) for selects, Files for file controls.
type FormValue struct {
	Text     string
	Checked  bool
	Selected []int
	Files    []File
}

// Field is one entry of a form's data set, in tree order.
type Field struct{ Name, Value string }

// FormFile is one file entry of a form's data set.
type FormFile struct {
	Field string
	File
}

// Submission is a form ready to be sent (HTML, section 4.10.22).
type Submission struct {
	Method      string // GET or POST
	URL         string // absolute; for GET with the query in it
	ContentType string // of the body; "" for GET
	Target      string // the form's target attribute
	// Body gives the request body, anew at each call; nil for GET.
	Body   func() (io.ReadCloser, error)
	Length int64 // of the body in bytes; -1 if unknown
	Fields []Field
	Files  []FormFile
	// Consent is set where the host has to ask before it sends: forms in mails,
	// and forms of pages loaded safely that would go out in clear text.
	Consent bool
}

// InvalidReason says why a control's value may not be submitted.
type InvalidReason string

// The reasons.
const (
	InvalidMissing InvalidReason = "missing" // required and empty
	InvalidEmail   InvalidReason = "email"
	InvalidURL     InvalidReason = "url"
	InvalidNumber  InvalidReason = "number"
	InvalidRange   InvalidReason = "range" // below min or above max
	InvalidLength  InvalidReason = "length"
	InvalidPattern InvalidReason = "pattern"
)

// Invalid is the cause of the fault that Submit returns when a control does not
// pass validation (HTML, section 4.10.21); errors.As finds it.
type Invalid struct {
	Control int
	Name    string // the control's label or name, for the sentence
	Reason  InvalidReason
}

// Error gives the reason for logs.
func (i *Invalid) Error() string { return "control " + i.Name + ": " + string(i.Reason) }

// Stage names a stage of the pipeline for Dump.
type Stage string

// The stages, in the order in which they run.
const (
	StageDOM       Stage = "dom"
	StageStyle     Stage = "style"
	StageBoxes     Stage = "boxes"
	StageFragments Stage = "fragments"
	StageList      Stage = "list"
)

// baseURL is never nil.
func baseURL(u *url.URL) *url.URL {
	if u == nil {
		return &url.URL{Scheme: "about", Opaque: "blank"}
	}
	return u
}
