package commands

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/compare"
	"guichet/services/files/filter"
	"guichet/services/files/local"
	"guichet/services/files/transfer"
)

func (c *cli) alike() *cobra.Command {
	var (
		o    comparison
		many bool
	)
	cmd := &cobra.Command{
		Use: "sync " + words.T("cli.arg.HERE_THERE"), Short: words.T("cli.sync.short"), Long: words.T("cli.sync.long"),
		Example: words.T("cli.sync.example"), Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.between(cmd.Context(), args, &o, func(ctx context.Context, left, right place, m *filter.Matcher) error {
				return c.syncBoth(ctx, left, right, m, o, many)
			})
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&many, "delete-many", false, words.T("cli.sync.flag.many"))
	return cmd
}

// saved writes a place down as jobs and rules keep it.
func (p place) saved() transfer.Place {
	if f, ok := p.fs.(*local.FS); ok {
		return transfer.NewPlace(files.Site{Protocol: files.ProtocolLocal}, filepath.Clean(f.System(p.path)), nil)
	}
	return transfer.NewPlace(p.site, "", p.path)
}

func (c *cli) syncBoth(ctx context.Context, left, right place, m *filter.Matcher, o comparison, many bool) error {
	h, err := c.house(ctx)
	if err != nil {
		return err
	}
	s, err := h.Sync()
	if err != nil {
		return err
	}
	pair := compare.Pair{Left: left.saved(), Right: right.saved()}
	last, err := s.Last(ctx, pair)
	if err != nil {
		return err
	}
	scan, err := compare.Walk(ctx, left.tree(), right.tree(), compare.WalkOptions{Filter: m.Skip, Checksums: o.checksum})
	if err != nil {
		return err
	}
	plan := scan.Plan(compare.PlanOptions{Direction: compare.BothWays, OnlyNewer: o.newer, Last: last})
	if plan.ManyDeletes() && !many && !o.preview {
		t := plan.Totals()
		return fault.Newf(fault.Permission, "sync", "", "%d deletes: look at them with --preview, then say --delete-many", t.Deletes[0]+t.Deletes[1])
	}
	return c.carryOut(plan, o.preview, func(p *compare.Plan, a compare.ApplyOptions) (compare.Result, error) {
		a.Connections, a.ManyDeletes = o.connections, many
		return s.Apply(ctx, pair, left.tree(), right.tree(), p, a)
	})
}
