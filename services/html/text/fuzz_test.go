package text_test

import (
	"testing"

	"golang.org/x/image/font/gofont/gomono"

	"guichet/services/html/text"
)

// FuzzRegister reads fonts as they may come from the network.
func FuzzRegister(f *testing.F) {
	small := gomono.TTF
	f.Add(small, "abc")
	f.Add(small[:len(small)/2], "abc")
	f.Add([]byte("wOFF\x00\x01\x00\x00"), "a")
	f.Add([]byte("OTTO\x00\x01\x00\x00\x00\x00\x00\x00"), "a")
	for _, at := range []int{12, 28, 44, 300, 5000} {
		broken := append([]byte(nil), small...)
		for i := range 8 {
			broken[at+i] ^= 0xA5
		}
		f.Add(broken, "fi\u0301")
	}
	f.Fuzz(func(t *testing.T, data []byte, s string) {
		if len(s) > 200 {
			return
		}
		fonts := text.NewFonts()
		if err := fonts.Register("f", data); err != nil {
			return
		}
		for _, span := range fonts.Shape(s, text.Style{Query: text.Query{Families: []string{"f"}}, Size: 16}) {
			span.Face.Metrics(16)
			for _, g := range span.Glyphs {
				span.Face.Outline(g.ID)
				span.Face.Bitmap(g.ID)
			}
		}
	})
}
