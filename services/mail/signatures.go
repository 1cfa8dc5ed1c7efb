package mail

import (
	"context"
	"io"

	"guichet/services/fault"
)

var errNotYet = fault.Newf(fault.Unsupported, "mail", "", "not built yet")

// Add finds the servers of an address, proves the login on both, and saves the
// account. Faults: Login (password refused), NotFound (no servers found: ask for
// settings), Certificate (with Question), Exists.
func (s *Service) Add(ctx context.Context, email, password string, progress func(AddStep)) (Account, error) {
	return Account{}, errNotYet
}

// AddManual is Add with servers that a person gave.
func (s *Service) AddManual(ctx context.Context, st Settings, progress func(AddStep)) (Account, error) {
	return Account{}, errNotYet
}

// SetPassword proves and keeps a new password, and tries the connection again.
func (s *Service) SetPassword(ctx context.Context, account int64, password string) error {
	return errNotYet
}

// RemoveAccount forgets an account and its mail on this computer.
func (s *Service) RemoveAccount(ctx context.Context, account int64) error { return errNotYet }

// Compose starts a mail; account 0 is the first.
func (s *Service) Compose(account int64) Draft { return Draft{} }

// ComposeMailto starts a mail from a mailto: URL (RFC 6068); attachments are ignored.
func (s *Service) ComposeMailto(url string) (Draft, error) { return Draft{}, errNotYet }

// Quote holds the sentences around quoted mail, in the person's language.
type Quote struct {
	// Intro makes the line above a reply's quote: "On 5 May, Marie wrote:".
	Intro func(m *Message) string
	// Forwarded makes the block above a forwarded text.
	Forwarded func(m *Message) string
}

// Reply starts an answer, with all for everybody; own addresses are left out.
func (s *Service) Reply(ctx context.Context, id int64, all bool, q Quote) (Draft, error) {
	return Draft{}, errNotYet
}

// Forward starts a mail that passes a message on with its attachments.
func (s *Service) Forward(ctx context.Context, id int64, q Quote) (Draft, error) {
	return Draft{}, errNotYet
}

// SaveDraft keeps a draft on this computer and returns it with its ID.
func (s *Service) SaveDraft(ctx context.Context, d Draft) (Draft, error) { return d, errNotYet }

// DeleteDraft throws a draft away.
func (s *Service) DeleteDraft(ctx context.Context, id int64) error { return errNotYet }

// Complete suggests addresses for what was typed, most used first.
func (s *Service) Complete(ctx context.Context, typed string, limit int) ([]Address, error) {
	return nil, errNotYet
}

// Send puts a mail into the outbox, where it survives everything from when Send
// returns; it goes after UndoDelay. Its draft is removed. Faults: NotFound (no
// recipient, Op "recipients"; an attachment is gone), TooBig.
func (s *Service) Send(ctx context.Context, d Draft) (OutboxItem, error) {
	return OutboxItem{}, errNotYet
}

// SendNow is Send without delay that waits until the mail is filed, has failed, or
// ctx ends; the mail stays in the outbox then.
func (s *Service) SendNow(ctx context.Context, d Draft) (OutboxItem, error) {
	return OutboxItem{}, errNotYet
}

// Unsend takes a Held, Queued or Failed mail out of the outbox, back to a draft.
// Exists: it is too late.
func (s *Service) Unsend(ctx context.Context, id int64) (Draft, error) { return Draft{}, errNotYet }

// Retry sends a Queued or Failed mail now.
func (s *Service) Retry(ctx context.Context, id int64) error { return errNotYet }

// Discard throws a Failed or MaybeSent mail away.
func (s *Service) Discard(ctx context.Context, id int64) error { return errNotYet }

// AnswerMaybeSent answers for a MaybeSent mail: it arrived (file it), or it did not
// (send it).
func (s *Service) AnswerMaybeSent(ctx context.Context, id int64, arrived bool) error {
	return errNotYet
}

// Export writes a mailbox as mbox (mboxrd) and returns the number of messages.
func (s *Service) Export(ctx context.Context, mailbox string, w io.Writer, progress func(done, total int)) (int, error) {
	return 0, errNotYet
}

// ImportReport is what an import did.
type ImportReport struct {
	Imported int `json:"imported"`
	Present  int `json:"present"` // were there already
	Failed   int `json:"failed"`
}

// Import adds the messages of an mbox file, an eml file or a Maildir folder to a mailbox
// (named as for List) on the server.
func (s *Service) Import(ctx context.Context, mailbox, path string, progress func(done int)) (ImportReport, error) {
	return ImportReport{}, errNotYet
}
