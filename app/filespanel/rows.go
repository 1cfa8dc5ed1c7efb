package filespanel

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"guichet/app/look"
	"guichet/app/words"
	"guichet/services/files"
	"guichet/widgets/filetable"
	"guichet/widgets/kit"
)

// order is what rows are arranged by.
type order struct {
	column     filetable.Column
	descending bool
	hidden     bool   // show names that begin with a dot
	filter     string // in lower case; "" shows all
	language   string
}

// arranged is a listing's entries in an order. It is immutable, so that it can
// be made off the goroutine of the user interface.
type arranged struct {
	source []files.Entry
	by     order
	keys   [][]byte // of names, by position in source
	sorted []int32  // positions in source, without what is hidden
	rows   []files.Entry
	twice  int // names that the listing holds more than once; counted when it is complete
}

// longestKey bounds what counts of a name when names are put in order, in bytes.
const longestKey = 256

// arrange puts a listing in order. old, if not nil, saves work: where grew says
// that source only went on from old's, the new entries alone are sorted and then
// merged, and where nothing but the filter changed nothing is sorted.
func arrange(source []files.Entry, by order, old *arranged, grew, complete bool) *arranged {
	a := &arranged{source: source, by: by}
	unfiltered := func(o order) order { o.filter = ""; return o }
	switch {
	case old != nil && unfiltered(old.by) == unfiltered(by) && same(old.source, source):
		a.keys, a.sorted, a.twice = old.keys, old.sorted, old.twice
	case old != nil && grew && unfiltered(old.by) == unfiltered(by) && len(old.source) <= len(source):
		a.keys = old.keys
		a.sorted = merge(old.sorted, a.sort(len(old.source)), a.compare())
	default:
		a.sorted = a.sort(0)
	}
	if complete && !(old != nil && same(old.source, source)) {
		a.twice = twice(source)
	}
	a.rows = make([]files.Entry, 0, len(a.sorted))
	for _, i := range a.sorted {
		if by.filter == "" || strings.Contains(strings.ToLower(source[i].Display), by.filter) {
			a.rows = append(a.rows, source[i])
		}
	}
	return a
}

func same(a, b []files.Entry) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// twice counts the names that stand in a listing more than once.
func twice(source []files.Entry) int {
	seen := make(map[string]struct{}, len(source))
	for i := range source {
		seen[source[i].Name] = struct{}{}
	}
	return len(source) - len(seen)
}

// sort makes the keys of the entries from position from on and gives these
// positions in order.
func (a *arranged) sort(from int) []int32 {
	c := collate.New(language.Make(a.by.language), collate.IgnoreCase)
	var buffer collate.Buffer
	var padded []byte
	keys := slices.Clip(a.keys)
	out := make([]int32, 0, len(a.source)-from)
	for i := from; i < len(a.source); i++ {
		e := &a.source[i]
		name := e.Display
		padded = pad(padded[:0], name[:min(len(name), longestKey)])
		keys = append(keys, c.Key(&buffer, padded))
		if a.by.hidden || !strings.HasPrefix(e.Name, ".") {
			out = append(out, int32(i))
		}
	}
	a.keys = keys
	slices.SortFunc(out, a.compare())
	return out
}

// digits is how long a number in a name becomes, so that numbers are put in order
// by their value. (collate.Numeric does that wrongly for leading zeros.)
const digits = 14

// pad appends a name to out with zeros before its numbers.
func pad(out []byte, name string) []byte {
	for i := 0; i < len(name); {
		if name[i] < '0' || name[i] > '9' {
			out = append(out, name[i])
			i++
			continue
		}
		from := i
		for i < len(name) && name[i] >= '0' && name[i] <= '9' {
			i++
		}
		for from < i-1 && name[from] == '0' {
			from++
		}
		for range digits - (i - from) {
			out = append(out, '0')
		}
		out = append(out, name[from:i]...)
	}
	return out
}

// compare orders positions: folders first, then the column, then the name.
func (a *arranged) compare() func(x, y int32) int {
	return func(x, y int32) int {
		ex, ey := &a.source[x], &a.source[y]
		if d := ex.Type.IsDir(); d != ey.Type.IsDir() {
			if d {
				return -1
			}
			return 1
		}
		r := 0
		switch a.by.column {
		case filetable.Size:
			r = int(max(min(ex.Size-ey.Size, 1), -1))
		case filetable.Changed:
			r = ex.ModTime.Compare(ey.ModTime)
		case filetable.Mode:
			r = int(ex.Mode) - int(ey.Mode)
		case filetable.Owner:
			r = strings.Compare(ex.Owner, ey.Owner)
		}
		if r == 0 {
			r = bytes.Compare(a.keys[x], a.keys[y])
		}
		if r == 0 {
			r = strings.Compare(ex.Name, ey.Name)
		}
		if a.by.descending {
			r = -r
		}
		return r
	}
}

// merge joins two orders.
func merge(a, b []int32, compare func(x, y int32) int) []int32 {
	out := make([]int32, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if compare(b[0], a[0]) < 0 {
			out, b = append(out, b[0]), b[1:]
		} else {
			out, a = append(out, a[0]), a[1:]
		}
	}
	return append(append(out, a...), b...)
}

// sortBy sorts by a column; a second click turns the order round.
func (s *side) sortBy(c filetable.Column) {
	if s.column == c {
		s.descending = !s.descending
	} else {
		s.column, s.descending = c, c == filetable.Changed
	}
	if s.table != nil {
		s.table.SetSort(s.column, s.descending)
	}
	s.f.rememberSort(s)
	s.resort()
}

// resort shows the same folder's rows anew; what was selected stays so.
func (s *side) resort() {
	l := s.listing()
	if l == nil || s.table == nil {
		return
	}
	s.arrange(false, "")
	s.updateFace(l)
	s.foot.update()
}

// Len and Row implement filetable.Source.
func (s *side) Len() int { return len(s.entries) }

// Row writes one line out.
func (s *side) Row(i int) filetable.Row {
	e := s.entries[i]
	now := s.f.p.Now()
	r := filetable.Row{Icon: look.Icon(icon(e)), Name: e.Display, Changed: words.DateTime(e.ModTime, now), Dim: strings.HasPrefix(e.Name, ".")}
	if e.Type.IsDir() {
		r.IconColor = kit.ColorPrimary
	} else {
		r.Size = words.Size(e.Size)
	}
	if e.Precise >= 24*time.Hour {
		r.Changed = words.Date(e.ModTime, now.AddDate(0, 0, 3))
	}
	if e.Target != "" {
		r.Name += " → " + files.Display(e.Target)
	}
	if e.HasMode {
		r.Mode = e.Mode.Perm().String()
	}
	r.Owner = e.Owner
	if s.table != nil && s.table.Grid() {
		r.Picture = s.thumbnail(e)
	}
	return r
}

var iconOf = map[string]string{
	".jpg": "image", ".jpeg": "image", ".png": "image", ".gif": "image", ".webp": "image", ".svg": "image", ".heic": "image", ".tif": "image", ".tiff": "image", ".bmp": "image",
	".mp4": "video", ".mov": "video", ".mkv": "video", ".avi": "video", ".webm": "video",
	".mp3": "sound", ".ogg": "sound", ".wav": "sound", ".flac": "sound", ".m4a": "sound",
	".pdf": "pdf", ".zip": "archive-file", ".tar": "archive-file", ".gz": "archive-file", ".xz": "archive-file", ".7z": "archive-file", ".rar": "archive-file",
	".eml": "mail", ".ics": "calendar",
}

func icon(e files.Entry) string {
	switch {
	case e.Type.IsDir():
		return "folder-filled"
	case e.Type == files.LinkFile:
		return "link"
	}
	if i, ok := iconOf[strings.ToLower(path.Ext(e.Name))]; ok {
		return i
	}
	return "file"
}
