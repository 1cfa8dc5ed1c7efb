package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"guichet/app/house"
	"guichet/app/words"
	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
)

// cli is one run of the command line.
type cli struct {
	p          Params
	profile    string
	json       bool
	ca         []string
	knownHosts []string
	lang       string
	quiet      bool

	opened *house.House
	logEnd func() error
}

// failed marks an error as one of the work.
func (c *cli) failed(err error) error {
	if err == nil {
		return nil
	}
	return failure{err}
}

// house opens the profile once.
func (c *cli) house(ctx context.Context) (*house.House, error) {
	if c.opened != nil {
		return c.opened, nil
	}
	o := house.Options{Dir: c.profile, CA: c.ca, KnownHosts: c.knownHosts}
	if pw := c.p.Environ(passwordInEnv); pw != "" {
		o.Password = &pw
	}
	if c.interactive() {
		o.Ask = c.questions
		o.Passphrase = func(_ context.Context, file string) (string, error) {
			return c.promptSecret(words.T("cli.prompt.passphrase", "File", file))
		}
	}
	h, err := house.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	if c.logEnd, err = h.Profile.OpenLog(nil, slog.LevelInfo); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	c.opened = h
	return h, nil
}

func (c *cli) close() error {
	if c.opened == nil {
		return nil
	}
	err := errors.Join(c.opened.Close(), c.logEnd())
	if err != nil {
		return failure{err}
	}
	return nil
}

// print writes v as one line of JSON.
func (c *cli) print(v any) error {
	e := json.NewEncoder(c.p.Stdout)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func (c *cli) printf(format string, args ...any) {
	fmt.Fprintf(c.p.Stdout, format, args...)
}

// sayFault explains an error in plain words on standard error.
func (c *cli) sayFault(err error) { c.sayFaultOf("", err) }

// sayFaultOf is sayFault for one of many files, which it names.
func (c *cli) sayFaultOf(name string, err error) {
	e := words.Fault(err, "cli")
	if name != "" {
		e.Title = files.Display(name) + ": " + e.Title
	}
	var f *fault.Fault
	if errors.As(err, &f) && f.Op == "show window" {
		if f.Step == "graphics" { // the window has said so before it was given up
			return
		}
		e.Title, e.Meaning, e.Next = words.T("cli.no_window"), words.T("cli.no_window.meaning"), []string{words.T("cli.no_window.next")}
	}
	fmt.Fprintln(c.p.Stderr, e.Title)
	if e.Meaning != "" {
		fmt.Fprintln(c.p.Stderr, e.Meaning)
	}
	for _, n := range e.Next {
		fmt.Fprintln(c.p.Stderr, "- "+n)
	}
	if e.Details != "" && !c.quiet {
		fmt.Fprintln(c.p.Stderr, words.T("cli.details"), e.Details)
	}
}

// refuseSecret refuses a password inside an address: addresses end up in
// histories, logs and process lists.
func refuseSecret(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return nil // not an address; whoever reads it says so
	}
	if _, has := u.User.Password(); has {
		return misuse(words.T("cli.bad.password_in_url", "Variable", passwordInEnv))
	}
	return nil
}

// interactive reports whether a person can be asked.
func (c *cli) interactive() bool {
	f, ok := c.p.Stdin.(*os.File)
	return ok && !c.quiet && !c.json && term.IsTerminal(int(f.Fd()))
}

// promptSecret asks without echo.
func (c *cli) promptSecret(label string) (string, error) {
	f, ok := c.p.Stdin.(*os.File)
	if !ok {
		return "", fault.Newf(fault.Login, "ask password", "", "no terminal")
	}
	fmt.Fprint(c.p.Stderr, label+" ")
	pw, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(c.p.Stderr)
	return string(pw), fault.OrNil("ask password", err)
}

// promptLine asks with echo.
func (c *cli) promptLine(label string) (string, error) {
	fmt.Fprint(c.p.Stderr, label+" ")
	var b strings.Builder
	one := make([]byte, 1)
	for {
		n, err := c.p.Stdin.Read(one)
		if n == 1 && one[0] == '\n' {
			return strings.TrimRight(b.String(), "\r"), nil
		}
		if n == 1 && b.Len() < 4096 {
			b.WriteByte(one[0])
		}
		if err != nil {
			return b.String(), fault.OrNil("ask", err)
		}
	}
}

// questions answers keyboard-interactive logins (RFC 4256).
func (c *cli) questions(_ context.Context, instruction string, questions []string, echo []bool) ([]string, error) {
	if instruction != "" {
		fmt.Fprintln(c.p.Stderr, fault.CleanLine(instruction))
	}
	answers := make([]string, len(questions))
	for i, q := range questions {
		ask := c.promptSecret
		if echo[i] {
			ask = c.promptLine
		}
		a, err := ask(fault.CleanLine(q))
		if err != nil {
			return nil, err
		}
		answers[i] = a
	}
	return answers, nil
}

// withTrust runs work; where it fails for a certificate or host key that a
// person may accept, and one is there, it asks and runs work again.
func (c *cli) withTrust(h *house.House, work func() error) error {
	for range 3 {
		err := work()
		var f *fault.Fault
		if err == nil || !errors.As(err, &f) || f.Question == nil || !c.interactive() {
			return err
		}
		e := words.Fault(err, "cli")
		fmt.Fprintf(c.p.Stderr, "%s\n%s\n%s\n", e.Title, e.Meaning, e.Details)
		yes := words.T("cli.prompt.yes")
		a, aerr := c.promptLine(words.T("cli.prompt.trust", "Yes", yes))
		if aerr != nil || a != yes {
			return err
		}
		switch q := f.Question.(type) {
		case *connect.CertificateQuestion:
			if terr := h.Network.Trust().TrustCertificate(q); terr != nil {
				return terr
			}
		case *connect.HostKeyQuestion:
			if terr := h.Network.Trust().TrustHostKey(q); terr != nil {
				return terr
			}
		default:
			return err
		}
	}
	return work()
}

// meter shows progress on standard error when that is a terminal.
type meter struct {
	w     io.Writer
	on    bool
	mu    sync.Mutex
	shown time.Time
	start time.Time
	label string
	drawn bool
}

func (c *cli) meter(label string) *meter {
	f, ok := c.p.Stderr.(*os.File)
	return &meter{w: c.p.Stderr, on: ok && !c.quiet && term.IsTerminal(int(f.Fd())), label: label, start: time.Now()}
}

func (m *meter) set(done, size int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.on || time.Since(m.shown) < 100*time.Millisecond {
		return
	}
	m.shown, m.drawn = time.Now(), true
	line := m.label + "  " + words.Size(done)
	if seconds := time.Since(m.start).Seconds(); seconds > 0.5 {
		speed := float64(done) / seconds
		line += "  " + words.Size(int64(speed)) + "/s"
		if size > done && speed > 0 {
			line += "  " + words.Duration(time.Duration(float64(size-done)/speed*float64(time.Second)))
		}
	}
	if size > 0 {
		line += fmt.Sprintf("  %d\u00a0%%", done*100/size)
	}
	fmt.Fprintf(m.w, "\r\x1b[K%s", line)
}

func (m *meter) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.drawn {
		fmt.Fprint(m.w, "\r\x1b[K")
	}
}

// seconds rounds a duration for JSON.
func seconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Second)
}

// milliseconds rounds a duration for JSON.
func milliseconds(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}

// count shows progress in things, not bytes.
func (m *meter) count(phase string, done, total int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.on || time.Since(m.shown) < 100*time.Millisecond {
		return
	}
	m.shown, m.drawn = time.Now(), true
	line := m.label + "  " + phase + "  " + words.Number(int64(done))
	if total > 0 {
		line += " / " + words.Number(int64(total))
	}
	fmt.Fprintf(m.w, "\r\x1b[K%s", line)
}
