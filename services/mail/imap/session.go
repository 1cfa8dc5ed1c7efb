// Package imap is Guichet's IMAP client (RFC 3501): go-imap v1 behind an
// interface of our own, with the extensions that v1 lacks (CONDSTORE, ESEARCH,
// LIST-STATUS, SPECIAL-USE, UIDPLUS, MOVE, ID, NAMESPACE) on its Execute.
//
// A hostile or broken server can make a command fail and the connection close;
// it cannot make the program hang, panic, or use unbounded memory: every command
// has a deadline and must make progress, and all that is read passes a guard
// first (see guard). Only UIDs are used; what a server says unasked is only a
// hint that something changed.
package imap

import (
	"context"
	"time"
)

// Mailbox is one line of LIST.
type Mailbox struct {
	Wire       string // the name as on the wire, the key of everything
	Path       []string
	Attributes []string // lower case, with backslash
	Status     *Status  // from LIST-STATUS, or nil
}

// Has reports whether the mailbox has an attribute, as `\noselect`.
func (m Mailbox) Has(attribute string) bool {
	for _, a := range m.Attributes {
		if a == attribute {
			return true
		}
	}
	return false
}

// Status is what STATUS and SELECT say about a mailbox.
type Status struct {
	Messages      uint32
	Unseen        uint32 // STATUS only
	UIDNext       uint32 // 0 unknown
	UIDValidity   uint32 // 0 unknown or nonsense: nothing may be kept
	HighestModSeq uint64 // 0: no CONDSTORE here
	ReadOnly      bool   // SELECT only
}

// Item is what FETCH says about one message; only asked-for fields are set.
type Item struct {
	UID          uint32
	Flags        []string // lower case; system flags with backslash
	HasFlags     bool
	InternalDate time.Time
	Size         int64
	ModSeq       uint64
	Header       []byte
	Body         []byte // whole message or the asked-for slice of it
	HasBody      bool
}

// Session is a logged-in connection. One goroutine uses it at a time. Every
// error is a *fault.Fault; after one of Kind Timeout, Protocol, Offline or
// Cancelled the connection is closed (Alive says so).
type Session interface {
	// Has reports a capability, as "CONDSTORE"; from after the login.
	Has(capability string) bool
	Alive() bool
	// Alert takes the newest [ALERT] text, "" if there is none.
	Alert() string
	// List gives all mailboxes; with LIST-STATUS each with its Status.
	List(ctx context.Context) ([]Mailbox, error)
	Status(ctx context.Context, wire string) (Status, error)
	Select(ctx context.Context, wire string) (Status, error)
	Create(ctx context.Context, path []string) (wire string, err error)
	// Headers fetches UID, FLAGS, INTERNALDATE, RFC822.SIZE and the header.
	Headers(ctx context.Context, set Set, each func(Item) error) error
	// Flags fetches UID and FLAGS; since > 0: only of what changed after that
	// mod-sequence (RFC 7162).
	Flags(ctx context.Context, set Set, since uint64, each func(Item) error) error
	// Bodies fetches whole messages without setting \Seen.
	Bodies(ctx context.Context, set Set, each func(Item) error) error
	// BodySlice fetches length bytes of a message from an offset.
	BodySlice(ctx context.Context, uid uint32, offset, length int64) ([]byte, error)
	// All gives the UIDs of the selected mailbox, rising.
	All(ctx context.Context) ([]uint32, error)
	// FindMessageID searches the selected mailbox for a Message-ID.
	FindMessageID(ctx context.Context, id string) ([]uint32, error)
	// Store adds or removes flags.
	Store(ctx context.Context, set Set, add bool, flags []string) error
	// Move moves messages and returns the new UIDs where the server tells them.
	Move(ctx context.Context, set Set, wire string) (map[uint32]uint32, error)
	// Expunge removes messages for ever: exactly these.
	Expunge(ctx context.Context, set Set) error
	// Append adds a message; uid is 0 where the server does not tell.
	Append(ctx context.Context, wire string, flags []string, date time.Time, raw []byte) (uid uint32, err error)
	Noop(ctx context.Context) error
	// Idle waits until the server says something (true), limit has passed, or
	// wake yields.
	Idle(ctx context.Context, limit time.Duration, wake <-chan struct{}) (bool, error)
	// Logout says goodbye and closes.
	Logout(ctx context.Context)
	Close() error
}
