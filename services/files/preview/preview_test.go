package preview

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/bmp"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
)

// half is a picture whose upper half is red and lower half blue.
func half(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{0xff, 0, 0, 0xff}
			if y >= h/2 {
				c = color.RGBA{0, 0, 0xff, 0xff}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func asJPEG(t testing.TB, img image.Image) []byte {
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}))
	return b.Bytes()
}

// withExif puts an APP1 segment with an orientation and, if not nil, a small
// picture behind the first marker of a JPEG.
func withExif(order binary.AppendByteOrder, img []byte, turn uint16, thumb []byte) []byte {
	mark := "II*\x00"
	if order == binary.AppendByteOrder(binary.BigEndian) {
		mark = "MM\x00*"
	}
	b := order.AppendUint32([]byte(mark), 8)
	field := func(tag, kind uint16, v uint32) {
		b = order.AppendUint16(b, tag)
		b = order.AppendUint16(b, kind)
		b = order.AppendUint32(b, 1)
		if kind == 3 {
			b = order.AppendUint16(b, uint16(v))
			b = order.AppendUint16(b, 0)
		} else {
			b = order.AppendUint32(b, v)
		}
	}
	b = order.AppendUint16(b, 1)
	field(tagOrientation, 3, uint32(turn))
	if thumb == nil {
		b = order.AppendUint32(b, 0)
	} else {
		second := uint32(len(b) + 4)
		b = order.AppendUint32(b, second)
		b = order.AppendUint16(b, 2)
		field(tagThumbOffset, 4, second+2+2*12+4)
		field(tagThumbLength, 4, uint32(len(thumb)))
		b = order.AppendUint32(b, 0)
		b = append(b, thumb...)
	}
	app1 := append([]byte("Exif\x00\x00"), b...)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(app1)+2))...)
	return append(append(out, app1...), img[2:]...)
}

type folder struct {
	files.FS
	t     testing.TB
	dir   string
	reads int
	bytes int
}

func newFolder(t testing.TB) *folder {
	dir := t.TempDir()
	f, err := local.New(dir, local.Options{})
	require.NoError(t, err)
	return &folder{FS: f, t: t, dir: dir}
}

func (f *folder) Read(ctx context.Context, p files.Path, offset int64) (io.ReadCloser, error) {
	f.reads++
	r, err := f.FS.Read(ctx, p, offset)
	return &counted{r, f}, err
}

type counted struct {
	io.ReadCloser
	f *folder
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.f.bytes += n
	return n, err
}

func (f *folder) put(name string, data []byte) Request {
	require.NoError(f.t, os.WriteFile(filepath.Join(f.dir, name), data, 0o600))
	return Request{FS: f, Path: files.Path{name}, Entry: files.Entry{Name: name, Size: int64(len(data)), ModTime: time.Unix(1.7e9, 0)}, Box: 100}
}

func TestPictures(t *testing.T) {
	f, s := newFolder(t), New(Params{})
	var p, g, m bytes.Buffer
	img := half(400, 200)
	require.NoError(t, png.Encode(&p, img))
	require.NoError(t, gif.Encode(&g, img, nil))
	require.NoError(t, bmp.Encode(&m, img))
	for name, data := range map[string][]byte{"a.png": p.Bytes(), "a.gif": g.Bytes(), "a.bmp": m.Bytes(), "a.jpg": asJPEG(t, img), "without ending": asJPEG(t, img)} {
		got, err := s.Load(t.Context(), f.put(name, data))
		require.NoError(t, err, name)
		require.Equal(t, Picture, got.Kind, name)
		require.Equal(t, [2]int{400, 200}, [2]int{got.Width, got.Height}, name)
		require.Equal(t, image.Rect(0, 0, 100, 50), got.Image.Bounds(), name)
		r, _, b, _ := got.Image.At(50, 10).RGBA()
		require.Greater(t, r, b, "%s: red above", name)
		r, _, b, _ = got.Image.At(50, 40).RGBA()
		require.Less(t, r, b, "%s: blue below", name)
	}
}

// Where the red half of a picture is seen after it was turned upright.
func TestOrientation(t *testing.T) {
	f, s := newFolder(t), New(Params{})
	img := asJPEG(t, half(80, 40))
	for turn, red := range map[uint16]image.Point{1: {40, 5}, 2: {40, 5}, 3: {40, 35}, 4: {40, 35}, 5: {5, 40}, 6: {35, 40}, 7: {35, 40}, 8: {5, 40}} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			got, err := s.Load(t.Context(), f.put(fmt.Sprint(turn, order, ".jpg"), withExif(order, img, turn, nil)))
			require.NoError(t, err)
			require.Equal(t, Picture, got.Kind)
			require.Equal(t, turn >= 5, got.Height > got.Width, "%d", turn)
			r, _, b, _ := got.Image.At(red.X, red.Y).RGBA()
			require.Greater(t, r, b, "orientation %d", turn)
		}
	}
}

// The camera's small picture is enough for a grid: the rest is not read. Its
// bars are cut off.
func TestSmallPictureOfTheCamera(t *testing.T) {
	f, s := newFolder(t), New(Params{})
	thumb := image.NewRGBA(image.Rect(0, 0, 160, 120)) // black bars above and below
	copy(thumb.Pix[thumb.PixOffset(0, 20):], half(160, 80).Pix)
	noise := half(3000, 1500)
	for i := range noise.Pix {
		if i%4 != 3 {
			noise.Pix[i] ^= byte(i * 7919 >> 3)
		}
	}
	data := withExif(binary.LittleEndian, asJPEG(t, noise), 1, asJPEG(t, thumb))
	require.Greater(t, len(data), 2*head)
	r := f.put("a.jpg", data)
	r.Small, r.Box = true, 240
	got, err := s.Load(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, [2]int{3000, 1500}, [2]int{got.Width, got.Height})
	require.Equal(t, image.Pt(160, 80), got.Image.Bounds().Size())
	require.LessOrEqual(t, f.bytes, head)
	r.Small, r.Box = false, 900
	got, err = s.Load(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, 900, got.Image.Bounds().Dx(), "a large one is made of the pixels")
}

func TestTexts(t *testing.T) {
	f, s := newFolder(t), New(Params{})
	for name, c := range map[string]struct {
		data    string
		want    string
		charset string
	}{
		"utf-8":      {"caf\u00e9\r\n\tx\n", "café|    x|", "utf-8"},
		"mark":       {"\xef\xbb\xbfa", "a", "utf-8"},
		"old":        {"caf\xe9 \x80", "café €", "windows-1252"},
		"wide":       {"\xff\xfea\x00b\x00", "ab", "utf-16le"},
		"wide, bare": {"a\x00b\x00\n\x00c\x00", "ab|c", "utf-16le"},
		"big":        {"\xfe\xff\x00a", "a", "utf-16be"},
		"bidi":       {"a\u202eb", "a\ufffdb", "utf-8"},
	} {
		got, err := s.Load(t.Context(), f.put(name+".txt", []byte(c.data)))
		require.NoError(t, err, name)
		require.Equal(t, Text, got.Kind, name)
		require.Equal(t, c.want, strings.Join(got.Lines, "|"), name)
		require.Equal(t, c.charset, got.Charset, name)
		require.False(t, got.Cut, name)
	}
	got, err := s.Load(t.Context(), f.put("long.txt", []byte(strings.Repeat("é", maxText))))
	require.NoError(t, err)
	require.True(t, got.Cut)
	require.Equal(t, "utf-8", got.Charset, "a letter cut in two is no other charset")
	require.LessOrEqual(t, len([]rune(got.Lines[0])), lineLength)
	got, err = s.Load(t.Context(), f.put("many.txt", bytes.Repeat([]byte("x\n"), 50_000)))
	require.NoError(t, err)
	require.Len(t, got.Lines, maxLines)
	require.LessOrEqual(t, f.bytes, 10*head)
}

func TestNothingToShow(t *testing.T) {
	f, s := newFolder(t), New(Params{})
	broken := asJPEG(t, half(400, 400))
	bomb := func(w, h uint32) []byte { // a PNG's head, and nothing behind it
		b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
		b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, w), h)
		b = append(b, 8, 2, 0, 0, 0)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[12:]))
	}
	for name, c := range map[string]struct {
		data []byte
		want Kind
	}{
		"empty":     {nil, None},
		"binary":    {[]byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00"), None},
		"cut short": {broken[:len(broken)/3], None},
		"only head": {[]byte("\xff\xd8\xff"), None},
		"bomb":      {bomb(100_000, 100_000), TooBig},
		"flat":      {bomb(1<<30, 1), TooBig},
	} {
		got, err := s.Load(t.Context(), f.put(name, c.data))
		require.NoError(t, err, name)
		require.Equal(t, c.want, got.Kind, name)
		require.Nil(t, got.Image, name)
	}
	got, err := s.Load(t.Context(), Request{FS: f, Entry: files.Entry{Type: files.Dir, Size: 4096}})
	require.NoError(t, err)
	require.Equal(t, None, got.Kind)
	_, err = s.Load(t.Context(), Request{FS: f, Path: files.Path{"nobody"}, Entry: files.Entry{Name: "nobody", Size: 9}})
	require.True(t, fault.Is(err, fault.NotFound), err)
	// A server's picture over its limit is not fetched.
	r := f.put("huge.jpg", broken)
	r.Place, r.Entry.Size = "server", maxRemote+1
	before := f.bytes
	got, err = s.Load(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, TooBig, got.Kind)
	require.LessOrEqual(t, f.bytes-before, head)
}

// What was made once is kept: in memory, and what came from servers on the disk.
func TestKept(t *testing.T) {
	dir := t.TempDir()
	f, s := newFolder(t), New(Params{Dir: dir})
	r := f.put("a.jpg", asJPEG(t, half(400, 200)))
	r.Place = "server"
	first, err := s.Load(t.Context(), r)
	require.NoError(t, err)
	require.Same(t, first, s.Kept(r))
	again, err := New(Params{Dir: dir}).Load(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, 1, f.reads, "the next start reads it from the disk")
	require.Equal(t, first.Image.Bounds(), again.Image.Bounds())
	require.Equal(t, [2]int{400, 200}, [2]int{again.Width, again.Height})
	r.Entry.ModTime = r.Entry.ModTime.Add(time.Second)
	_, err = s.Load(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, 2, f.reads, "a changed file is another picture")

	m := newMemory(3000)
	for i := range 10 {
		m.put(fmt.Sprint(i), &Preview{})
	}
	require.LessOrEqual(t, m.size, int64(3000))
	require.Nil(t, m.get("0"))
	require.NotNil(t, m.get("9"))
	d := newDisk(t.TempDir())
	require.NoError(t, os.Truncate(touch(t, d.path("old")), diskLimit))
	require.NoError(t, os.Chtimes(d.path("old"), time.Unix(1, 0), time.Unix(1, 0)))
	require.NoError(t, os.WriteFile(d.path("new"), []byte("x"), 0o600))
	d.tidy()
	require.NoFileExists(t, d.path("old"))
	require.FileExists(t, d.path("new"))
	require.Nil(t, d.get("new"), "what is no picture is none")
}

func touch(t *testing.T, path string) string {
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	return path
}

// mute never answers.
type mute struct{ files.FS }

func (mute) Read(ctx context.Context, _ files.Path, _ int64) (io.ReadCloser, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestCancel(t *testing.T) {
	s := New(Params{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	for i := range 2 { // the second waits for its turn
		go func() {
			_, err := s.Load(ctx, Request{FS: mute{}, Place: "server", Path: files.Path{fmt.Sprint(i)}, Entry: files.Entry{Size: 1}})
			done <- err
		}()
	}
	cancel()
	for range 2 {
		require.True(t, fault.Is(<-done, fault.Cancelled))
	}
}

func FuzzPreview(f *testing.F) {
	img := asJPEG(f, half(20, 10))
	f.Add(img)
	f.Add(withExif(binary.LittleEndian, img, 6, img))
	f.Add(withExif(binary.BigEndian, img, 3, img[:20]))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Add([]byte("RIFF\x10\x00\x00\x00WEBPVP8 "))
	f.Add([]byte("a\x00b\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if format(data) == "" {
			if p := text(data, false); len(p.Lines) > maxLines {
				t.Fatal("too many lines")
			}
			return
		}
		m := inspect(data)
		if m.width > 1000 || m.height > 1000 {
			return
		}
		if p := m.small(100); p != nil && p.Image.Bounds().Dx() > 100 {
			t.Fatal("larger than the box")
		}
	})
}
