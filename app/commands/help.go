package commands

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"guichet/app/words"
)

// usage is cobra's layout in the words of the language.
const usage = `{{word "cli.help.usage"}}{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} {{word "cli.help.command"}}{{end}}{{if .HasExample}}

{{word "cli.help.examples"}}
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

{{word "cli.help.commands"}}{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

{{word "cli.help.flags"}}
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

{{word "cli.help.global"}}
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
`

// translateHelp replaces what cobra says in English.
func translateHelp(root *cobra.Command) {
	cobra.AddTemplateFunc("word", func(id string) string { return words.T(id) })
	root.SetUsageTemplate(usage)
	root.SetHelpTemplate(`{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}{{.UsageString}}`)
	root.SetHelpCommand(&cobra.Command{
		Use: "help [" + words.T("cli.arg.command") + "]", Short: words.T("cli.help.short"),
		RunE: func(cmd *cobra.Command, args []string) error {
			of, _, err := root.Find(args)
			if err != nil {
				return err
			}
			return of.Help()
		},
	})
	var each func(*cobra.Command)
	each = func(cmd *cobra.Command) {
		cmd.Flags().BoolP("help", "h", false, words.T("cli.flag.help"))
		for _, sub := range cmd.Commands() {
			each(sub)
		}
	}
	each(root)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return err })
}

var (
	unknownFlag    = regexp.MustCompile(`^unknown (?:shorthand )?flag: (.*)$`)
	unknownCommand = regexp.MustCompile(`^unknown command "([^"]*)"`)
)

// misused says in plain words what cobra or a verb did not understand.
func (c *cli) misused(err error) string {
	text := err.Error()
	if m := unknownFlag.FindStringSubmatch(text); m != nil {
		text = words.T("cli.bad.flag", "Flag", m[1])
	} else if m := unknownCommand.FindStringSubmatch(text); m != nil {
		text = words.T("cli.bad.command", "Command", m[1])
	} else if strings.Contains(text, "arg(s)") {
		text = words.T("cli.bad.args")
	}
	return text + "\n" + words.T("cli.bad.hint")
}

func (c *cli) completion() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use: "completion " + strings.Join(shells, "|"), Short: words.T("cli.completion.short"),
		ValidArgs: shells, Args: cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			root, w := cmd.Root(), cmd.OutOrStdout()
			switch args[0] {
			case "bash":
				return c.failed(root.GenBashCompletionV2(w, true))
			case "zsh":
				return c.failed(root.GenZshCompletion(w))
			case "fish":
				return c.failed(root.GenFishCompletion(w, true))
			}
			return c.failed(root.GenPowerShellCompletionWithDesc(w))
		},
	}
}
