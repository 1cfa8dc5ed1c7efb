package mail

import (
	"context"
	"io"
	"time"

	"fyne.io/fyne/v2/data/binding"

	"guichet/services/fault"
)

// Service is the mail service. Its methods are safe for concurrent use.
type Service struct {
	Accounts    binding.Item[*Accounts]
	Folders     binding.Item[*FolderSnapshot]
	Rows        binding.Item[*RowSnapshot]
	Current     binding.Item[*Message] // nil: nothing selected
	Status      binding.Item[*StatusSnapshot]
	Outbox      binding.Item[*OutboxSnapshot]
	Drafts      binding.Item[*DraftSnapshot]
	UnreadTotal binding.Item[int]
	Notice      binding.Item[*Notice] // nil at first
}

var errNotYet = fault.Newf(fault.Unsupported, "mail", "", "not built yet")

// New opens the store and publishes what is in it. It makes no connection.
func New(p Params) (*Service, error) { return nil, errNotYet }

// Start keeps all accounts up to date from now on (IDLE, polling, outbox).
func (s *Service) Start() {}

// Close ends the live mode and closes the store; the Tasks group is the caller's.
func (s *Service) Close() error { return errNotYet }

// CheckNow makes all accounts look for new mail at once.
func (s *Service) CheckNow() {}

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

// OpenFolder opens a view into Rows and returns at once.
func (s *Service) OpenFolder(ref Ref) {}

// OpenThread opens one conversation into Rows, oldest first.
func (s *Service) OpenThread(thread int64) {}

// Search opens the result of a query into Rows; an older query is cancelled. It
// is called for every keystroke. An empty query goes back to the view before.
func (s *Service) Search(query string) {}

// SetConversations says whether lists show conversations (the default) or single
// messages. In a list of conversations an action on a row means all messages of
// the conversation in that mailbox.
func (s *Service) SetConversations(on bool) {}

// Select opens a message into Current and returns at once; 0 closes it. A body that
// is not here yet is fetched, and Current changes again. read marks it as read.
func (s *Service) Select(id int64, read bool) {}

// AllowRemote allows the pictures from the network for Current: once, or for
// everything from its sender from now on.
func (s *Service) AllowRemote(ctx context.Context, id int64, always bool) error { return errNotYet }

// Undo takes an action back. It is returned at once, before the action is stored.
type Undo struct {
	Action string    // "archive", "delete", "move", "junk", "read", "unread", "flag", "unflag"
	Count  int       // messages
	Until  time.Time // when it is sent to the server; Undo works on afterwards where the server allows
	done   chan struct{}
	err    error
	undo   func(context.Context) error
}

// Wait waits until the action is in the store.
func (u *Undo) Wait(ctx context.Context) error { return errNotYet }

// Undo takes the action back.
func (u *Undo) Undo(ctx context.Context) error { return errNotYet }

// MarkRead marks messages as read or unread.
func (s *Service) MarkRead(ids []int64, read bool) *Undo { return nil }

// Flag sets or takes away the flag.
func (s *Service) Flag(ids []int64, on bool) *Undo { return nil }

// Archive moves messages to the archive.
func (s *Service) Archive(ids []int64) *Undo { return nil }

// Delete moves messages to the trash; from the trash and junk it deletes forever.
func (s *Service) Delete(ids []int64) *Undo { return nil }

// Move moves messages to a mailbox of the same account.
func (s *Service) Move(ids []int64, folder int64) *Undo { return nil }

// Junk moves messages to the junk mailbox, or with false back to the inbox.
func (s *Service) Junk(ids []int64, junk bool) *Undo { return nil }

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

// Sync brings one account (0: all) up to date and ends.
func (s *Service) Sync(ctx context.Context, account int64, progress func(Progress)) (SyncReport, error) {
	return SyncReport{}, errNotYet
}

// List gives the newest rows of a mailbox: a path ("Archive/2026"), a role
// ("inbox", "sent"), or "EMAIL:PATH" where several accounts have it. limit 0: all.
func (s *Service) List(ctx context.Context, mailbox string, limit int) ([]Row, error) {
	return nil, errNotYet
}

// Show gives a message, fetching its body if needed and possible.
func (s *Service) Show(ctx context.Context, id int64) (*Message, error) { return nil, errNotYet }

// Find is Search for the command line. mailbox "" is everywhere.
func (s *Service) Find(ctx context.Context, query string, limit int) ([]Row, error) {
	return nil, errNotYet
}

// Raw gives the bytes of a message as they came.
func (s *Service) Raw(ctx context.Context, id int64) ([]byte, error) { return nil, errNotYet }

// AttachmentData gives the decoded bytes of an attachment.
func (s *Service) AttachmentData(ctx context.Context, id int64, part int) (Attachment, []byte, error) {
	return Attachment{}, nil, errNotYet
}

// SaveAttachment writes an attachment into dir under its safe name, made different
// if that exists, and returns the path.
func (s *Service) SaveAttachment(ctx context.Context, id int64, part int, dir string) (string, error) {
	return "", errNotYet
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
