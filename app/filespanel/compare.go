package filespanel

import (
	"context"
	"errors"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/data/binding"
	"fyne.io/fyne/v2/driver/desktop"

	"guichet/app/look"
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/services/files/compare"
	"guichet/services/files/filter"
	"guichet/services/files/transfer"
	"guichet/services/task"
)

// comparison is the view of two folders side by side, in the place of the panes.
type comparison struct {
	f     *Panel
	pair  compare.Pair
	names [2]string // of the sides, for people
	slot  *task.Slot

	options  compare.PlanOptions
	contents bool   // compare by checksums too
	leaveOut string // masks of names that are left out, see filter.Filter

	scan   *compare.Scan // nil while it is being made
	plan   *compare.Plan // as the person turned it
	first  *compare.Plan // as proposed
	fault  error
	shows  int   // which rows: showAll, showDifferences, showConflicts
	rows   []int // of the plan, that are shown
	view   *compareView
	queued bool   // being made a job
	leave  func() // stops listening to the panes
}

// compareCommands are the commands about comparing.
func (f *Panel) compareCommands() []panel.Command {
	if f.p.Sync == nil {
		return nil
	}
	menu := words.T("files.menu.place")
	ready := func() bool { return f.here.settled() && f.there.settled() && f.cover == nil }
	list := []panel.Command{
		{ID: "files.compare", Icon: look.Icon("compare"), Enabled: ready, Run: f.compare, Separator: true},
		{ID: "files.keep", Icon: look.Icon("reload"), Enabled: func() bool { return f.p.Watch != nil && ready() && f.here.local && !f.there.local }, Run: f.keepFolder},
		{ID: "files.kept", Icon: look.Icon("list"), Enabled: func() bool { return f.p.Watch != nil }, Run: f.keptFolders},
	}
	list[0].Shortcut = &desktop.CustomShortcut{KeyName: fyne.KeyD, Modifier: fyne.KeyModifierShortcutDefault | fyne.KeyModifierShift}
	for i := range list {
		list[i].Name, list[i].Menu = words.T("command."+list[i].ID), menu
	}
	return list
}

// compareMenu names the commands that stand in the menu of a row, -1 for the
// space below the rows.
func (f *Panel) compareMenu(_ *side, row int) []string {
	if row >= 0 || f.p.Sync == nil {
		return nil
	}
	return []string{"files.compare", "files.keep", "files.kept"}
}

// settled reports whether the side shows a folder that can be compared.
func (s *side) settled() bool {
	l := s.listing()
	return l != nil && l.State == browse.Ready && !l.Loading
}

// place is the folder that a side shows, as jobs and rules know it.
func (s *side) place() transfer.Place {
	l := s.listing()
	if l.Site.Protocol == files.ProtocolLocal {
		return transfer.NewPlace(l.Site, s.session.SystemPath(l.Path), nil)
	}
	return transfer.NewPlace(l.Site, "", l.Path)
}

// placeName names a folder for people.
func placeName(p transfer.Place) string {
	if p.Site.Protocol == files.ProtocolLocal {
		return files.Display(filepath.Base(p.Root))
	}
	if base := files.Display(p.At().Base()); base != "" {
		return p.Site.Title() + " › " + base
	}
	return p.Site.Title()
}

// compare shows the two folders side by side.
func (f *Panel) compare() {
	c := &comparison{
		f: f, pair: compare.Pair{Left: f.here.place(), Right: f.there.place()}, slot: task.NewSlot(f.p.Tasks),
		// What is newer at the target is not overwritten unless a person says so.
		options: compare.PlanOptions{Direction: compare.RightLikeLeft, OnlyNewer: true}, shows: showDifferences,
	}
	c.names = [2]string{placeName(c.pair.Left), placeName(c.pair.Right)}
	f.comparing = c
	c.follow()
	c.build()
	c.look()
	f.p.Host.Window().Canvas().Focus(c.view.table.List.FocusTarget())
}

// follow closes the comparison when a pane behind it shows another folder: the
// person went there by the address box or the servers' menu.
func (c *comparison) follow() {
	var ends []func()
	for _, s := range []*side{c.f.here, c.f.there} {
		session, path := s.session, s.listing().Path
		listener := binding.NewDataListener(func() {
			if c.f.comparing == c && (s.session != session || s.listing().State == browse.Closed || !s.listing().Path.Equal(path)) {
				c.close()
			}
		})
		session.Listing().AddListener(listener)
		ends = append(ends, func() { session.Listing().RemoveListener(listener) })
	}
	c.leave = func() {
		for _, end := range ends {
			end()
		}
	}
}

// build makes the view anew, in another language or text size.
func (c *comparison) build() {
	c.view = newCompareView(c)
	c.f.cover = c.view.object
	c.f.layout()
	c.update()
	c.f.p.Host.Changed(c.f)
}

// close shows the panes again.
func (c *comparison) close() {
	c.slot.Stop()
	c.leave()
	c.f.comparing, c.f.cover = nil, nil
	c.f.layout()
	c.f.p.Host.Changed(c.f)
	c.f.focus(c.f.active)
}

// look compares the two folders.
func (c *comparison) look() {
	c.scan, c.plan, c.first, c.fault, c.rows = nil, nil, nil, nil, nil
	c.update()
	options, pair, service := compare.WalkOptions{Checksums: c.contents}, c.pair, c.f.p.Sync
	if m, err := (filter.Filter{Exclude: c.leaveOut}).Compile(); err != nil {
		c.f.trouble(err, nil) // nothing is left out by masks that cannot be read
	} else if m != nil {
		options.Filter = m.Skip
	}
	c.slot.Start("compare", func(ctx context.Context, current func() bool) {
		shown := task.NewThrottle(task.Interval, func(p compare.Progress) {
			c.f.p.Host.Post(func() {
				if current() {
					c.view.progress(p)
				}
			})
		})
		defer shown.Stop()
		options.Progress = shown.Set
		last, err := service.Last(ctx, pair)
		var scan *compare.Scan
		if err == nil {
			scan, err = service.Compare(ctx, pair, options)
		}
		c.f.p.Host.Post(func() {
			if !current() {
				return
			}
			c.scan, c.fault = scan, err
			c.options.Last = last
			if err == nil {
				c.decide()
				return
			}
			c.update()
			if !fault.Is(err, fault.Cancelled) {
				c.f.trouble(err, c.look)
			}
		})
	})
}

// stop ends the comparing; what was found is forgotten.
func (c *comparison) stop() {
	c.slot.Stop()
	c.fault = errors.New("stopped")
	c.update()
}

// decide makes the plan that the choices above the table ask for.
func (c *comparison) decide() {
	if c.scan == nil {
		return
	}
	c.first = c.scan.Plan(c.options)
	c.plan = c.first
	c.filter()
}

// turn gives rows another action.
func (c *comparison) turn(change map[int]compare.Action) {
	if c.plan == nil || len(change) == 0 {
		return
	}
	c.show(c.plan.With(change))
}

// The rows that are shown.
const (
	showAll = iota
	showDifferences
	showConflicts
)

// filter chooses the rows to show.
func (c *comparison) filter() {
	c.rows = c.rows[:0:0]
	for i := range c.scan.Rows {
		d := c.plan.At(i)
		switch {
		case c.shows == showDifferences && (d.Action == compare.None || d.Reason == compare.Filtered):
		case c.shows == showConflicts && c.first.At(i).Action != compare.Undecided:
		default:
			c.rows = append(c.rows, i)
		}
	}
	c.update()
}

func (c *comparison) update() {
	if c.view != nil {
		c.view.update()
	}
}

// selected are the rows of the plan that the person means.
func (c *comparison) selected() []int {
	var out []int
	for _, i := range c.view.table.List.Selected() {
		if i < len(c.rows) {
			out = append(out, c.rows[i])
		}
	}
	return out
}

// act gives all selected rows an action, as far as it is one of theirs.
func (c *comparison) act(a compare.Action) {
	change := map[int]compare.Action{}
	for _, i := range c.selected() {
		change[i] = a
	}
	c.turn(change)
}

// cycle gives a row its next action.
func (c *comparison) cycle(row int) {
	if i := c.rows[row]; c.plan != nil {
		c.turn(map[int]compare.Action{i: c.plan.Next(i)})
	}
}

// skip leaves the selected rows as they are, or has the proposal for them again.
func (c *comparison) skip() {
	change, some := map[int]compare.Action{}, false
	for _, i := range c.selected() {
		a := c.plan.At(i).Action
		some = some || a != compare.Skip && a != compare.None
		change[i] = compare.Skip
	}
	if !some {
		c.propose()
		return
	}
	c.turn(change)
}

// propose gives the selected rows the proposed action again.
func (c *comparison) propose() { c.show(c.plan.Proposed(c.selected())) }

// show has another plan for the same rows.
func (c *comparison) show(p *compare.Plan) {
	c.plan = p
	c.view.table.List.Refresh()
	c.view.sum()
}

// key is the keyboard in the table.
func (c *comparison) key(ev *fyne.KeyEvent) bool {
	if c.plan == nil {
		return c.escape(ev)
	}
	switch ev.Name {
	case fyne.KeySpace:
		c.skip()
	case fyne.KeyRight:
		c.act(compare.ToRight)
	case fyne.KeyLeft:
		c.act(compare.ToLeft)
	case fyne.KeyDelete:
		change := map[int]compare.Action{}
		for _, i := range c.selected() {
			for _, a := range c.plan.Choices(i) {
				if a.Deletes() {
					change[i] = a
				}
			}
		}
		c.turn(change)
	case fyne.KeyF5:
		c.look()
	default:
		return c.escape(ev)
	}
	return true
}

func (c *comparison) escape(ev *fyne.KeyEvent) bool {
	if ev.Name == fyne.KeyEscape {
		c.close()
		return true
	}
	return false
}
