package pageview

import (
	"context"
	"time"

	"guichet/services/fault"
	"guichet/services/html"
)

// answer is what came of a request.
type answer struct {
	request  html.Request
	resource *html.Resource
	err      error
}

// loadParts starts fetching what the document refers to, unless that is under
// way.
func (v *View) loadParts(s *session) {
	if s.loading || s.group.Context().Err() != nil {
		return
	}
	s.loading = true
	s.group.Go("load a page's parts", func(ctx context.Context) {
		v.load(ctx, s)
		v.p.Post(func() {
			s.loading = false
			if v.current == s && v.OnLoaded != nil {
				v.OnLoaded()
			}
		})
	})
}

// fresh lists pending requests that nobody was asked for yet; the caller has
// the document.
func (s *session) fresh(d *html.Document) []html.Request {
	var out []html.Request
	for _, r := range d.Pending() {
		if !s.asked[r] {
			out = append(out, r)
		}
	}
	return out
}

// load fetches, a few at a time, until nothing is pending. The first layout
// waits for the style sheets, for a while: a page that jumps is worse than one
// that comes a little later.
func (v *View) load(ctx context.Context, s *session) {
	patience := time.NewTimer(sheetWait)
	defer patience.Stop()
	answers := make(chan answer)
	var queue []html.Request
	begun, running, sheets := false, 0, 0
	begin := func() {
		if begun {
			return
		}
		begun = true
		v.p.Post(func() {
			if v.current == s && !s.begun {
				s.begun = true
				v.relayout(0)
			}
		})
	}
	take := func(d *html.Document) {
		for _, r := range s.fresh(d) {
			s.asked[r] = true
			queue = append(queue, r)
			if r.Kind == html.Stylesheet {
				sheets++
			}
		}
	}
	s.use(take)
	for {
		for running < maxLoads && len(queue) > 0 {
			r := queue[0]
			queue = queue[1:]
			running++
			s.group.Go("load a part of a page", func(ctx context.Context) {
				a := v.fetch(ctx, r)
				select {
				case answers <- a:
				case <-ctx.Done():
				}
			})
		}
		if sheets == 0 {
			begin()
		}
		if running == 0 {
			return
		}
		select {
		case <-ctx.Done():
			begin()
			return
		case <-patience.C:
			begin()
		case a := <-answers:
			running--
			if a.request.Kind == html.Stylesheet {
				sheets--
			}
			s.use(func(d *html.Document) {
				d.Supply(a.request, a.resource, a.err)
				take(d)
			})
			if begun {
				v.p.Post(func() {
					if v.current == s {
						v.relayoutSoon()
					}
				})
			}
		}
	}
}

func (v *View) fetch(ctx context.Context, r html.Request) answer {
	if v.p.Load == nil {
		return answer{request: r, err: fault.New(fault.NotFound, "load a part of a page", "", nil)}
	}
	resource, err := v.p.Load(ctx, r)
	if err == nil && resource == nil {
		err = fault.New(fault.NotFound, "load a part of a page", "", nil)
	}
	return answer{request: r, resource: resource, err: err}
}

// relayoutSoon lays out once for all resources that come within a moment: the
// first of them sets the time, later ones do not put it off.
func (v *View) relayoutSoon() {
	if v.soon {
		return
	}
	v.soon = true
	s := v.current
	s.group.Go("wait for more parts", func(context.Context) {
		// Stopped loading still shows what has come.
		_ = pause(v.p.Group.Context(), resourceDelay)
		v.p.Post(func() {
			v.soon = false
			switch {
			case v.current != s:
			case v.busy: // a long layout is not thrown away for a picture
				v.again = true
			default:
				v.relayout(0)
			}
		})
	})
}
