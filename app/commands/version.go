package commands

import (
	"strings"

	"github.com/spf13/cobra"

	"guichet/app/version"
	"guichet/app/words"
)

func (c *cli) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: words.T("cli.version.short"), Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			i := version.Get()
			if c.json {
				return c.failed(c.print(i))
			}
			c.printf("Guichet %s\n", i.Version)
			if i.Commit != "" {
				c.printf("commit %s\n", i.Commit)
			}
			c.printf("%s, Fyne %s, %s\n%s %s\n", i.Go, i.Fyne, i.OS, words.T("cli.version.engines"), strings.Join(i.Engines, ", "))
			return nil
		},
	}
}
