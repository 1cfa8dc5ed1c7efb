package commands

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"guichet/app/mailtext"
	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/html"
	"guichet/services/html/raster"
	"guichet/services/html/text"
	"guichet/services/mail/message"
	"guichet/services/profile"
)

// rendered is what `render --json` prints.
type rendered struct {
	Stages     map[string]float64 `json:"milliseconds"` // load, parse, resources, layout, paint
	Width      int                `json:"width"`
	Height     int                `json:"height"`
	Requests   int                `json:"requests"` // made to the network
	Title      string             `json:"title"`
	Simplified bool               `json:"simplified,omitempty"`
	Path       string             `json:"path,omitempty"`
}

// source is a page to render.
type source struct {
	data        []byte
	url         *url.URL
	contentType string
	load        func(ctx context.Context, r html.Request) (*html.Resource, error)
	requests    *atomic.Int64 // made to the network; nil: none
}

func (s *source) count() int {
	if s.requests == nil {
		return 0
	}
	return int(s.requests.Load())
}

func (c *cli) render() *cobra.Command {
	var (
		out, engine, dump string
		width, scale      float32
		mail, dark        bool
	)
	cmd := &cobra.Command{
		Use: "render " + words.T("cli.arg.URL_OR_FILE") + " -o page.png", Short: words.T("cli.render.short"), Long: words.T("cli.render.long"),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if engine != "simple" {
				return misuse(words.T("cli.bad.engine", "Engine", engine))
			}
			if err := refuseSecret(args[0]); err != nil {
				return err
			}
			if out == "" && dump == "" {
				return misuse(words.T("cli.bad.output"))
			}
			if width < 50 || width > 10_000 || scale < 0.25 || scale > 8 {
				return misuse(words.T("cli.bad.width"))
			}
			vp := html.Viewport{Width: width, Height: width * 0.7, Scale: scale, Dark: dark}
			return c.failed(c.draw(cmd.Context(), args[0], out, dump, mail, vp))
		},
	}
	f := cmd.Flags()
	f.StringVarP(&out, "output", "o", "", words.T("cli.render.flag.output"))
	f.Float32Var(&width, "width", 1000, words.T("cli.render.flag.width"))
	f.Float32Var(&scale, "scale", 1, words.T("cli.render.flag.scale"))
	f.StringVar(&engine, "engine", "simple", words.T("cli.render.flag.engine"))
	f.BoolVar(&mail, "mail", false, words.T("cli.render.flag.mail"))
	f.BoolVar(&dark, "dark", false, words.T("cli.render.flag.dark"))
	f.StringVar(&dump, "dump", "", words.T("cli.render.flag.dump"))
	return cmd
}

func (c *cli) draw(ctx context.Context, name, out, dump string, mail bool, vp html.Viewport) error {
	text.Shared().UseSystem(fontCache())
	r := rendered{Stages: map[string]float64{}, Path: out}
	at := time.Now()
	stage := func(name string) {
		now := time.Now()
		r.Stages[name] = milliseconds(now.Sub(at))
		at = now
	}
	src, err := c.source(ctx, name, mail)
	if err != nil {
		return err
	}
	stage("load")
	doc, err := html.Parse(ctx, src.data, html.Options{URL: src.url, ContentType: src.contentType, Mail: mail})
	if err != nil {
		return err
	}
	stage("parse")
	if err := doc.Complete(ctx, src.load); err != nil {
		return err
	}
	stage("resources")
	if dump != "" {
		return doc.Dump(ctx, c.p.Stdout, html.Stage(dump), vp)
	}
	view, err := doc.Layout(ctx, vp)
	if err != nil {
		return err
	}
	stage("layout")
	height := max(view.Height, 1)
	var picture bytes.Buffer
	if err := raster.PNG(&picture, view.List, view.Background, max(view.Width, vp.Width), height, vp.Scale); err != nil {
		return err
	}
	if err := profile.WriteFile(out, picture.Bytes(), 0o644); err != nil {
		return err
	}
	stage("paint")
	r.Width, r.Height, r.Requests, r.Title = int(view.Width), int(view.Height), src.count(), doc.Title()
	r.Simplified = view.Simplified
	if c.json {
		return c.print(r)
	}
	if !c.quiet {
		c.printf("%s\n", words.T("cli.render.done", "Path", out, "Width", r.Width, "Height", r.Height))
	}
	return nil
}

// fontCache is where the index of the system's fonts is kept, shared by all
// profiles.
func fontCache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return os.TempDir()
	}
	return filepath.Join(dir, "guichet")
}

// source reads a page, or a mail's HTML, from this computer or the web.
func (c *cli) source(ctx context.Context, name string, mail bool) (*source, error) {
	if isURL(name) && !strings.HasPrefix(name, "file:") {
		if mail {
			return nil, fault.Newf(fault.Unsupported, "render", "", "--mail draws files of this computer")
		}
		return c.webSource(ctx, name)
	}
	if u, err := url.Parse(name); err == nil && u.Scheme == "file" {
		name = u.Path
	}
	data, err := readBounded(name)
	if err != nil {
		return nil, err
	}
	if mail {
		return mailSource(data), nil
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return nil, fault.From("render", "", err)
	}
	s := &source{data: data, url: &url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}, load: loadBeside}
	if e := filepath.Ext(name); e == ".xhtml" || e == ".xht" {
		s.contentType = "application/xhtml+xml"
	}
	return s, nil
}

// loadBeside lets a page of this computer refer to files of this computer, and
// to nothing else.
func loadBeside(_ context.Context, r html.Request) (*html.Resource, error) {
	u, err := url.Parse(r.URL)
	if err != nil || u.Scheme != "file" {
		return nil, fault.Newf(fault.Permission, "load", "", "a local page loads local files only")
	}
	data, err := readBounded(filepath.FromSlash(u.Path))
	if err != nil {
		return nil, err
	}
	return &html.Resource{URL: r.URL, Data: data}, nil
}

// mailSource draws what the reading pane would: the HTML part, or the text; the
// only resources are the mail's own parts.
func mailSource(data []byte) *source {
	m := message.Parse(data)
	s := &source{data: []byte(m.HTML), contentType: "text/html; charset=utf-8"}
	if m.HTML == "" {
		s.data = []byte(mailtext.HTML(m.Text))
	}
	s.load = func(_ context.Context, r html.Request) (*html.Resource, error) {
		data, mediaType, ok := m.Inline(r.URL)
		if !strings.HasPrefix(r.URL, "cid:") || !ok {
			return nil, fault.Newf(fault.Permission, "load", "", "a mail loads its own parts only")
		}
		return &html.Resource{URL: r.URL, MediaType: mediaType, Data: data}, nil
	}
	return s
}
