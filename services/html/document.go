package html

import (
	"context"
	"io"
)

// Document is a parsed page with the resources supplied so far and the state of
// its forms. It is not for use by several goroutines at once; the Views it
// gives are.
type Document struct{ opt Options }

// Parse reads a page. The character set comes from the byte order mark, else
// the content type, else a meta element, else the text itself (HTML, section
// 13.2.3). It fails with fault.TooBig over Limits.Bytes and fault.Cancelled;
// there is no such thing as bad HTML.
func Parse(ctx context.Context, src []byte, opt Options) (*Document, error) {
	return &Document{opt: opt}, ctx.Err()
}

// Pending lists what the document refers to and nobody has supplied yet, style
// sheets first. Supplying a style sheet may make more pending (@import,
// pictures in it).
func (d *Document) Pending() []Request { return nil }

// Supply answers a request: with a resource, or with the error that kept it
// from coming; a failed request is not pending any more. Layouts made later
// use it.
func (d *Document) Supply(Request, *Resource, error) {}

// Complete supplies what is pending, one request after the other, until
// nothing is. It returns early with the context's fault only; a resource that
// fails is left out of the page.
func (d *Document) Complete(ctx context.Context, load func(context.Context, Request) (*Resource, error)) error {
	return ctx.Err()
}

// Title is the document's title, one line; "" if it has none.
func (d *Document) Title() string { return "" }

// Icon is the absolute URL of the page's icon; "" if it names none.
func (d *Document) Icon() string { return "" }

// BaseURL is what relative references are relative to: the base element, else
// the document's own URL.
func (d *Document) BaseURL() string { return "" }

// Lang is the document's language, a BCP 47 tag; "" if it says none.
func (d *Document) Lang() string { return "" }

// Charset is the name of the character set the document was read in.
func (d *Document) Charset() string { return "" }

// Feeds lists the feeds that the page announces.
func (d *Document) Feeds() []Feed { return nil }

// Refresh is the page's meta refresh; nil if it has none. In mail it is always nil.
func (d *Document) Refresh() *Redirect { return nil }

// Anchors lists the names that fragments can point at, in document order.
func (d *Document) Anchors() []string { return nil }

// DeclaresDark reports whether the document says itself how it looks in the
// dark (prefers-color-scheme, or meta color-scheme with dark).
func (d *Document) DeclaresDark() bool { return false }

// Text is the document's readable text without any layout: lines at block
// ends, list markers, no markup.
func (d *Document) Text() string { return "" }

// Dump writes a stage of the pipeline as text. The stages after StageDOM lay
// the document out for vp.
func (d *Document) Dump(ctx context.Context, w io.Writer, stage Stage, vp Viewport) error {
	return ctx.Err()
}

// SetValue sets a control as a person would: checking a radio button unchecks
// its group. An unknown id does nothing. Layouts made later show it.
func (d *Document) SetValue(control int, v FormValue) {}

// Value gives a control's present value.
func (d *Document) Value(control int) FormValue { return FormValue{} }

// Reset puts all controls of the form that control belongs to back to what the
// page said.
func (d *Document) Reset(control int) {}

// Submit makes the submission of the form that control belongs to; control
// being the button that was pressed, or the field in which Enter was pressed
// (the form's first submit button is then the submitter). The error is a fault
// with an *Invalid cause if a value does not pass, fault.NotFound if control is
// in no form.
func (d *Document) Submit(control int) (Submission, error) { return Submission{}, nil }
