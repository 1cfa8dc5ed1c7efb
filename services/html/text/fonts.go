// Package text finds fonts and shapes text for the page engine: families and
// their matching (CSS Fonts 4, section 5), fallback for each character,
// shaping by HarfBuzz's rules, line break opportunities (UAX 14), graphemes and
// words (UAX 29) and directions (UAX 9).
//
// A Fonts is a collection of families. It is safe for concurrent use. What it
// answers depends only on what was registered, unless UseSystem allows the
// fonts of this computer: tests leave that off and are the same everywhere.
package text

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/gomonobolditalic"
	"golang.org/x/image/font/gofont/gomonoitalic"
	"golang.org/x/image/font/gofont/goregular"

	"guichet/services/fault"
)

// Generic family names of CSS that every Fonts can answer.
const (
	Serif     = "serif"
	SansSerif = "sans-serif"
	Monospace = "monospace"
	SystemUI  = "system-ui"
)

// fixedSans and fixedMono are the families that are always there.
const (
	fixedSans = "go"
	fixedMono = "go mono"
)

// Query describes a wanted font as CSS does.
type Query struct {
	Families []string // in order of preference, generic names included
	Weight   int      // 1 to 1000; 0 is 400
	Italic   bool
}

// Fonts is a collection of font families. The zero value is not usable: see
// NewFonts and Shared.
type Fonts struct {
	mu         sync.RWMutex
	registered map[string][]*source
	system     *system
	selections map[string]*selection
	words      cache
	parent     *Fonts
}

var shared = sync.OnceValue(NewFonts)

// Shared is the collection that the whole program uses.
func Shared() *Fonts { return shared() }

// NewFonts makes a collection of the built-in families alone.
func NewFonts() *Fonts {
	f := &Fonts{
		registered: map[string][]*source{},
		selections: map[string]*selection{},
	}
	f.builtin(fixedSans, goregular.TTF, 400, false)
	f.builtin(fixedSans, goitalic.TTF, 400, true)
	f.builtin(fixedSans, gobold.TTF, 700, false)
	f.builtin(fixedSans, gobolditalic.TTF, 700, true)
	f.builtin(fixedMono, gomono.TTF, 400, false)
	f.builtin(fixedMono, gomonoitalic.TTF, 400, true)
	f.builtin(fixedMono, gomonobold.TTF, 700, false)
	f.builtin(fixedMono, gomonobolditalic.TTF, 700, true)
	return f
}

// With makes a collection for one document: families registered in it hide
// those of f, and everything else is answered by f. System fonts are f's.
func (f *Fonts) With() *Fonts {
	return &Fonts{
		registered: map[string][]*source{},
		selections: map[string]*selection{},
		parent:     f,
	}
}

func (f *Fonts) builtin(family string, data []byte, weight int, italic bool) {
	f.registered[family] = append(f.registered[family], &source{
		weight: weight, italic: italic,
		open: func() (*font.Font, error) { return parse(data, 0) },
	})
}

// Register adds a font file (TrueType, OpenType or WOFF 1; of a collection the
// first face) under a family name, which may be a generic one; "" means the name that
// the file gives itself. Weight and slant are read from the file. A file that
// cannot be read is a Damaged fault.
func (f *Fonts) Register(family string, data []byte) error {
	ft, err := parse(data, 0)
	if err != nil {
		return fault.New(fault.Damaged, "read a font", "", err)
	}
	d := ft.Describe()
	if family == "" {
		family = d.Family
	}
	return f.add(family, ft, int(d.Aspect.Weight), d.Aspect.Style == font.StyleItalic)
}

// RegisterAs is Register with weight and slant given, as an @font-face rule
// does (CSS Fonts 4, section 4.4).
func (f *Fonts) RegisterAs(family string, data []byte, weight int, italic bool) error {
	ft, err := parse(data, 0)
	if err != nil {
		return fault.New(fault.Damaged, "read a font", "", err)
	}
	return f.add(family, ft, weight, italic)
}

// Offer registers a font under several family names without reading it: data is
// called when it is first needed. A font that cannot be read then is logged
// and passed over.
func (f *Fonts) Offer(families []string, weight int, italic bool, data func() []byte) {
	s := &source{
		weight: weight, italic: italic,
		open: func() (*font.Font, error) { return parse(data(), 0) },
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, family := range families {
		f.registered[normal(family)] = append(f.registered[normal(family)], s)
	}
	f.forget()
}

func (f *Fonts) add(family string, ft *font.Font, weight int, italic bool) error {
	family = normal(family)
	if family == "" {
		return fault.New(fault.Damaged, "read a font", "", fmt.Errorf("the font has no name"))
	}
	s := &source{weight: weight, italic: italic, font: ft}
	s.once.Do(func() {})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.registered[family] = append(f.registered[family], s)
	f.forget()
	return nil
}

// forget drops what was derived from the registered families; mu is held.
func (f *Fonts) forget() {
	clear(f.selections)
	f.words.reset()
}

// UseSystem allows the fonts of this computer; the index of them is kept in
// cacheDir ("" lets the platform choose). They are looked for when first
// needed, which takes a second or two on the first run ever: Warm does it ahead.
func (f *Fonts) UseSystem(cacheDir string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.system = newSystem(cacheDir)
	f.forget()
}

// Warm looks for the system fonts now, if they are allowed. It may take
// seconds and is for a goroutine of the caller's.
func (f *Fonts) Warm() {
	f.mu.RLock()
	s := f.system
	f.mu.RUnlock()
	if s != nil {
		s.scan()
	}
}

// source is one font file of a family, opened when first needed.
type source struct {
	weight int
	italic bool
	covers func(r rune) bool // nil: ask the font
	open   func() (*font.Font, error)

	once     sync.Once
	font     *font.Font
	variable sync.Once
	axis     bool // has a weight axis
	mu       sync.Mutex
	faces    map[variant]*Face
}

// variant is what is done to a font to make it fit a query.
type variant struct {
	embolden, slant bool
	weight          int // of a variable font
}

func (s *source) load() *font.Font {
	s.once.Do(func() {
		ft, err := s.open()
		if err != nil {
			slog.Warn("a font could not be read", "err", err)
			return
		}
		s.font = ft
	})
	return s.font
}

// face is the source made to fit weight and slant; nil if it cannot be read.
func (s *source) face(weight int, italic bool) *Face {
	ft := s.load()
	if ft == nil {
		return nil
	}
	v := variant{slant: italic && !s.italic}
	s.variable.Do(func() { s.axis = isVariable(ft) })
	if s.axis {
		v.weight = weight
	} else {
		v.embolden = weight >= 600 && s.weight < 600
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if fc := s.faces[v]; fc != nil {
		return fc
	}
	fc := newFace(ft, v)
	if s.faces == nil {
		s.faces = map[variant]*Face{}
	}
	s.faces[v] = fc
	return fc
}

func (s *source) has(r rune) bool {
	if s.covers != nil {
		return s.covers(r)
	}
	ft := s.load()
	if ft == nil {
		return false
	}
	_, ok := ft.NominalGlyph(r)
	return ok
}

// parse reads face number index of a font file. Fonts come from the network
// too, so a panic of the reader is an error like any other.
func parse(data []byte, index int) (ft *font.Font, err error) {
	if len(data) > maxFontFile {
		return nil, fmt.Errorf("a font of %d bytes", len(data))
	}
	defer func() {
		if r := recover(); r != nil {
			ft, err = nil, fmt.Errorf("font reader: %v", r)
		}
	}()
	loaders, err := opentype.NewLoaders(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if index < 0 || index >= len(loaders) {
		return nil, fmt.Errorf("the file has no font number %d", index)
	}
	ft, err = font.NewFont(loaders[index])
	if err != nil {
		return nil, err
	}
	if ft.Upem() == 0 {
		return nil, fmt.Errorf("the font has no units per em")
	}
	return ft, nil
}

// normal is the form of a family name in which it is compared (CSS Fonts 4, 5.1).
func normal(family string) string {
	return strings.ToLower(strings.Join(strings.Fields(strings.Trim(family, `"' `)), " "))
}
