package demo

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/template"
	"time"

	"github.com/emersion/go-imap/v2"

	"guichet/assets"
)

// mailboxes are the demo's, with their roles (RFC 6154).
var mailboxes = []struct {
	name string
	role imap.MailboxAttr
}{
	{"INBOX", ""},
	{"Drafts", imap.MailboxAttrDrafts},
	{"Sent", imap.MailboxAttrSent},
	{"Archive", imap.MailboxAttrArchive},
	{"Junk", imap.MailboxAttrJunk},
	{"Trash", imap.MailboxAttrTrash},
	{"Répétitions", ""},
	{"Club", ""},
}

// peopleByAlias reads assets/demo/people.txt.
var peopleByAlias = sync.OnceValue(func() map[string]*mail.Address {
	people := map[string]*mail.Address{}
	for line := range strings.Lines(readAsset("demo/people.txt")) {
		if f := strings.Split(line, "|"); len(f) == 3 {
			people[strings.TrimSpace(f[0])] = &mail.Address{Name: strings.TrimSpace(f[1]), Address: strings.TrimSpace(f[2])}
		}
	}
	return people
})

var peopleByAddress = sync.OnceValue(func() map[string]*mail.Address {
	people := map[string]*mail.Address{}
	for _, p := range peopleByAlias() {
		people[p.Address] = p
	}
	return people
})

// readAsset gives a built-in text, "" if there is none of that name; a test
// reads them all.
func readAsset(name string) string {
	data, err := fs.ReadFile(assets.Demo, name)
	if err != nil {
		return ""
	}
	return string(data)
}

// sample is one block of assets/demo/mail: headers of ours, then the text.
type sample struct {
	keys    map[string]string
	headers []string // lines of the key "header"
	body    string
}

func parseSamples(text string) []sample {
	var out []sample
	for _, block := range strings.Split(text, "\n%%\n") {
		head, body, _ := strings.Cut(block, "\n\n")
		s := sample{keys: map[string]string{}, body: strings.TrimRight(body, "\n") + "\n"}
		sc := bufio.NewScanner(strings.NewReader(head))
		for sc.Scan() {
			key, value, _ := strings.Cut(sc.Text(), ":")
			value = strings.TrimSpace(value)
			if key == "header" {
				s.headers = append(s.headers, value)
				continue
			}
			s.keys[key] = value
		}
		out = append(out, s)
	}
	return out
}

// filed is a letter with its place.
type filed struct {
	mailbox string
	flags   []imap.Flag
	*letter
}

// writer makes letters from samples.
type writer struct {
	now  time.Time
	site string
	byID map[string]*letter
	out  []filed
}

// fillMail makes the mailboxes and writes the sample mail into them, oldest
// first; site is the URL of the demo's web server, where pictures and trackers
// of the letters point to.
func fillMail(office *postOffice, now time.Time, site string) error {
	for _, m := range mailboxes {
		if err := office.create(m.name, m.role); err != nil {
			return err
		}
	}
	letters, err := writeMail(now, site)
	if err != nil {
		return err
	}
	for _, f := range letters {
		if err := office.deliver(f.mailbox, f.bytes(), f.flags, f.at); err != nil {
			return fmt.Errorf("mailbox %s: %w", f.mailbox, err)
		}
	}
	return nil
}

func writeMail(now time.Time, site string) ([]filed, error) {
	w := &writer{now: now.Truncate(time.Minute), site: site, byID: map[string]*letter{}}
	names, err := fs.Glob(assets.Demo, "demo/mail/*.txt")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		for i, s := range parseSamples(readAsset(name)) {
			if err := w.sample(s, fmt.Sprintf("%s-%d", strings.TrimSuffix(name[len("demo/mail/"):], ".txt"), i)); err != nil {
				return nil, fmt.Errorf("%s, block %d: %w", name, i+1, err)
			}
		}
	}
	slices.SortStableFunc(w.out, func(a, b filed) int { return a.at.Compare(b.at) })
	return w.out, nil
}

// age reads durations such as 5d4h.
func age(s string) (time.Duration, error) {
	var days int
	if d, rest, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.Atoi(d)
		if err != nil {
			return 0, err
		}
		if days, s = n, rest; s == "" {
			s = "0s"
		}
	}
	d, err := time.ParseDuration(s)
	return d + time.Duration(days)*24*time.Hour, err
}

// sample writes the letter or the series of letters of one block.
func (w *writer) sample(s sample, name string) error {
	first, err := age(s.keys["age"])
	if err != nil {
		return err
	}
	count, every := 1, time.Duration(0)
	if series := s.keys["series"]; series != "" {
		var interval string
		if _, err := fmt.Sscanf(series, "%d every %s", &count, &interval); err != nil {
			return err
		}
		if every, err = age(interval); err != nil {
			return err
		}
	}
	fresh, err := strconv.Atoi("0" + s.keys["new"])
	if err != nil {
		return err
	}
	for n := range count {
		// A few minutes of difference, or a series would arrive like clockwork.
		at := w.now.Add(-first - time.Duration(n)*every + time.Duration(n*37%53)*time.Minute*time.Duration(min(n, 1)))
		l, err := w.letter(s, name, n, at)
		if err != nil {
			return err
		}
		flags := mailFlags(s.keys["flags"])
		if n < fresh {
			flags = slices.DeleteFunc(flags, func(f imap.Flag) bool { return f == imap.FlagSeen })
		}
		w.out = append(w.out, filed{s.keys["in"], flags, l})
		if id := s.keys["id"]; id != "" {
			w.byID[id] = l
		}
	}
	return nil
}

func mailFlags(list string) []imap.Flag {
	flags := []imap.Flag{imap.FlagSeen}
	for _, f := range strings.Split(list, ",") {
		switch strings.TrimSpace(f) {
		case "new":
			flags = flags[1:]
		case "flagged":
			flags = append(flags, imap.FlagFlagged)
		case "answered":
			flags = append(flags, imap.FlagAnswered)
		case "draft":
			flags = append(flags, imap.FlagDraft)
		}
	}
	return flags
}

// letter writes the n-th letter of a block.
func (w *writer) letter(s sample, name string, n int, at time.Time) (*letter, error) {
	l := &letter{
		at: at, id: fmt.Sprintf("%s.%d.%s@guichet.example", name, n+1, at.Format("20060102")),
		kind: s.keys["kind"], charset: s.keys["charset"], declared: s.keys["declared"], encoding: s.keys["encoding"],
	}
	parent := w.byID[s.keys["reply"]]
	if parent != nil {
		l.references = append(slices.Clone(parent.references), parent.id)
	}
	fill := func(text string) (string, error) { return w.fill(text, s.keys["lang"], n, at, parent) }
	var errs []error
	text := func(t string) string {
		out, err := fill(t)
		errs = append(errs, err)
		return out
	}
	list := func(key, otherwise string) []*mail.Address {
		aliases := text(s.keys[key])
		if aliases == "" {
			aliases = otherwise
		}
		var out []*mail.Address
		for _, alias := range strings.Split(aliases, ",") {
			if alias = strings.TrimSpace(alias); alias == "" {
				continue
			}
			p := peopleByAlias()[alias]
			if p == nil {
				errs = append(errs, fmt.Errorf("nobody is called %q", alias))
				continue
			}
			out = append(out, p)
		}
		return out
	}
	l.from, l.to, l.cc = list("from", ""), list("to", "anna"), list("cc", "")
	l.subject = text(s.keys["subject"])
	if parent != nil && l.subject == "" {
		l.subject = "Re: " + strings.TrimPrefix(parent.subject, "Re: ")
	}
	l.text = text(s.body)
	for _, h := range s.headers {
		key, value, _ := strings.Cut(text(h), ":")
		l.extra = append(l.extra, [2]string{key, strings.TrimSpace(value)})
	}
	for _, a := range strings.Split(s.keys["attach"], ";") {
		if f := strings.Fields(a); len(f) >= 2 {
			l.attachments = append(l.attachments, makeAttachment(f, l))
		}
	}
	return l, errors.Join(errs...)
}

// makeAttachment makes the file that "kind name scene" asks for.
func makeAttachment(f []string, l *letter) attachment {
	scene := "lake"
	if len(f) > 2 {
		scene = f[2]
	}
	lines := strings.Split(stripTags(l.text), "\n")
	switch f[0] {
	case "pdf":
		return attachment{name: f[1], mime: "application/pdf", data: pdf(l.subject, lines)}
	case "jpg":
		return attachment{name: f[1], mime: "image/jpeg", data: picture(scene, 1, 1200, 800, false)}
	case "inline":
		return attachment{name: f[1] + ".jpg", mime: "image/jpeg", data: picture(scene, 2, 640, 360, false), cid: f[1] + "@picture"}
	case "zip":
		return attachment{name: f[1], mime: "application/zip", data: archive(l.at, "violin.txt", "Violin, 12 pages\n", "viola.txt", "Viola, 10 pages\n")}
	case "ics":
		start := l.at.Truncate(24*time.Hour).AddDate(0, 0, 5).Add(18 * time.Hour)
		return attachment{
			name: "invitation.ics", mime: "text/calendar; method=REQUEST; charset=utf-8",
			data: []byte(calendar(l.id, strings.Join(f[1:], " "), "Town hall", start, l.at)),
		}
	}
	return attachment{name: f[1], mime: "text/plain; charset=utf-8", data: []byte(strings.Join(lines, "\r\n") + "\r\n")}
}

// fill runs a text through the template functions of the samples.
func (w *writer) fill(text, lang string, n int, at time.Time, parent *letter) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	rnd := rand.New(rand.NewPCG(uint64(n), 11))
	funcs := template.FuncMap{
		"day":    func(days int) string { return dayName(at.AddDate(0, 0, days), lang) },
		"month":  func(months int) string { return monthName(at.AddDate(0, months, 1-at.Day()), lang) },
		"num":    func(from, to int) int { return from + rnd.IntN(to-from) },
		"repeat": strings.Repeat,
		"noise":  func(lines int) string { return noise(rnd, lines) },
		"quote":  func() string { return quote(parent, lang) },
	}
	// What pick chooses may itself hold a number.
	funcs["pick"] = func(choices ...string) (string, error) {
		return w.fill(choices[n%len(choices)], lang, n, at, parent)
	}
	t, err := template.New("sample").Funcs(funcs).Parse(text)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{"N": n + 1, "Site": w.site})
	return b.String(), err
}

func quote(parent *letter, lang string) string {
	if parent == nil {
		return ""
	}
	line := fmt.Sprintf("On %s, %s wrote:", dayName(parent.at, lang), parent.from[0].Name)
	if lang == "fr" {
		line = fmt.Sprintf("Le %s, %s a écrit :", dayName(parent.at, lang), parent.from[0].Name)
	}
	text := strings.TrimRight(parent.text, "\n")
	return line + "\n> " + strings.ReplaceAll(text, "\n", "\n> ")
}

// noise looks like something encrypted.
func noise(rnd *rand.Rand, lines int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	var b strings.Builder
	for range lines {
		for range 64 {
			b.WriteByte(letters[rnd.IntN(len(letters))])
		}
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n")
}

var (
	frDays   = [...]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}
	frMonths = [...]string{
		"janvier", "février", "mars", "avril", "mai", "juin",
		"juillet", "août", "septembre", "octobre", "novembre", "décembre",
	}
)

func dayName(t time.Time, lang string) string {
	if lang == "fr" {
		return fmt.Sprintf("%s %d %s", frDays[t.Weekday()], t.Day(), frMonths[t.Month()-1])
	}
	return t.Format("Monday 2 January")
}

func monthName(t time.Time, lang string) string {
	if lang == "fr" {
		return frMonths[t.Month()-1]
	}
	return t.Format("January")
}
