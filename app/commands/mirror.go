package commands

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/compare"
	"guichet/services/files/filter"
)

// mirrored is one action of mirror and sync.
type mirrored struct {
	Action string `json:"action"` // mkdir, copy, update, fetch, delete, rmdir, delete_here, rmdir_here, blocked, skip
	Reason string `json:"reason"`
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	Done   bool   `json:"done"`
	Error  string `json:"error,omitempty"`
}

// totals ends the output of mirror and sync.
type totals struct {
	Copies    int   `json:"copies"`
	Deletes   int   `json:"deletes"`
	Same      int   `json:"same"`
	Bytes     int64 `json:"bytes"`
	Failed    int   `json:"failed"`
	Passed    int   `json:"passed_over,omitempty"` // changed meanwhile
	Conflicts int   `json:"conflicts,omitempty"`
	Unread    int   `json:"unread"`
	Preview   bool  `json:"preview"`
}

// comparison are the flags that mirror, sync and watch share.
type comparison struct {
	preview, newer, checksum bool
	connections              int
	filter                   filter.Filter
}

func (o *comparison) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.preview, "preview", false, words.T("cli.mirror.flag.preview"))
	f.BoolVar(&o.newer, "only-newer", false, words.T("cli.mirror.flag.newer"))
	f.BoolVar(&o.checksum, "checksum", false, words.T("cli.mirror.flag.checksum"))
	f.IntVar(&o.connections, "connections", 0, words.T("cli.flag.connections"))
	filterFlags(cmd, &o.filter)
}

func filterFlags(cmd *cobra.Command, f *filter.Filter) {
	cmd.Flags().StringVar(&f.Include, "include", "", words.T("cli.mirror.flag.include"))
	cmd.Flags().StringVar(&f.Exclude, "exclude", "", words.T("cli.mirror.flag.exclude"))
}

// matcher compiles the filter; what cannot be read is a misuse.
func (o *comparison) matcher() (*filter.Matcher, error) {
	m, err := o.filter.Compile()
	if err != nil {
		return nil, misuse(words.T("cli.bad.mask"))
	}
	return m, nil
}

func (c *cli) mirror() *cobra.Command {
	var (
		o      comparison
		remove bool
	)
	cmd := &cobra.Command{
		Use: "mirror " + words.T("cli.arg.FROM_TO"), Short: words.T("cli.mirror.short"), Long: words.T("cli.mirror.long"),
		Example: words.T("cli.mirror.example"), Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.between(cmd.Context(), args, &o, func(ctx context.Context, from, to place, m *filter.Matcher) error {
				return c.mirrorTo(ctx, from, to, m, o, remove)
			})
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&remove, "delete", false, words.T("cli.mirror.flag.delete"))
	return cmd
}

// between opens the two folders that a command names.
func (c *cli) between(ctx context.Context, args []string, o *comparison, do func(ctx context.Context, from, to place, m *filter.Matcher) error) error {
	m, err := o.matcher()
	if err != nil {
		return err
	}
	from, err := c.folder(ctx, args[0], false)
	if err != nil {
		return err
	}
	to, err := c.folder(ctx, args[1], !o.preview)
	if err != nil {
		return errors.Join(err, from.close())
	}
	return c.failed(errors.Join(do(ctx, from, to, m), from.close(), to.close()))
}

func (p place) tree() compare.Tree { return compare.Tree{FS: p.fs, Path: p.path} }

func (c *cli) mirrorTo(ctx context.Context, from, to place, m *filter.Matcher, o comparison, remove bool) error {
	plan := compare.PlanOptions{Direction: compare.RightLikeLeft, OnlyNewer: o.newer}
	if remove {
		plan.Deletes = compare.DeleteExtra
	}
	if o.preview || o.checksum {
		scan, err := compare.Walk(ctx, from.tree(), to.tree(), compare.WalkOptions{Filter: m.Skip, Checksums: o.checksum})
		if err != nil {
			return err
		}
		return c.carryOut(scan.Plan(plan), o.preview, func(p *compare.Plan, a compare.ApplyOptions) (compare.Result, error) {
			a.Connections, a.ManyDeletes = o.connections, remove
			return compare.Apply(ctx, from.tree(), to.tree(), p, a)
		})
	}
	out := &sayer{c: c}
	unread := 0
	t, r, err := compare.Mirror(ctx, from.tree(), to.tree(), compare.MirrorOptions{
		ApplyOptions: compare.ApplyOptions{Connections: o.connections, ManyDeletes: remove, After: out.after},
		Plan:         plan, Filter: m.Skip, Found: func(_ compare.Totals, n int) { unread = n },
	})
	return out.join(err, c.sayTotals(sumUp(t, r, unread, false)))
}

// carryOut shows a plan, or does it.
func (c *cli) carryOut(p *compare.Plan, preview bool, do func(*compare.Plan, compare.ApplyOptions) (compare.Result, error)) error {
	unread := p.Scan.Unread[compare.Left] + p.Scan.Unread[compare.Right]
	if preview {
		for i := range p.Scan.Rows {
			if d := p.At(i); d.Action != compare.None {
				r := &p.Scan.Rows[i]
				if err := c.sayAction(d, r.Rel, r.Entry, r.IsDir(), false, nil); err != nil {
					return err
				}
			}
		}
		return c.sayTotals(sumUp(p.Totals(), compare.Result{}, unread, true))
	}
	out := &sayer{c: c}
	r, err := do(p, compare.ApplyOptions{After: out.after})
	return out.join(err, c.sayTotals(sumUp(p.Totals(), r, unread, false)))
}

func sumUp(t compare.Totals, r compare.Result, unread int, preview bool) totals {
	return totals{
		Copies: t.Copies[0] + t.Copies[1], Deletes: t.Deletes[0] + t.Deletes[1], Same: t.Same, Bytes: t.Bytes[0] + t.Bytes[1],
		Failed: r.Failed, Passed: r.Changed, Conflicts: t.Undecided, Unread: unread, Preview: preview,
	}
}

// sayer prints steps as they end.
type sayer struct {
	c    *cli
	err  error
	told bool // a step has failed, and why was said
}

func (s *sayer) after(st compare.Step, o compare.Outcome, err error) {
	d := compare.Decision{Action: st.Action, Reason: st.Reason}
	if o == compare.Changed {
		err = fault.Newf(fault.Exists, "mirror", "", "it changed meanwhile")
	}
	if err != nil && !s.c.json {
		s.told = true
		s.c.sayFaultOf(st.Rel.String()[1:], err)
		return
	}
	s.err = errors.Join(s.err, s.c.sayAction(d, st.Rel, st.Entry, st.Dir, o == compare.Done, err))
}

// join is errors.Join for what the work ended with, which was perhaps told of.
func (s *sayer) join(err, totals error) error {
	if err != nil && s.told {
		err = said{err}
	}
	return errors.Join(err, s.err, totals)
}

// actionWord names an action as the output of mirror always did.
func actionWord(a compare.Action, folder, there bool) string {
	switch {
	case a == compare.ToRight && folder:
		return "mkdir"
	case a == compare.ToLeft && folder:
		return "mkdir_here"
	case a == compare.ToRight && there:
		return "update"
	case a == compare.ToRight:
		return "copy"
	case a == compare.ToLeft:
		return "fetch"
	case a == compare.DeleteRight && folder:
		return "rmdir"
	case a == compare.DeleteRight:
		return "delete"
	case a == compare.DeleteLeft && folder:
		return "rmdir_here"
	case a == compare.DeleteLeft:
		return "delete_here"
	case a == compare.Undecided:
		return "blocked"
	}
	return "skip"
}

// reasonWords names the reasons that had another name before there was sync.
var reasonWords = map[compare.Reason]string{
	compare.OnlyLeft: "missing", compare.OnlyRight: "extra", compare.NewerLeft: "newer", compare.NewerRight: "older",
	compare.SizeDiffers: "size", compare.TypeDiffers: "type", compare.Link: "link", compare.Special: "other",
}

func (c *cli) sayAction(d compare.Decision, rel files.Path, e [2]*files.Entry, folder, done bool, err error) error {
	reason := string(d.Reason)
	if word, ok := reasonWords[d.Reason]; ok {
		reason = word
	}
	m := mirrored{Action: actionWord(d.Action, folder, e[compare.Right] != nil), Reason: reason, Path: rel.String()[1:], Done: done}
	if d.Action.Copies() && !folder {
		m.Size = max(0, e[d.Action.Target().Other()].Size)
	}
	if err != nil {
		m.Error = fault.From("mirror", "", err).Error()
	}
	switch {
	case c.json:
		return c.print(m)
	case c.quiet:
		return nil
	}
	c.printf("%-8s  %s  (%s)\n", words.T("cli.action."+m.Action), files.Display(m.Path), words.T("cli.reason."+m.Reason))
	return nil
}

func (c *cli) sayTotals(t totals) error {
	if c.json {
		return c.print(map[string]totals{"totals": t})
	}
	c.printf("%s\n", words.T("cli.mirror.totals", "Copies", words.Number(int64(t.Copies)), "Size", words.Size(t.Bytes),
		"Deletes", words.Number(int64(t.Deletes)), "Same", words.Number(int64(t.Same))))
	if t.Conflicts > 0 {
		c.printf("%s\n", words.N("cli.mirror.conflicts", t.Conflicts))
	}
	if t.Unread > 0 {
		c.printf("%s\n", words.N("cli.ls.unread", t.Unread))
	}
	return nil
}
