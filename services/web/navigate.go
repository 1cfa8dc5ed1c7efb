package web

import (
	"context"
	"net/url"
	"time"

	"guichet/services/fault"
)

// place says where a page goes in its tab's history.
type place int

const (
	placeNew  place = iota // after the present station, which ends the way forward
	placeHere              // in the present station
)

// visit is one load of a tab: the engine reports to it. It implements Viewer.
type visit struct {
	t       *Tab
	e       entry
	n       Navigation
	place   place
	current func() bool
	done    bool
}

// load starts a load; an older one ends.
func (t *Tab) load(e entry, n Navigation, where place) {
	t.change(func() {
		t.state.Loading, t.state.Progress, t.state.Since = true, 0, t.s.p.Now()
		t.state.URL = n.URL.String()
	})
	t.slot.Start("load page", func(ctx context.Context, current func() bool) {
		v := &visit{t: t, e: e, n: n, place: where, current: current}
		t.s.engine.Load(ctx, n, v)
		if !v.done && current() {
			v.Failed(fault.Newf(fault.Internal, "open page", n.URL.Host, "the engine gave no answer"))
		}
	})
}

// Progress implements Viewer.
func (v *visit) Progress(done, all int64) {
	if all > 0 && v.current() {
		v.t.tick.Set(min(1, float64(done)/float64(all)))
	}
}

// Committed implements Viewer.
func (v *visit) Committed(p *Page) {
	v.done = true
	if !v.current() {
		return
	}
	t, name := v.t, title(p)
	typed := v.n.From == nil && v.place == placeNew
	t.change(func() {
		v.e.url, v.e.title = p.URL, name
		if !p.Post { // a form that led to a redirect is not sent again
			v.e.form = nil
		}
		t.station(v)
		t.state.URL, t.state.Title, t.state.Start, t.state.Loading, t.state.Progress = fault.CleanURL(p.URL), name, false, false, 0
		t.state.Secure, t.state.Fault, t.state.Page, t.state.FaviconPNG = p.Secure, nil, p, nil
		t.state.Engine = t.s.engine.Name()
		t.state.Generation++
		t.state.Jump++
		t.entries[t.index].shown = t.state.Generation
		t.state.Fragment, t.state.ScrollY = p.URL.Fragment, 0
		if v.place == placeHere {
			t.state.ScrollY = t.entries[t.index].scroll
			if t.state.ScrollY > 0 {
				t.state.Fragment = ""
			}
		}
	})
	if !v.n.Reload && !v.n.Back && p.Status < 400 {
		t.s.remember(p.URL, name, typed)
	}
	if r := p.refresh; r != nil {
		v.refresh(p, r.Seconds, r.URL)
	}
}

// station puts the load's entry into the history; the tab's lock is held.
func (t *Tab) station(v *visit) {
	if v.place == placeNew {
		present := t.entries[t.index]
		// Opening the same address again is no new station, and neither is a fault
		// that the same address had before.
		if present.url != nil && present.url.String() == v.e.url.String() && present.form == nil && v.e.form == nil {
			v.e.scroll = 0
			t.entries[t.index] = v.e
			return
		}
		t.push(v.e)
		return
	}
	v.e.scroll = t.entries[t.index].scroll
	t.entries[t.index] = v.e
}

// Icon implements Viewer.
func (v *visit) Icon(png []byte) {
	if v.current() && png != nil {
		v.t.change(func() { v.t.state.FaviconPNG = png })
	}
}

// Handed implements Viewer.
func (v *visit) Handed(job int64) {
	v.done = true
	if !v.current() {
		return
	}
	t := v.t
	t.change(func() {
		t.state.Loading, t.state.Progress = false, 0
		t.restore()
		if job != 0 {
			t.state.Job = job
			t.state.Handed++
		}
	})
}

// Failed implements Viewer.
func (v *visit) Failed(f *fault.Fault) {
	v.done = true
	if !v.current() {
		return
	}
	v.t.change(func() {
		v.t.station(v)
		v.t.showFault(f, v.e.url.String(), v.e.title)
	})
}

// fail shows a fault for an address that could not even be tried.
func (t *Tab) fail(e entry, f *fault.Fault, shown string) {
	t.slot.Stop()
	t.change(func() {
		t.push(e)
		t.showFault(f, shown, "")
	})
}

// showFault makes the state that of a fault; the lock is held.
func (t *Tab) showFault(f *fault.Fault, address, name string) {
	if name == "" {
		name = site(address)
	}
	t.state.URL, t.state.Title, t.state.Start, t.state.Loading, t.state.Progress = address, name, false, false, 0
	t.state.Secure, t.state.Fault, t.state.Page, t.state.FaviconPNG = false, f, nil, nil
	t.state.Fragment, t.state.ScrollY = "", 0
	t.state.Generation++
	t.state.Jump++
	t.entries[t.index].shown = t.state.Generation
}

// Limits of meta refresh: longer waits and endless chains are not followed, and
// a page does not load itself again.
const (
	maxRefreshWait = 30 // seconds
	maxRefreshHops = 10
)

// refresh follows a page's meta refresh to another address, in the same
// station: the way back leads past it.
func (v *visit) refresh(p *Page, seconds int, address string) {
	to, err := url.Parse(address)
	if err != nil || seconds > maxRefreshWait || seconds < 0 || sameDocument(to, p.URL) || to.Scheme != "http" && to.Scheme != "https" {
		return
	}
	if p.URL.Scheme == "https" && to.Scheme == "http" { // not silently down to clear text
		return
	}
	t := v.t
	t.mu.Lock()
	t.hops++
	over := t.hops > maxRefreshHops
	generation := t.state.Generation
	t.mu.Unlock()
	if over {
		return
	}
	t.group.Go("meta refresh", func(group context.Context) {
		timer := time.NewTimer(time.Duration(seconds) * time.Second)
		defer timer.Stop()
		select {
		case <-group.Done():
			return
		case <-timer.C:
		}
		t.mu.Lock()
		still := t.state.Generation == generation && !t.state.Loading
		t.mu.Unlock()
		if still {
			t.load(entry{url: to, options: OpenOptions{From: p.URL}}, Navigation{URL: to, From: p.URL}, placeHere)
		}
	})
}
