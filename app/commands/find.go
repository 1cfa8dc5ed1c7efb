package commands

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/ops"
)

// foundFile is a line of what find prints.
type foundFile struct {
	URL string `json:"url"`
	listed
}

// find looks for files below a folder of a server, and prints them as it finds
// them.
func (c *cli) find() *cobra.Command {
	var q ops.Query
	var newer, older string
	cmd := &cobra.Command{
		Use: "find URL", Short: words.T("cli.find.short"), Long: words.T("cli.find.long"), Example: words.T("cli.find.example"), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var ok bool
			if q.After, ok = parseWhen(newer, time.Now()); !ok {
				return misuse(words.T("cli.bad.when", "When", newer))
			}
			if q.Before, ok = parseWhen(older, time.Now()); !ok {
				return misuse(words.T("cli.bad.when", "When", older))
			}
			p, err := c.folder(cmd.Context(), args[0], false)
			if err != nil {
				return err
			}
			return c.failed(errors.Join(c.look(cmd.Context(), p, q), p.close()))
		},
	}
	f := cmd.Flags()
	f.StringVar(&q.Name, "name", "", words.T("cli.find.flag.name"))
	f.StringVar(&q.Text, "text", "", words.T("cli.find.flag.text"))
	f.Int64Var(&q.MinSize, "min-size", 0, words.T("cli.find.flag.min_size"))
	f.Int64Var(&q.MaxSize, "max-size", 0, words.T("cli.find.flag.max_size"))
	f.StringVar(&newer, "newer", "", words.T("cli.find.flag.newer"))
	f.StringVar(&older, "older", "", words.T("cli.find.flag.older"))
	f.BoolVar(&q.Folders, "folders", false, words.T("cli.find.flag.folders"))
	f.BoolVar(&q.Hidden, "hidden", false, words.T("cli.find.flag.hidden"))
	f.IntVar(&q.MaxFound, "limit", 0, words.T("cli.find.flag.limit"))
	return cmd
}

// parseWhen reads a day (2026-01-31) or an age (36h); "" is no time.
func parseWhen(text string, now time.Time) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, time.Local); err == nil {
		return t, true
	}
	d, err := time.ParseDuration(text)
	return now.Add(-d), err == nil && d >= 0
}

func (c *cli) look(ctx context.Context, p place, q ops.Query) error {
	var printed error
	l, err := ops.Search(ctx, p.fs, p.path, q, func(more []ops.Found) {
		for _, one := range more {
			e := one.Entry
			if !c.json {
				c.printf("%s\n", p.fs.URL(one.Path))
				continue
			}
			out := foundFile{p.fs.URL(one.Path), listed{Name: e.Name, Type: e.Type.String(), Size: e.Size, Target: e.Target}}
			if !e.ModTime.IsZero() {
				out.Modified = e.ModTime.UTC().Format(time.RFC3339)
			}
			if e.HasMode {
				out.Mode = octal(e.Mode)
			}
			printed = errors.Join(printed, c.print(out))
		}
	}, nil)
	if err = errors.Join(err, printed); err != nil {
		return err
	}
	switch {
	case l.Unread > 0:
		return fault.Newf(fault.Permission, "search", p.site.Host, "%d folders could not be read", l.Unread)
	case l.Full:
		return fault.Newf(fault.TooBig, "search", p.site.Host, "more than %d found", l.Found)
	}
	return nil
}

// copyOrMove copies or moves one file or folder from a server to a server.
func (c *cli) copyOrMove(move bool) *cobra.Command {
	var replaces bool
	name := "cp"
	if move {
		name = "mv"
	}
	cmd := &cobra.Command{
		Use: name + " " + words.T("cli.arg.FROM_TO"), Short: words.T("cli." + name + ".short"), Long: words.T("cli." + name + ".long"), Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := needURLs(args); err != nil {
				return err
			}
			return c.carry(cmd.Context(), args[0], args[1], move, replaces)
		},
	}
	cmd.Flags().BoolVar(&replaces, "replace", false, words.T("cli.flag.replace"))
	return cmd
}

func (c *cli) carry(ctx context.Context, from, to string, move, replaces bool) (err error) {
	src, err := c.remote(ctx, from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.failed(src.close())) }()
	// Two connections: one reads while the other writes.
	dst, err := c.remote(ctx, to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.failed(dst.close())) }()
	if e, serr := dst.fs.Stat(ctx, dst.path); serr == nil && e.Type.IsDir() { // into that folder
		dst.path = dst.path.Join(files.ImportName(dst.fs, files.ExportName(src.fs, src.path.Base())))
	}
	o := ops.CarryOptions{Move: move, Replace: replaces, Same: src.site.Key() == dst.site.Key()}
	m := c.meter(files.Display(src.path.Base()))
	o.Progress = m.set
	r, err := ops.Carry(ctx, src.fs, src.path, dst.fs, dst.path, o)
	m.end()
	if err != nil {
		return c.failed(err)
	}
	return c.failed(c.tellChanged(changed{URL: dst.site.URL(dst.path), Result: r}))
}
