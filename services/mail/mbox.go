package mail

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/mail/message"
	"guichet/services/mail/mstore"
)

// importLimit bounds one imported message, bytes.
const importLimit = 150 << 20

var fromLine = regexp.MustCompile(`(?m)^(>*From )`)

// Export writes a mailbox as mbox (mboxrd: "From " lines of the text get one more
// ">"), oldest first, and returns the number of messages. Bodies that are not here
// are fetched.
func (s *Service) Export(ctx context.Context, mailbox string, w io.Writer, progress func(done, total int)) (int, error) {
	f, err := s.resolve(ctx, mailbox)
	if err != nil {
		return 0, err
	}
	a, err := s.account(f.Account)
	if err != nil {
		return 0, err
	}
	ids, err := s.db.IDs(ctx, mstore.View{Kind: string(ViewFolder), ID: f.ID}, 0)
	if err != nil {
		return 0, err
	}
	slices.Reverse(ids)
	l := s.link(a)
	defer l.close(ctx)
	out := bufio.NewWriterSize(w, 1<<20)
	for i, id := range ids {
		raw, err := s.db.Raw(ctx, id)
		if fault.Is(err, fault.NotFound) {
			if err = s.fetchOne(ctx, l, id); err == nil {
				raw, err = s.db.Raw(ctx, id)
			}
		}
		if err != nil {
			return i, errors.Join(err, out.Flush())
		}
		if err := writeMbox(out, raw, time.Unix(mstore.Second(id), 0)); err != nil {
			return i, fault.From("export", "", err)
		}
		if progress != nil {
			progress(i+1, len(ids))
		}
	}
	if err := out.Flush(); err != nil {
		return len(ids), fault.From("export", "", err)
	}
	return len(ids), nil
}

func writeMbox(w io.Writer, raw []byte, at time.Time) error {
	sender := "MAILER-DAEMON"
	if from := message.ParseHeader(raw).From; len(from) > 0 && from[0].Mail != "" && !strings.ContainsAny(from[0].Mail, " \t\r\n") {
		sender = from[0].Mail
	}
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	raw = fromLine.ReplaceAll(raw, []byte(">$1"))
	if _, err := io.WriteString(w, "From "+sender+" "+at.UTC().Format(time.ANSIC)+"\n"); err != nil {
		return err
	}
	if _, err := w.Write(raw); err != nil {
		return err
	}
	end := "\n"
	if !bytes.HasSuffix(raw, []byte("\n")) {
		end = "\n\n"
	}
	_, err := io.WriteString(w, end)
	return err
}

// ImportReport is what an import did.
type ImportReport struct {
	Imported int `json:"imported"`
	Present  int `json:"present"` // were there already, by Message-ID
	Failed   int `json:"failed"`  // too big, or refused by the server
}

// Import adds the messages of an mbox file, an eml file or a Maildir folder to a
// mailbox (named as for List) on the server, and brings the mailbox up to date.
func (s *Service) Import(ctx context.Context, mailbox, path string, progress func(done int)) (ImportReport, error) {
	var rep ImportReport
	f, err := s.resolve(ctx, mailbox)
	if err != nil {
		return rep, err
	}
	a, err := s.account(f.Account)
	if err != nil {
		return rep, err
	}
	l := s.link(a)
	defer l.close(ctx)
	err = eachMail(path, func(raw []byte, flags []string) error {
		if err := ctx.Err(); err != nil {
			return fault.From("import", "", err)
		}
		if raw == nil {
			rep.Failed++
			return nil
		}
		h := message.ParseHeader(raw)
		if l.selected != f.Wire {
			if _, _, err := l.selectNow(ctx, f.Wire); err != nil {
				return err
			}
		}
		if h.MessageID != "" {
			uids, err := l.sess.FindMessageID(ctx, h.MessageID)
			if err != nil {
				return err
			}
			if len(uids) > 0 {
				rep.Present++
				return nil
			}
		}
		date := h.Date
		if date.IsZero() || date.After(s.now()) {
			date = s.now()
		}
		if _, err := l.sess.Append(ctx, f.Wire, flags, date, crlf(raw)); err != nil {
			if !l.sess.Alive() || fault.Is(err, fault.Full) {
				return err
			}
			rep.Failed++
			return nil
		}
		rep.Imported++
		if progress != nil {
			progress(rep.Imported + rep.Present + rep.Failed)
		}
		return nil
	})
	if err != nil {
		return rep, fault.From("import", a.IMAP.Host, err)
	}
	l.close(ctx)
	_, err = s.syncOne(ctx, a, nil)
	return rep, err
}

// crlf gives every line its CR LF.
func crlf(raw []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
}

// eachMail calls do for each message of a file or Maildir folder; raw is nil for one
// that is too big.
func eachMail(path string, do func(raw []byte, flags []string) error) error {
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	if st.IsDir() {
		return eachMaildir(path, do)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<20)
	if head, err := in.Peek(5); err == nil && string(head) == "From " {
		return eachMbox(in, do)
	}
	raw, err := io.ReadAll(io.LimitReader(in, importLimit+1))
	if err != nil {
		return err
	}
	if len(raw) > importLimit {
		raw = nil
	}
	return do(raw, nil)
}

func eachMbox(in *bufio.Reader, do func(raw []byte, flags []string) error) error {
	var raw []byte
	tooBig, started, blank := false, false, true
	flush := func() error {
		if !started {
			return nil
		}
		if tooBig {
			return do(nil, nil)
		}
		flags := []string(nil)
		if strings.Contains(message.ParseHeader(raw).Header.Get("Status"), "R") {
			flags = append(flags, `\Seen`)
		}
		return do(bytes.TrimSuffix(raw, []byte("\n")), flags)
	}
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			switch {
			case blank && bytes.HasPrefix(line, []byte("From ")):
				if ferr := flush(); ferr != nil {
					return ferr
				}
				raw, tooBig, started = nil, false, true
			case len(raw)+len(line) > importLimit:
				tooBig, raw = true, nil
			case !tooBig:
				if line[0] == '>' && bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) {
					line = line[1:]
				}
				raw = append(raw, line...)
			}
			blank = len(bytes.TrimRight(line, "\r\n")) == 0
		}
		if errors.Is(err, io.EOF) {
			return flush()
		}
		if err != nil {
			return err
		}
	}
}

func eachMaildir(dir string, do func(raw []byte, flags []string) error) error {
	found := false
	for _, sub := range []string{"cur", "new"} {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		found = true
		for _, e := range entries {
			if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") {
				continue
			}
			info, err := e.Info()
			if err != nil {
				return err
			}
			var raw []byte
			if info.Size() <= importLimit {
				if raw, err = os.ReadFile(filepath.Join(dir, sub, e.Name())); err != nil {
					return err
				}
			}
			if err := do(raw, maildirFlags(e.Name())); err != nil {
				return err
			}
		}
	}
	if !found {
		return fault.Newf(fault.Unsupported, "import", "", "the folder is no Maildir")
	}
	return nil
}

func maildirFlags(name string) (flags []string) {
	_, info, ok := strings.Cut(name, ":2,")
	if !ok {
		return nil
	}
	for _, c := range info {
		switch c {
		case 'S':
			flags = append(flags, `\Seen`)
		case 'R':
			flags = append(flags, `\Answered`)
		case 'F':
			flags = append(flags, `\Flagged`)
		case 'D':
			flags = append(flags, `\Draft`)
		}
	}
	return flags
}
