// Package xwd reads X window dumps, the form in which Xvfb keeps its screen.
package xwd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
)

// The fields of the header that matter, as indices of 32-bit words
// (X11/XWDFile.h, version 7).
const (
	headerSize = iota
	fileVersion
	_
	_
	width
	height
	_
	byteOrder
	_
	_
	_
	bitsPerPixel
	bytesPerLine
	colours        = 19
	headerWords    = 25
	colourSize     = 12
	maxSide        = 1 << 14
	currentVersion = 7
)

// Decode reads a dump with 32 bits per pixel.
func Decode(data []byte) (*image.RGBA, error) {
	if len(data) < headerWords*4 {
		return nil, errors.New("too short for a window dump")
	}
	word := func(i int) int { return int(binary.BigEndian.Uint32(data[4*i:])) }
	w, h, stride := word(width), word(height), word(bytesPerLine)
	start := word(headerSize) + colourSize*word(colours)
	switch {
	case word(fileVersion) != currentVersion || word(bitsPerPixel) != 32:
		return nil, fmt.Errorf("version %d with %d bits per pixel", word(fileVersion), word(bitsPerPixel))
	case w < 1 || h < 1 || w > maxSide || h > maxSide || stride < 4*w || start < 0 || start+stride*h > len(data):
		return nil, errors.New("the sizes in the header do not fit")
	}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	little := word(byteOrder) == 0
	for y := range h {
		for x := range w {
			p := data[start+stride*y+4*x:]
			out := img.Pix[img.PixOffset(x, y):]
			if little {
				out[0], out[1], out[2], out[3] = p[2], p[1], p[0], 0xff
			} else {
				out[0], out[1], out[2], out[3] = p[1], p[2], p[3], 0xff
			}
		}
	}
	return img, nil
}
