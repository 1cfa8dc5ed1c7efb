package compare

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/files"
	"guichet/services/files/filter"
	"guichet/services/files/vfstest"
)

// pair are two folders of this computer.
type pair struct {
	t    *testing.T
	l, r string
	last Last
}

func newPair(t *testing.T) *pair { return &pair{t: t, l: t.TempDir(), r: t.TempDir()} }

func (p *pair) trees() (Tree, Tree) { return here(p.t, p.l), here(p.t, p.r) }

func (p *pair) plan(o PlanOptions) *Plan {
	l, r := p.trees()
	return walk(p.t, l, r, WalkOptions{}).Plan(o)
}

// sync carries a plan both ways out and remembers it.
func (p *pair) sync() *Plan {
	p.t.Helper()
	plan := p.plan(PlanOptions{Direction: BothWays, Last: p.last})
	l, r := p.trees()
	_, err := Apply(p.t.Context(), l, r, plan, ApplyOptions{ManyDeletes: true})
	require.NoError(p.t, err)
	p.last = p.plan(PlanOptions{Direction: BothWays}).Records()
	return plan
}

func (p *pair) gone(dir, name string) {
	p.t.Helper()
	require.NoError(p.t, os.RemoveAll(filepath.Join(dir, name)))
}

func TestBothWaysTheFirstTimeDeletesNothing(t *testing.T) {
	p := newPair(t)
	put(t, p.l, "here", "h")
	put(t, p.r, "there", "t")
	put(t, p.l, "newer here", "new", time.Hour+time.Minute)
	put(t, p.r, "newer here", "old!")
	put(t, p.l, "newer there", "old!")
	put(t, p.r, "newer there", "new", 2*time.Minute)
	put(t, p.l, "who knows", "one")
	put(t, p.r, "who knows", "other")
	plan := p.plan(PlanOptions{Direction: BothWays})
	require.Equal(t, []string{
		"to_right here only_left", "to_right newer here newer_left", "to_left newer there newer_right", "to_left there only_right", "undecided who knows size",
	}, shown(plan))
	p.sync()
	require.Equal(t, names(t, p.l), names(t, p.r))
	require.Equal(t, "one", content(t, p.l, "who knows"))
	require.Equal(t, "other", content(t, p.r, "who knows"), "nothing is done without a decision")
}

func TestBothWaysWithMemory(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, p *pair)
		want   []string
	}{
		{"deleted here", func(_ *testing.T, p *pair) { p.gone(p.l, "a") }, []string{"delete_right a gone_left"}},
		{"deleted there", func(_ *testing.T, p *pair) { p.gone(p.r, "a") }, []string{"delete_left a gone_right"}},
		{"a folder deleted there", func(_ *testing.T, p *pair) { p.gone(p.r, "d") }, []string{"delete_left d gone_right", "delete_left d/b gone_right"}},
		{"deleted on both", func(_ *testing.T, p *pair) { p.gone(p.l, "a"); p.gone(p.r, "a") }, nil},
		{"changed here, older time", func(t *testing.T, p *pair) { put(t, p.l, "a", "changed", -time.Hour*30) }, []string{"to_right a changed_left"}},
		{"changed there", func(t *testing.T, p *pair) { put(t, p.r, "a", "changed", time.Hour*30) }, []string{"to_left a changed_right"}},
		{"both changed", func(t *testing.T, p *pair) {
			put(t, p.l, "a", "x", time.Minute)
			put(t, p.r, "a", "yy", 2*time.Minute)
		}, []string{"undecided a both_changed"}},
		{"both changed alike", func(t *testing.T, p *pair) {
			put(t, p.l, "a", "x", time.Minute)
			put(t, p.r, "a", "x", time.Minute)
		}, nil},
		{"changed here, deleted there", func(t *testing.T, p *pair) {
			put(t, p.l, "a", "x", time.Minute)
			p.gone(p.r, "a")
		}, []string{"undecided a changed_gone"}},
		{"new in a folder deleted there", func(t *testing.T, p *pair) {
			p.gone(p.r, "d")
			put(t, p.l, "d/new", "n")
		}, []string{"to_right d kept_full", "delete_left d/b gone_right", "to_right d/new only_left"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t)
			put(t, p.l, "a", "aa")
			put(t, p.l, "d/b", "b")
			put(t, p.l, "z", "z")
			p.sync()
			require.Empty(t, shown(p.plan(PlanOptions{Direction: BothWays, Last: p.last})))
			c.change(t, p)
			require.Equal(t, c.want, shown(p.sync()))
			if c.name != "both changed" && c.name != "changed here, deleted there" {
				require.Equal(t, names(t, p.l), names(t, p.r))
			}
		})
	}
}

func TestOneWayDeletesOnlyWhatIsProven(t *testing.T) {
	p := newPair(t)
	put(t, p.l, "a", "a")
	put(t, p.l, "b", "b")
	p.sync()
	p.gone(p.l, "a")
	p.gone(p.l, "b")
	put(t, p.r, "b", "changed there", time.Minute)
	put(t, p.r, "theirs", "x")
	require.Equal(t, []string{"skip a only_right", "skip b only_right", "skip theirs only_right"},
		shown(p.plan(PlanOptions{Deletes: DeleteProven})), "without a memory nothing")
	require.Equal(t, []string{"delete_right a gone_left", "skip b only_right", "skip theirs only_right"},
		shown(p.plan(PlanOptions{Deletes: DeleteProven, Last: p.last})))
}

func TestTimes(t *testing.T) {
	at := func(d, precise time.Duration) *files.Entry {
		return &files.Entry{Size: 3, ModTime: noon.Add(d), Precise: precise}
	}
	for _, c := range []struct {
		l, r  *files.Entry
		shift time.Duration
		want  timing
	}{
		{at(0, time.Second), at(3*time.Second, time.Second), 0, equal},
		{at(0, time.Second), at(4*time.Second, time.Second), 0, rightNewer},
		{at(50*time.Second, time.Second), at(0, time.Minute), 0, equal},
		{at(10*time.Hour, time.Second), at(0, 24*time.Hour), 0, equal},
		{at(time.Hour, time.Second), at(0, time.Second), 0, hourApart},
		{at(0, time.Second), at(time.Hour+30*time.Second, time.Minute), 0, hourApart},
		{at(time.Hour+10*time.Second, time.Second), at(0, time.Second), 0, leftNewer},
		{at(2*time.Hour, time.Second), at(0, time.Second), 0, leftNewer},
		{at(0, time.Second), at(2*time.Hour, time.Second), 2 * time.Hour, equal},
		{at(0, 0), &files.Entry{Size: 3}, 0, unknown},
	} {
		require.Equal(t, c.want, compareTimes(c.l, c.r, c.shift), "%v %v", c.l, c.r)
	}
}

func TestAWrongTimeZoneIsFound(t *testing.T) {
	p := newPair(t)
	for i := range 6 {
		put(t, p.l, fmt.Sprint("f", i), "same", time.Duration(i)*time.Minute)
		put(t, p.r, fmt.Sprint("f", i), "same", time.Duration(i)*time.Minute+5*time.Hour+30*time.Minute)
	}
	put(t, p.l, "changed", "longer", time.Minute)
	put(t, p.r, "changed", "old", 5*time.Hour+30*time.Minute)
	plan := p.plan(PlanOptions{})
	require.Equal(t, 5*time.Hour+30*time.Minute, plan.Scan.Shift)
	require.Equal(t, []string{"to_right changed newer_left"}, shown(plan))
	l, r := p.trees()
	totals, _, err := Mirror(t.Context(), l, r, MirrorOptions{})
	require.NoError(t, err)
	require.Equal(t, 1, totals.Copies[Right], "the mirror knows it too")
	put(t, p.l, "f0", "same", 7*time.Minute)
	put(t, p.l, "f1", "same", 9*time.Minute)
	require.Zero(t, p.plan(PlanOptions{}).Scan.Shift, "two of six tell otherwise")
}

func TestSummerTime(t *testing.T) {
	p := newPair(t)
	put(t, p.l, "f", "same")
	put(t, p.r, "f", "same", time.Hour)
	put(t, p.l, "g", "here", time.Hour)
	put(t, p.r, "g", "there")
	plan := p.plan(PlanOptions{})
	require.Equal(t, Decision{None, SameHour}, plan.At(0))
	require.Equal(t, Decision{ToRight, NewerLeft}, plan.At(1), "another size is no clock")
	require.Equal(t, []Action{ToRight, ToLeft, Skip}, plan.Choices(0), "a person may know better")
}

func TestOnlyNewer(t *testing.T) {
	p := newPair(t)
	put(t, p.l, "a", "a", -time.Minute)
	put(t, p.r, "a", "b")
	require.Equal(t, []string{"to_right a newer_right"}, shown(p.plan(PlanOptions{})))
	require.Equal(t, []string{"skip a newer_right"}, shown(p.plan(PlanOptions{OnlyNewer: true})))
	require.Equal(t, []string{"to_left a newer_right"}, shown(p.plan(PlanOptions{Direction: LeftLikeRight})))
	require.Empty(t, shown(p.plan(PlanOptions{IgnoreTimes: true})))
}

func TestChecksums(t *testing.T) {
	p := newPair(t)
	put(t, p.l, "touched", "same", time.Minute)
	put(t, p.r, "touched", "same")
	put(t, p.l, "hidden change", "one")
	put(t, p.r, "hidden change", "two")
	l, r := p.trees()
	seen := 0
	plan := walk(t, l, r, WalkOptions{Checksums: true, Progress: func(p Progress) { seen = max(seen, p.Hashed) }}).Plan(PlanOptions{})
	require.Equal(t, []string{"to_right hidden change content"}, shown(plan))
	require.Equal(t, 2, seen)
}

func TestChecksumsByReading(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "f", "one")
	s := vfstest.StartFTP(t, nil)
	put(t, s.Dir, "f", "two")
	plan := walk(t, here(t, dir), ftpTree(t, s), WalkOptions{Checksums: true}).Plan(PlanOptions{})
	require.Equal(t, []string{"to_right f content"}, shown(plan))
}

func TestNames(t *testing.T) {
	p := newPair(t)
	put(t, p.l, "e\u0301te\u0301", "x") // as macOS writes it
	put(t, p.r, "\u00e9t\u00e9", "x")
	put(t, p.l, "A", "")
	put(t, p.l, "a", "")
	put(t, p.l, ".x.guichet-0011aabb.part", "")
	require.Equal(t, []string{"to_right A only_left", "to_right a only_left"}, shown(p.plan(PlanOptions{})))
	l, r := p.trees()
	r.FS = folding{r.FS}
	plan := walk(t, l, r, WalkOptions{}).Plan(PlanOptions{})
	require.Equal(t, []string{"undecided A twin", "undecided a twin"}, shown(plan), "the target keeps only one of them")
	require.Equal(t, []Action{Skip}, plan.Choices(0))
}

// folding is a file system that does not tell upper from lower case.
type folding struct{ files.FS }

func (f folding) Caps(ctx context.Context) (files.Caps, error) {
	c, err := f.FS.Caps(ctx)
	c.CaseFolding = true
	return c, err
}

func TestFilter(t *testing.T) {
	p := newPair(t)
	put(t, p.l, "a.tmp", "")
	put(t, p.l, "keep", "")
	put(t, p.r, "cache/b", "")
	m, err := filter.Filter{Exclude: "*.tmp;cache/"}.Compile()
	require.NoError(t, err)
	l, r := p.trees()
	plan := walk(t, l, r, WalkOptions{Filter: m.Skip}).Plan(PlanOptions{Deletes: DeleteExtra})
	require.Equal(t, []string{"skip a.tmp filtered", "skip cache filtered", "to_right keep only_left"}, shown(plan))
}

func TestOnlySomeFolders(t *testing.T) {
	p := newPair(t)
	put(t, p.l, "top", "")
	put(t, p.l, "a/f", "")
	put(t, p.l, "a/both/deep", "")
	put(t, p.l, "a/new/x/y", "")
	put(t, p.r, "a/both/other", "")
	put(t, p.r, "old/f", "")
	l, r := p.trees()
	plan := walk(t, l, r, WalkOptions{Only: []files.Path{{"a"}}}).Plan(PlanOptions{})
	require.Equal(t, []string{"skip old only_right", "skip old/f only_right", "to_right top only_left"},
		shown(walk(t, l, r, WalkOptions{Only: []files.Path{{"old"}}}).Plan(PlanOptions{})), "a folder that went is seen from above")
	require.Equal(t, []string{"skip old only_right", "skip old/f only_right", "to_right top only_left", "to_right a/f only_left", "to_right a/new only_left", "to_right a/new/x only_left", "to_right a/new/x/y only_left"}, shown(plan))
}

func TestTurningRound(t *testing.T) {
	p := newPair(t)
	put(t, p.l, "d/a", "aa")
	put(t, p.l, "d/b", "b")
	put(t, p.l, "f", "here")
	put(t, p.r, "f", "other")
	plan := p.plan(PlanOptions{})
	require.Equal(t, "d", plan.Scan.Rows[0].Key())
	require.Equal(t, ToLeft, plan.Next(3))
	other := plan.With(map[int]Action{3: ToLeft, 1: Skip})
	require.Equal(t, ToRight, plan.At(3).Action, "a plan never changes")
	require.Equal(t, []string{"to_right d only_left", "skip d/a only_left", "to_right d/b only_left", "to_left f size"}, shown(other))
	require.Equal(t, [2]int{1, 1}, other.Totals().Copies)
	gone := other.With(map[int]Action{0: DeleteLeft})
	require.Equal(t, []string{"delete_left d only_left", "delete_left d/a only_left", "delete_left d/b only_left", "to_left f size"}, shown(gone), "a folder takes along what is in it")
	kept := gone.With(map[int]Action{2: ToRight})
	require.Equal(t, []string{"to_right d only_left", "delete_left d/a only_left", "to_right d/b only_left", "to_left f size"}, shown(kept), "a folder is made for what goes into it")
	require.Equal(t, shown(plan), shown(kept.Proposed([]int{0, 3})))
	require.Equal(t, kept, kept.With(map[int]Action{0: Undecided, 99: Skip}), "what is no choice is passed over")
}

func TestStepsAreCheckedAgain(t *testing.T) {
	p := newPair(t)
	for _, name := range []string{"source", "target", "appeared", "extra"} {
		put(t, p.l, name, "new one", time.Minute)
		put(t, p.r, name, "old")
	}
	p.gone(p.r, "appeared")
	p.gone(p.l, "extra")
	put(t, p.r, "back", "x")
	put(t, p.r, "fine", "x")
	plan := p.plan(PlanOptions{Deletes: DeleteExtra})
	require.Equal(t, 3, plan.Totals().Deletes[Right])
	put(t, p.r, "target", "edited there", time.Hour*5)
	put(t, p.r, "appeared", "somebody's", time.Hour)
	put(t, p.r, "extra", "edited", time.Hour*5)
	put(t, p.l, "back", "x")
	l, r := p.trees()
	got := map[string]Outcome{}
	_, err := Apply(t.Context(), l, r, plan, ApplyOptions{After: func(s Step, o Outcome, _ error) { got[s.Rel.Base()] = o }})
	require.NoError(t, err)
	require.Equal(t, map[string]Outcome{"source": Done, "target": Changed, "appeared": Changed, "extra": Changed, "back": Changed, "fine": Done}, got)
	require.Equal(t, "edited there", content(t, p.r, "target"))
	require.Equal(t, "somebody's", content(t, p.r, "appeared"))
	require.Equal(t, "edited", content(t, p.r, "extra"))
	require.Equal(t, "x", content(t, p.r, "back"))
}

func BenchmarkPlan100k(b *testing.B) {
	s := &Scan{}
	e := &files.Entry{Size: 1, ModTime: noon}
	newer := &files.Entry{Size: 1, ModTime: noon.Add(time.Minute)}
	for i := range 100_000 {
		s.Rows = append(s.Rows, Row{Rel: files.Path{fmt.Sprint(i)}, Entry: [2]*files.Entry{e, newer}, End: i + 1})
	}
	b.Run("plan", func(b *testing.B) {
		for b.Loop() {
			s.Plan(PlanOptions{})
		}
	})
	p := s.Plan(PlanOptions{})
	all := map[int]Action{}
	for i := range s.Rows {
		all[i] = ToLeft
	}
	b.Run("turn all", func(b *testing.B) {
		for b.Loop() {
			p.With(all)
		}
	})
	b.Run("turn", func(b *testing.B) {
		for b.Loop() {
			p.With(map[int]Action{50_000: Skip})
		}
	})
}

// A size in blocks is no reason to copy a file again, nor to think it changed.
func TestRoundedSizes(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	exact := &files.Entry{Size: 700, ModTime: at}
	rounded := &files.Entry{Size: 1024, Rounded: true, ModTime: at}
	other := &files.Entry{Size: 51_200, Rounded: true, ModTime: at}
	s := &Scan{}
	require.Equal(t, Same, s.relate(&Row{Entry: [2]*files.Entry{exact, rounded}}, PlanOptions{}))
	require.Equal(t, SizeDiffers, s.relate(&Row{Entry: [2]*files.Entry{exact, other}}, PlanOptions{}))
	require.True(t, record(exact, exact).same(Right, rounded))
	require.False(t, record(exact, exact).same(Right, other))
	require.True(t, as(rounded, *exact))
	require.False(t, as(other, *exact))
}
