// Package browse is the service behind the Files tab: sessions, each looking
// into one folder of one place, and the actions on what is shown there. Every
// method returns at once; what came of it is published.
package browse

import (
	"time"

	"guichet/services/files"
)

// Listing is what a session shows, at one moment. It is immutable.
type Listing struct {
	Version uint64
	Site    files.Site
	State   State
	Path    files.Path
	Home    files.Path
	// Entries are in the order of arrival while Loading; folders first and by
	// name when the listing is complete. Nobody changes them.
	Entries []files.Entry
	Report  files.Report
	Loading bool
	// Fault is why the newest load or action failed; Entries are then those of
	// before. It may hold a question: certificate, host key, clear text.
	Fault error
	// FaultOp names what failed: "connect", "list", "mkdir", "rename", "delete",
	// "chmod".
	FaultOp  string
	Busy     string // the action that is running: "mkdir", "rename", "delete", "chmod"; "" none
	BusyDone int    // of a delete: how many are gone
	Conn     files.Conn
	Free     int64         // bytes of room; -1 unknown
	Took     time.Duration // how long the listing took
	CanBack  bool
	CanFore  bool
	Caps     files.Caps
}

// State is where a session stands.
type State string

// The states of a session.
const (
	Connecting State = "connecting"
	Ready      State = "ready"
	Broken     State = "broken" // see Listing.Fault; Reload tries again
	Closed     State = "closed"
)
