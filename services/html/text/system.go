package text

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/fontscan"
)

// maxFontFile bounds one font file, in bytes: collections of East Asian fonts
// are large.
const maxFontFile = 128 << 20

// system is the fonts of this computer.
type system struct {
	cacheDir string
	once     sync.Once
	all      []*source
	families map[string][]*source
}

func newSystem(cacheDir string) *system { return &system{cacheDir: cacheDir} }

// quiet drops the scanner's notes about fonts that it passes over.
type quiet struct{}

func (quiet) Printf(format string, args ...any) {
	slog.Debug("font scan: " + strings.TrimSpace(fmt.Sprintf(format, args...)))
}

// scan reads the index of system fonts, or makes it.
func (s *system) scan() {
	s.once.Do(func() {
		s.families = map[string][]*source{}
		found, err := fontscan.SystemFonts(quiet{}, s.cacheDir)
		if err != nil {
			// No font folder or no place for the index: the built-in fonts remain.
			slog.Warn("system fonts are not available", "err", err)
			return
		}
		seen := map[fontscan.Location]bool{}
		for i := range found {
			fp := &found[i]
			// Named instances of a variable font are the same file: its axis is set by weight.
			at := fp.Location
			at.Instance = 0
			if seen[at] || fp.Aspect.Stretch != 0 && fp.Aspect.Stretch != font.StretchNormal {
				continue
			}
			seen[at] = true
			src := &source{
				weight: int(fp.Aspect.Weight), italic: fp.Aspect.Style == font.StyleItalic,
				covers: fp.Runes.Contains,
				open:   func() (*font.Font, error) { return openFile(at.File, int(at.Index)) },
			}
			s.all = append(s.all, src)
			s.families[fp.Family] = append(s.families[fp.Family], src)
		}
	})
}

func (s *system) family(name string) []*source {
	s.scan()
	return s.families[font.NormalizeFamily(name)]
}

// preferred are families to look into first when a character is missing: the
// first file with it is not always a good-looking one.
var preferred = []string{
	"noto color emoji", "segoe ui emoji", "apple color emoji",
	"dejavu sans", "noto sans", "segoe ui", "arial unicode ms",
	"noto sans cjk sc", "noto sans cjk jp", "pingfang sc", "hiragino sans", "microsoft yahei", "yu gothic", "malgun gothic",
	"noto sans arabic", "noto sans hebrew", "noto sans devanagari", "noto sans thai", "segoe ui symbol", "noto sans symbols",
}

func (s *system) fallback(r rune, weight int, italic bool) *Face {
	s.scan()
	order := preferred
	if !pictorial(r) {
		order = preferred[3:]
	}
	for _, family := range order {
		src := best(s.families[font.NormalizeFamily(family)], weight, italic)
		if src != nil && src.has(r) {
			if f := src.face(weight, italic); f != nil && f.Has(r) {
				return f
			}
		}
	}
	var having []*source
	for _, src := range s.all {
		if src.has(r) {
			having = append(having, src)
		}
	}
	if src := best(having, weight, italic); src != nil {
		if f := src.face(weight, italic); f != nil && f.Has(r) {
			return f
		}
	}
	return nil
}

// pictorial reports whether r is drawn in colours by default (the large blocks
// with Emoji_Presentation, UTS 51).
func pictorial(r rune) bool { return r >= 0x1F000 && r <= 0x1FAFF }

func openFile(path string, index int) (*font.Font, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // read only: nothing can be lost
	data, err := io.ReadAll(io.LimitReader(file, maxFontFile+1))
	if err != nil {
		return nil, err
	}
	ft, err := parse(data, index)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return ft, nil
}
