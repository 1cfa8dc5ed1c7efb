package mail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"

	"guichet/services/fault"
	"guichet/services/mail/message"
	"guichet/services/mail/mstore"
	"guichet/services/mail/smtp"
)

// sizeAllowed bounds a mail that is queued, bytes; servers mostly take 25 MB.
const sizeAllowed = 150 << 20

// sendBackoff is when a mail that the server put off is tried again; the last
// repeats for four days.
var sendBackoff = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

const sendTries = 100

// sendingFresh is how long a mail counts as being handed over after its last sign
// of life; then the process that did it is gone.
const sendingFresh = 30 * time.Second

// keepFresh gives the sign of life while a mail is being handed over, so that
// another process on the same profile does not take it for left behind.
func (s *Service) keepFresh(ctx context.Context, id int64) {
	t := time.NewTicker(sendingFresh / 3)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			if err := s.db.MailAlive(ctx, id, string(Sending), s.now().Add(sendingFresh).Unix()); err != nil && ctx.Err() == nil {
				slog.Error("mail outbox", "err", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// Send puts a mail into the outbox, where it survives everything from when Send
// returns; it goes after UndoDelay. Its draft is removed. Faults: NotFound (no
// recipient, Op "recipients"; an attachment is gone), TooBig.
func (s *Service) Send(ctx context.Context, d Draft) (OutboxItem, error) {
	m, err := s.queue(ctx, d, Held, s.now().Add(s.p.UndoDelay))
	if err != nil {
		return OutboxItem{}, err
	}
	s.nudgeOutbox()
	return item(m), nil
}

// SendNow is Send without delay that waits until the mail is filed, has failed, is
// put off to a next try, or ctx ends; but when filed, the mail stays in the outbox.
func (s *Service) SendNow(ctx context.Context, d Draft) (OutboxItem, error) {
	m, err := s.queue(ctx, d, Queued, s.now())
	if err != nil {
		return OutboxItem{}, err
	}
	for {
		before := m.State
		if m, err = s.advance(ctx, m.ID); err != nil {
			if it := item(m); it.State == SentUnfiled { // it went; filing is tried again by itself
				it.Fault = fault.From("file", "", err)
				return it, nil
			}
			return item(m), err
		}
		if SendState(m.State) == Filed || m.State == before || SendState(m.State) == Queued || SendState(m.State) == Failed || SendState(m.State) == MaybeSent {
			return item(m), nil
		}
	}
}

// queue builds the message and commits it: from here on its bytes and its
// Message-ID never change.
func (s *Service) queue(ctx context.Context, d Draft, state SendState, due time.Time) (mstore.Mail, error) {
	a, err := s.account(d.Account)
	if err != nil {
		return mstore.Mail{}, err
	}
	d.Account = a.ID
	var rcpts []string
	for _, r := range unique(append(append(append([]Address(nil), d.To...), d.Cc...), d.Bcc...), map[string]bool{}) {
		rcpts = append(rcpts, r.Mail)
	}
	if len(rcpts) == 0 {
		return mstore.Mail{}, fault.Newf(fault.NotFound, "recipients", "", "nobody to send to")
	}
	from := Address{Name: a.Name, Mail: a.Email}
	id, err := message.NewMessageID(from)
	if err != nil {
		return mstore.Mail{}, fault.From("send", "", err)
	}
	out := message.Outgoing{
		From: from, To: d.To, Cc: d.Cc, Bcc: d.Bcc, Subject: d.Subject, Date: s.now(), MessageID: id,
		InReplyTo: d.InReplyTo, References: d.References, Text: d.Text,
	}
	var size int64
	for _, u := range d.Attachments {
		f := message.File{Name: u.Name, MediaType: u.MediaType}
		if u.Path != "" {
			st, err := os.Stat(u.Path)
			if err != nil {
				return mstore.Mail{}, fault.From("attach", "", err)
			}
			if !st.Mode().IsRegular() {
				return mstore.Mail{}, fault.Newf(fault.Unsupported, "attach", "", "%s is no file", u.Name)
			}
			size += st.Size()
			f.Open = func() (io.ReadCloser, error) { return os.Open(u.Path) }
		} else {
			size += int64(len(u.Data))
			f.Open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(u.Data)), nil }
		}
		out.Files = append(out.Files, f)
	}
	if size > sizeAllowed {
		return mstore.Mail{}, fault.Newf(fault.TooBig, "send", "", "%d bytes of attachments", size)
	}
	var mime bytes.Buffer
	if err := message.Build(&mime, out); err != nil {
		return mstore.Mail{}, fault.From("send", "", err)
	}
	draft, err := json.Marshal(d)
	if err != nil {
		return mstore.Mail{}, fault.From("send", "", err)
	}
	list, err := json.Marshal(rcpts)
	if err != nil {
		return mstore.Mail{}, fault.From("send", "", err)
	}
	m := mstore.Mail{
		Account: a.ID, MessageID: id, MIME: mime.Bytes(), Sender: a.Email, Rcpts: string(list), Subject: d.Subject, Draft: string(draft),
		State: string(state), Created: s.now().Unix(), Due: due.Unix(), Results: "[]", Size: int64(mime.Len()),
	}
	if m.ID, err = s.db.AddMail(ctx, m, d.ID); err != nil {
		return mstore.Mail{}, err
	}
	s.publishOutbox(ctx)
	s.publishDrafts(ctx)
	return m, nil
}

// savedFault is a fault in the outbox.
type savedFault struct {
	Kind fault.Kind `json:"kind"`
	Op   string     `json:"op"`
	Host string     `json:"host"`
	Said string     `json:"said"`
}

func saveFault(err error) string {
	if err == nil {
		return ""
	}
	f := fault.From("send", "", err)
	b, merr := json.Marshal(savedFault{f.Kind, f.Op, f.Host, f.Said})
	if merr != nil {
		return ""
	}
	return string(b)
}

func item(m mstore.Mail) OutboxItem {
	it := OutboxItem{
		ID: m.ID, Account: m.Account, MessageID: m.MessageID, Subject: m.Subject, State: SendState(m.State), Created: time.Unix(m.Created, 0),
		Due: time.Unix(m.Due, 0), Tries: m.Tries, Size: m.Size,
	}
	if err := errors.Join(json.Unmarshal([]byte(m.Rcpts), &it.To), json.Unmarshal([]byte(m.Results), &it.Recipients)); err != nil {
		slog.Error("mail outbox: damaged entry, shown without its recipients", "id", m.ID, "err", err)
	}
	var f savedFault
	if m.Fault != "" && json.Unmarshal([]byte(m.Fault), &f) == nil {
		it.Fault = fault.New(f.Kind, f.Op, f.Host, nil)
		it.Fault.Said = f.Said
	}
	return it
}

func (s *Service) publishOutbox(ctx context.Context) {
	list, err := s.db.Outbox(ctx)
	if err != nil {
		slog.Error("mail outbox", "err", err)
		return
	}
	snap := &OutboxSnapshot{}
	for _, m := range list {
		snap.Items = append(snap.Items, item(m))
	}
	set(s.Outbox, snap)
	s.refreshSoon(nil)
}

// recoverOutbox runs at the start and when a mail's sign of life is overdue: a mail that was being handed over when the
// program ended may have arrived or not.
func (s *Service) recoverOutbox(ctx context.Context) error {
	return s.db.RecoverMail(ctx, string(Sending), string(MaybeSent), s.now().Unix())
}

func (s *Service) step(ctx context.Context, m *mstore.Mail, to SendState) error {
	from := m.State
	m.State = string(to)
	// What the server did must be written even if the program is ending.
	err := s.db.MailStep(context.WithoutCancel(ctx), *m, from)
	if err != nil {
		m.State = from
		return err
	}
	s.publishOutbox(context.WithoutCancel(ctx))
	return nil
}

// advance takes a mail one state further and returns it as it is then; a filed
// one is out of the outbox.
func (s *Service) advance(ctx context.Context, id int64) (mstore.Mail, error) {
	m, err := s.db.MailByID(ctx, id)
	if err != nil {
		return m, err
	}
	release, err := s.sendMu.lock(ctx, m.Account)
	if err != nil {
		return m, err
	}
	defer release()
	if m, err = s.db.MailByID(ctx, id); err != nil {
		return m, err
	}
	a, err := s.account(m.Account)
	if err != nil {
		return m, err
	}
	switch SendState(m.State) {
	case Held:
		if time.Unix(m.Due, 0).After(s.now()) {
			return m, nil
		}
		return m, s.step(ctx, &m, Queued)
	case Queued:
		return m, s.handOver(ctx, a, &m)
	case SentUnfiled:
		return m, s.file(ctx, a, &m)
	}
	return m, nil
}

// handOver sends a queued mail to the recipients that have not got it.
func (s *Service) handOver(ctx context.Context, a Account, m *mstore.Mail) error {
	var rcpts []string
	var before []RecipientResult
	if err := json.Unmarshal([]byte(m.Rcpts), &rcpts); err != nil {
		return fault.New(fault.Damaged, "outbox", "", err)
	}
	if err := json.Unmarshal([]byte(m.Results), &before); err != nil {
		return fault.New(fault.Damaged, "outbox", "", err)
	}
	had := map[string]RecipientResult{}
	for _, r := range before {
		if r.Code == 250 {
			had[r.Address] = r
		}
	}
	var to []string
	for _, r := range rcpts {
		if _, ok := had[r]; !ok {
			to = append(to, r)
		}
	}
	password, err := s.password(ctx, a)
	if err != nil {
		return s.notSent(ctx, m, err)
	}
	c := smtp.Config{Host: a.SMTP.Host, Port: a.SMTP.Port, StartTLS: a.SMTP.Security == StartTLS, Login: a.SMTP.Login, Password: password, Network: s.p.Network}
	beat, stop := context.WithCancel(ctx)
	defer stop()
	results, accepted, maybe, err := smtp.Send(ctx, c, m.Sender, to, message.StripBcc(m.MIME), func() error {
		m.Due = s.now().Add(sendingFresh).Unix()
		if err := s.step(ctx, m, Sending); err != nil {
			return err
		}
		s.group.Go("mail sending", func(context.Context) { s.keepFresh(beat, m.ID) })
		return nil
	})
	stop()
	all := make([]RecipientResult, 0, len(rcpts))
	retry, refused := false, ""
	for _, r := range results {
		res := RecipientResult{Address: r.Address, Code: r.Code, Said: r.Said}
		if r.Code == 250 && !accepted {
			continue // the recipient was good, the mail was not taken
		}
		had[r.Address] = res
		retry = retry || r.Temporary()
		if r.Code/100 == 5 {
			refused = r.Said
		}
	}
	for _, r := range rcpts {
		if res, ok := had[r]; ok {
			all = append(all, res)
		}
	}
	if b, merr := json.Marshal(all); merr == nil {
		m.Results = string(b)
	}
	switch {
	case maybe:
		m.Fault, m.Due = saveFault(err), s.now().Unix()
		return s.step(ctx, m, MaybeSent)
	case err != nil:
		return s.notSent(ctx, m, err)
	case retry:
		return s.later(ctx, m, fault.Newf(fault.Busy, "recipients", a.SMTP.Host, "some recipients are put off"))
	}
	m.Fault, m.Due = "", s.now().Unix()
	if refused != "" {
		f := fault.New(fault.Permission, "recipients", a.SMTP.Host, nil)
		f.Said = refused
		m.Fault = saveFault(f)
	}
	s.unfiled.Store(m.ID, true)
	return s.step(ctx, m, SentUnfiled)
}

// notSent decides what becomes of a mail that certainly did not go.
func (s *Service) notSent(ctx context.Context, m *mstore.Mail, err error) error {
	f := fault.From("send", "", err)
	if ctx.Err() != nil || f.Kind == fault.Cancelled {
		if SendState(m.State) == Sending {
			return s.step(ctx, m, Queued)
		}
		return f
	}
	if f.Kind.Transient() && m.Tries < sendTries {
		return s.later(ctx, m, f)
	}
	m.Fault = saveFault(f)
	if serr := s.step(ctx, m, Failed); serr != nil {
		return serr
	}
	s.notify(Notice{Action: "send", Count: 1, Fault: f})
	return nil
}

func (s *Service) later(ctx context.Context, m *mstore.Mail, f *fault.Fault) error {
	m.Due = s.now().Add(sendBackoff[min(m.Tries, len(sendBackoff)-1)]).Unix()
	m.Tries++
	m.Fault = saveFault(f)
	return s.step(ctx, m, Queued)
}

// file puts a sent mail into Sent, once: it looks for its Message-ID first. A mail
// that some recipients did not get stays visible as failed.
func (s *Service) file(ctx context.Context, a Account, m *mstore.Mail) error {
	if !a.SavesSent {
		l := s.link(a)
		defer l.close(ctx)
		if err := s.fileOnce(ctx, l, m); err != nil {
			m.Due = s.now().Add(sendBackoff[min(m.Tries, len(sendBackoff)-1)]).Unix()
			m.Tries++
			if serr := s.step(ctx, m, SentUnfiled); serr != nil {
				return serr
			}
			return err
		}
	}
	s.answered(ctx, *m)
	if m.Fault != "" {
		if err := s.step(ctx, m, Failed); err != nil {
			return err
		}
		s.notify(Notice{Action: "send", Count: 1, Fault: item(*m).Fault})
		return nil
	}
	if _, err := s.db.DropMail(context.WithoutCancel(ctx), m.ID, "", 0, 0, string(SentUnfiled)); err != nil {
		return err
	}
	m.State = string(Filed)
	s.publishOutbox(ctx)
	s.CheckNow()
	return nil
}

// fileSettle is how long a server gets to finish what a process that was killed had
// just handed over.
const fileSettle = 2 * time.Second

// fileOnce puts a mail into Sent that is not there. Whether an earlier try, of
// this process or of one that was killed, reached the server can only be seen
// there, and not at once: such a mail is looked for twice.
func (s *Service) fileOnce(ctx context.Context, l *link, m *mstore.Mail) error {
	if _, first := s.unfiled.LoadAndDelete(m.ID); !first {
		found, err := s.appendSent(ctx, l, m, false)
		if found || err != nil {
			return err
		}
		pause := time.NewTimer(fileSettle)
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-ctx.Done():
			return fault.From("file", "", ctx.Err())
		}
	}
	_, err := s.appendSent(ctx, l, m, true)
	return err
}

// appendSent finds the mail in Sent or, with add, puts it there.
func (s *Service) appendSent(ctx context.Context, l *link, m *mstore.Mail, add bool) (found bool, err error) {
	id, err := s.ensureRole(ctx, m.Account, RoleSent)
	if err != nil {
		return false, err
	}
	f, err := s.db.FolderByID(ctx, id)
	if err != nil {
		return false, err
	}
	sess, _, err := l.selectNow(ctx, f.Wire)
	if err != nil {
		return false, err
	}
	uids, err := sess.FindMessageID(ctx, m.MessageID)
	if err != nil || len(uids) > 0 || !add {
		return len(uids) > 0, err
	}
	_, err = sess.Append(ctx, f.Wire, []string{`\Seen`}, time.Unix(m.Created, 0), m.MIME)
	return err == nil, err
}

// answered marks the message that the mail answers or passes on.
func (s *Service) answered(ctx context.Context, m mstore.Mail) {
	var d Draft
	if json.Unmarshal([]byte(m.Draft), &d) != nil || d.Source == 0 {
		return
	}
	flag := mstore.Answered
	if d.Forward {
		flag = mstore.Forwarded
	}
	ops, err := s.db.Apply(ctx, []int64{d.Source}, mstore.View{}, mstore.Change{Kind: "flags", Add: flag, NotBefore: s.now().Unix()})
	if err != nil {
		slog.Error("mail answered", "err", err)
		return
	}
	s.refreshSoon([]int64{d.Source})
	s.wakeFor(ops)
}
