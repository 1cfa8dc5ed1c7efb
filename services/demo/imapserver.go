package demo

import (
	"cmp"
	"errors"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

const (
	maxMessage   = 25 << 20  // bytes of one message
	maxMailBytes = 512 << 20 // bytes of all messages that came in since the start
	mailDelim    = '/'
)

var errMailFull = &imap.Error{
	Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeOverQuota, Text: "The demo's mail is full",
}

// postOffice holds the mailboxes: go-imap's memory backend, and what that one
// does not do: roles of mailboxes, sizes, and deliveries from outside.
type postOffice struct {
	user *imapmemserver.User
	// moves keeps two copies in opposite directions from waiting for each
	// other's mailbox.
	moves sync.Mutex

	mu    sync.Mutex
	roles map[string]imap.MailboxAttr // of every mailbox, "" for most
	bytes int64
}

func newPostOffice() *postOffice {
	return &postOffice{user: imapmemserver.NewUser(User, Password), roles: map[string]imap.MailboxAttr{}}
}

// create makes a mailbox with a role (RFC 6154), which may be "".
func (o *postOffice) create(name string, role imap.MailboxAttr) error {
	name = strings.TrimRight(name, string(mailDelim))
	if err := o.user.Create(name, nil); err != nil {
		return err
	}
	o.mu.Lock()
	o.roles[name] = role
	o.mu.Unlock()
	return o.user.Subscribe(name)
}

// literal is a message in memory as APPEND hands it over.
type literal struct {
	*strings.Reader
	size int64
}

// Size is the length in bytes.
func (l literal) Size() int64 { return l.size }

// deliver puts a message into a mailbox.
func (o *postOffice) deliver(mailbox string, data []byte, flags []imap.Flag, at time.Time) error {
	r := literal{strings.NewReader(string(data)), int64(len(data))}
	_, err := o.append(mailbox, r, &imap.AppendOptions{Flags: flags, Time: at})
	return err
}

func (o *postOffice) append(mailbox string, r imap.LiteralReader, opts *imap.AppendOptions) (*imap.AppendData, error) {
	if r.Size() > maxMessage {
		return nil, &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeTooBig, Text: "The message is too big"}
	}
	o.mu.Lock()
	full := o.bytes+r.Size() > maxMailBytes
	if !full {
		o.bytes += r.Size()
	}
	o.mu.Unlock()
	if full {
		return nil, errMailFull
	}
	return o.user.Append(mailbox, r, opts)
}

// serveMail fills the mailboxes and starts IMAP and submission.
func (d *Demo) serveMail(ip string, lim limits, id *identity) error {
	office := newPostOffice()
	if err := fillMail(office, d.now, d.info.HTTP); err != nil {
		return err
	}
	if err := d.serveSMTP(ip, lim, id, office); err != nil {
		return err
	}
	srv := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return &imapSession{office: office}, nil, nil
		},
		Caps: imap.CapSet{
			imap.CapIMAP4rev1: {}, imap.CapNamespace: {}, imap.CapUIDPlus: {}, imap.CapESearch: {},
			imap.CapListExtended: {}, imap.CapListStatus: {}, imap.CapMove: {}, imap.CapStatusSize: {},
			imap.CapSpecialUse: {}, imap.CapCreateSpecialUse: {}, imap.CapChildren: {},
		},
		TLSConfig: id.tls,
		Logger:    quiet{"imap"},
	})
	d.onClose(func() error {
		if err := srv.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	plain, err := d.listen(ip, lim)
	if err != nil {
		return err
	}
	secure, err := d.listen(ip, lim)
	if err != nil {
		return err
	}
	d.info.IMAP, d.info.IMAPS = serverURL("imap", plain), serverURL("imaps", secure)
	d.serve("imap", plain, srv.Serve)
	d.serve("imaps", tlsListener(secure, id.tls), srv.Serve)
	return nil
}

// imapSession is one IMAP connection. The embedded one is nil before login;
// the library asks for nothing that needs it earlier.
type imapSession struct {
	*imapmemserver.UserSession
	office *postOffice
}

var (
	_ imapserver.SessionIMAP4rev2   = (*imapSession)(nil)
	_ imapserver.SessionAppendLimit = (*imapSession)(nil)
)

// Login checks the name and the password.
func (s *imapSession) Login(name, password string) error {
	if !checkLogin(name, password) {
		return imapserver.ErrAuthFailed
	}
	s.UserSession = imapmemserver.NewUserSession(s.office.user)
	return nil
}

// Close ends the session.
func (s *imapSession) Close() error { return s.UserSession.Close() }

// AppendLimit is the size of the biggest message that is taken (RFC 7889).
func (s *imapSession) AppendLimit() uint32 { return maxMessage }

// Create makes a mailbox.
func (s *imapSession) Create(name string, opts *imap.CreateOptions) error {
	var role imap.MailboxAttr
	if opts != nil && len(opts.SpecialUse) > 0 {
		role = opts.SpecialUse[0]
	}
	return s.office.create(name, role)
}

// Delete removes a mailbox; the one that mail arrives in stays (RFC 3501
// section 6.3.4).
func (s *imapSession) Delete(name string) error {
	if strings.EqualFold(name, "INBOX") {
		return &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeCannot, Text: "INBOX stays"}
	}
	if err := s.UserSession.Delete(name); err != nil {
		return err
	}
	s.office.mu.Lock()
	delete(s.office.roles, name)
	s.office.mu.Unlock()
	return nil
}

// Rename gives a mailbox and those below it new names.
func (s *imapSession) Rename(from, to string, opts *imap.RenameOptions) error {
	if strings.EqualFold(from, "INBOX") {
		return &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeCannot, Text: "INBOX stays"}
	}
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(s.office.roles)) {
		rest, below := strings.CutPrefix(name, from+string(mailDelim))
		if name != from && !below {
			continue
		}
		target := to
		if below {
			target += string(mailDelim) + rest
		}
		if err := s.UserSession.Rename(name, target, opts); err != nil {
			return err
		}
		s.office.roles[target] = s.office.roles[name]
		delete(s.office.roles, name)
	}
	return nil
}

// List names the mailboxes with their roles and whether others lie below.
func (s *imapSession) List(w *imapserver.ListWriter, ref string, patterns []string, opts *imap.ListOptions) error {
	if len(patterns) == 0 || len(patterns) == 1 && patterns[0] == "" {
		return w.WriteList(&imap.ListData{Attrs: []imap.MailboxAttr{imap.MailboxAttrNoSelect}, Delim: mailDelim})
	}
	s.office.mu.Lock()
	roles := maps.Clone(s.office.roles)
	s.office.mu.Unlock()
	names := slices.SortedFunc(maps.Keys(roles), func(a, b string) int {
		return cmp.Or(-cmp.Compare(b2i(a == "INBOX"), b2i(b == "INBOX")), cmp.Compare(a, b))
	})
	for _, name := range names {
		matches := slices.ContainsFunc(patterns, func(p string) bool {
			return imapserver.MatchList(name, mailDelim, ref, p)
		})
		if !matches || opts.SelectSpecialUse && roles[name] == "" {
			continue
		}
		data := &imap.ListData{Mailbox: name, Delim: mailDelim}
		child := imap.MailboxAttrHasNoChildren
		if slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, name+string(mailDelim)) }) {
			child = imap.MailboxAttrHasChildren
		}
		data.Attrs = append(data.Attrs, child)
		if opts.ReturnSubscribed {
			data.Attrs = append(data.Attrs, imap.MailboxAttrSubscribed)
		}
		if roles[name] != "" {
			data.Attrs = append(data.Attrs, roles[name])
		}
		if opts.ReturnStatus != nil {
			status, err := s.UserSession.Status(name, opts.ReturnStatus)
			if err != nil {
				continue // deleted since
			}
			data.Status = status
		}
		if err := w.WriteList(data); err != nil {
			return err
		}
	}
	return nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Append stores a message.
func (s *imapSession) Append(mailbox string, r imap.LiteralReader, opts *imap.AppendOptions) (*imap.AppendData, error) {
	return s.office.append(mailbox, r, opts)
}

// Copy copies messages.
func (s *imapSession) Copy(nums imap.NumSet, dest string) (*imap.CopyData, error) {
	s.office.moves.Lock()
	defer s.office.moves.Unlock()
	return s.UserSession.Copy(nums, dest)
}

// Move moves messages (RFC 6851).
func (s *imapSession) Move(w *imapserver.MoveWriter, nums imap.NumSet, dest string) error {
	s.office.moves.Lock()
	defer s.office.moves.Unlock()
	return s.UserSession.Move(w, nums, dest)
}

// idlePoll is how soon a change shows in IDLE.
const idlePoll = 200 * time.Millisecond

// Idle tells of changes until stop is closed. The backend's own Idle misses
// what happens between the last command and its start.
func (s *imapSession) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	t := time.NewTicker(idlePoll)
	defer t.Stop()
	for {
		if err := s.UserSession.Poll(w, true); err != nil {
			return err
		}
		select {
		case <-stop:
			return nil
		case <-t.C:
		}
	}
}
