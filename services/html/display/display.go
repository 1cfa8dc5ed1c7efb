// Package display holds the display list: what the page engine hands to
// whoever paints, in painting order (CSS 2.1, appendix E), free of CSS. All
// lengths are CSS pixels, y grows downwards, the origin is the page's corner.
package display

import (
	"image"
	"image/color"
)

// Rect is a box: left, top, width, height.
type Rect struct{ X, Y, W, H float32 }

// Contains reports whether the point lies in r.
func (r Rect) Contains(x, y float32) bool {
	return x >= r.X && x < r.X+r.W && y >= r.Y && y < r.Y+r.H
}

// Overlaps reports whether r and o share a point.
func (r Rect) Overlaps(o Rect) bool {
	return r.X < o.X+o.W && o.X < r.X+r.W && r.Y < o.Y+o.H && o.Y < r.Y+r.H
}

// Item is one thing to paint: Fill, Gradient, Shadow, Border, Run, Picture,
// Line, Push, Pop, as a value or a pointer. Bounds encloses all that it paints.
type Item interface{ Bounds() Rect }

// Radii are a box's corner radii: top left, top right, bottom right, bottom left.
type Radii [4]float32

// Fill is a filled box.
type Fill struct {
	Rect
	Color color.NRGBA
	Radii Radii
}

// Stop is a colour on a gradient line.
type Stop struct {
	At    float32 // 0 at the line's start, 1 at its end; stops ascend
	Color color.NRGBA
}

// Gradient is a box filled with a gradient (CSS Images 3, section 3). A linear
// one runs from X0, Y0 to X1, Y1; a radial one has its centre at X0, Y0 and is
// an ellipse with the radii X1, Y1. All are page coordinates.
type Gradient struct {
	Rect
	Radii          Radii
	Radial         bool
	X0, Y0, X1, Y1 float32
	Stops          []Stop
	Repeat         bool // repeating-linear-gradient, repeating-radial-gradient
}

// Shadow is one box shadow (CSS Backgrounds 3, section 6.1). Rect is what it
// may touch: blur included for an outer one, the padding box for an inset one.
// An outer shadow does not paint inside Hole, the border box; an inset one
// paints inside Rect what lies outside Shape.
type Shadow struct {
	Rect
	Shape     Rect // the shadow itself: offset and spread applied, blur not
	Radii     Radii
	Hole      Rect // outer: the border box; inset: the padding box
	HoleRadii Radii
	Blur      float32 // the blur radius: twice the standard deviation
	Color     color.NRGBA
	Inset     bool
}

// Edge is one side of a border.
type Edge struct {
	Width float32
	Color color.NRGBA
	Style string // solid, dashed, dotted, double, groove, ridge, inset, outset
}

// Border is the four edges of a box, its border box being Rect: top, right,
// bottom, left.
type Border struct {
	Rect
	Edges [4]Edge
	Radii Radii
}

// Glyph is a shaped glyph at its place relative to the run's origin.
type Glyph struct {
	ID   uint32
	X, Y float32 // offset of the glyph's origin from the run's origin
}

// Run is a line of text in one font: X, Y of Origin is the start of the baseline.
type Run struct {
	Rect    // its line box part, for hit tests and damage
	OriginX float32
	OriginY float32
	Face    Face
	Size    float32 // CSS pixels per em
	Color   color.NRGBA
	Glyphs  []Glyph
	Blur    float32 // of a text shadow: the blur radius; 0 for text itself
}

// Face is an opaque reference to a font face; package text of the engine makes
// and the rasteriser reads it.
type Face interface{ FaceID() uint64 }

// Picture is an image scaled into Rect.
type Picture struct {
	Rect
	Image image.Image
	Radii Radii
	// Tile, if not zero, repeats the image at this size from Rect's corner plus Offset.
	TileW, TileH, OffsetX, OffsetY float32
	Opacity                        float32 // above 0, up to 1; 0 counts as 1
}

// Line is a decoration: underline, overline, line-through.
type Line struct {
	Rect
	Color color.NRGBA
	Style string // solid, double, dotted, dashed, wavy
}

// Push begins a group; Pop ends it. With Clip, nothing of it is drawn outside
// Rect (with Radii). The group is drawn with Opacity as a whole; 0 counts as 1,
// as what is wholly transparent is left out of the list.
type Push struct {
	Rect
	Radii   Radii
	Opacity float32
	Clip    bool
}

// Pop ends the innermost group.
type Pop struct{ Rect }

// Bounds is the item's own box.
func (r Rect) Bounds() Rect { return r }

// List is a display list in painting order.
type List []Item

// Value turns pointers to items into items; runs, which are many and large,
// stay pointers.
func Value(it Item) Item {
	switch v := it.(type) {
	case *Fill:
		return *v
	case *Gradient:
		return *v
	case *Shadow:
		return *v
	case *Border:
		return *v
	case *Picture:
		return *v
	case *Line:
		return *v
	case *Push:
		return *v
	case *Pop:
		return *v
	}
	return it
}
