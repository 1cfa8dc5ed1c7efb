// Package mail is the mail service of Guichet: accounts, mailboxes, messages,
// actions with undo, writing and sending. It keeps everything in a local store
// (package mstore), reads and acts on that store only, and brings store and
// server together in the background; all of it works without a network.
//
// The window reads the bindings of Service and calls its methods; the command
// line uses Sync, List, Show, Search, SendNow, Export and Import, which end when
// their work has ended.
package mail

import (
	"context"
	"time"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/mail/message"
	"guichet/services/task"
)

// Secrets keeps passwords; package secret is one.
type Secrets interface {
	Get(ctx context.Context, service, account string) (string, error)
	Set(ctx context.Context, service, account, secret string) error
	Delete(ctx context.Context, service, account string) error
}

// SecretService is the service name under which Secrets keeps the passwords of
// accounts; the account name is Account.Email.
const SecretService = "mail"

// Params say what a Service is made of.
type Params struct {
	DBDir   string           // folder of mail.db and raw.db; must exist
	Network *connect.Network // makes all connections
	Secrets Secrets
	Tasks   *task.Group      // all of the service's goroutines live in it
	Now     func() time.Time // nil: time.Now
	// UndoDelay is how long an action or a mail is held back so that it can be
	// undone; 0: 10 s.
	UndoDelay time.Duration
}

// Address is a person: see message.Address.
type Address = message.Address

// Security says how a connection is protected. There is no cleartext.
type Security string

// The two ways.
const (
	TLS      Security = "tls"      // TLS from the first byte (993, 465; RFC 8314)
	StartTLS Security = "starttls" // TLS by command, required (143, 587)
)

// Server is where an account's mail is read or sent.
type Server struct {
	Host     string   `json:"host"`
	Port     int      `json:"port"`
	Security Security `json:"security"`
	Login    string   `json:"login"` // user name
}

// Settings describe an account that is to be added by hand. SMTP.Login "" means
// IMAP.Login, IMAP.Login "" means Email.
type Settings struct {
	Email    string
	Name     string // the person's name in From
	IMAP     Server
	SMTP     Server
	Password string
}

// Account is a mail account.
type Account struct {
	ID    int64  `json:"id"`
	Email string `json:"email"`
	Name  string `json:"name"`
	IMAP  Server `json:"imap"`
	SMTP  Server `json:"smtp"`
	// SavesSent says that the server files sent mail by itself (Gmail, Microsoft).
	SavesSent bool   `json:"saves_sent"`
	Source    string `json:"source"` // how the servers were found: "provider", "autoconfig", "srv", "guess", "manual"
}

// Accounts is the snapshot of Service.Accounts.
type Accounts struct{ List []Account }

// ByEmail finds an account by its address, without case.
func (a *Accounts) ByEmail(email string) (Account, bool) {
	for _, x := range a.List {
		if (Address{Mail: x.Email}).Key() == (Address{Mail: email}).Key() {
			return x, true
		}
	}
	return Account{}, false
}

// ByID finds an account.
func (a *Accounts) ByID(id int64) (Account, bool) {
	for _, x := range a.List {
		if x.ID == id {
			return x, true
		}
	}
	return Account{}, false
}

// AddStep tells how far Add has come.
type AddStep struct {
	Step string // "discover", "imap", "smtp", "save"
	Host string // the server that is being tried, "" for discover
}

// ConnState is what an account's connection does.
type ConnState string

// The states of an account.
const (
	Idle        ConnState = "idle" // never started
	Connecting  ConnState = "connecting"
	Syncing     ConnState = "syncing"
	Watching    ConnState = "watching" // connected, everything fetched, new mail comes by itself
	Waiting     ConnState = "waiting"  // lost; the next try is at Next
	NeedsAnswer ConnState = "answer"   // password or certificate: Fault says which
)

// AccountStatus is the state of one account.
type AccountStatus struct {
	Account int64
	State   ConnState
	Fault   *fault.Fault // of the last failure, nil when all is well
	Next    time.Time    // of Waiting: when it is tried again
	Checked time.Time    // when everything was last up to date
	Stored  int          // messages in the store
	// Done and Total are the progress of Syncing: messages of the running phase.
	Phase       Phase
	Done, Total int
	Alert       string // a text that the server wants shown (RFC 3501 [ALERT]); only after TLS and login
}

// StatusSnapshot is the snapshot of Service.Status.
type StatusSnapshot struct{ Accounts []AccountStatus }

// Of gives the status of an account.
func (s *StatusSnapshot) Of(account int64) AccountStatus {
	for _, x := range s.Accounts {
		if x.Account == account {
			return x
		}
	}
	return AccountStatus{Account: account, State: Idle}
}

// Phase is a part of a synchronisation.
type Phase string

// The phases, in their order.
const (
	PhaseConnected Phase = "connected"
	PhaseFirstRows Phase = "first_rows"
	PhaseHeaders   Phase = "headers"
	PhaseBodies    Phase = "bodies"
	PhaseIndexed   Phase = "indexed"
)

// Progress is reported while Sync runs, at most ten times a second.
type Progress struct {
	Phase       Phase
	Folder      string
	Done, Total int // messages
}

// PhaseReport is one line of a SyncReport.
type PhaseReport struct {
	Name    Phase   `json:"phase"`
	Seconds float64 `json:"seconds"` // from Sync's start to the phase's end
	Count   int     `json:"count"`   // messages; folders for connected
}

// SyncReport is what one synchronisation did.
type SyncReport struct {
	Account string        `json:"account"`
	Phases  []PhaseReport `json:"phases"`
	New     int           `json:"new"`
	Changed int           `json:"changed"`
	Removed int           `json:"removed"`
	// Held counts messages that the server no longer names but that are kept back
	// because too many went at once.
	Held int `json:"held,omitempty"`
	// Unreadable counts messages that the server could not hand over; each has a
	// visible row.
	Unreadable int `json:"unreadable,omitempty"`
	// Folders that could not be synchronised, with the reason.
	Failed map[string]string `json:"failed,omitempty"`
}

// Role is what a mailbox is for (RFC 6154).
type Role string

// The roles.
const (
	RoleNone    Role = ""
	RoleInbox   Role = "inbox"
	RoleDrafts  Role = "drafts"
	RoleSent    Role = "sent"
	RoleArchive Role = "archive"
	RoleJunk    Role = "junk"
	RoleTrash   Role = "trash"
	RoleAll     Role = "all"
	RoleFlagged Role = "flagged"
)

// ViewKind names a kind of list.
type ViewKind string

// The kinds of views.
const (
	ViewNone    ViewKind = ""
	ViewFolder  ViewKind = "folder"  // one mailbox: Ref.ID
	ViewInboxes ViewKind = "inboxes" // the inboxes of all accounts
	ViewFlagged ViewKind = "flagged"
	ViewWaiting ViewKind = "waiting" // the outbox: its rows are in Service.Outbox, Rows stays empty
	ViewDrafts  ViewKind = "drafts"  // drafts on this computer: in Service.Drafts
	ViewSearch  ViewKind = "search"
	ViewThread  ViewKind = "thread" // one conversation, oldest first: Ref.ID is the thread
)

// Ref names a view.
type Ref struct {
	Kind ViewKind
	ID   int64
}

// FolderRef names a mailbox's view.
func FolderRef(id int64) Ref { return Ref{Kind: ViewFolder, ID: id} }

// The views over all accounts.
var (
	AllInboxes = Ref{Kind: ViewInboxes}
	Flagged    = Ref{Kind: ViewFlagged}
	OutboxRef  = Ref{Kind: ViewWaiting}
	DraftsRef  = Ref{Kind: ViewDrafts}
)

// Folder is one line of the tree.
type Folder struct {
	Ref        Ref
	Account    int64  // 0 for views over all accounts
	Name       string // last part of the path, decoded; for roles and views the app shows its own word
	Path       string // whole name, parts joined by "/"
	Role       Role
	Depth      int // 0 for the top
	Selectable bool
	Unread     int
	Total      int // messages; for ViewWaiting and ViewDrafts the number of mails there
	// Fault, if not nil, says why the mailbox could not be brought up to date.
	Fault *fault.Fault
}

// AccountFolders are the mailboxes of an account: roles first in the order of
// the picture, then the others by name.
type AccountFolders struct {
	Account Account
	Folders []Folder
}

// FolderSnapshot is the snapshot of Service.Folders.
type FolderSnapshot struct {
	Views       []Folder // All inboxes, Flagged, Waiting to be sent, Drafts on this computer (if any)
	Accounts    []AccountFolders
	UnreadTotal int // in the inboxes
}

// Find gives the line of a view.
func (f *FolderSnapshot) Find(ref Ref) (Folder, bool) {
	for _, x := range f.Views {
		if x.Ref == ref {
			return x, true
		}
	}
	for _, a := range f.Accounts {
		for _, x := range a.Folders {
			if x.Ref == ref {
				return x, true
			}
		}
	}
	return Folder{}, false
}

// ByRole gives an account's mailbox for a role.
func (f *FolderSnapshot) ByRole(account int64, role Role) (Folder, bool) {
	for _, a := range f.Accounts {
		if a.Account.ID != account {
			continue
		}
		for _, x := range a.Folders {
			if x.Role == role {
				return x, true
			}
		}
	}
	return Folder{}, false
}

// Row is one line of a list: a message, or the newest message of a
// conversation.
type Row struct {
	ID      int64 `json:"id"`
	Thread  int64 `json:"thread"`
	Account int64 `json:"account"`
	// From is the sender's name; in a mailbox of sent mail the recipients'. For a
	// conversation the names of all who wrote, newest first, separated by commas.
	From          string    `json:"from"`
	FromMail      string    `json:"from_mail"`
	Subject       string    `json:"subject"` // may be ""
	Snippet       string    `json:"snippet"`
	Date          time.Time `json:"date"`
	Unread        bool      `json:"unread"`
	Flagged       bool      `json:"flagged"`
	Answered      bool      `json:"answered"`
	HasAttachment bool      `json:"has_attachment"`
	Draft         bool      `json:"draft"`
	Size          int64     `json:"size"`
	Count         int       `json:"count"`                // messages of the conversation in this view; 1 in flat lists
	Mailbox       string    `json:"mailbox"`              // a path; in lists over several mailboxes the first one
	Unreadable    bool      `json:"unreadable,omitempty"` // the server could not hand the message over
}

// BodyState says how much of a message is on this computer.
type BodyState string

// The states of a body.
const (
	BodyMissing BodyState = "missing" // not fetched yet; being fetched if there is a connection
	BodyHere    BodyState = "here"
	BodyFailed  BodyState = "failed" // the server could not hand it over: Message.Fault
)

// Message is the message that is read. It is immutable.
type Message struct {
	Row
	State     BodyState
	Fault     *fault.Fault
	MessageID string
	Sender    []Address // From
	To        []Address
	Cc        []Address
	Bcc       []Address
	ReplyTo   []Address
	Mailboxes []string // paths of all mailboxes that hold it
	// Text is the message as plain text, made from the HTML if it has no text part.
	Text string
	// HTML is the raw HTML part, "" if there is none: draw it with the page
	// engine's Mail rules, which drop all that acts; resources only by Inline and,
	// when RemoteAllowed, those in Remote.
	HTML          string
	Remote        []string // URLs that the HTML would load, trackers left out
	Trackers      int      // how many tracking pictures were recognised
	RemoteAllowed bool
	Attachments   []Attachment // what a reader sees as attached; inline pictures left out
	// Conversation are the rows of the whole conversation, oldest first, sent mail
	// included, this message too.
	Conversation []Row
	// Lenient says that the message broke the rules and was read as well as could be.
	Lenient bool
	parsed  *message.Message
}

// Attachment is a part of a message that can be saved.
type Attachment struct {
	Part      int    // number for SaveAttachment and Attachment
	Name      string // safe as a file name on every system
	MediaType string
	Size      int64 // bytes, decoded
	// Danger says that opening it could run a program.
	Danger bool
	Nested bool // a whole message
}

// Inline gives the bytes of the part with this Content-ID ("cid:" and angle
// brackets allowed).
func (m *Message) Inline(cid string) (data []byte, mediaType string, ok bool) {
	if m == nil || m.parsed == nil {
		return nil, "", false
	}
	return m.parsed.Inline(cid)
}

// SendState is where a mail that was sent stands.
type SendState string

// The states of the outbox.
const (
	Held        SendState = "held"         // can still be taken back until Due
	Queued      SendState = "queued"       // its turn comes, or its next try at Due
	Sending     SendState = "sending"      // being handed over
	SentUnfiled SendState = "sent_unfiled" // accepted by the server, not yet in Sent
	Filed       SendState = "filed"        // done
	Failed      SendState = "failed"       // Fault says why
	MaybeSent   SendState = "maybe_sent"   // the program ended while handing it over: AnswerMaybeSent
)

// RecipientResult is what the server said about one recipient.
type RecipientResult struct {
	Address string `json:"address"`
	Code    int    `json:"code"` // SMTP reply code; 250 is good
	Said    string `json:"said"`
}

// OutboxItem is a mail on its way.
type OutboxItem struct {
	ID         int64             `json:"id"`
	Account    int64             `json:"account"`
	MessageID  string            `json:"message_id"`
	To         []string          `json:"to"`
	Subject    string            `json:"subject"`
	State      SendState         `json:"state"`
	Created    time.Time         `json:"created"`
	Due        time.Time         `json:"due"` // of Held and Queued: when it goes
	Tries      int               `json:"tries"`
	Size       int64             `json:"size"`
	Fault      *fault.Fault      `json:"-"`
	Recipients []RecipientResult `json:"recipients"`
}

// OutboxSnapshot is the snapshot of Service.Outbox: all that is not filed.
type OutboxSnapshot struct{ Items []OutboxItem }

// DraftSnapshot is the snapshot of Service.Drafts, newest first.
type DraftSnapshot struct{ Items []Draft }

// Draft is a mail that is being written.
type Draft struct {
	ID          int64 // 0: never saved
	Account     int64
	To, Cc, Bcc []Address
	Subject     string
	Text        string
	Attachments []Upload
	InReplyTo   string   // Message-ID with angle brackets
	References  []string // the same, oldest first
	// Source is the message that this answers or forwards, 0 for none; Forward
	// says which of the two.
	Source  int64
	Forward bool
	Saved   time.Time
}

// Upload is a file of a draft: Path on this computer, or Data.
type Upload struct {
	Name      string
	MediaType string // "": by the name
	Path      string
	Data      []byte
	Size      int64
}

// Notice is something that went wrong in the background of an action; the newest
// is in Service.Notice.
type Notice struct {
	Action string // "move", "flag", "send"...
	Count  int
	Fault  *fault.Fault
}
