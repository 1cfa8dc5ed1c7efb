package mstore

import (
	"context"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Query is a search that has been understood.
type Query struct {
	match   []string // FTS5 expressions, all must hold
	not     []string // none may hold
	terms   []string // plain words, folded, for snippets
	where   []string // SQL on m and its places
	args    []any
	mailbox string // of in:, folded; "" everywhere
	after   int64  // message numbers: at least
	before  int64  // less than; 0: no bound
}

// Terms are the words that a snippet shows, folded.
func (q Query) Terms() []string { return q.terms }

// operators maps the words of every language to the operator.
var operators = map[string]string{
	"from": "from", "de": "from", "to": "to", "à": "to", "a": "to", "pour": "to", "subject": "subject", "objet": "subject", "sujet": "subject",
	"has": "has", "avec": "has", "is": "is", "est": "is", "in": "in", "dans": "in", "before": "before", "avant": "before",
	"after": "after", "après": "after", "apres": "after", "depuis": "after", "larger": "larger", "plus": "larger", "taille": "larger",
	"filename": "filename", "fichier": "filename",
}

var states = map[string]string{
	"unread": "l.flags & 1 = 0", "nonlu": "l.flags & 1 = 0", "non-lu": "l.flags & 1 = 0", "read": "l.flags & 1 != 0", "lu": "l.flags & 1 != 0",
	"flagged": "l.flags & 2 != 0", "starred": "l.flags & 2 != 0", "suivi": "l.flags & 2 != 0", "marqué": "l.flags & 2 != 0", "marque": "l.flags & 2 != 0",
	"answered": "l.flags & 4 != 0", "replied": "l.flags & 4 != 0", "répondu": "l.flags & 4 != 0", "repondu": "l.flags & 4 != 0",
	"draft": "l.flags & 8 != 0", "brouillon": "l.flags & 8 != 0",
}

// ParseQuery understands what a person typed: words, "phrases", -words, and the
// operators from: to: subject: has: is: in: before: after: larger: filename: with
// their French words. What it does not understand it takes as words. The last
// word counts as the beginning of one, from three letters.
func ParseQuery(s string, now time.Time) (q Query) {
	tokens := tokenize(s)
	open := s != "" && !unicode.IsSpace(rune(s[len(s)-1])) && s[len(s)-1] != '"'
	for i, t := range tokens {
		last := open && i == len(tokens)-1 && !t.quoted
		if t.operator != "" && q.operator(t, last, now) {
			continue
		}
		text := t.text
		if t.operator != "" {
			text = t.name + " " + text
		}
		e := phrase("", text, last)
		switch {
		case e == "":
		case t.negated:
			q.not = append(q.not, e)
		default:
			q.match = append(q.match, e)
			q.terms = append(q.terms, Fold(text))
		}
	}
	return q
}

type token struct {
	name, operator, text string
	negated, quoted      bool
}

func tokenize(s string) (list []token) {
	rs := []rune(s)
	for i := 0; i < len(rs) && len(list) < 50; {
		if unicode.IsSpace(rs[i]) {
			i++
			continue
		}
		var t token
		if rs[i] == '-' && i+1 < len(rs) && !unicode.IsSpace(rs[i+1]) {
			t.negated = true
			i++
		}
		var b strings.Builder
		for i < len(rs) && !unicode.IsSpace(rs[i]) {
			if rs[i] == '"' {
				t.quoted = true
				for i++; i < len(rs) && rs[i] != '"'; i++ {
					b.WriteRune(rs[i])
				}
				i++
				break
			}
			if rs[i] == ':' && t.operator == "" && !t.quoted {
				if op := operators[strings.ToLower(b.String())]; op != "" {
					t.operator, t.name = op, b.String()
					b.Reset()
					i++
					continue
				}
			}
			b.WriteRune(rs[i])
			i++
		}
		t.text = b.String()
		list = append(list, t)
	}
	return list
}

// phrase makes an FTS5 phrase; "" if the text has no letter or digit.
func phrase(column, text string, last bool) string {
	if strings.IndexFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) < 0 {
		return ""
	}
	text = strings.Map(func(r rune) rune {
		if r == 0 || r == '"' {
			return ' '
		}
		return r
	}, text)
	e := `"` + text + `"`
	if last && lastWord(text) >= 3 {
		e += " *"
	}
	if column != "" {
		e = column + " : " + e
	}
	return e
}

func lastWord(text string) int {
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 || !strings.HasSuffix(text, words[len(words)-1]) {
		return 0
	}
	return utf8.RuneCountInString(words[len(words)-1])
}

func (q *Query) operator(t token, last bool, now time.Time) bool {
	value := strings.ToLower(strings.TrimSpace(t.text))
	if value == "" {
		return true // being typed
	}
	add := func(column string) bool {
		e := phrase(column, t.text, last)
		if e == "" {
			return false
		}
		if t.negated {
			q.not = append(q.not, e)
		} else {
			q.match = append(q.match, e)
		}
		return true
	}
	cond := func(sql string, args ...any) bool {
		if t.negated {
			sql = "NOT (" + sql + ")"
		}
		q.where = append(q.where, sql)
		q.args = append(q.args, args...)
		return true
	}
	switch t.operator {
	case "from":
		return add("sender")
	case "to":
		return add("rcpt")
	case "subject":
		return add("subject")
	case "filename":
		return add("files")
	case "has":
		switch value {
		case "attachment", "attachments", "file", "pj", "pièce", "piece", "pièces", "fichier", "fichiers", "pièce-jointe":
			return cond("m.has_att != 0")
		}
	case "is":
		if sql, ok := states[value]; ok {
			return cond(sql)
		}
	case "in":
		q.mailbox = Fold(t.text)
		return true
	case "before", "after":
		from, ok := parseDate(value, now)
		if !ok {
			return false
		}
		if t.operator == "before" {
			q.before = from.Unix() << 20
		} else {
			q.after = from.Unix() << 20
		}
		return true
	case "larger":
		if n, ok := parseSize(value); ok {
			return cond("m.size > ?", n)
		}
	}
	return false
}

// parseDate reads 2026, 2026-05, 2026-05-17, 17/05/2026, or 7d for seven days ago.
func parseDate(s string, now time.Time) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02", "2006/01/02", "02/01/2006", "2/1/2006", "02.01.2006", "2006-01", "2006"} {
		if t, err := time.ParseInLocation(layout, s, now.Location()); err == nil && t.Year() >= 1970 {
			return t, true
		}
	}
	if len(s) < 2 || len(s) > 6 {
		return time.Time{}, false
	}
	n, err := strconv.Atoi(s[:len(s)-1])
	if err != nil || n < 0 {
		return time.Time{}, false
	}
	switch s[len(s)-1] {
	case 'd', 'j':
		return now.AddDate(0, 0, -n), true
	case 'w', 's':
		return now.AddDate(0, 0, -7*n), true
	case 'm':
		return now.AddDate(0, -n, 0), true
	case 'y', 'a':
		return now.AddDate(-n, 0, 0), n < 1900
	}
	return time.Time{}, false
}

func parseSize(s string) (int64, bool) {
	s = strings.TrimRight(strings.TrimSuffix(strings.TrimSuffix(s, "b"), "o"), " ")
	unit := 1.0
	if s != "" {
		switch s[len(s)-1] {
		case 'k':
			unit, s = 1e3, s[:len(s)-1]
		case 'm':
			unit, s = 1e6, s[:len(s)-1]
		case 'g':
			unit, s = 1e9, s[:len(s)-1]
		}
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, ",", "."), 64)
	return int64(f * unit), err == nil && f >= 0 && f < 1e12
}

// Fold takes case and accents off, rune by rune, so that positions stay.
func Fold(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return strings.ToLower(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		b.WriteRune(FoldRune(r))
	}
	return b.String()
}

// FoldRune is Fold for one rune.
func FoldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	d, _ := utf8.DecodeRuneInString(norm.NFD.String(string(unicode.ToLower(r))))
	return d
}

// searchBatch is how many hits are filtered at once at most: one join over all would
// make the planner read everything.
const searchBatch = 500

// Search gives the newest hits, limit at most; 0: all.
func (db *DB) Search(ctx context.Context, q Query, limit int) ([]int64, error) {
	var hits []int64
	var folders []int64
	if q.mailbox != "" {
		list, err := db.Folders(ctx, 0)
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			path := Fold(strings.Join(f.Path, "/"))
			if f.Role == q.mailbox || path == q.mailbox || Fold(f.Path[len(f.Path)-1]) == q.mailbox || strings.HasPrefix(path, q.mailbox+"/") {
				folders = append(folders, f.ID)
			}
		}
		if len(folders) == 0 {
			return nil, nil
		}
	}
	below := int64(1) << 62
	if q.before != 0 {
		below = q.before
	}
	batch := searchBatch
	if limit > 0 {
		batch = min(searchBatch, 2*limit) // most hits pass the filter
	}
	for limit == 0 || len(hits) < limit {
		ids, err := db.candidates(ctx, q, below, batch)
		if err != nil || len(ids) == 0 {
			return hits, err
		}
		below = ids[len(ids)-1]
		full := len(ids) == batch
		if ids, err = db.filter(ctx, q, ids, folders); err != nil {
			return nil, err
		}
		hits = append(hits, ids...)
		if !full {
			break
		}
		batch = searchBatch
	}
	if limit > 0 && len(hits) > limit {
		hits = hits[:limit]
	}
	return hits, nil
}

func (db *DB) candidates(ctx context.Context, q Query, below int64, n int) ([]int64, error) {
	if len(q.match) == 0 {
		return numbers(db.Read().QueryContext(ctx, "SELECT id FROM msg WHERE id < ? AND id >= ? ORDER BY id DESC LIMIT ?", below, q.after, n))
	}
	return numbers(db.Read().QueryContext(ctx, "SELECT rowid FROM fts WHERE fts MATCH ? AND rowid < ? AND rowid >= ? ORDER BY rowid DESC LIMIT ?",
		strings.Join(q.match, " AND "), below, q.after, n))
}

func (db *DB) filter(ctx context.Context, q Query, ids, folders []int64) ([]int64, error) {
	sql := "SELECT DISTINCT m.id FROM msg m JOIN loc l ON l.msg = m.id WHERE m.id IN (" + marks(len(ids)) + ") AND l.hidden = 0 AND l.flags & 16 = 0"
	args := anys(ids)
	if len(folders) > 0 {
		sql += " AND l.folder IN (" + marks(len(folders)) + ")"
		args = append(args, anys(folders)...)
	}
	for _, w := range q.where {
		sql += " AND " + w
	}
	args = append(args, q.args...)
	out, err := numbers(db.Read().QueryContext(ctx, sql+" ORDER BY m.id DESC", args...))
	if err != nil || len(q.not) == 0 || len(out) == 0 {
		return out, err
	}
	bad, err := numbers(db.Read().QueryContext(ctx, "SELECT rowid FROM fts WHERE fts MATCH ? AND rowid >= ? AND rowid <= ?",
		strings.Join(q.not, " OR "), out[len(out)-1], out[0]))
	if err != nil {
		return nil, err
	}
	drop := map[int64]bool{}
	for _, id := range bad {
		drop[id] = true
	}
	kept := out[:0]
	for _, id := range out {
		if !drop[id] {
			kept = append(kept, id)
		}
	}
	return kept, nil
}
