package commands

import (
	"bytes"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"guichet/app/words"
	"guichet/services/address"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/listing"
	"guichet/services/mail/message"
)

func (c *cli) parse() *cobra.Command {
	cmd := &cobra.Command{Use: "parse", Short: words.T("cli.parse.short"), Args: cobra.NoArgs}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	for _, p := range []struct {
		name, arg string
		do        func(string) (any, error)
	}{
		{"mail", words.T("cli.arg.FILE"), parseMail}, {"listing", words.T("cli.arg.FILE"), parseListing}, {"url", words.T("cli.arg.TEXT"), parseURL},
	} {
		cmd.AddCommand(&cobra.Command{
			Use: p.name + " " + p.arg, Short: words.T("cli.parse." + p.name), Args: cobra.ExactArgs(1),
			RunE: func(_ *cobra.Command, args []string) error {
				v, err := p.do(args[0])
				if err != nil {
					return c.failed(err)
				}
				return c.failed(c.print(v))
			},
		})
	}
	return cmd
}

// maxParse bounds a file that is handed to a parser.
const maxParse = 100 << 20

func readBounded(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fault.From("read", "", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxParse+1))
	if err == nil && len(data) > maxParse {
		return nil, fault.Newf(fault.TooBig, "read", "", "%s has more than %d bytes", name, maxParse)
	}
	return data, fault.OrNil("read", err)
}

// parsedMail is what the mail parser sees.
type parsedMail struct {
	Subject    string       `json:"subject"`
	From       []string     `json:"from"`
	To         []string     `json:"to"`
	Cc         []string     `json:"cc"`
	ReplyTo    []string     `json:"reply_to"`
	Date       string       `json:"date"`
	MessageID  string       `json:"message_id"`
	InReplyTo  []string     `json:"in_reply_to"`
	References []string     `json:"references"`
	Text       string       `json:"text"`
	HTML       string       `json:"html"`
	Parts      []parsedPart `json:"parts"`
	Lenient    bool         `json:"lenient"`
	Stage      string       `json:"stage"`
}

type parsedPart struct {
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Size      int64  `json:"size"`
	Charset   string `json:"charset,omitempty"`
	ContentID string `json:"content_id,omitempty"`
	Role      string `json:"role"` // body, attached, inline
}

func parseMail(name string) (any, error) {
	data, err := readBounded(name)
	if err != nil {
		return nil, err
	}
	m := message.Parse(data)
	out := parsedMail{
		Subject: m.Subject, From: addresses(m.From), To: addresses(m.To), Cc: addresses(m.Cc), ReplyTo: addresses(m.ReplyTo),
		MessageID: m.MessageID, References: m.References, Text: m.Text, HTML: m.HTML, Lenient: m.Lenient, Stage: m.Stage,
		Parts: []parsedPart{},
	}
	if !m.Date.IsZero() {
		out.Date = m.Date.Format(time.RFC3339)
	}
	for _, p := range m.Parts {
		role := "inline"
		switch {
		case p.Body:
			role = "body"
		case p.Attached:
			role = "attached"
		}
		out.Parts = append(out.Parts, parsedPart{p.Name, p.MediaType, int64(len(p.Data)), p.Charset, p.CID, role})
	}
	return out, nil
}

func parseListing(name string) (any, error) {
	data, err := readBounded(name)
	if err != nil {
		return nil, err
	}
	var entries []files.Entry
	now := time.Now()
	kind := listing.LIST
	if _, _, ok := listing.ParseFacts(firstLine(data)); ok {
		kind = listing.MLSD
	}
	r := listing.NewReader(kind, now, func(e []files.Entry) error {
		entries = append(entries, e...)
		return nil
	})
	if _, err := r.Write(data); err != nil {
		return nil, err
	}
	report, err := r.Close()
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, e := range entries {
		l := listed{Name: e.Name, Type: e.Type.String(), Size: e.Size, Target: e.Target}
		if !e.ModTime.IsZero() {
			l.Modified = e.ModTime.UTC().Format(time.RFC3339)
		}
		if e.HasMode {
			l.Mode = octal(e.Mode)
		}
		out = append(out, l)
	}
	return map[string]any{"entries": out, "unread": report.Unread, "samples": report.Samples}, nil
}

// parsedURL is what the address box makes of a text.
type parsedURL struct {
	Kind         address.Kind    `json:"kind"`
	URL          string          `json:"url,omitempty"`
	Scheme       string          `json:"scheme,omitempty"`
	User         string          `json:"user,omitempty"`
	Host         string          `json:"host,omitempty"`
	Port         string          `json:"port,omitempty"`
	Path         string          `json:"path,omitempty"`
	Query        string          `json:"query,omitempty"`
	Fragment     string          `json:"fragment,omitempty"`
	Text         string          `json:"text,omitempty"`
	Shown        string          `json:"shown"`
	Warn         address.Warning `json:"warn,omitempty"`
	Alternatives []parsedURL     `json:"alternatives,omitempty"`
}

func parseURL(text string) (any, error) {
	return describe(address.Parse(strings.ToValidUTF8(text, "\uFFFD"), address.Options{})), nil
}

func describe(t address.Target) parsedURL {
	p := parsedURL{Kind: t.Kind, Text: t.Text, Shown: t.Shown, Warn: t.Warn}
	if t.URL != nil {
		u := *t.URL
		if u.User != nil {
			u.User = url.User(u.User.Username())
		}
		p.URL, p.Scheme, p.Host, p.Port, p.Path, p.Query, p.Fragment = u.String(), u.Scheme, u.Hostname(), u.Port(), u.EscapedPath(), u.RawQuery, u.Fragment
		p.User = u.User.Username()
	}
	for _, a := range t.Alternatives {
		p.Alternatives = append(p.Alternatives, describe(a))
	}
	return p
}

func firstLine(data []byte) string {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	return strings.TrimRight(string(line), "\r")
}
