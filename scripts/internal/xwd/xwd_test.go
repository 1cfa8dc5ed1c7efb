package xwd

import (
	"encoding/binary"
	"image/color"
	"testing"

	"github.com/stretchr/testify/require"
)

// dump is a little-endian screen of one red and one blue pixel.
func dump() []byte {
	header := make([]byte, headerWords*4)
	for i, v := range map[int]uint32{headerSize: headerWords * 4, fileVersion: currentVersion, width: 2, height: 1, bitsPerPixel: 32, bytesPerLine: 8} {
		binary.BigEndian.PutUint32(header[4*i:], v)
	}
	return append(header, 0, 0, 0xff, 0, 0xff, 0, 0, 0)
}

func TestDecode(t *testing.T) {
	img, err := Decode(dump())
	require.NoError(t, err)
	require.Equal(t, color.RGBA{R: 0xff, A: 0xff}, img.RGBAAt(0, 0))
	require.Equal(t, color.RGBA{B: 0xff, A: 0xff}, img.RGBAAt(1, 0))
}

func FuzzDecode(f *testing.F) {
	f.Add(dump())
	f.Add(dump()[:20])
	f.Add(dump()[:len(dump())-1])
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = Decode(data) })
}
