package demo

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"guichet/assets"
)

const (
	maxEntries   = 200      // of the guest book, the oldest go first
	maxHits      = 2000     // paths that Hits knows apart
	downloadSize = 24 << 20 // bytes of the large download
	maxForm      = 64 << 10
	slowPage     = 3 * time.Second
)

// article is one page of the site in one language.
type article struct {
	Slug, Title, Section, Picture, Summary, Date string
	Body                                         template.HTML
	at                                           time.Time
	plain                                        string // for the search
}

// entry is one line of the guest book.
type entry struct{ Name, Text, Mood, Date string }

// site is the demo's web site.
type site struct {
	demo     *Demo
	pages    *template.Template
	words    map[string]map[string]string
	articles map[string][]article // by language, newest first
	started  time.Time

	mu      sync.Mutex
	entries []entry
	hits    map[string]int
}

// serveWeb starts the web site over HTTP and over HTTPS.
func (d *Demo) serveWeb(ip string, lim limits, id *identity) error {
	s, err := newSite(d)
	if err != nil {
		return err
	}
	d.site = s
	plain, err := d.runHTTP("http", ip, lim, nil, s.handler())
	if err != nil {
		return err
	}
	secure, err := d.runHTTP("https", ip, lim, id.tls, s.handler())
	if err != nil {
		return err
	}
	d.info.HTTP, d.info.HTTPS = serverURL("http", plain), serverURL("https", secure)
	return nil
}

// Hits counts the requests that the web server has had for paths beginning
// with prefix: the proof that a letter's trackers were not loaded.
func (d *Demo) Hits(prefix string) int {
	d.site.mu.Lock()
	defer d.site.mu.Unlock()
	n := 0
	for p, count := range d.site.hits {
		if strings.HasPrefix(p, prefix) {
			n += count
		}
	}
	return n
}

func newSite(d *Demo) (*site, error) {
	s := &site{
		demo: d, started: d.now, hits: map[string]int{}, articles: map[string][]article{},
		entries: []entry{
			{"Claire", "Merci pour le concert ! La harpe a tenu jusqu'au bout.", "♪", d.now.AddDate(0, 0, -2).Format("2006-01-02")},
			{"Yusuf", "The walk around the lake is longer than it looks. Worth it.", "☀", d.now.AddDate(0, 0, -6).Format("2006-01-02")},
		},
	}
	var err error
	if s.pages, err = template.ParseFS(assets.Demo, "demo/site/layout.html"); err != nil {
		return nil, err
	}
	words, err := fs.ReadFile(assets.Demo, "demo/site/words.json")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(words, &s.words); err != nil {
		return nil, err
	}
	for lang := range s.words {
		for _, block := range parseSamples(readAsset("demo/site/" + lang + ".txt")) {
			old, err := age(block.keys["age"])
			if err != nil {
				return nil, fmt.Errorf("article %s: %w", block.keys["slug"], err)
			}
			at := d.now.Add(-old)
			s.articles[lang] = append(s.articles[lang], article{
				Slug: block.keys["slug"], Title: block.keys["title"], Section: block.keys["section"],
				Picture: block.keys["picture"], Summary: block.keys["summary"], Date: dayName(at, lang),
				Body: template.HTML(block.body), // our own text, from the program itself
				at:   at, plain: strings.ToLower(block.keys["title"] + " " + block.keys["summary"] + " " + stripTags(block.body)),
			})
		}
	}
	return s, nil
}

func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.root)
	mux.HandleFunc("GET /{lang}/{$}", s.home)
	mux.HandleFunc("GET /{lang}/{page}", s.page)
	mux.HandleFunc("POST /{lang}/guestbook", s.sign)
	mux.HandleFunc("GET /pictures/{name}", s.picture)
	mux.HandleFunc("GET /favicon.png", s.icon)
	mux.HandleFunc("GET /favicon.ico", s.icon)
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		http.ServeContent(w, r, "style.css", s.started, strings.NewReader(readAsset("demo/site/style.css")))
	})
	mux.HandleFunc("GET /track/{name}", s.track)
	mux.HandleFunc("GET /download/catalogue.csv", s.catalogue)
	mux.HandleFunc("GET /download/recordings.zip", s.recordings)
	mux.Handle("GET /old/download", http.RedirectHandler("/en/download.html", http.StatusMovedPermanently))
	mux.HandleFunc("GET /slow", s.slow)
	mux.HandleFunc("GET /hits", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		fmt.Fprintln(w, s.demo.Hits(r.URL.Query().Get("path")))
	})
	mux.HandleFunc("/unsubscribe", func(w http.ResponseWriter, r *http.Request) { s.text(w, r, http.StatusOK, "left") })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.text(w, r, http.StatusNotFound, "missing") })
	return s.count(compress(mux))
}

// count keeps Hits.
func (s *site) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		if _, known := s.hits[r.URL.Path]; known || len(s.hits) < maxHits {
			s.hits[r.URL.Path]++
		}
		s.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// language is the best of ours for a request.
func language(r *http.Request) string {
	if lang := r.PathValue("lang"); lang == "en" || lang == "fr" {
		return lang
	}
	if strings.HasPrefix(strings.TrimSpace(r.Header.Get("Accept-Language")), "fr") {
		return "fr"
	}
	return "en"
}

func (s *site) root(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept-Language")
	http.Redirect(w, r, "/"+language(r)+"/", http.StatusFound)
}

// view is what the templates read.
type view struct {
	Lang, Title, Other, Query, Text, Name string
	Visits                                int
	T                                     map[string]string
	Articles                              []article
	Article                               *article
	Entries                               []entry
	Main                                  template.HTML
}

// send renders a page inside the layout.
func (s *site) send(w http.ResponseWriter, r *http.Request, status int, name string, v view) {
	v.Lang = language(r)
	v.T = s.words[v.Lang]
	other := map[string]string{"en": "fr", "fr": "en"}[v.Lang]
	v.Other = "/" + other + "/"
	if rest, ok := strings.CutPrefix(r.URL.Path, "/"+v.Lang+"/"); ok {
		v.Other += rest
	}
	if v.Title == "" {
		v.Title = v.T["welcome"]
	}
	var b bytes.Buffer
	err := s.pages.ExecuteTemplate(&b, name, v)
	if err == nil {
		v.Main = template.HTML(b.String()) // rendered by html/template just above
		b = bytes.Buffer{}
		err = s.pages.ExecuteTemplate(&b, "layout", v)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", v.Lang)
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the client is gone, nobody to tell
}

func (s *site) text(w http.ResponseWriter, r *http.Request, status int, key string) {
	t := s.words[language(r)]
	s.send(w, r, status, "text", view{Title: t[key], Text: t[key+"_text"]})
}

// shortcuts are the short addresses of pages, for bookmarks and for people.
var shortcuts = map[string]string{
	"library": "library-hours.html", "orchestra": "orchestra.html", "weather": "weather.html",
	"garden": "roses.html", "news": "", "timetable": "timetable-12.html",
}

func (s *site) home(w http.ResponseWriter, r *http.Request) {
	lang := r.PathValue("lang")
	if page, ok := shortcuts[lang]; ok {
		w.Header().Set("Vary", "Accept-Language")
		http.Redirect(w, r, "/"+language(r)+"/"+page, http.StatusFound)
		return
	}
	if s.words[lang] == nil {
		s.text(w, r, http.StatusNotFound, "missing")
		return
	}
	visits := 1
	if c, err := r.Cookie("visits"); err == nil {
		if n, err := strconv.Atoi(c.Value); err == nil && n > 0 && n < 1_000_000 {
			visits = n + 1
		}
	}
	http.SetCookie(w, &http.Cookie{
		Name: "visits", Value: strconv.Itoa(visits), Path: "/", MaxAge: 30 * 24 * 3600,
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	s.send(w, r, http.StatusOK, "home", view{Articles: s.articles[lang], Visits: visits})
}

// page is everything below a language but the home page.
func (s *site) page(w http.ResponseWriter, r *http.Request) {
	lang, name := r.PathValue("lang"), r.PathValue("page")
	t := s.words[lang]
	switch {
	case t == nil:
	case name == "search":
		s.search(w, r, lang)
		return
	case name == "feed.xml":
		s.feed(w, r, lang)
		return
	case name == "guestbook":
		s.guestbook(w, r)
		return
	}
	slug, ok := strings.CutSuffix(name, ".html")
	for i := range s.articles[lang] {
		if a := &s.articles[lang][i]; ok && a.Slug == slug {
			w.Header().Set("Last-Modified", a.at.UTC().Format(http.TimeFormat))
			s.send(w, r, http.StatusOK, "article", view{Title: a.Title, Article: a})
			return
		}
	}
	s.text(w, r, http.StatusNotFound, "missing")
}

func (s *site) search(w http.ResponseWriter, r *http.Request, lang string) {
	query := clip(r.URL.Query().Get("q"), 100)
	v := view{Title: s.words[lang]["search"], Query: query}
	for _, a := range s.articles[lang] {
		found := query != ""
		for _, word := range strings.Fields(strings.ToLower(query)) {
			found = found && strings.Contains(a.plain, word)
		}
		if found {
			v.Articles = append(v.Articles, a)
		}
	}
	s.send(w, r, http.StatusOK, "search", v)
}

// clip cuts a text that somebody sent to at most n characters.
func clip(text string, n int) string {
	text = strings.TrimSpace(strings.ToValidUTF8(text, "?"))
	if utf8.RuneCountInString(text) > n {
		text = string([]rune(text)[:n])
	}
	return text
}

func (s *site) guestbook(w http.ResponseWriter, r *http.Request) {
	v := view{Title: s.words[language(r)]["guestbook"]}
	if c, err := r.Cookie("name"); err == nil {
		if name, err := url.QueryUnescape(c.Value); err == nil {
			v.Name = clip(name, 60)
		}
	}
	s.mu.Lock()
	v.Entries = append(v.Entries, s.entries...)
	s.mu.Unlock()
	s.send(w, r, http.StatusOK, "guestbook", v)
}

// sign takes the guest book's form and answers with a redirect, so that a
// reload writes nothing twice.
func (s *site) sign(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	err := r.ParseForm()
	if err == nil {
		if err = r.ParseMultipartForm(maxForm); errors.Is(err, http.ErrNotMultipart) {
			err = nil
		}
	}
	if err != nil {
		http.Error(w, "The form cannot be read", http.StatusBadRequest)
		return
	}
	e := entry{
		Name: clip(r.PostFormValue("name"), 60), Text: clip(r.PostFormValue("text"), 1000),
		Mood: clip(r.PostFormValue("mood"), 1), Date: time.Now().Format("2006-01-02 15:04"),
	}
	if e.Name != "" && e.Text != "" {
		s.mu.Lock()
		s.entries = append([]entry{e}, s.entries[:min(len(s.entries), maxEntries-1)]...)
		s.mu.Unlock()
	}
	if r.PostFormValue("remember") != "" {
		http.SetCookie(w, &http.Cookie{Name: "name", Value: url.QueryEscape(e.Name), Path: "/", MaxAge: 30 * 24 * 3600, SameSite: http.SameSiteLaxMode})
	}
	http.Redirect(w, r, "/"+language(r)+"/guestbook", http.StatusSeeOther)
}

func (s *site) picture(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	scene, ext, _ := strings.Cut(name, ".")
	width, height := 640, 360
	if r.URL.Query().Get("size") == "small" {
		width, height = 160, 90
	}
	for _, known := range scenes {
		if scene == known && (ext == "jpg" || ext == "png") {
			w.Header().Set("Cache-Control", "max-age=86400")
			http.ServeContent(w, r, name, s.started, bytes.NewReader(picture(scene, 3, width, height, ext == "png")))
			return
		}
	}
	http.NotFound(w, r)
}

func (s *site) icon(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=86400")
	http.ServeContent(w, r, "favicon.png", s.started, bytes.NewReader(picture("comet", 4, 32, 32, true)))
}

// track is the picture of one dot that spies put into letters.
func (s *site) track(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "image/gif")
	w.Header().Set("Cache-Control", "no-store")
	http.SetCookie(w, &http.Cookie{Name: "seen", Value: "yes", Path: "/track/", SameSite: http.SameSiteLaxMode})
	_, _ = io.WriteString(w, "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")
}

func (s *site) catalogue(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	b.WriteString("shelf;author;title;year\r\n")
	authors := []string{"Moreau, H.", "Okafor, D.", "Bérard, M.", "Lindgren, S.", "Tanaka, Y.", "Álvarez, P."}
	titles := []string{"The Garden in Autumn", "A Short History of the Comet", "L'Été des hirondelles", "Letters from the Lake", "A Hundred Knots"}
	for i := range 4000 {
		fmt.Fprintf(&b, "%c%03d;%s;%s (%d);%d\r\n", 'A'+i%26, i%1000, authors[i%len(authors)], titles[i%len(titles)], i/30+1, 1950+i%75)
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="catalogue.csv"`)
	http.ServeContent(w, r, "catalogue.csv", s.started, bytes.NewReader(b.Bytes()))
}

// recordings is large and generated as it is read: the bytes depend on their
// place only, so that a resumed download can be compared.
func (s *site) recordings(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="recordings.zip"`)
	w.Header().Set("ETag", fmt.Sprintf(`"recordings-%08x"`, crc32.ChecksumIEEE([]byte(s.started.String()))))
	http.ServeContent(w, r, "recordings.zip", s.started, io.NewSectionReader(pattern{}, 0, downloadSize))
}

// pattern is an endless file without a byte in memory.
type pattern struct{}

// ReadAt fills p with the bytes that belong at off.
func (pattern) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		n := uint64(off) + uint64(i)
		p[i] = byte((n*2654435761 ^ n>>11) >> 13)
	}
	return len(p), nil
}

func (s *site) slow(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), slowPage)
	defer cancel()
	<-ctx.Done()
	if r.Context().Err() == nil {
		s.text(w, r, http.StatusOK, "slow")
	}
}

// compress sends text gzipped to those who take it (RFC 9110 section 8.4.1.3).
func compress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept-Encoding")
		ext := path.Ext(r.URL.Path)
		text := ext == "" || ext == ".html" || ext == ".css" || ext == ".xml"
		if !text || r.Header.Get("Range") != "" || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			next.ServeHTTP(w, r)
			return
		}
		z := &gzipWriter{ResponseWriter: w}
		defer z.close()
		next.ServeHTTP(z, r)
	})
}

// gzipWriter compresses a body, if there is one.
type gzipWriter struct {
	http.ResponseWriter
	zip  *gzip.Writer
	sent bool
}

// WriteHeader decides by the status whether there will be a body.
func (g *gzipWriter) WriteHeader(status int) {
	if g.sent {
		return
	}
	g.sent = true
	if status != http.StatusNotModified && status != http.StatusNoContent {
		g.Header().Del("Content-Length")
		g.Header().Set("Content-Encoding", "gzip")
		g.zip = gzip.NewWriter(g.ResponseWriter)
	}
	g.ResponseWriter.WriteHeader(status)
}

// Write compresses p.
func (g *gzipWriter) Write(p []byte) (int, error) {
	if !g.sent {
		g.WriteHeader(http.StatusOK)
	}
	if g.zip == nil {
		return g.ResponseWriter.Write(p)
	}
	return g.zip.Write(p)
}

func (g *gzipWriter) close() {
	if g.zip != nil {
		_ = g.zip.Close() // the client is gone, nobody to tell
	}
}
