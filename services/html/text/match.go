package text

import (
	"maps"
	"slices"
	"strconv"
	"sync"
)

// candidates are the families that stand for the generic names, in order of
// preference: those of Linux, Windows and macOS.
var candidates = map[string][]string{
	SansSerif: {"noto sans", "dejavu sans", "liberation sans", "arial", "helvetica", "segoe ui", fixedSans},
	Serif: {
		"noto serif", "dejavu serif", "liberation serif", "times new roman", "times", "nimbus roman", fixedSans,
	},
	Monospace: {
		"noto sans mono", "dejavu sans mono", "liberation mono", "menlo", "consolas", "courier new", fixedMono,
	},
	SystemUI:        {"segoe ui", "helvetica neue", "cantarell", "ubuntu", SansSerif},
	"ui-sans-serif": {SystemUI}, "ui-serif": {Serif}, "ui-monospace": {Monospace}, "ui-rounded": {SystemUI},
	"-apple-system": {SystemUI}, "blinkmacsystemfont": {SystemUI},
	"cursive": {"comic sans ms", "apple chancery", "z003", "urw chancery l", Serif},
	"fantasy": {"impact", "papyrus", Serif},
	emoji:     {"noto color emoji", "segoe ui emoji", "apple color emoji"},
	"math":    {"cambria math", "stix two math", "latin modern math", Serif},
}

// alike are fonts with the same measures as a well-known one: a page laid out
// with them has the same line breaks.
var alike = map[string][]string{
	"arial": {"liberation sans", "arimo", "nimbus sans"}, "helvetica": {"liberation sans", "arimo", "nimbus sans", "arial"},
	"arial narrow":    {"liberation sans narrow", "nimbus sans narrow"},
	"times new roman": {"liberation serif", "tinos", "nimbus roman"}, "times": {"liberation serif", "tinos", "nimbus roman", "times new roman"},
	"courier new": {"liberation mono", "cousine", "nimbus mono ps"}, "courier": {"liberation mono", "cousine", "nimbus mono ps", "courier new"},
	"calibri": {"carlito"}, "cambria": {"caladea"}, "georgia": {"gelasio"},
	"palatino": {"p052"}, "palatino linotype": {"p052"}, "bookman": {"urw bookman"}, "century schoolbook": {"c059"},
}

// selection is the answer to a query: its faces in order, and the fallback
// faces found so far.
type selection struct {
	faces    []*Face
	weight   int
	italic   bool
	mu       sync.RWMutex
	fallback map[rune]*Face
}

// Face is the best face for r: of the families asked for, of other registered
// families, of the system where that is allowed; if none has r, the first
// choice, which draws a box. It never is nil.
func (f *Fonts) Face(q Query, r rune) *Face { return f.faceFor(f.selection(q), r) }

// Primary is the face whose measures hold for q: the first one with a space
// (CSS Fonts 4, "first available font").
func (f *Fonts) Primary(q Query) *Face { return f.Face(q, ' ') }

// Metrics are the measures of a face at a size in CSS pixels.
func (f *Fonts) Metrics(face *Face, size float32) Metrics { return face.Metrics(size) }

func (f *Fonts) faceFor(s *selection, r rune) *Face {
	for _, face := range s.faces {
		if face.Has(r) {
			return face
		}
	}
	s.mu.RLock()
	face, known := s.fallback[r]
	s.mu.RUnlock()
	if known {
		return face
	}
	face = f.findFallback(r, s.weight, s.italic)
	if face == nil {
		face = s.faces[0]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.fallback) > 1<<14 { // a page of every character there is
		clear(s.fallback)
	}
	s.fallback[r] = face
	return face
}

func (f *Fonts) findFallback(r rune, weight int, italic bool) *Face {
	for g := f; g != nil; g = g.parent {
		g.mu.RLock()
		sys := g.system
		var sources []*source
		for _, family := range g.fallbackOrder(r) {
			sources = append(sources, best(g.registered[family], weight, italic))
		}
		g.mu.RUnlock()
		for _, s := range sources {
			if s.has(r) {
				if face := s.face(weight, italic); face != nil {
					return face
				}
			}
		}
		if sys != nil {
			if face := sys.fallback(r, weight, italic); face != nil {
				return face
			}
		}
	}
	return nil
}

func (f *Fonts) selection(q Query) *selection {
	var buf [256]byte
	key := appendQuery(buf[:0], q)
	f.mu.RLock()
	s := f.selections[string(key)]
	f.mu.RUnlock()
	if s != nil {
		return s
	}
	s = f.choose(q)
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.selections) > 4096 {
		clear(f.selections)
	}
	f.selections[string(key)] = s
	return s
}

func appendQuery(b []byte, q Query) []byte {
	for _, family := range q.Families {
		b = append(append(b, family...), 0)
	}
	b = strconv.AppendInt(b, int64(q.Weight), 10)
	if q.Italic {
		b = append(b, 'i')
	}
	return append(b, 0)
}

// maxFamilies bounds what one font-family list may ask for.
const maxFamilies = 64

func (f *Fonts) choose(q Query) *selection {
	if q.Weight <= 0 {
		q.Weight = 400
	}
	s := &selection{weight: q.Weight, italic: q.Italic, fallback: map[rune]*Face{}}
	seen := map[string]bool{}
	var add func(name string, depth int)
	add = func(name string, depth int) {
		if seen[name] || depth > 4 {
			return
		}
		seen[name] = true
		if face := f.familyFace(name, q.Weight, q.Italic); face != nil {
			s.faces = append(s.faces, face)
			return
		}
		if list, generic := candidates[name]; generic {
			for _, c := range list {
				before := len(s.faces)
				if add(c, depth+1); len(s.faces) > before {
					return
				}
			}
			return
		}
		for _, other := range alike[name] {
			if face := f.familyFace(other, q.Weight, q.Italic); face != nil {
				s.faces = append(s.faces, face)
				return
			}
		}
	}
	for i, family := range q.Families {
		if i == maxFamilies {
			break
		}
		add(normal(family), 0)
	}
	if len(s.faces) == 0 {
		add(SansSerif, 0)
	}
	if len(s.faces) == 0 {
		add(fixedSans, 0)
	}
	return s
}

// familyFace is the face of a family by its own name, or nil.
func (f *Fonts) familyFace(name string, weight int, italic bool) *Face {
	for g := f; g != nil; g = g.parent {
		g.mu.RLock()
		sources, sys := g.registered[name], g.system
		g.mu.RUnlock()
		if len(sources) > 0 {
			if face := best(sources, weight, italic).face(weight, italic); face != nil {
				return face
			}
		}
		if _, generic := candidates[name]; sys == nil || generic {
			continue
		}
		if s := best(sys.family(name), weight, italic); s != nil {
			if face := s.face(weight, italic); face != nil {
				return face
			}
		}
	}
	return nil
}

// best is the font of a family that fits weight and slant best (CSS Fonts 4,
// section 5.2: slant first, then weight); nil of none.
func best(sources []*source, weight int, italic bool) *source {
	var found *source
	lowest := 0
	for _, s := range sources {
		d := weightDistance(weight, s.weight)
		if s.italic != italic {
			d += 10_000
		}
		if found == nil || d < lowest {
			found, lowest = s, d
		}
	}
	return found
}

// weightDistance orders the weights of a family for a wanted one: between 400
// and 500 first up to 500, then downwards, then upwards; below 400 first
// downwards; above 500 first upwards.
func weightDistance(want, have int) int {
	const otherSide = 1000
	switch {
	case have == want:
		return 0
	case want >= 400 && want <= 500:
		if have > want && have <= 500 {
			return have - want
		}
		if have < want {
			return otherSide + want - have
		}
		return 2*otherSide + have - want
	case want < 400:
		if have < want {
			return want - have
		}
		return otherSide + have - want
	default:
		if have > want {
			return have - want
		}
		return otherSide + want - have
	}
}

// emoji is the generic family of colour pictures.
const emoji = "emoji"

// fallbackOrder lists the registered families in the order in which they are
// tried for a character; mu is held.
func (f *Fonts) fallbackOrder(r rune) []string {
	keys := slices.Sorted(maps.Keys(f.registered))
	if at := slices.Index(keys, emoji); at >= 0 {
		keys = slices.Delete(keys, at, at+1)
		if pictorial(r) {
			return slices.Insert(keys, 0, emoji)
		}
		return append(keys, emoji)
	}
	return keys
}
