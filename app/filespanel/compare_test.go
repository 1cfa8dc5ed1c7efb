package filespanel

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"github.com/stretchr/testify/require"

	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/files"
	"guichet/services/files/compare"
	"guichet/services/files/watch"
)

// comparing opens a folder of the first server that holds nothing but "theirs",
// beside the bench's own.
func comparing(t *testing.T) *bench {
	t.Setenv("XDG_DATA_HOME", t.TempDir()) // the trash of this computer
	b := connected(t)
	var err error
	b.p.Sync, err = b.demo.Sync()
	require.NoError(t, err)
	b.p.Watch, err = b.demo.Watch()
	require.NoError(t, err)
	b.p.Watch.Start()
	b.there.session.Mkdir("Beside")
	b.Until("made", func() bool { return slices.Contains(names(b.there), "Beside") })
	b.there.session.Go(b.there.listing().Path.Join("Beside"))
	b.Until("there", func() bool { return ready(b.there) && b.there.listing().Path.Base() == "Beside" })
	b.there.session.Mkdir("theirs")
	b.Until("made", func() bool { return slices.Contains(names(b.there), "theirs") })
	return b
}

func (b *bench) compared() *comparison {
	b.t.Helper()
	b.Until("both sides are listed", func() bool { return b.Enabled(b.Panel, "files.compare") })
	b.Run(b.Panel, "files.compare")
	c := b.Panel.comparing
	require.NotNil(b.t, c)
	b.Until("compared", func() bool { return c.plan != nil })
	return c
}

// rowsOf writes the rows of a comparison out.
func rowsOf(c *comparison) []string {
	var out []string
	for i := range c.Len() {
		r := c.Row(i)
		out = append(out, c.plan.At(c.rows[i]).Action.String()+" "+r.Folder+r.Name+": "+r.Reason)
	}
	return out
}

func (b *bench) ended(n int) {
	b.t.Helper()
	b.Until("synchronised", func() bool { return b.jobsIn(activity.Done) == n })
}

func TestCompareAndSynchronise(t *testing.T) {
	b := comparing(t)
	c := b.compared()
	require.Equal(t, []string{
		"to_right .hidden: only here", "to_right Zoo: only here", "to_right Zoo/lion.txt: only here", "to_right a.txt: only here", "to_right b.txt: only here", "skip theirs: only on the server",
	}, rowsOf(c))
	require.Contains(t, texts(b.root), "4 files to send, 11\u00a0B · one new folder · one left alone · 0 the same")
	list := c.view.table.List
	require.Equal(t, b.Window().Canvas().Focused(), list.FocusTarget())
	list.Select(3)
	list.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	require.Equal(t, compare.Skip, c.plan.At(3).Action)
	list.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	require.Equal(t, compare.ToRight, c.plan.At(3).Action, "a second time it is as proposed")
	c.cycle(3)
	require.Equal(t, compare.Skip, c.plan.At(3).Action, "a click takes the next")
	c.ask()
	require.Contains(t, b.Asked[len(b.Asked)-1].Text, "3 files to send")
	b.Answer("yes", false)
	b.Until("the panes again", func() bool { return b.Panel.comparing == nil })
	b.ended(1)
	b.Until("shown", func() bool { return slices.Equal(names(b.there), []string{"theirs", "Zoo", "b.txt"}) })

	c = b.compared()
	c.options.Direction = compare.BothWays
	c.decide()
	require.Contains(t, rowsOf(c), "to_left theirs: only on the server")
	c.ask()
	b.Answer("yes", false)
	b.ended(2)
	b.Until("fetched", func() bool {
		return slices.Contains(names(b.here), "theirs") && slices.Contains(names(b.there), "a.txt")
	})

	require.NoError(t, os.Remove(filepath.Join(b.dir, "a.txt")))
	c = b.compared()
	c.options.Direction = compare.BothWays
	c.decide()
	require.Equal(t, []string{"delete_right a.txt: deleted here since the last time"}, rowsOf(c))
	c.ask()
	q := b.Asked[len(b.Asked)-1]
	require.Contains(t, texts(q.Content), "Deleted for good in "+c.names[1])
	require.Contains(t, texts(q.Content), "a.txt")
	require.True(t, q.Choices[1].Danger)
	b.Answer("yes", false)
	b.ended(3)
	b.Until("deleted", func() bool { return !slices.Contains(names(b.there), "a.txt") })
	c = b.compared()
	require.Empty(t, rowsOf(c))
	require.Contains(t, texts(b.root), words.T("compare.alike"))
	require.Empty(t, b.Troubles)
	jobs, err := b.jobs.Jobs.Get()
	require.NoError(t, err)
	b.askJob(jobs.Jobs[0])
	b.Until("told", func() bool { return len(b.Asked) > 0 })
	require.Equal(t, words.T("compare.problems.none"), b.Asked[0].Text)
}

func TestComparisonLeavesOutByMasks(t *testing.T) {
	b := comparing(t)
	c := b.compared()
	require.Contains(t, rowsOf(c), "to_right b.txt: only here")
	c.view.leaveOut.SetText(" zoo/; b.* ")
	c.view.leaveOut.OnSubmitted(c.view.leaveOut.Text)
	b.Until("compared again", func() bool { return c.plan != nil })
	require.Equal(t, []string{"to_right .hidden: only here", "to_right a.txt: only here", "skip theirs: only on the server"}, rowsOf(c))
	c.build()
	require.Equal(t, "zoo/; b.*", c.view.leaveOut.Text, "it stands there in another language too")
}

func TestManyDeletesAreAskedTwice(t *testing.T) {
	b := comparing(t)
	for i := range 25 {
		require.NoError(t, os.WriteFile(filepath.Join(b.dir, string(rune('a'+i))), nil, 0o600))
	}
	c := b.compared()
	c.options.Direction = compare.LeftLikeRight
	c.view.remove.SetChecked(true)
	require.Equal(t, 30, c.plan.Totals().Deletes[compare.Left])
	c.ask()
	b.Answer("yes", false)
	require.Contains(t, b.Asked[len(b.Asked)-1].Title, "30")
	b.Answer("", false)
	require.NotNil(t, b.Panel.comparing, "a no does nothing")
	require.Zero(t, b.jobsIn(activity.Waiting)+b.jobsIn(activity.Running)+b.jobsIn(activity.Done))
	c.ask()
	b.Answer("yes", false)
	b.Answer("yes", false)
	b.ended(1)
	entries, err := os.ReadDir(b.dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestComparisonGoesWithItsPanes(t *testing.T) {
	b := comparing(t)
	c := b.compared()
	b.Present(b.Panel) // another language or text size
	require.NotNil(t, b.cover)
	require.NotEmpty(t, rowsOf(c))
	c.view.table.List.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	require.Nil(t, b.cover)
	b.compared()
	b.there.session.Up()
	b.Until("closed", func() bool { return b.Panel.comparing == nil })
	require.Nil(t, b.cover)
}

func TestStopComparing(t *testing.T) {
	b := comparing(t)
	b.Panel.do("files.compare") // nothing that it posts has run yet
	c := b.Panel.comparing
	require.Contains(t, texts(b.root), words.T("compare.beginning"))
	c.stop()
	require.Contains(t, texts(b.root), words.T("compare.stopped"))
	c.look()
	b.Until("compared", func() bool { return c.plan != nil })
}

func TestFoldersKeptUpToDate(t *testing.T) {
	b := comparing(t)
	b.Run(b.Panel, "files.kept")
	require.Contains(t, texts(b.Asked[0].Content), words.T("compare.kept.none"))
	b.Answer("", false)
	b.Run(b.Panel, "files.keep")
	require.Contains(t, b.Asked[0].Title, "Beside")
	b.Answer("yes", false)
	b.Until("begun", func() bool { return len(b.Toasts) > 0 })
	b.Toast().Do()
	content := b.Asked[0].Content
	b.Until("up to date", func() bool { return strings.Contains(texts(content), "Up to date, checked ") })
	b.there.session.Reload()
	b.Until("sent", func() bool { return slices.Contains(names(b.there), "a.txt") })
	rules := get(b.p.Watch.Rules).Rules
	require.Len(t, rules, 1)
	require.NoError(t, b.p.Watch.Pause(t.Context(), rules[0].ID))
	b.Until("paused", func() bool { return strings.Contains(texts(content), words.T("compare.kept.paused")) })
	require.NoError(t, b.p.Watch.Remove(t.Context(), rules[0].ID))
	b.Until("gone", func() bool { return strings.Contains(texts(content), words.T("compare.kept.none")) })
}

func TestWordsOfComparisons(t *testing.T) {
	c := &comparison{f: &Panel{}}
	for _, language := range words.Languages {
		words.SetLanguage(language)
		for _, r := range []compare.Reason{
			compare.Same, compare.SameHour, compare.OnlyLeft, compare.OnlyRight, compare.NewerLeft, compare.NewerRight, compare.SizeDiffers, compare.Content,
			compare.ChangedLeft, compare.ChangedRight, compare.GoneLeft, compare.GoneRight, compare.BothChanged, compare.ChangedGone, compare.TypeDiffers,
			compare.Link, compare.Special, compare.Filtered, compare.Unreadable, compare.Twin, compare.Unlisted, compare.KeptFull,
		} {
			require.NotContains(t, c.reason(compare.Decision{Reason: r}), "compare.")
		}
		for _, tone := range legend {
			require.NotContains(t, words.T("compare.tone."+tone.id), "compare.")
		}
		now := time.Date(2026, 7, 12, 14, 6, 0, 0, time.UTC)
		for _, s := range []watch.State{watch.Checking, watch.UpToDate, watch.Sending, watch.NeedsYes, watch.Paused} {
			require.NotContains(t, keptState(watch.Status{State: s, Checked: now, Pending: 3, Deletes: 2, Polling: true, Rule: watch.Rule{Delete: true}}, now), "compare.")
		}
	}
	words.SetLanguage("en")
}

// everyRow is what a comparison asks of 100,000 rows at a key press.
func BenchmarkCompareRows(b *testing.B) {
	e := files.Entry{Name: "picture.jpg", Display: "picture.jpg", Size: 1, ModTime: time.Unix(1e9, 0)}
	c := &comparison{f: &Panel{p: Params{Now: time.Now}}, scan: &compare.Scan{}, shows: showAll}
	for range 100_000 {
		c.scan.Rows = append(c.scan.Rows, compare.Row{Rel: files.Path{"album", "picture.jpg"}, Entry: [2]*files.Entry{&e, nil}, End: len(c.scan.Rows) + 1})
	}
	c.first = c.scan.Plan(compare.PlanOptions{})
	c.plan = c.first
	b.Run("filter", func(b *testing.B) {
		for b.Loop() {
			c.filter()
		}
	})
	b.Run("row", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			c.Row(i % c.Len())
		}
	})
}
