package commands

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"guichet/app/words"
	"guichet/services/demo"
)

func (c *cli) demo() *cobra.Command {
	var (
		window  bool
		rate    int64
		latency time.Duration
	)
	cmd := &cobra.Command{
		Use: "demo", Short: words.T("cli.demo.short"), Long: words.T("cli.demo.long"), Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if window {
				w := c.window()
				w.Demo = true
				return c.open(cmd.Context(), w)
			}
			return c.failed(c.serveDemo(cmd.Context(), demo.Params{Rate: rate, Latency: latency}))
		},
	}
	cmd.Flags().BoolVar(&window, "window", false, words.T("cli.demo.flag.window"))
	cmd.Flags().Int64Var(&rate, "rate", 0, words.T("cli.demo.flag.rate"))
	cmd.Flags().DurationVar(&latency, "latency", 0, words.T("cli.demo.flag.latency"))
	return cmd
}

// serveDemo starts the servers, says where they are in one line of JSON, and
// serves until interrupted.
func (c *cli) serveDemo(ctx context.Context, p demo.Params) error {
	d, err := demo.Start(ctx, p)
	if err != nil {
		return err
	}
	if err := c.print(d.Info()); err != nil {
		return errors.Join(err, d.Close())
	}
	<-ctx.Done()
	return d.Close()
}
