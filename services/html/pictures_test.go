package html

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A page may show any number of large pictures; what it keeps of them is bounded.
func TestManyLargePictures(t *testing.T) {
	var one bytes.Buffer
	require.NoError(t, png.Encode(&one, image.NewGray(image.Rect(0, 0, 500, 400))))
	var src strings.Builder
	const n = 60
	for i := range n {
		fmt.Fprintf(&src, "<img src='http://x/%d'>", i)
	}
	doc, err := Parse(t.Context(), []byte(src.String()), Options{Limits: Limits{DecodedPixels: 50 * 200_000, KeptPixels: 1_000_000}})
	require.NoError(t, err)
	require.NoError(t, doc.Complete(t.Context(), func(context.Context, Request) (*Resource, error) {
		return &Resource{MediaType: "image/png", Data: one.Bytes()}, nil
	}))
	require.LessOrEqual(t, doc.kept, 1_000_000)
	require.LessOrEqual(t, doc.decoded, 50*200_000)
	drawn := 0
	for _, p := range doc.pictures {
		if p.picture.Image != nil {
			drawn++
			require.Equal(t, float32(500), p.picture.W)
		}
	}
	require.Equal(t, 50, drawn)
}
