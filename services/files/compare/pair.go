package compare

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"guichet/services/files"
	"guichet/services/files/ops/trash"
)

// folded is what a name is compared by where the exact one is not there:
// composed characters, and without case where one side knows none.
func (w *walker) folded(name string) string {
	name = norm.NFC.String(name)
	if w.fold {
		name = strings.ToLower(name)
	}
	return name
}

// pair finds which names of the two sides belong together.
func (w *walker) pair(f *folder, lists [2][]files.Entry) {
	closed := len(f.rows) > 0
	if closed {
		return // of a folder that one side hides nothing is said
	}
	left, right := w.trees[Left].FS, w.trees[Right].FS
	plain := make([][2]*files.Entry, 0, max(len(lists[0]), len(lists[1])))
	exact := make(map[string]int, len(lists[Left]))
	names := make([]string, 0, cap(plain)) // neutral
	for i := range lists[Left] {
		e := &lists[Left][i]
		if hidden(e.Name) || !w.usable(f, Left, e) {
			continue
		}
		name := files.ExportName(left, e.Name)
		exact[name] = len(plain)
		plain, names = append(plain, [2]*files.Entry{e, nil}), append(names, name)
	}
	var rest []int // rows of the right side alone
	for i := range lists[Right] {
		e := &lists[Right][i]
		if hidden(e.Name) || !w.usable(f, Right, e) {
			continue
		}
		name := files.ExportName(right, e.Name)
		if at, ok := exact[name]; ok && plain[at][Right] == nil {
			plain[at][Right] = e
			continue
		}
		rest = append(rest, len(plain))
		plain, names = append(plain, [2]*files.Entry{nil, e}), append(names, name)
	}
	twins := w.match(plain, names, rest)
	order := make([]int, 0, len(plain))
	for i := range plain {
		if plain[i] != [2]*files.Entry{} {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(names[a], names[b]) })
	for _, i := range order {
		w.row(f, names[i], plain[i], twins[i])
	}
}

// match brings names together that differ in what one side does not keep apart,
// and finds those that would get into each other's way.
func (w *walker) match(plain [][2]*files.Entry, names []string, rest []int) (twins map[int]bool) {
	twins = map[int]bool{}
	if !w.fold && len(rest) == 0 {
		return twins
	}
	byFold := map[string][]int{}
	for i, name := range names {
		if key := w.folded(name); w.fold || plain[i][Left] == nil || plain[i][Right] == nil {
			byFold[key] = append(byFold[key], i)
		}
	}
	for _, same := range byFold {
		if len(same) < 2 {
			continue
		}
		var alone [2][]int
		whole := 0
		for _, i := range same {
			switch {
			case plain[i][Left] == nil:
				alone[Right] = append(alone[Right], i)
			case plain[i][Right] == nil:
				alone[Left] = append(alone[Left], i)
			default:
				whole++
			}
		}
		if whole == 0 && len(alone[Left]) == 1 && len(alone[Right]) == 1 {
			l, r := alone[Left][0], alone[Right][0]
			plain[l][Right], plain[r][Right] = plain[r][Right], nil
			continue
		}
		if w.fold {
			for _, i := range append(alone[Left], alone[Right]...) {
				twins[i] = true
			}
		}
	}
	return twins
}

// hidden names belong to Guichet: copies under way, files set aside, the trash.
func hidden(name string) bool {
	return files.IsPartName(name) || name == trash.Folder
}

// usable drops names that no name can be; they count as unread.
func (w *walker) usable(f *folder, side Side, e *files.Entry) bool {
	if files.CheckName(e.Name) == nil {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.scan.Unread[side]++
	r := Row{Rel: f.rel.Join(files.Display(e.Name)), note: Unreadable}
	r.Entry[side] = e
	r.Path = w.below(f)
	f.rows = append(f.rows, r)
	return false
}

// row makes the row, or the folder, of a name.
func (w *walker) row(f *folder, name string, e [2]*files.Entry, twin bool) {
	below := w.below(f)
	r := Row{Rel: f.rel.Join(name), Entry: e}
	for side, t := range w.trees {
		own := files.ImportName(t.FS, name)
		if e[side] != nil {
			own = e[side].Name
		}
		r.Path[side] = below[side].Join(own)
	}
	l, rt := e[Left], e[Right]
	any := l
	if any == nil {
		any = rt
	}
	isFolder := func(e *files.Entry) bool { return e != nil && e.Type == files.Dir }
	child := func() *folder {
		sub := &folder{rel: r.Rel, there: [2]bool{l != nil, rt != nil}, depth: f.depth + 1}
		for side, t := range w.trees {
			sub.path[side] = append(slices.Clone(t.Path), r.Path[side]...)
		}
		return sub
	}
	switch {
	case w.o.Filter != nil && w.o.Filter(r.Rel, *any):
		r.note = Filtered
	case twin:
		r.note = Twin
	case isFolder(l) && isFolder(rt):
		sub := child()
		sub.empty = f.flat
		f.both = append(f.both, sub)
		return
	case l != nil && rt != nil && isFolder(l) != isFolder(rt):
		r.note = TypeDiffers
		for _, one := range e {
			if one.Type == files.LinkDir || one.Type == files.LinkFile {
				r.note = Link
			}
		}
	case l != nil && rt != nil && (odd(l) || odd(rt)), odd(any):
		r.note = Link
		if l != nil && l.Type == files.Other || rt != nil && rt.Type == files.Other {
			r.note = Special
		}
	case isFolder(any):
		if side, _ := r.only(); !w.o.skip[side] {
			if f.sub == nil {
				f.sub = map[int]*folder{}
			}
			f.sub[len(f.rows)] = child()
		}
	}
	f.rows = append(f.rows, r)
}

// odd is what is neither a file nor a folder.
func odd(e *files.Entry) bool { return e.Type != files.File && e.Type != files.Dir }
