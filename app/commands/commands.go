// Package commands is Guichet's command line: one file per verb, each a thin
// shell over the services that the window uses too. Exit status: 0 all went
// well, 1 the work failed, 2 the command was not understood.
package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/jeandeaual/go-locale"
	"github.com/spf13/cobra"

	"guichet/app/words"
)

// Params are what the command line needs of its surroundings.
type Params struct {
	Args           []string // without the program's name
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Environ        func(name string) string
	// Window opens the window and returns when it is closed.
	Window func(ctx context.Context, w Window) error
}

// Window says what the window opens on.
type Window struct {
	Profile    string // --profile
	CA         []string
	KnownHosts []string
	Lang       string
	Address    string // as typed; "" for nothing
	Demo       bool   // on the demo's own temporary profile
}

// Exit statuses.
const (
	exitFailed  = 1
	exitMisused = 2
)

// passwordInEnv is the variable that stands in for a saved password.
const passwordInEnv = "GUICHET_PASSWORD"

// failure marks an error of the work itself, as opposed to a command that was
// not understood.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

// said marks an error that standard error told of already.
type said struct{ error }

func (s said) Unwrap() error { return s.error }

// misuse is an error in the command's words; its text is translated.
type misuse string

func (m misuse) Error() string { return string(m) }

// Main carries out one command and returns the exit status. SIGINT and SIGTERM
// cancel it.
func Main(p Params) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, p)
}

func run(ctx context.Context, p Params) int {
	if p.Environ == nil {
		p.Environ = os.Getenv
	}
	chooseLanguage(p)
	c := &cli{p: p}
	root := c.root()
	root.SetArgs(p.Args)
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	err := root.ExecuteContext(ctx)
	err = errors.Join(err, c.close())
	var f failure
	switch {
	case err == nil:
		return 0
	case errors.As(err, &f):
		var told said
		if !errors.As(err, &told) {
			c.sayFault(err)
		}
		return exitFailed
	}
	fmt.Fprintln(p.Stderr, c.misused(err))
	return exitMisused
}

// chooseLanguage looks for --lang by hand, because the help texts themselves
// are in that language.
func chooseLanguage(p Params) {
	tag, err := locale.GetLocale()
	if err != nil {
		tag = ""
	}
	for i, a := range p.Args {
		if a == "--" {
			break
		}
		if v, ok := strings.CutPrefix(a, "--lang="); ok {
			tag = v
		} else if a == "--lang" && i+1 < len(p.Args) {
			tag = p.Args[i+1]
		}
	}
	words.SetLanguage(tag)
}

// root makes the tree of commands.
func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "guichet [" + words.T("cli.arg.address") + "]",
		Short:         words.T("cli.short"),
		Long:          words.T("cli.long"),
		Args:          cobra.MaximumNArgs(1),
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			w := c.window()
			if len(args) == 1 {
				w.Address = args[0]
			}
			return c.open(cmd.Context(), w)
		},
	}
	f := root.PersistentFlags()
	f.StringVar(&c.profile, "profile", "", words.T("cli.flag.profile"))
	f.BoolVar(&c.json, "json", false, words.T("cli.flag.json"))
	f.StringArrayVar(&c.ca, "ca", nil, words.T("cli.flag.ca"))
	f.StringArrayVar(&c.knownHosts, "known-hosts", nil, words.T("cli.flag.known_hosts"))
	f.StringVar(&c.lang, "lang", "", words.T("cli.flag.lang"))
	f.BoolVar(&c.quiet, "quiet", false, words.T("cli.flag.quiet"))
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if c.lang != "" && c.lang != "en" && c.lang != "fr" {
			return misuse(words.T("cli.bad.lang", "Lang", c.lang))
		}
		return nil
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(
		c.get(), c.put(), c.ls(), c.mirror(), c.alike(), c.watch(), c.remove(), c.copyOrMove(false), c.copyOrMove(true), c.chmod(), c.hash(), c.find(), c.sites(), c.mail(), c.render(), c.check(), c.parse(), c.demo(), c.version(), c.completion(),
	)
	translateHelp(root)
	return root
}

// open hands over to the window.
func (c *cli) open(ctx context.Context, w Window) error {
	if c.p.Window == nil {
		return misuse(words.T("cli.bad.window"))
	}
	if err := c.p.Window(ctx, w); err != nil {
		return failure{err}
	}
	return nil
}

func (c *cli) window() Window {
	return Window{Profile: c.profile, CA: c.ca, KnownHosts: c.knownHosts, Lang: c.lang}
}
