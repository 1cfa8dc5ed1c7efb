package preview

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"guichet/services/profile"
)

// key names a preview: another size or time of the file is another preview.
func key(r Request) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %d %d %d %v", r.Place, []string(r.Path), r.Entry.Size, r.Entry.ModTime.UnixNano(), r.Box, r.Small)
	return hex.EncodeToString(h.Sum(nil)[:20])
}

// memory keeps the previews that were used last.
type memory struct {
	mu    sync.Mutex
	limit int64
	size  int64
	byKey map[string]*list.Element
	order *list.List // of kept, the one used last in front
}

type kept struct {
	key     string
	preview *Preview
	size    int64
}

func newMemory(limit int64) *memory {
	return &memory{limit: limit, byKey: map[string]*list.Element{}, order: list.New()}
}

func (m *memory) get(k string) *Preview {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.byKey[k]
	if e == nil {
		return nil
	}
	m.order.MoveToFront(e)
	return e.Value.(kept).preview
}

func (m *memory) put(k string, p *Preview) {
	size := int64(512)
	if p.Image != nil {
		size += int64(p.Image.Bounds().Dx()) * int64(p.Image.Bounds().Dy()) * 4
	}
	for _, line := range p.Lines {
		size += int64(len(line)) + 16
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byKey[k] != nil {
		return
	}
	m.byKey[k] = m.order.PushFront(kept{k, p, size})
	m.size += size
	for m.size > m.limit && m.order.Len() > 1 {
		old := m.order.Remove(m.order.Back()).(kept)
		delete(m.byKey, old.key)
		m.size -= old.size
	}
}

// disk keeps pictures of servers from one start to the next. What it cannot keep
// is fetched again: its errors are of no consequence.
type disk struct{ dir string }

// diskLimit bounds the folder, in bytes; it is held at each start.
const diskLimit = 96 << 20

// maxKept is the largest file that is believed to be one of ours.
const maxKept = 8 << 20

func newDisk(dir string) *disk { return &disk{dir} }

func (d *disk) path(k string) string { return filepath.Join(d.dir, k) }

// get reads a picture: the size of the original in 8 bytes, then a JPEG or PNG.
func (d *disk) get(k string) *Preview {
	if d.dir == "" {
		return nil
	}
	if info, err := os.Stat(d.path(k)); err != nil || info.Size() > maxKept || info.Size() < 8 {
		return nil
	}
	data, err := os.ReadFile(d.path(k))
	if err != nil || len(data) < 8 {
		return nil
	}
	img, _, err := image.Decode(bytes.NewReader(data[8:]))
	if err != nil {
		return nil
	}
	out := image.NewRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	draw.Draw(out, out.Rect, img, img.Bounds().Min, draw.Src)
	now := time.Now()
	_ = os.Chtimes(d.path(k), now, now) // used just now
	return &Preview{Kind: Picture, Image: out, Width: int(binary.BigEndian.Uint32(data)), Height: int(binary.BigEndian.Uint32(data[4:]))}
}

func (d *disk) put(k string, p *Preview) {
	if d.dir == "" {
		return
	}
	var b bytes.Buffer
	b.Write(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(p.Width)), uint32(p.Height)))
	var err error
	if o, ok := p.Image.(interface{ Opaque() bool }); ok && o.Opaque() {
		err = jpeg.Encode(&b, p.Image, &jpeg.Options{Quality: 88})
	} else {
		err = png.Encode(&b, p.Image)
	}
	if err == nil {
		err = os.MkdirAll(d.dir, 0o700)
	}
	if err == nil {
		err = profile.WriteFile(d.path(k), b.Bytes(), 0o600)
	}
	if err != nil {
		slog.Debug("a preview was not kept", "err", err)
	}
}

// tidy removes the pictures that were not used for the longest time.
func (d *disk) tidy() {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return
	}
	type old struct {
		name string
		size int64
		at   time.Time
	}
	var all []old
	total := int64(0)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			all = append(all, old{e.Name(), info.Size(), info.ModTime()})
			total += info.Size()
		}
	}
	slices.SortFunc(all, func(a, b old) int { return a.at.Compare(b.at) })
	for _, o := range all {
		if total <= diskLimit {
			return
		}
		if os.Remove(filepath.Join(d.dir, o.name)) == nil {
			total -= o.size
		}
	}
}
