package filespanel

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/files"
	"guichet/services/files/compare"
	"guichet/widgets/kit"
)

// listedDeletes is how many names a question about deletes lists.
const listedDeletes = 200

// ask says what would be done, and does it after a yes.
func (c *comparison) ask() {
	t := c.plan.Totals()
	deletes := t.Deletes[0] + t.Deletes[1]
	parts := c.summary(compare.Totals{Copies: t.Copies, Bytes: t.Bytes, Folders: t.Folders, Deletes: t.Deletes})
	text := strings.Join(parts[:len(parts)-1], "\n") // without what is the same
	if t.Undecided > 0 {
		text += "\n" + words.N("compare.ask.conflicts", t.Undecided)
	}
	q := panel.Question{
		Title: words.T("compare.ask.title", "Left", c.names[0], "Right", c.names[1]), Text: text,
		Choices: []panel.Choice{{Label: words.T("files.cancel")}, {Label: words.T("compare.start"), Value: "yes", Primary: deletes == 0, Danger: deletes > 0}},
		Answer: func(value string, _ bool) {
			switch {
			case value != "yes":
			case c.plan.ManyDeletes():
				c.askMany(deletes)
			default:
				c.queue(false)
			}
		},
	}
	if deletes > 0 {
		q.Content = c.deletes()
	}
	c.f.p.Host.Ask(q)
}

// askMany is the second question, for more deletes than are usual.
func (c *comparison) askMany(deletes int) {
	c.f.p.Host.Ask(panel.Question{
		Title: words.N("compare.many.title", deletes), Text: words.T("compare.many.text"),
		Choices: []panel.Choice{{Label: words.T("compare.many.no")}, {Label: words.N("compare.many.yes", deletes), Value: "yes", Danger: true}},
		Answer: func(value string, _ bool) {
			if value == "yes" {
				c.queue(true)
			}
		},
	})
}

// deletes lists what is deleted on each side.
func (c *comparison) deletes() fyne.CanvasObject {
	var lines []fyne.CanvasObject
	for _, side := range []compare.Side{compare.Left, compare.Right} {
		n, more := 0, 0
		for i := range c.scan.Rows {
			if d := c.plan.At(i); !d.Action.Deletes() || d.Action.Target() != side {
				continue
			}
			if n++; n > listedDeletes {
				more++
				continue
			}
			if n == 1 {
				text := "compare.ask.deleted"
				if c.trashed(side) {
					text = "compare.ask.trashed"
				}
				lines = append(lines, kit.Inset(4, 0, 2, 0, kit.NewText(words.T(text, "Name", c.names[side]), kit.TextStyle{Bold: true, Shrink: true})))
			}
			name := files.Display(c.scan.Rows[i].Rel.String()[1:])
			if c.scan.Rows[i].IsDir() {
				name += "/"
			}
			lines = append(lines, kit.NewText(name, kit.TextStyle{Shrink: true, Size: kit.SizeSmall}))
		}
		if more > 0 {
			lines = append(lines, kit.NewText(words.N("compare.ask.more", more), kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet}))
		}
	}
	list := kit.Column(2, lines...)
	scroll := container.NewVScroll(kit.Inset(0, 12, 0, 0, list))
	return kit.Least(400, min(190, list.MinSize().Height/kit.Scale()+4), scroll)
}

// trashed reports whether what is deleted on a side can be put back.
func (c *comparison) trashed(s compare.Side) bool {
	p := [2]files.Site{c.pair.Left.Site, c.pair.Right.Site}[s]
	return p.Protocol == files.ProtocolLocal || p.Trash
}

// queue makes the job and goes back to the panes.
func (c *comparison) queue(many bool) {
	c.queued = true
	c.view.sum()
	plan, pair, f := c.plan, c.pair, c.f
	f.run("queue synchronisation", func(ctx context.Context) error {
		_, err := f.p.Sync.Queue(ctx, pair, plan, many)
		return err
	}, func(err error) {
		c.queued = false
		if err != nil {
			c.view.sum()
			f.trouble(err, nil)
			return
		}
		for _, s := range []*side{f.here, f.there} {
			if s.session != nil {
				f.transfers.expect(s.session)
			}
		}
		if f.comparing == c {
			c.close()
		}
		f.p.Host.Show(panel.Toast{Text: words.T("compare.begun")})
	})
}

// showProblems lists what a synchronisation passed over, and why.
func (f *Panel) showProblems(j activity.Job) {
	if f.p.Sync == nil || !j.State.Ended() {
		return
	}
	var list []compare.Problem
	f.run("list problems", func(ctx context.Context) (err error) {
		list, err = f.p.Sync.Problems(ctx, compare.PlanOf(j))
		return err
	}, func(err error) {
		if err != nil {
			f.trouble(err, nil)
			return
		}
		q := panel.Question{
			Title: words.N("compare.problems.title", len(list), "Name", j.Title), Text: words.T("compare.problems.none"),
			Choices: []panel.Choice{{Label: words.T("compare.kept.close"), Primary: true}}, Answer: func(string, bool) {},
		}
		if len(list) > 0 {
			var lines []fyne.CanvasObject
			for _, p := range list {
				why := words.T("compare.problems.changed")
				if p.Outcome == compare.Failed {
					why = words.T("compare.problems.failed")
				}
				lines = append(lines, kit.NewText(files.Display(p.Path.String()[1:]), kit.TextStyle{Shrink: true}),
					kit.Inset(0, 0, 6, 0, kit.NewText(why, kit.TextStyle{Shrink: true, Size: kit.SizeSmall, Color: kit.ColorQuiet})))
				if p.Note != "" {
					q.Details += p.Path.String()[1:] + ": " + p.Note + "\n"
				}
			}
			q.Text, q.Content = words.T("compare.problems.text"), kit.Least(400, 200, container.NewVScroll(kit.Inset(0, 12, 0, 0, kit.Column(0, lines...))))
		}
		f.p.Host.Ask(q)
	})
}
