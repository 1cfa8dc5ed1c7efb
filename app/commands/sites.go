package commands

import (
	"context"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"guichet/app/house"
	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/services/files/sitesio"
)

// sites are the commands about the saved servers.
func (c *cli) sites() *cobra.Command {
	cmd := &cobra.Command{Use: "sites", Short: words.T("cli.sites.short"), Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(c.listSites(), c.importSites(), c.exportSites())
	return cmd
}

// savedSite is a line of what sites list prints.
type savedSite struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

func (c *cli) browser(ctx context.Context) (*house.House, *browse.Service, error) {
	h, err := c.house(ctx)
	if err != nil {
		return nil, nil, err
	}
	b, err := h.Browse()
	return h, b, err
}

func (c *cli) saved(ctx context.Context) ([]files.Site, error) {
	_, b, err := c.browser(ctx)
	if err != nil {
		return nil, err
	}
	l, err := b.Sites().Get()
	if err != nil {
		return nil, fault.New(fault.Internal, "list sites", "", err)
	}
	return l.Sites, nil
}

func (c *cli) listSites() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: words.T("cli.sites.list.short"), Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := c.saved(cmd.Context())
			if err != nil {
				return c.failed(err)
			}
			out := []savedSite{}
			for _, s := range list {
				out = append(out, savedSite{s.Title(), s.URL(s.Path)})
			}
			if c.json {
				return c.failed(c.print(out))
			}
			for _, s := range out {
				c.printf("%s  %s\n", files.Display(s.Name), s.Address)
			}
			return nil
		},
	}
}

// imported is what sites import prints.
type imported struct {
	Format    string   `json:"format"`
	Found     int      `json:"found"`
	Added     int      `json:"added"`
	Known     int      `json:"known"`
	Passwords int      `json:"passwords"` // readable ones in the file
	Locked    int      `json:"locked"`    // behind a master password
	Skipped   []string `json:"skipped,omitempty"`
	Cleared   int      `json:"cleared,omitempty"`
}

func (c *cli) importSites() *cobra.Command {
	var passwords, clear bool
	cmd := &cobra.Command{
		Use: "import " + words.T("cli.arg.FILE"), Short: words.T("cli.sites.import.short"), Long: words.T("cli.sites.import.long"), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if clear && !passwords {
				return misuse(words.T("cli.bad.clear"))
			}
			return c.failed(c.importList(cmd.Context(), args[0], passwords, clear))
		},
	}
	cmd.Flags().BoolVar(&passwords, "passwords", false, words.T("cli.sites.import.flag.passwords"))
	cmd.Flags().BoolVar(&clear, "clear", false, words.T("cli.sites.import.flag.clear"))
	return cmd
}

func (c *cli) importList(ctx context.Context, path string, passwords, clear bool) error {
	l, err := sitesio.ReadFile(path)
	if err != nil {
		return err
	}
	out := imported{Format: string(l.Format), Found: len(l.Entries), Passwords: l.Passwords()}
	for _, e := range l.Entries {
		if e.Locked {
			out.Locked++
		}
	}
	for _, s := range l.Skipped {
		out.Skipped = append(out.Skipped, s.Name)
	}
	_, b, err := c.browser(ctx)
	if err != nil {
		return err
	}
	if out.Added, out.Known, err = b.Import(ctx, l.Entries, passwords); err != nil {
		return err
	}
	if clear && out.Passwords > 0 {
		if out.Cleared, err = sitesio.Clear(l); err != nil {
			return err
		}
	}
	if c.json {
		return c.print(out)
	}
	if c.quiet {
		return nil
	}
	c.printf("%s\n", words.N("cli.sites.added", out.Added))
	for _, line := range []struct {
		id string
		n  int
	}{{"cli.sites.known", out.Known}, {"cli.sites.skipped", len(out.Skipped)}, {"cli.sites.locked", out.Locked}, {"cli.sites.cleared", out.Cleared}} {
		if line.n > 0 {
			c.printf("%s\n", words.N(line.id, line.n))
		}
	}
	if !passwords && out.Passwords > 0 {
		c.printf("%s\n", words.N("cli.sites.passwords", out.Passwords))
	}
	return nil
}

func (c *cli) exportSites() *cobra.Command {
	format, out := string(sitesio.Guichet), ""
	cmd := &cobra.Command{
		Use: "export", Short: words.T("cli.sites.export.short"), Long: words.T("cli.sites.export.long"), Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains([]string{string(sitesio.Guichet), string(sitesio.FileZilla)}, format) {
				return misuse(words.T("cli.bad.format", "Format", format))
			}
			list, err := c.saved(cmd.Context())
			if err != nil {
				return c.failed(err)
			}
			data, err := sitesio.Export(list, sitesio.Format(format))
			if err != nil {
				return c.failed(err)
			}
			if out == "" {
				_, err = c.p.Stdout.Write(data)
			} else {
				err = os.WriteFile(out, data, 0o600)
			}
			return c.failed(fault.OrNil("export sites", err))
		},
	}
	cmd.Flags().StringVar(&format, "format", format, words.T("cli.sites.export.flag.format"))
	cmd.Flags().StringVarP(&out, "output", "o", "", words.T("cli.sites.export.flag.output"))
	return cmd
}
