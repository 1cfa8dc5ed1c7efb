// Package preview makes small pictures and beginnings of texts out of files, on
// this computer or on a server: bounded in memory, time and bytes that are
// moved, and kept for the next time. Broken and hostile files give no preview,
// never a panic.
package preview

import (
	"bytes"
	"context"
	"errors"
	"image"
	"io"
	"path"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/task"
)

// Kind is what a preview shows.
type Kind int

// The kinds.
const (
	None    Kind = iota // nothing that can be shown
	Picture             // Preview.Image
	Text                // Preview.Lines
	TooBig              // a picture over the limits; Width and Height may be known
)

// Preview is what is shown of a file. It is immutable.
type Preview struct {
	Kind          Kind
	Image         image.Image // at most Request.Box wide and high, upright
	Width, Height int         // of the whole picture as it is seen, 0 unknown
	Lines         []string    // of a text, each short enough for a line on the screen
	Charset       string      // of a text, an IANA name
	Cut           bool        // the text goes on
}

// Request names a file and how large its picture is wanted.
type Request struct {
	FS files.FS
	// Place tells file systems apart in the caches: files.Site.Key, "" for this
	// computer, whose pictures are not written to the disk once more.
	Place string
	Path  files.Path
	Entry files.Entry // as listed: size and time say whether a kept preview still holds
	Box   int         // pixels, the longest side
	// Small asks for a picture only, as cheap as can be had: the one that a camera
	// puts into the file if it will do.
	Small bool
}

// The limits. They hold for each file; one file of a server and two of this
// computer are read at once.
const (
	head          = 192 << 10 // read first: type, size, the camera's small picture
	maxLocal      = 80 << 20  // bytes of a picture that is decoded
	maxRemote     = 24 << 20
	maxSmall      = 12 << 20   // of a server's picture for a grid
	maxPixels     = 50_000_000 // of a picture that is decoded
	maxStaged     = 16_000_000 // of one that needs ten times its size to be decoded
	maxText       = 128 << 10
	remoteTimeout = 30 * time.Second
)

// Params are what a Service is made of.
type Params struct {
	Dir    string      // for the small pictures of servers; "": they are not kept
	Group  *task.Group // tidies up the folder
	Memory int64       // bytes of pictures kept in memory; 0: 64 MiB
}

// Service makes previews and keeps them. It is safe for concurrent use.
type Service struct {
	memory *memory
	disk   *disk
	remote chan struct{} // a token per file of servers being read
	here   chan struct{} // the same on this computer
	decode chan struct{} // one large picture at a time
}

// New makes a Service.
func New(p Params) *Service {
	if p.Memory == 0 {
		p.Memory = 64 << 20
	}
	s := &Service{
		memory: newMemory(p.Memory), disk: newDisk(p.Dir),
		remote: make(chan struct{}, 1), here: make(chan struct{}, 2), decode: make(chan struct{}, 1),
	}
	if p.Group != nil && p.Dir != "" {
		p.Group.Go("tidy previews", func(context.Context) { s.disk.tidy() })
	}
	return s
}

// pictures are the endings of names that are looked into for a grid.
var pictures = map[string]bool{".jpg": true, ".jpeg": true, ".jpe": true, ".png": true, ".gif": true, ".webp": true, ".bmp": true}

// Promising reports whether a file's name speaks for a picture.
func Promising(e files.Entry) bool {
	return (e.Type == files.File || e.Type == files.LinkFile) && pictures[strings.ToLower(path.Ext(e.Name))]
}

// Kept gives a preview that is in memory, nil if it is not.
func (s *Service) Kept(r Request) *Preview { return s.memory.get(key(r)) }

// Load gives the preview of a file. It waits for its turn and for the file, at
// most half a minute for a server's. A file that cannot be shown is a preview of
// kind None; faults are those of reading it.
func (s *Service) Load(ctx context.Context, r Request) (*Preview, error) {
	if r.Entry.Type.IsDir() || r.Entry.Type == files.Other {
		return &Preview{}, nil
	}
	k := key(r)
	if p := s.memory.get(k); p != nil {
		return p, nil
	}
	if r.Place != "" {
		if p := s.disk.get(k); p != nil {
			s.memory.put(k, p)
			return p, nil
		}
	}
	turn := s.here
	if r.Place != "" {
		turn = s.remote
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, remoteTimeout)
		defer cancel()
	}
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return nil, fault.From("preview", "", ctx.Err())
	}
	var p *Preview
	err := task.Catch("preview", func() (err error) {
		p, err = s.read(ctx, r)
		return err
	})
	if err != nil {
		return nil, fault.From("preview", "", err)
	}
	s.memory.put(k, p)
	if r.Place != "" && p.Kind == Picture {
		s.disk.put(k, p)
	}
	return p, nil
}

// read opens the file and makes its preview.
func (s *Service) read(ctx context.Context, r Request) (*Preview, error) {
	if r.FS == nil {
		return nil, fault.Newf(fault.Offline, "preview", "", "not connected")
	}
	if r.Entry.Size == 0 {
		return &Preview{}, nil
	}
	f, err := r.FS.Read(ctx, r.Path, 0)
	if err != nil {
		return nil, err
	}
	// What is not read to its end may be closed with a complaint.
	defer func() { _ = f.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = f.Close() })
	defer stop()
	first := make([]byte, head)
	n, err := io.ReadFull(f, first)
	first = first[:n]
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, err
	}
	whole := err != nil
	if format(first) == "" {
		if r.Small {
			return &Preview{}, nil
		}
		return text(first, whole), nil
	}
	return s.picture(ctx, r, first, whole, f)
}

// picture makes a picture's preview of its first bytes and the rest of the file.
func (s *Service) picture(ctx context.Context, r Request, first []byte, whole bool, rest io.Reader) (*Preview, error) {
	meta := inspect(first)
	if p := meta.small(r.Box); p != nil {
		return p, nil
	}
	limit := int64(maxLocal)
	switch {
	case r.Place != "" && r.Small:
		limit = maxSmall
	case r.Place != "":
		limit = maxRemote
	}
	if meta.width > 0 && !meta.fits() || r.Entry.Size > limit {
		return meta.tooBig(), nil
	}
	data := first
	if !whole {
		var b bytes.Buffer
		b.Write(first)
		_, err := io.Copy(&b, io.LimitReader(rest, limit-int64(len(first))+1))
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, err
		case int64(b.Len()) > limit:
			return meta.tooBig(), nil
		}
		data = b.Bytes()
		if meta.width == 0 {
			meta = inspect(data)
		}
	}
	if meta.width == 0 {
		return &Preview{}, nil // it only begins like a picture
	}
	if !meta.fits() {
		return meta.tooBig(), nil
	}
	select {
	case s.decode <- struct{}{}:
		defer func() { <-s.decode }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return &Preview{Width: meta.width, Height: meta.height}, nil // broken: there is nothing to show
	}
	return meta.finish(img, r.Box), nil
}
