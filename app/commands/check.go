package commands

import (
	"context"

	"github.com/spf13/cobra"

	"guichet/app/words"
	"guichet/services/address"
	"guichet/services/check"
	"guichet/services/fault"
)

// checked is what `check --json` prints.
type checked struct {
	OK    bool          `json:"ok"`
	Kind  fault.Kind    `json:"kind,omitempty"`
	Check fault.Check   `json:"check,omitempty"`
	Step  check.StepID  `json:"step,omitempty"`
	Blame check.Blame   `json:"blame,omitempty"`
	Steps []checkedStep `json:"steps"`
	Title string        `json:"title"`
	Means string        `json:"meaning"`
	Next  []string      `json:"next"`
}

type checkedStep struct {
	ID           check.StepID `json:"step"`
	State        check.State  `json:"state"`
	Milliseconds float64      `json:"milliseconds"`
	Detail       check.Detail `json:"detail"`
}

func (c *cli) check() *cobra.Command {
	var user string
	cmd := &cobra.Command{
		Use: "check " + words.T("cli.arg.ADDRESS"), Short: words.T("cli.check.short"), Long: words.T("cli.check.long"),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := refuseSecret(args[0]); err != nil {
				return err
			}
			target := address.Parse(args[0], address.Options{})
			if target.URL == nil && target.Kind != address.Person && len(target.Alternatives) == 0 {
				return misuse(words.T("cli.bad.address", "Address", args[0]))
			}
			return c.diagnose(cmd.Context(), target, user)
		},
	}
	cmd.Flags().StringVar(&user, "user", "", words.T("cli.check.flag.user"))
	return cmd
}

func (c *cli) diagnose(ctx context.Context, target address.Target, user string) error {
	h, err := c.house(ctx)
	if err != nil {
		return c.failed(err)
	}
	host := target.Text
	if target.URL != nil {
		host = target.URL.Host
		if user == "" {
			user = target.URL.User.Username()
		}
	}
	o := check.Options{Network: h.Network, User: user, AllowClear: clearText(target)}
	if user != "" {
		o.Password = func(context.Context) (string, error) {
			if pw := c.p.Environ(passwordInEnv); pw != "" {
				return pw, nil
			}
			if c.interactive() {
				return c.promptSecret(words.T("cli.prompt.password", "User", user, "Host", host))
			}
			return "", fault.Newf(fault.Login, "login", host, "no password given")
		}
	}
	r := check.Run(ctx, target, o)
	e := words.Explanation{Title: words.T("cli.check.ok")}
	if r.Fault != nil {
		e = words.Fault(r.Fault, "cli")
	}
	if c.json {
		out := checked{OK: r.OK, Kind: r.Kind, Check: r.Check, Step: r.Step, Blame: r.Blame, Title: e.Title, Means: e.Meaning, Next: e.Next, Steps: []checkedStep{}}
		for _, s := range r.Steps {
			out.Steps = append(out.Steps, checkedStep{s.ID, s.State, milliseconds(s.Took), s.Detail})
		}
		err = c.print(out)
	} else {
		for _, s := range r.Steps {
			mark := map[check.State]string{check.OK: "✓", check.Failed: "✕", check.Skipped: "–"}[s.State]
			c.printf("%s %s", mark, words.Step(s))
			if s.State != check.Skipped {
				c.printf("  (%.0f ms)", milliseconds(s.Took))
			}
			c.printf("\n")
		}
		c.printf("%s\n", e.Title)
	}
	if err == nil && !r.OK {
		return c.failed(r.Fault)
	}
	return c.failed(err)
}

// clearText reports whether the address itself says that clear text is meant.
func clearText(t address.Target) bool {
	if t.URL == nil {
		return false
	}
	switch t.URL.Scheme {
	case "http", "ftp", "dav":
		return true
	}
	return false
}
