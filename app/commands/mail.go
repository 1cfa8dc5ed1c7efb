package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/mail"
	"guichet/services/mail/message"
)

func (c *cli) mail() *cobra.Command {
	cmd := &cobra.Command{Use: "mail", Short: words.T("cli.mail.short"), Args: cobra.NoArgs}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	cmd.AddCommand(c.mailAdd(), c.mailSync(), c.mailList(), c.mailShow(), c.mailSearch(), c.mailSend(), c.mailExport(), c.mailImport())
	return cmd
}

// mailService opens the store of mail.
func (c *cli) mailService(ctx context.Context) (*mail.Service, error) {
	h, err := c.house(ctx)
	if err != nil {
		return nil, err
	}
	return h.Mail()
}

func (c *cli) mailAdd() *cobra.Command {
	var (
		imap, smtp, login, name string
		starttls                bool
	)
	cmd := &cobra.Command{
		Use: "add " + words.T("cli.arg.EMAIL"), Short: words.T("cli.mail.add.short"), Long: words.T("cli.mail.add.long"),
		Example: words.T("cli.mail.add.example"), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			st := mail.Settings{Email: args[0], Name: name}
			if !strings.Contains(st.Email, "@") {
				return misuse(words.T("cli.bad.email", "Email", st.Email))
			}
			if (imap == "") != (smtp == "") {
				return misuse(words.T("cli.bad.both_servers"))
			}
			security := mail.TLS
			if starttls {
				security = mail.StartTLS
			}
			for _, s := range []struct {
				text string
				to   *mail.Server
			}{{imap, &st.IMAP}, {smtp, &st.SMTP}} {
				if s.text == "" {
					continue
				}
				host, port, err := net.SplitHostPort(s.text)
				n, perr := strconv.Atoi(port)
				if err != nil || perr != nil || n < 1 || n > 65535 {
					return misuse(words.T("cli.bad.host_port", "Text", s.text))
				}
				*s.to = mail.Server{Host: host, Port: n, Security: security, Login: login}
			}
			return c.failed(c.addAccount(cmd.Context(), st))
		},
	}
	f := cmd.Flags()
	f.StringVar(&imap, "imap", "", words.T("cli.mail.add.flag.imap"))
	f.StringVar(&smtp, "smtp", "", words.T("cli.mail.add.flag.smtp"))
	f.StringVar(&login, "login", "", words.T("cli.mail.add.flag.login"))
	f.StringVar(&name, "name", "", words.T("cli.mail.add.flag.name"))
	f.BoolVar(&starttls, "starttls", false, words.T("cli.mail.add.flag.starttls"))
	return cmd
}

func (c *cli) addAccount(ctx context.Context, st mail.Settings) error {
	s, err := c.mailService(ctx)
	if err != nil {
		return err
	}
	if st.Password = c.p.Environ(passwordInEnv); st.Password == "" {
		if !c.interactive() {
			return fault.Newf(fault.Login, "add account", st.Email, "no password given")
		}
		if st.Password, err = c.promptSecret(words.T("cli.prompt.password", "User", st.Email, "Host", "")); err != nil {
			return err
		}
	}
	progress := func(step mail.AddStep) {
		if !c.quiet && !c.json {
			fmt.Fprintln(c.p.Stderr, words.T("cli.mail.add.step."+step.Step, "Host", step.Host))
		}
	}
	var a mail.Account
	err = c.withTrust(c.opened, func() (err error) {
		if st.IMAP.Host != "" {
			a, err = s.AddManual(ctx, st, progress)
		} else {
			a, err = s.Add(ctx, st.Email, st.Name, st.Password, progress)
		}
		return err
	})
	if err != nil {
		return err
	}
	if c.json {
		return c.print(a)
	}
	c.printf("%s\n", words.T("cli.mail.add.done", "Email", a.Email, "IMAP", a.IMAP.Host, "SMTP", a.SMTP.Host))
	return nil
}

// account finds an account by its address; "" is all of them.
func account(s *mail.Service, email string) ([]mail.Account, error) {
	all, err := s.Accounts.Get()
	if err != nil {
		return nil, err
	}
	if email == "" {
		if len(all.List) == 0 {
			return nil, fault.Newf(fault.NotFound, "find account", "", "no account in this profile")
		}
		return all.List, nil
	}
	a, ok := all.ByEmail(email)
	if !ok {
		return nil, fault.Newf(fault.NotFound, "find account", email, "no such account in this profile")
	}
	return []mail.Account{a}, nil
}

func (c *cli) mailSync() *cobra.Command {
	return &cobra.Command{
		Use: "sync [" + words.T("cli.arg.ACCOUNT") + "]", Short: words.T("cli.mail.sync.short"), Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.failed(c.sync(cmd.Context(), strings.Join(args, "")))
		},
	}
}

func (c *cli) sync(ctx context.Context, email string) error {
	s, err := c.mailService(ctx)
	if err != nil {
		return err
	}
	accounts, err := account(s, email)
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range accounts {
		m := c.meter(a.Email)
		var r mail.SyncReport
		err := c.withTrust(c.opened, func() (err error) {
			r, err = s.Sync(ctx, a.ID, func(p mail.Progress) { m.count(words.T("cli.mail.phase."+string(p.Phase)), p.Done, p.Total) })
			return err
		})
		m.end()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if c.json {
			errs = append(errs, c.print(r))
			continue
		}
		c.printf("%s\n", words.T("cli.mail.sync.done", "Email", a.Email, "New", words.Number(int64(r.New)),
			"Changed", words.Number(int64(r.Changed)), "Removed", words.Number(int64(r.Removed))))
		for folder, why := range r.Failed {
			c.printf("%s\n", words.T("cli.mail.sync.failed", "Folder", folder, "Why", why))
		}
	}
	return errors.Join(errs...)
}

// row is a mail as the command line lists it.
type row struct {
	ID      int64    `json:"id"`
	Mailbox string   `json:"mailbox"`
	From    string   `json:"from"`
	Subject string   `json:"subject"`
	Date    string   `json:"date"` // RFC 3339
	Flags   []string `json:"flags"`
	Size    int64    `json:"size"`
}

func rowOf(r mail.Row) row {
	from := message.Address{Name: r.From, Mail: r.FromMail}.String()
	if r.FromMail == "" {
		from = r.From
	}
	out := row{ID: r.ID, Mailbox: r.Mailbox, From: from, Subject: r.Subject, Date: r.Date.Format(time.RFC3339), Flags: []string{}, Size: r.Size}
	for _, f := range []struct {
		set  bool
		name string
	}{{!r.Unread, `\Seen`}, {r.Flagged, `\Flagged`}, {r.Answered, `\Answered`}, {r.Draft, `\Draft`}} {
		if f.set {
			out.Flags = append(out.Flags, f.name)
		}
	}
	return out
}

func (c *cli) rows(rows []mail.Row) []row {
	out := make([]row, 0, len(rows))
	for _, r := range rows {
		out = append(out, rowOf(r))
		if !c.json {
			mark := " "
			if r.Unread {
				mark = "•"
			}
			c.printf("%s %d  %-12s  %-24.24s  %s\n", mark, r.ID, words.Date(r.Date, time.Now()), r.From, r.Subject)
		}
	}
	return out
}

func (c *cli) mailList() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "list " + words.T("cli.arg.MAILBOX"), Short: words.T("cli.mail.list.short"), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.mailService(cmd.Context())
			if err != nil {
				return c.failed(err)
			}
			rows, err := s.List(cmd.Context(), args[0], limit)
			if err != nil {
				return c.failed(err)
			}
			out := c.rows(rows)
			if c.json {
				return c.failed(c.print(out))
			}
			return nil
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 0, words.T("cli.mail.flag.limit"))
	return cmd
}

func (c *cli) mailSearch() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "search " + words.T("cli.arg.WORDS"), Short: words.T("cli.mail.search.short"), Long: words.T("cli.mail.search.long"),
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.mailService(cmd.Context())
			if err != nil {
				return c.failed(err)
			}
			start := time.Now()
			rows, err := s.Find(cmd.Context(), strings.Join(args, " "), limit)
			took := time.Since(start)
			if err != nil {
				return c.failed(err)
			}
			out := c.rows(rows)
			if c.json {
				return c.failed(c.print(struct {
					Rows         []row   `json:"rows"`
					Milliseconds float64 `json:"milliseconds"`
				}{out, milliseconds(took)}))
			}
			c.printf("%s\n", words.N("cli.mail.search.done", len(rows), "Milliseconds", fmt.Sprintf("%.1f", milliseconds(took))))
			return nil
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 50, words.T("cli.mail.flag.limit"))
	return cmd
}

// shown is what `mail show --json` prints.
type shown struct {
	row
	To          []string          `json:"to"`
	Cc          []string          `json:"cc"`
	MessageID   string            `json:"message_id"`
	State       mail.BodyState    `json:"state"`
	Text        string            `json:"text"`
	HTML        string            `json:"html,omitempty"`
	Attachments []shownAttachment `json:"attachments"`
	Remote      int               `json:"remote"`
	Trackers    int               `json:"trackers"`
}

type shownAttachment struct {
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Size      int64  `json:"size"`
	Danger    bool   `json:"danger,omitempty"`
}

func addresses(list []mail.Address) []string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = a.String()
	}
	return out
}

func (c *cli) mailShow() *cobra.Command {
	var raw bool
	cmd := &cobra.Command{
		Use: "show ID", Short: words.T("cli.mail.show.short"), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return misuse(words.T("cli.bad.number", "Text", args[0]))
			}
			return c.failed(c.show(cmd.Context(), id, raw))
		},
	}
	cmd.Flags().BoolVar(&raw, "raw", false, words.T("cli.mail.show.flag.raw"))
	return cmd
}

func (c *cli) show(ctx context.Context, id int64, raw bool) error {
	s, err := c.mailService(ctx)
	if err != nil {
		return err
	}
	if raw {
		data, err := s.Raw(ctx, id)
		if err != nil {
			return err
		}
		_, err = c.p.Stdout.Write(data)
		return err
	}
	m, err := s.Show(ctx, id)
	if err != nil {
		return err
	}
	out := shown{
		row: rowOf(m.Row), To: addresses(m.To), Cc: addresses(m.Cc), MessageID: m.MessageID, State: m.State, Text: m.Text, HTML: m.HTML,
		Attachments: []shownAttachment{}, Remote: len(m.Remote), Trackers: m.Trackers,
	}
	for _, a := range m.Attachments {
		out.Attachments = append(out.Attachments, shownAttachment{a.Name, a.MediaType, a.Size, a.Danger})
	}
	if c.json {
		return c.print(out)
	}
	c.printf("%s %s\n%s %s\n%s %s\n%s %s\n", words.T("cli.mail.from"), out.From, words.T("cli.mail.to"), strings.Join(out.To, ", "),
		words.T("cli.mail.date"), words.DateTime(m.Date.Local(), time.Now()), words.T("cli.mail.subject"), out.Subject)
	for _, a := range out.Attachments {
		c.printf("%s %s (%s)\n", words.T("cli.mail.attachment"), a.Name, words.Size(a.Size))
	}
	c.printf("\n%s\n", out.Text)
	return nil
}

func (c *cli) mailSend() *cobra.Command {
	var (
		to, cc, bcc, attach []string
		subject, from       string
	)
	cmd := &cobra.Command{
		Use: "send", Short: words.T("cli.mail.send.short"), Long: words.T("cli.mail.send.long"), Example: words.T("cli.mail.send.example"),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := mail.Draft{Subject: subject}
			for _, list := range []struct {
				texts []string
				to    *[]mail.Address
			}{{to, &d.To}, {cc, &d.Cc}, {bcc, &d.Bcc}} {
				for _, text := range list.texts {
					parsed := message.ParseAddresses(text)
					if len(parsed) == 0 {
						return misuse(words.T("cli.bad.email", "Email", text))
					}
					*list.to = append(*list.to, parsed...)
				}
			}
			if len(d.To)+len(d.Cc)+len(d.Bcc) == 0 {
				return misuse(words.T("cli.bad.recipients"))
			}
			for _, name := range attach {
				d.Attachments = append(d.Attachments, mail.Upload{Name: filepath.Base(name), Path: name})
			}
			return c.failed(c.send(cmd.Context(), d, from))
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&to, "to", nil, words.T("cli.mail.send.flag.to"))
	f.StringArrayVar(&cc, "cc", nil, words.T("cli.mail.send.flag.cc"))
	f.StringArrayVar(&bcc, "bcc", nil, words.T("cli.mail.send.flag.bcc"))
	f.StringVar(&subject, "subject", "", words.T("cli.mail.send.flag.subject"))
	f.StringVar(&from, "from", "", words.T("cli.mail.send.flag.from"))
	f.StringArrayVar(&attach, "attach", nil, words.T("cli.mail.send.flag.attach"))
	return cmd
}

// maxBody bounds the text of a mail read from standard input.
const maxBody = 10 << 20

func (c *cli) send(ctx context.Context, d mail.Draft, from string) error {
	s, err := c.mailService(ctx)
	if err != nil {
		return err
	}
	accounts, err := account(s, from)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(io.LimitReader(c.p.Stdin, maxBody+1))
	if err != nil {
		return fault.From("read text", "", err)
	}
	if len(body) > maxBody {
		return fault.Newf(fault.TooBig, "read text", "", "more than %d bytes", maxBody)
	}
	d.Account, d.Text = accounts[0].ID, string(body)
	item, err := s.SendNow(ctx, d)
	if c.json && item.MessageID != "" {
		err = errors.Join(err, c.print(struct {
			State      mail.SendState         `json:"state"`
			MessageID  string                 `json:"message_id"`
			Recipients []mail.RecipientResult `json:"recipients"`
		}{item.State, item.MessageID, item.Recipients}))
	}
	if err == nil && (item.State == mail.Failed || item.State == mail.MaybeSent) && item.Fault != nil {
		err = item.Fault
		if item.State == mail.MaybeSent && !c.quiet {
			fmt.Fprintln(c.p.Stderr, words.T("cli.mail.send.state.maybe_sent"))
		}
	}
	if err == nil && !c.json && !c.quiet {
		c.printf("%s\n", words.T("cli.mail.send.state."+string(item.State)))
	}
	return err
}

func (c *cli) mailExport() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "export " + words.T("cli.arg.MAILBOX") + " -o FILE.mbox", Short: words.T("cli.mail.export.short"), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return misuse(words.T("cli.bad.output"))
			}
			return c.failed(c.export(cmd.Context(), args[0], out))
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", words.T("cli.mail.export.flag.output"))
	return cmd
}

// export writes beside the target and renames, so that a failure leaves no half
// file under its name.
func (c *cli) export(ctx context.Context, mailbox, out string) (err error) {
	s, err := c.mailService(ctx)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(out), ".guichet-export-*")
	if err != nil {
		return fault.From("export", "", err)
	}
	m := c.meter(mailbox)
	n, err := s.Export(ctx, mailbox, f, func(done, total int) { m.count("", done, total) })
	m.end()
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), out)
	}
	if err != nil {
		return fault.From("export", "", errors.Join(err, os.Remove(f.Name())))
	}
	if c.json {
		return c.print(map[string]any{"exported": n, "path": out})
	}
	c.printf("%s\n", words.N("cli.mail.export.done", n, "Path", out))
	return nil
}

func (c *cli) mailImport() *cobra.Command {
	var mailbox string
	cmd := &cobra.Command{
		Use: "import " + words.T("cli.arg.FILE"), Short: words.T("cli.mail.import.short"), Long: words.T("cli.mail.import.long"), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.mailService(cmd.Context())
			if err != nil {
				return c.failed(err)
			}
			m := c.meter(args[0])
			r, err := s.Import(cmd.Context(), mailbox, args[0], func(done int) { m.count("", done, 0) })
			m.end()
			if err != nil {
				return c.failed(err)
			}
			if c.json {
				return c.failed(c.print(r))
			}
			c.printf("%s\n", words.T("cli.mail.import.done", "Imported", words.Number(int64(r.Imported)),
				"Present", words.Number(int64(r.Present)), "Failed", words.Number(int64(r.Failed))))
			return nil
		},
	}
	cmd.Flags().StringVar(&mailbox, "mailbox", "archive", words.T("cli.mail.import.flag.mailbox"))
	return cmd
}
