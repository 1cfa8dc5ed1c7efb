package commands

import (
	"context"
	"errors"
	"sync"

	"github.com/spf13/cobra"

	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/transfer"
)

// mirrored is one action of mirror.
type mirrored struct {
	Action transfer.ActionKind `json:"action"`
	Reason transfer.Reason     `json:"reason"`
	Path   string              `json:"path"`
	Size   int64               `json:"size"`
	Done   bool                `json:"done"`
	Error  string              `json:"error,omitempty"`
}

// totals ends the output of mirror.
type totals struct {
	Copies  int   `json:"copies"`
	Deletes int   `json:"deletes"`
	Same    int   `json:"same"`
	Bytes   int64 `json:"bytes"`
	Failed  int   `json:"failed"`
	Unread  int   `json:"unread"`
	Preview bool  `json:"preview"`
}

func (c *cli) mirror() *cobra.Command {
	var (
		preview, remove bool
		connections     int
	)
	cmd := &cobra.Command{
		Use: "mirror " + words.T("cli.arg.FROM_TO"), Short: words.T("cli.mirror.short"), Long: words.T("cli.mirror.long"),
		Example: words.T("cli.mirror.example"), Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := c.folder(cmd.Context(), args[0], false)
			if err != nil {
				return err
			}
			to, err := c.folder(cmd.Context(), args[1], !preview)
			if err != nil {
				return errors.Join(err, from.close())
			}
			err = c.mirrorTo(cmd.Context(), from, to, preview, remove, connections)
			return c.failed(errors.Join(err, from.close(), to.close()))
		},
	}
	cmd.Flags().BoolVar(&preview, "preview", false, words.T("cli.mirror.flag.preview"))
	cmd.Flags().BoolVar(&remove, "delete", false, words.T("cli.mirror.flag.delete"))
	cmd.Flags().IntVar(&connections, "connections", 0, words.T("cli.flag.connections"))
	return cmd
}

func (c *cli) mirrorTo(ctx context.Context, from, to place, preview, remove bool, connections int) error {
	plan, err := transfer.MakePlan(ctx, from.fs, from.path, to.fs, to.path, transfer.PlanOptions{Delete: remove})
	if err != nil {
		return err
	}
	t := totals{
		Copies: plan.Copies, Deletes: plan.Deletes, Same: plan.Same, Bytes: plan.Bytes,
		Unread: plan.UnreadSource + plan.UnreadTarget, Preview: preview,
	}
	if preview {
		for _, a := range plan.Actions {
			if err := c.sayAction(to, a, false, nil); err != nil {
				return err
			}
		}
		return c.sayTotals(t)
	}
	var mu sync.Mutex
	var said error
	r, err := transfer.Apply(ctx, from.fs, to.fs, plan, transfer.MirrorOptions{
		Connections: connections, ManyDeletes: remove,
		OnAction: func(a transfer.Action, _ transfer.Result, err error, done bool) {
			if !done {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			said = errors.Join(said, c.sayAction(to, a, err == nil, err))
		},
	})
	t.Failed = r.Failed
	return errors.Join(err, said, c.sayTotals(t))
}

func (c *cli) sayAction(to place, a transfer.Action, done bool, err error) error {
	path := relative(to.path, a.To)
	if c.json {
		m := mirrored{Action: a.Kind, Reason: a.Reason, Path: path, Size: a.Size, Done: done}
		if err != nil {
			m.Error = fault.From("mirror", "", err).Error()
		}
		return c.print(m)
	}
	if c.quiet {
		return nil
	}
	c.printf("%-8s  %s  (%s)\n", words.T("cli.action."+string(a.Kind)), path, words.T("cli.reason."+string(a.Reason)))
	return nil
}

func (c *cli) sayTotals(t totals) error {
	if c.json {
		return c.print(map[string]totals{"totals": t})
	}
	c.printf("%s\n", words.T("cli.mirror.totals", "Copies", words.Number(int64(t.Copies)), "Size", words.Size(t.Bytes),
		"Deletes", words.Number(int64(t.Deletes)), "Same", words.Number(int64(t.Same))))
	return nil
}

// relative writes p as seen from base.
func relative(base, p files.Path) string {
	if len(p) >= len(base) && p[:len(base)].Equal(base) {
		p = p[len(base):]
	}
	s := p.String()
	return s[1:]
}
