// Package html is the built-in page engine: bytes and what a page refers to in,
// boxes and a display list out. It is pure and deterministic: it opens no
// connection, starts no goroutine, and is bounded in memory and time. Its
// stages are packages of their own: dom, css, style, layout, text, display,
// raster.
//
// Use: Parse the bytes; hand over what Pending asks for with Supply, in any
// order and at any later time; Layout as often as the width or a resource
// changes. A View is immutable and may be read by many goroutines.
package html

import (
	"net/url"
	"time"

	"guichet/services/html/text"
)

// ResourceKind says what a page wants a resource for.
type ResourceKind int

// The kinds of resources.
const (
	Stylesheet ResourceKind = iota
	Image
	Font
	Frame
)

// Request names a resource that a page refers to. Requests are comparable.
type Request struct {
	URL  string // absolute, or a cid: URL; data: URLs never ask, they are decoded inside
	Kind ResourceKind
	// Remote is set unless the resource is a part of the document's own message
	// (cid:): the host decides whether it may be fetched.
	Remote bool
}

// Resource is the answer to a Request.
type Resource struct {
	URL       string // after redirects: the base of what it refers to
	MediaType string // as in Content-Type, with parameters
	Data      []byte
}

// Limits bound what one document may cost; the zero value means Default.
type Limits struct {
	Bytes       int // of the document itself
	Nodes       int // elements and texts
	Depth       int // of the tree; deeper elements become siblings
	Selectors   int // in all style sheets together
	SheetBytes  int // of one style sheet
	ImagePixels int // of one picture
	// DecodedPixels are those of all pictures together; what is over stays
	// undrawn. KeptPixels are what they are kept at: large pictures are kept
	// smaller, four bytes a pixel.
	DecodedPixels, KeptPixels int
	Layout                    time.Duration // for one layout
}

// Default are the limits that hold where none are given.
var Default = Limits{
	Bytes: 50 << 20, Nodes: 300_000, Depth: 512, Selectors: 50_000,
	SheetBytes: 4 << 20, ImagePixels: 40_000_000, DecodedPixels: 600_000_000, KeptPixels: 128_000_000, Layout: 3 * time.Second,
}

// Options say how a document is read.
type Options struct {
	URL         *url.URL // of the document: the base of relative references
	ContentType string   // as in the header; its charset wins over meta
	Mail        bool     // the rules for mail: see package style and docs/architecture.md
	Limits      Limits
	// Visited, if not nil, colours links that were followed before.
	Visited func(url string) bool
	// Sheet is a style sheet of the program's own, weaker than the document's: the
	// look of what says nothing itself.
	Sheet string
	// Fonts is where text gets its fonts from; nil means text.Shared.
	Fonts *text.Fonts
	// Labels are the words of controls that name none themselves; without them
	// such controls are drawn with a sign.
	Labels Labels
}

// Labels are translated words for form controls.
type Labels struct {
	Submit string // of a submit button without a value
	Reset  string
	Choose string // of the button of a file control
}

// Viewport is what a document is laid out for.
type Viewport struct {
	Width  float32 // CSS pixels
	Height float32 // of the visible part, for vh and percentages; CSS pixels
	Scale  float32 // device pixels per CSS pixel, for media queries and sharp pictures
	Dark   bool    // prefers-color-scheme
	Print  bool
	Text   float32 // factor on all font sizes; 0 is 1
}
