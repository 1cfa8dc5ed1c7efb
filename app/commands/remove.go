package commands

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/ops"
	"guichet/services/files/ops/trash"
)

// changed is what rm and chmod print for each address.
type changed struct {
	URL string `json:"url"`
	ops.Result
	Trashed bool `json:"trashed,omitempty"`
}

// remove deletes files of servers. One that was cut short can simply be run
// again: what is gone is passed over.
func (c *cli) remove() *cobra.Command {
	var recursive, keep bool
	cmd := &cobra.Command{
		Use: "rm URL...", Short: words.T("cli.rm.short"), Long: words.T("cli.rm.long"), Example: words.T("cli.rm.example"), Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := needURLs(args); err != nil {
				return err
			}
			return c.eachURL(cmd.Context(), args, func(ctx context.Context, p place) error { return c.removeOne(ctx, p, recursive, keep) })
		},
	}
	cmd.Flags().BoolVarP(&recursive, "recursive", "r", false, words.T("cli.flag.recursive"))
	cmd.Flags().BoolVar(&keep, "trash", false, words.T("cli.rm.flag.trash"))
	return cmd
}

// needURLs refuses what is no address, or names no file on its server: a whole
// server is never meant.
func needURLs(args []string) error {
	for _, a := range args {
		if !isURL(a) {
			return misuse(words.T("cli.bad.address", "Address", a))
		}
		site, err := parseSite(a)
		if err != nil {
			return err
		}
		if len(site.Path) == 0 {
			return misuse(words.T("cli.bad.root", "Address", a))
		}
	}
	return nil
}

// eachURL does something at each address; a failure does not stop the rest.
func (c *cli) eachURL(ctx context.Context, args []string, do func(ctx context.Context, p place) error) error {
	var errs []error
	for _, a := range args {
		p, err := c.remote(ctx, a)
		if err == nil {
			err = c.failed(errors.Join(do(ctx, p), p.close()))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (c *cli) removeOne(ctx context.Context, p place, recursive, keep bool) error {
	targets, err := ops.Targets(ctx, p.fs, []files.Path{p.path}, false)
	if err != nil {
		return err
	}
	if targets[0].Entry.Type == files.Dir && !recursive {
		return fault.Newf(fault.Unsupported, "delete", p.site.Host, "%s is a folder: -r deletes it with all that is in it", p.path)
	}
	out := changed{URL: p.site.URL(p.path)}
	if keep {
		if _, err := trash.Move(ctx, p.fs, p.path); err != nil {
			return err
		}
		out.Trashed = true
	} else {
		m := c.meter(files.Display(p.path.Base()))
		out.Result, err = ops.Remove(ctx, p.fs, targets, ops.Options{Progress: func(done, found int) { m.count("", done, found) }})
		m.end()
	}
	return errors.Join(err, c.tellChanged(out))
}

// tellChanged prints what was done.
func (c *cli) tellChanged(r changed) error {
	switch {
	case c.json:
		return c.print(r)
	case c.quiet:
		return nil
	case r.Trashed:
		c.printf("%s  %s\n", r.URL, words.T("cli.rm.trashed"))
		return nil
	}
	c.printf("%s  %s\n", r.URL, words.N("cli.done.items", r.Files+r.Folders-r.Unchanged))
	for _, f := range r.Failures {
		c.printf("  %s  %s\n", f.Path, words.Fault(fault.New(f.Kind, "", "", nil), "cli").Title)
	}
	return nil
}
