package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fyne.io/fyne/v2/data/binding"
	"github.com/stretchr/testify/require"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/html"
	"guichet/services/task"
	"guichet/services/web/download"
)

// world serves every host name by one handler, over TLS where the address says
// https. Hosts named "plain.example" speak no TLS.
type world struct {
	http.RoundTripper
	mux *http.ServeMux
	mu  sync.Mutex
	log []string
}

func newWorld(t testing.TB) *world {
	w := &world{mux: http.NewServeMux()}
	h := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.log = append(w.log, r.Method+" "+r.Host+r.URL.RequestURI())
		w.mu.Unlock()
		w.mux.ServeHTTP(rw, r)
	})
	plain, safe := httptest.NewServer(h), httptest.NewTLSServer(h)
	t.Cleanup(plain.Close)
	t.Cleanup(safe.Close)
	roots := x509.NewCertPool()
	roots.AddCert(safe.Certificate())
	tr := &http.Transport{
		DisableCompression: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, plain.Listener.Addr().String())
		},
		DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if strings.HasPrefix(addr, "plain.example") {
				return nil, fault.Newf(fault.Refused, "connect", "plain.example", "refused")
			}
			d := tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: "example.com"}}
			return d.DialContext(ctx, network, safe.Listener.Addr().String())
		},
	}
	t.Cleanup(tr.CloseIdleConnections)
	w.RoundTripper = tr
	return w
}

func (w *world) page(pattern, body string) {
	w.mux.HandleFunc(pattern, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(rw, body)
	})
}

func (w *world) asked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.log
	w.log = nil
	var out []string
	for _, r := range l {
		if !strings.HasSuffix(r, "/favicon.ico") {
			out = append(out, r)
		}
	}
	return out
}

// jobs is an Activity that only writes down.
type jobs struct {
	mu     sync.Mutex
	runner activity.Runner
	specs  []activity.Spec
}

func (j *jobs) Register(_ string, r activity.Runner) { j.runner = r }
func (j *jobs) Add(_ context.Context, s activity.Spec) (int64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.specs = append(j.specs, s)
	return int64(len(j.specs)), nil
}

func newService(t testing.TB, w *world, change func(*Params)) *Service {
	p := Params{Dir: t.TempDir(), Transport: w, Tasks: task.NewGroup(context.Background()), Version: "test", Downloads: func() string { return "down" }}
	if change != nil {
		change(&p)
	}
	s, err := New(p)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// until waits for a value of a binding.
func until[T any](t testing.TB, item binding.Item[T], ok func(T) bool) T {
	t.Helper()
	seen := make(chan struct{}, 1)
	l := binding.NewDataListener(func() {
		select {
		case seen <- struct{}{}:
		default:
		}
	})
	item.AddListener(l)
	defer item.RemoveListener(l)
	timeout := time.After(10 * time.Second)
	for {
		v, err := item.Get()
		require.NoError(t, err)
		if ok(v) {
			return v
		}
		select {
		case <-seen:
		case <-timeout:
			require.Fail(t, "state never came", "%+v", v)
		}
	}
}

func state(t testing.TB, tab *Tab) *TabState {
	v, err := tab.State.Get()
	require.NoError(t, err)
	return v
}

// settled waits until the tab shows another thing than generation.
func settled(t testing.TB, tab *Tab, generation uint64) *TabState {
	t.Helper()
	return until(t, tab.State, func(s *TabState) bool { return s.Generation > generation && !s.Loading })
}

func open(t testing.TB, tab *Tab, address string) *TabState {
	t.Helper()
	g := state(t, tab).Generation
	tab.Open(address, OpenOptions{})
	return settled(t, tab, g)
}

func TestTabHistory(t *testing.T) {
	w := newWorld(t)
	for _, n := range []string{"1", "2", "3"} {
		w.page("/"+n, "<title>Page "+n+"</title><p id=part>text")
	}
	s := newService(t, w, nil)
	tab := s.NewTab()
	first := state(t, tab)
	require.True(t, first.Start)
	require.False(t, first.CanBack)

	st := open(t, tab, "https://a.example/1")
	require.Equal(t, "https://a.example/1", st.URL)
	require.Equal(t, "Page 1", st.Title)
	require.True(t, st.Secure)
	require.NotNil(t, st.Page.Document)
	require.True(t, st.CanBack)
	tab.Scrolled(120)
	open(t, tab, "https://a.example/2")
	st = open(t, tab, "http://a.example/3")
	require.False(t, st.Secure)
	tab.Scrolled(50)

	tab.Back()
	st = settled(t, tab, st.Generation)
	require.Equal(t, "Page 2", st.Title)
	require.True(t, st.CanNext)
	tab.Back()
	st = settled(t, tab, st.Generation)
	require.Equal(t, "Page 1", st.Title)
	require.Equal(t, float32(120), st.ScrollY)
	tab.Go(3)
	st = settled(t, tab, st.Generation)
	require.Equal(t, "Page 3", st.Title)
	require.Equal(t, float32(50), st.ScrollY)
	require.False(t, st.CanNext)
	tab.Go(0)
	st = settled(t, tab, st.Generation)
	require.True(t, st.Start)
	require.Nil(t, st.Page)
	require.True(t, st.CanNext)
	open(t, tab, "https://a.example/2")
	list, at := tab.Entries()
	require.Len(t, list, 2, "a new page ends the way forward")
	require.Equal(t, 1, at)
}

func TestPlacesWithinAPage(t *testing.T) {
	w := newWorld(t)
	w.page("/1", "<title>Page</title><p id=part>text")
	s := newService(t, w, nil)
	tab := s.NewTab()
	st := open(t, tab, "https://a.example/1")
	tab.Scrolled(10)
	tab.Open("https://a.example/1#part", OpenOptions{From: st.Page.URL})
	in := until(t, tab.State, func(s *TabState) bool { return s.Fragment == "part" })
	require.Equal(t, st.Generation, in.Generation, "no load")
	require.Greater(t, in.Jump, st.Jump)
	require.Equal(t, "https://a.example/1#part", in.URL)
	tab.Back()
	back := until(t, tab.State, func(s *TabState) bool { return s.Jump > in.Jump })
	require.Equal(t, float32(10), back.ScrollY)
	require.Equal(t, st.Generation, back.Generation)
	require.Len(t, w.asked(), 1)
}

func TestFaultsAndQuestions(t *testing.T) {
	w := newWorld(t)
	w.page("/", "<title>Home</title>")
	w.mux.HandleFunc("/missing", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		rw.WriteHeader(http.StatusNotFound)
		fmt.Fprint(rw, "<title>Not here</title>Sorry")
	})
	w.mux.HandleFunc("/empty", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNotFound) })
	w.mux.HandleFunc("/closed", func(rw http.ResponseWriter, r *http.Request) {
		if _, p, _ := r.BasicAuth(); p == "key" {
			fmt.Fprint(rw, "<!doctype html><title>Inside</title>")
			return
		}
		rw.Header().Set("WWW-Authenticate", `Basic realm="Club"`)
		rw.WriteHeader(http.StatusUnauthorized)
	})
	s := newService(t, w, nil)
	tab := s.NewTab()
	require.Equal(t, "Not here", open(t, tab, "https://a.example/missing").Title, "the site's own words")
	require.Equal(t, fault.NotFound, open(t, tab, "https://a.example/empty").Fault.Kind)
	require.Equal(t, fault.NotFound, open(t, tab, "https://[nonsense").Fault.Kind)
	require.Equal(t, fault.Unsupported, open(t, tab, "gopher://a.example/").Fault.Kind)

	st := open(t, tab, "https://a.example/closed")
	q := st.Fault.Question.(*LoginQuestion)
	require.Equal(t, "Club", q.Realm)
	s.Login(q, "anna", "key")
	tab.Reload()
	require.Equal(t, "Inside", settled(t, tab, st.Generation).Title)

	// A host that speaks no TLS: only asked about where the person gave no scheme.
	st = open(t, tab, "https://plain.example/")
	require.Nil(t, st.Fault.Question)
	tab.Open("https://plain.example/", OpenOptions{Guessed: true})
	st = settled(t, tab, st.Generation)
	require.Equal(t, &InsecureQuestion{URL: "http://plain.example/"}, st.Fault.Question)
	tab.OpenInsecure()
	st = settled(t, tab, st.Generation)
	require.Equal(t, "Home", st.Title)
	require.Equal(t, "http://plain.example/", st.URL)
	require.False(t, st.Secure)
}

func TestStopAndNewest(t *testing.T) {
	w := newWorld(t)
	w.page("/fast", "<title>Fast</title>")
	begun := make(chan struct{}, 3)
	w.mux.HandleFunc("/slow", func(rw http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		<-r.Context().Done()
	})
	s := newService(t, w, nil)
	tab := s.NewTab()
	st := open(t, tab, "https://a.example/fast")
	tab.Open("https://a.example/slow", OpenOptions{})
	<-begun
	require.True(t, state(t, tab).Loading)
	require.Equal(t, "https://a.example/slow", state(t, tab).URL)
	require.NotNil(t, state(t, tab).Page, "the old page stays")
	tab.Stop()
	stopped := until(t, tab.State, func(s *TabState) bool { return !s.Loading })
	require.Equal(t, "https://a.example/fast", stopped.URL)
	require.Equal(t, st.Generation, stopped.Generation)

	tab.Open("https://a.example/slow", OpenOptions{})
	<-begun
	tab.Open("https://a.example/fast", OpenOptions{})
	settled(t, tab, st.Generation)
	list, _ := tab.Entries()
	require.Len(t, list, 2, "what was never shown is no station")
}

func TestSilentServer(t *testing.T) {
	w := newWorld(t)
	w.mux.HandleFunc("/mute", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	w.mux.HandleFunc("/huge", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		for r.Context().Err() == nil {
			if _, err := rw.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	s := newService(t, w, func(p *Params) { p.Idle = 50 * time.Millisecond })
	require.Equal(t, fault.Timeout, open(t, s.NewTab(), "https://a.example/mute").Fault.Kind)
	s = newService(t, w, func(p *Params) { p.MaxPage = 1 << 20 })
	require.Equal(t, fault.TooBig, open(t, s.NewTab(), "https://a.example/huge").Fault.Kind)
}

func TestForms(t *testing.T) {
	w := newWorld(t)
	w.page("/form", "<title>Form</title>")
	w.mux.HandleFunc("/answer", func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(rw, "<!doctype html><title>%s %s %s</title>", r.Method, r.Header.Get("Origin"), body)
	})
	w.mux.HandleFunc("/moved", func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/form?done", http.StatusSeeOther) })
	s := newService(t, w, nil)
	tab := s.NewTab()
	st := open(t, tab, "https://a.example/form")
	post := func(address string) html.Submission {
		return html.Submission{
			Method: "POST", URL: address, ContentType: "application/x-www-form-urlencoded", Length: 3,
			Body: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("a=b")), nil },
		}
	}
	tab.Submit(post("https://a.example/answer"))
	st = settled(t, tab, st.Generation)
	require.Equal(t, "POST https://a.example a=b", st.Title)
	require.True(t, st.Page.Post)

	tab.Back()
	st = settled(t, tab, st.Generation)
	require.Equal(t, "Form", st.Title)
	w.asked()
	tab.Forward()
	st = settled(t, tab, st.Generation)
	require.IsType(t, &RepostQuestion{}, st.Fault.Question)
	require.Empty(t, w.asked(), "not sent again without a yes")
	tab.Repost()
	st = settled(t, tab, st.Generation)
	require.Equal(t, "POST https://a.example a=b", st.Title)

	tab.Submit(post("https://a.example/moved"))
	st = settled(t, tab, st.Generation)
	require.Equal(t, "https://a.example/form?done", st.URL)
	require.False(t, st.Page.Post)
}

func TestOtherThanHTML(t *testing.T) {
	w := newWorld(t)
	var pic bytes.Buffer
	require.NoError(t, png.Encode(&pic, image.NewNRGBA(image.Rect(0, 0, 3, 3))))
	serve := func(path, media string, data []byte, header ...string) {
		w.mux.HandleFunc(path, func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", media)
			for i := 0; i < len(header); i += 2 {
				rw.Header().Set(header[i], header[i+1])
			}
			rw.Write(data)
		})
	}
	serve("/notes.txt", "text/plain; charset=iso-8859-1", []byte("<b>caf\xe9</b>"))
	serve("/pic.png", "image/png", pic.Bytes())
	serve("/data.zip", "application/zip", []byte("PK\x03\x04"))
	serve("/page.html", "text/html", []byte("<p>x"), "Content-Disposition", `attachment; filename="../saved page.html"`)
	w.mux.HandleFunc("/nothing", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(204) })
	j := &jobs{}
	s := newService(t, w, func(p *Params) { p.Activity = j })
	tab := s.NewTab()

	st := open(t, tab, "https://a.example/notes.txt")
	require.Equal(t, "notes.txt", st.Title)
	require.Contains(t, st.Page.Document.Text(), "<b>café</b>")

	st = open(t, tab, "https://a.example/pic.png")
	require.Equal(t, "pic.png", st.Title)
	pending := st.Page.Document.Pending()
	require.Len(t, pending, 1)
	w.asked()
	r, err := st.Page.Load(t.Context(), pending[0])
	require.NoError(t, err)
	require.Equal(t, pic.Bytes(), r.Data)
	require.Empty(t, w.asked(), "it came with the page")

	for i, c := range []struct{ path, title string }{{"/data.zip", "data.zip"}, {"/page.html", "saved page.html"}} {
		tab.Open("https://a.example"+c.path, OpenOptions{From: st.Page.URL})
		got := until(t, tab.State, func(s *TabState) bool { return s.Handed == uint64(i+1) })
		require.False(t, got.Loading)
		require.Equal(t, st.URL, got.URL, "the page stays")
		require.Equal(t, st.Generation, got.Generation)
		require.Equal(t, c.title, j.specs[i].Title)
		require.Equal(t, download.Kind, j.specs[i].Kind)
		spec := j.specs[i].Data.(download.Spec)
		require.Equal(t, "down", spec.Dir)
		require.NoError(t, s.runner.Release(spec.Token).Body.Close())
	}
	w.asked()
	tab.Open("https://a.example/nothing", OpenOptions{})
	until(t, tab.State, func(s *TabState) bool { return !s.Loading })
	require.Equal(t, st.URL, state(t, tab).URL)
	st = open(t, tab, "data:text/html,<title>From%20data</title>")
	require.Equal(t, "From data", st.Title)
}

func TestParts(t *testing.T) {
	w := newWorld(t)
	w.page("/{$}", `<title>Page</title><link rel=stylesheet href=/style.css><img src=/pic.png><img src=http://b.example/pic.png>`)
	var mu sync.Mutex
	running, most := 0, 0
	w.mux.HandleFunc("/pic.png", func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		running++
		most = max(most, running)
		mu.Unlock()
		time.Sleep(time.Millisecond)
		mu.Lock()
		running--
		mu.Unlock()
		rw.Header().Set("Content-Type", "image/png")
		fmt.Fprint(rw, r.TLS != nil, r.Header.Get("Referer"), r.Header.Get("Cookie"))
	})
	w.mux.HandleFunc("/style.css", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/css")
		fmt.Fprint(rw, "p{}")
	})
	s := newService(t, w, nil)
	st := open(t, s.NewTab(), "https://a.example/")
	require.NotEmpty(t, st.Page.Document.Pending())
	r, err := st.Page.Load(t.Context(), html.Request{URL: "https://a.example/style.css", Kind: html.Stylesheet})
	require.NoError(t, err)
	require.Equal(t, "text/css", r.MediaType)
	_, err = st.Page.Load(t.Context(), html.Request{URL: "https://b.example/pic.png", Kind: html.Stylesheet})
	require.Error(t, err, "a picture is no style sheet")
	_, err = st.Page.Load(t.Context(), html.Request{URL: "file:///etc/passwd", Kind: html.Image})
	require.Equal(t, fault.Unsupported, fault.KindOf(err))
	_, err = st.Page.Load(t.Context(), html.Request{URL: "https://a.example/none.png", Kind: html.Image})
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	r, err = st.Page.Load(t.Context(), html.Request{URL: "http://b.example/pic.png", Kind: html.Image})
	require.NoError(t, err)
	require.Equal(t, "truehttps://a.example/", string(r.Data), "a safe page has safe parts")
	r, err = st.Page.Load(t.Context(), html.Request{URL: "data:image/gif;base64,R0lGODlh", Kind: html.Image})
	require.NoError(t, err)
	require.Equal(t, "GIF89a", string(r.Data))

	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			_, err := st.Page.Load(context.Background(), html.Request{URL: fmt.Sprintf("https://a.example/pic.png?%d", i), Kind: html.Image})
			require.NoError(t, err)
		})
	}
	wg.Wait()
	require.LessOrEqual(t, most, perHost)
}

func TestIconsAndMetaRefresh(t *testing.T) {
	w := newWorld(t)
	var pic bytes.Buffer
	require.NoError(t, png.Encode(&pic, image.NewNRGBA(image.Rect(0, 0, 64, 16))))
	w.mux.HandleFunc("/favicon.ico", func(rw http.ResponseWriter, _ *http.Request) { rw.Write(pic.Bytes()) })
	w.page("/old", `<title>Old</title><meta http-equiv=refresh content="0; url=/new">`)
	w.page("/new", `<title>New</title>`)
	w.page("/self", `<title>Self</title><meta http-equiv=refresh content="0">`)
	w.page("/ping", `<title>Ping</title><meta http-equiv=refresh content="0; url=/pong">`)
	w.page("/pong", `<title>Pong</title><meta http-equiv=refresh content="0; url=/ping">`)
	s := newService(t, w, nil)
	tab := s.NewTab()
	tab.Open("https://a.example/old", OpenOptions{})
	st := until(t, tab.State, func(s *TabState) bool { return s.Title == "New" && s.FaviconPNG != nil })
	config, err := png.DecodeConfig(bytes.NewReader(st.FaviconPNG))
	require.NoError(t, err)
	require.Equal(t, iconSize, config.Width)
	list, _ := tab.Entries()
	require.Len(t, list, 2, "the way back leads past it")

	open(t, tab, "https://a.example/self")
	w.asked()
	tab.Open("https://a.example/ping", OpenOptions{})
	until(t, tab.State, func(s *TabState) bool { return s.Generation >= st.Generation+1+1+maxRefreshHops })
	require.LessOrEqual(t, len(w.asked()), maxRefreshHops+2)
}

func TestOfflineCopy(t *testing.T) {
	w := newWorld(t)
	w.mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		fmt.Fprint(rw, "<title>Kept</title>")
	})
	var down atomic.Bool
	s := newService(t, w, func(p *Params) {
		p.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			if down.Load() {
				return nil, fault.Newf(fault.Offline, "connect", r.URL.Host, "no network")
			}
			return w.RoundTrip(r)
		})
	})
	tab := s.NewTab()
	require.Zero(t, open(t, tab, "https://a.example/").Page.Offline)
	down.Store(true)
	st := open(t, tab, "https://a.example/")
	require.Equal(t, "Kept", st.Title)
	require.False(t, st.Page.Offline.IsZero())
	require.Equal(t, fault.Offline, open(t, tab, "https://b.example/").Fault.Kind)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestDownloadThroughActivity(t *testing.T) {
	w := newWorld(t)
	data := bytes.Repeat([]byte("0123456789"), 50_000)
	w.mux.HandleFunc("/file.bin", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/octet-stream")
		rw.Write(data)
	})
	dir := t.TempDir()
	db, err := activity.Open(filepath.Join(dir, "jobs.db"))
	require.NoError(t, err)
	g := task.NewGroup(context.Background())
	c, err := activity.New(activity.Params{DB: db, Tasks: g})
	require.NoError(t, err)
	s := newService(t, w, func(p *Params) {
		p.Activity, p.Tasks = c, g
		p.Downloads = func() string { return filepath.Join(dir, "Downloads") }
	})
	c.Start()
	defer func() {
		g.Close(5 * time.Second)
		require.NoError(t, db.Close())
	}()
	tab := s.NewTab()
	tab.Open("https://a.example/file.bin", OpenOptions{})
	st := until(t, tab.State, func(s *TabState) bool { return s.Handed == 1 })
	tab.Close() // the download goes on
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	j, err := c.Wait(ctx, st.Job)
	require.NoError(t, err)
	require.Equal(t, activity.Done, j.State, "%v", j.Fault)
	got, err := os.ReadFile(filepath.Join(dir, "Downloads", "file.bin"))
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, got))
	require.Equal(t, []string{"GET a.example/file.bin"}, w.asked(), "asked once")

	id, err := s.Download(t.Context(), "https://a.example/file.bin", "https://a.example/", "mine.bin")
	require.NoError(t, err)
	j, err = c.Wait(ctx, id)
	require.NoError(t, err)
	require.Equal(t, activity.Done, j.State)
	require.FileExists(t, filepath.Join(dir, "Downloads", "file.bin"))
	_, err = s.Download(t.Context(), "file:///etc/passwd", "", "")
	require.Equal(t, fault.Unsupported, fault.KindOf(err))
}

func TestGetWithPassword(t *testing.T) {
	w := newWorld(t)
	w.mux.HandleFunc("/x", func(rw http.ResponseWriter, r *http.Request) {
		if _, p, _ := r.BasicAuth(); p != "key" {
			rw.Header().Set("WWW-Authenticate", `Basic realm="Club"`)
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(rw, "inside")
	})
	dest := filepath.Join(t.TempDir(), "x")
	p := Params{Transport: w}
	_, err := Get(t.Context(), p, "https://a.example/x", dest, GetOptions{})
	require.Equal(t, fault.Login, fault.KindOf(err))
	_, err = Get(t.Context(), p, "https://a.example/x", dest, GetOptions{User: "anna", Password: "wrong"})
	require.Equal(t, fault.Login, fault.KindOf(err))
	_, err = Get(t.Context(), p, "http://a.example/x", dest, GetOptions{User: "anna", Password: "key"})
	require.Equal(t, fault.Login, fault.KindOf(err), "never in clear text")
	result, err := Get(t.Context(), p, "https://a.example/x", dest, GetOptions{User: "anna", Password: "key"})
	require.NoError(t, err)
	require.Equal(t, int64(6), result.Bytes)
}
