// Package filter chooses files by masks, size, age and kind: what a transfer, a
// comparison or a search leaves out.
package filter

import (
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"guichet/services/fault"
	"guichet/services/files"
)

// Filter is what a person chose. The zero value lets everything pass. It is
// stored with jobs and pairs of folders, so its JSON stays readable.
//
// Include and Exclude hold masks separated by semicolons (";;" stands for one in
// a name). In a mask * is any text, ? one character, [a-z] one of these; letters'
// case does not count. "*.tmp" is any file of such a name, "cache/" any folder,
// "/build/" or "docs/*.pdf", with a slash before its end, a path counted from the
// top; there ** is any number of folders.
type Filter struct {
	// Include lets only these files pass; masks of folders let only those folders
	// be entered, with all in them. "" includes all.
	Include string `json:"include,omitempty"`
	// Exclude leaves these out, after Include.
	Exclude string `json:"exclude,omitempty"`
	MinSize int64  `json:"min_size,omitempty"` // bytes; smaller files are left out
	MaxSize int64  `json:"max_size,omitempty"` // bytes; bigger files are left out; 0: no bound
	// MaxAge leaves out files that were changed longer ago, MinAge those changed
	// more lately; 0: no bound. What has no known time passes.
	MaxAge time.Duration `json:"max_age,omitempty"`
	MinAge time.Duration `json:"min_age,omitempty"`
	Hidden bool          `json:"hidden,omitempty"` // leave out names that begin with a dot
	Junk   bool          `json:"junk,omitempty"`   // leave out what systems scatter: .DS_Store, Thumbs.db
}

// junk are names in lower case that no person has made.
var junk = map[string]bool{
	".ds_store": true, ".localized": true, "__macosx": true, ".spotlight-v100": true, ".trashes": true, ".fseventsd": true, ".temporaryitems": true,
	"thumbs.db": true, "ehthumbs.db": true, "desktop.ini": true, "$recycle.bin": true, "system volume information": true,
	".directory": true, ".nfs": true,
}

// IsZero reports whether everything passes.
func (f Filter) IsZero() bool { return f == Filter{} }

// Compile reads the masks. A fault of kind Unsupported tells that one of them
// cannot be read.
func (f Filter) Compile() (*Matcher, error) {
	if f.IsZero() {
		return nil, nil //nolint:nilnil // a nil Matcher lets everything pass
	}
	m := &Matcher{f: f, now: time.Now()}
	var err error
	if m.include, err = masks(f.Include); err != nil {
		return nil, err
	}
	if m.exclude, err = masks(f.Exclude); err != nil {
		return nil, err
	}
	return m, nil
}

// Matcher is a Filter ready for use. A nil one lets everything pass. It is
// immutable and safe for concurrent use; ages count from when it was made.
type Matcher struct {
	f                Filter
	include, exclude rules
	now              time.Time
}

// rules are the masks of one list.
type rules struct{ files, folders []mask }

// mask is one pattern, in lower case.
type mask struct {
	text     string
	anchored bool     // matches the whole path, else the last name
	parts    []string // of an anchored one
}

func masks(list string) (rules, error) {
	var r rules
	// A doubled semicolon is part of a name. NUL never is, so it can stand for it.
	list = strings.ReplaceAll(list, ";;", "\x00")
	for text := range strings.SplitSeq(list, ";") {
		text = strings.TrimSpace(strings.ReplaceAll(text, "\x00", ";"))
		if text == "" {
			continue
		}
		rest, folder := strings.CutSuffix(text, "/")
		rest, top := strings.CutPrefix(rest, "/")
		m := mask{text: plain(rest), anchored: top || strings.Contains(rest, "/")}
		if m.text == "" {
			return rules{}, bad(text)
		}
		if m.anchored {
			m.parts = strings.Split(m.text, "/")
		}
		for part := range strings.SplitSeq(m.text, "/") {
			if _, err := path.Match(part, ""); err != nil {
				return rules{}, bad(text)
			}
		}
		if folder {
			r.folders = append(r.folders, m)
		} else {
			r.files = append(r.files, m)
		}
	}
	return r, nil
}

func bad(text string) error {
	return fault.Newf(fault.Unsupported, "filter", "", "the mask %q cannot be read", text)
}

// plain is the form in which names and masks are compared: lower case, composed
// characters, no raw bytes.
func plain(name string) string {
	if !utf8.ValidString(name) {
		name = files.Display(name)
	}
	return norm.NFC.String(strings.ToLower(name))
}

// Skip reports whether an entry is left out, and if it is a folder, all in it.
// rel is its path from the top of the transfer, its own name included; the
// folders above it are taken to have passed.
func (m *Matcher) Skip(rel files.Path, e files.Entry) bool {
	if m == nil || len(rel) == 0 {
		return false
	}
	names := make([]string, len(rel))
	for i, name := range rel {
		names[i] = plain(name)
	}
	base := names[len(names)-1]
	if m.f.Hidden && strings.HasPrefix(base, ".") || m.f.Junk && (junk[base] || strings.HasPrefix(base, "._") || strings.HasPrefix(base, ".nfs0")) {
		return true
	}
	if e.Type.IsDir() {
		return anyOf(m.exclude.folders, names) || len(m.include.folders) > 0 && !m.entered(names)
	}
	if anyOf(m.exclude.files, names) || len(m.include.files) > 0 && !anyOf(m.include.files, names) {
		return true
	}
	if e.Size >= 0 && (e.Size < m.f.MinSize || m.f.MaxSize > 0 && e.Size > m.f.MaxSize) {
		return true
	}
	if e.ModTime.IsZero() {
		return false
	}
	age := m.now.Sub(e.ModTime)
	return m.f.MaxAge > 0 && age > m.f.MaxAge || m.f.MinAge > 0 && age < m.f.MinAge
}

// entered reports whether a folder or one above it is included, or lies on the
// way to one that a path names.
func (m *Matcher) entered(names []string) bool {
	for n := len(names); n > 0; n-- {
		if anyOf(m.include.folders, names[:n]) {
			return true
		}
	}
	for _, one := range m.include.folders {
		if !one.anchored {
			continue
		}
		for n := 1; n < len(one.parts); n++ {
			if matchPath(one.parts[:n], names) || one.parts[n-1] == "**" {
				return true
			}
		}
	}
	return false
}

func anyOf(list []mask, names []string) bool {
	for _, m := range list {
		if m.anchored && matchPath(m.parts, names) || !m.anchored && match(m.text, names[len(names)-1]) {
			return true
		}
	}
	return false
}

func match(pattern, name string) bool {
	ok, err := path.Match(pattern, strings.ReplaceAll(name, "/", "\x00"))
	return ok && err == nil
}

// matchPath matches names one by one; ** takes any number of them. It goes back
// to the last ** only, so its time is at most the product of the lengths.
func matchPath(parts, names []string) bool {
	p, n, star, mark := 0, 0, -1, 0
	for n < len(names) {
		switch {
		case p < len(parts) && parts[p] == "**":
			star, mark = p, n
			p++
		case p < len(parts) && match(parts[p], names[n]):
			p++
			n++
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	for p < len(parts) && parts[p] == "**" {
		p++
	}
	return p == len(parts)
}
