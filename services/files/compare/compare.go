// Package compare tells two folders apart and makes them alike, wherever they
// are: Walk lists both trees and gives a Scan of facts, Scan.Plan decides what
// is to be done with every name and why, Apply and the jobs of Runner carry a
// plan out. Nothing is changed before that, links are never followed, and
// nothing is deleted while a name of either side is unknown.
package compare

import (
	"strings"
	"time"

	"guichet/services/files"
)

// Side is one of the two folders.
type Side int

// The sides.
const (
	Left Side = iota
	Right
)

// Other is the side across.
func (s Side) Other() Side { return 1 - s }

// String is the side's name in data that is kept.
func (s Side) String() string { return [2]string{"left", "right"}[s] }

// Action is what is done with one name.
type Action uint8

// The actions.
const (
	None    Action = iota // nothing to do
	Skip                  // left as it is
	ToRight               // copied, or made if it is a folder
	ToLeft
	DeleteLeft
	DeleteRight
	Undecided // only a person can tell; nothing is done until then
)

var actionNames = [...]string{"none", "skip", "to_right", "to_left", "delete_left", "delete_right", "undecided"}

// String is the action's name in data that is kept and in JSON.
func (a Action) String() string { return actionNames[a] }

// Copies reports whether bytes, or a folder, go to the other side.
func (a Action) Copies() bool { return a == ToRight || a == ToLeft }

// Deletes reports whether something is deleted.
func (a Action) Deletes() bool { return a == DeleteLeft || a == DeleteRight }

// Target is the side that an action changes; for others it means nothing.
func (a Action) Target() Side {
	if a == ToLeft || a == DeleteLeft {
		return Left
	}
	return Right
}

func to(s Side) Action     { return [2]Action{ToLeft, ToRight}[s] }
func remove(s Side) Action { return [2]Action{DeleteLeft, DeleteRight}[s] }

// Reason says why an action was chosen.
type Reason string

// The reasons.
const (
	Same        Reason = "same"
	SameHour    Reason = "same_hour" // same size, times exactly an hour apart: a clock was changed
	OnlyLeft    Reason = "only_left"
	OnlyRight   Reason = "only_right"
	NewerLeft   Reason = "newer_left"
	NewerRight  Reason = "newer_right"
	SizeDiffers Reason = "size"
	Content     Reason = "content" // same size, another checksum
	ChangedLeft Reason = "changed_left"
	// ChangedRight and ChangedLeft are about a change since the last time.
	ChangedRight Reason = "changed_right"
	GoneLeft     Reason = "gone_left" // deleted there since the last time
	GoneRight    Reason = "gone_right"
	BothChanged  Reason = "both_changed"
	ChangedGone  Reason = "changed_gone" // changed on one side, deleted on the other
	TypeDiffers  Reason = "type"         // a file here, a folder there
	Link         Reason = "link"
	Special      Reason = "special" // a device or the like
	Filtered     Reason = "filtered"
	Unreadable   Reason = "unreadable" // a name that cannot be used
	Twin         Reason = "twin"       // differs from another name in nothing that the other side keeps apart
	Unlisted     Reason = "unlisted"   // a folder that could not be looked into
	KeptFull     Reason = "kept_full"  // a folder that keeps something, so it stays
)

// Tree is one of the folders to compare.
type Tree struct {
	FS   files.FS
	Path files.Path
}

// Row is one name. It is not changed once its Scan is there.
type Row struct {
	// Rel is the name below both folders, in UTF-8 where the sides can tell.
	Rel   files.Path
	Entry [2]*files.Entry // nil: not there
	// Path is the name on each side below its folder, raw; where it is not there,
	// what it would be called.
	Path [2]files.Path
	// End is the row behind the last one below this folder; for files the next row.
	End int

	note   Reason // what the walk found that leaves no choice; "" nothing
	hashed bool   // contents were compared
	equal  bool   // and are equal
}

// Key is the row's name as it is remembered.
func (r *Row) Key() string { return strings.Join(r.Rel, "/") }

// IsDir reports whether the row is a folder, which then is on one side only.
func (r *Row) IsDir() bool {
	for _, e := range r.Entry {
		if e != nil && e.Type == files.Dir {
			return true
		}
	}
	return false
}

// Size gives the bytes on a side, 0 where it is not there or unknown.
func (r *Row) Size(s Side) int64 {
	if e := r.Entry[s]; e != nil && e.Type != files.Dir {
		return max(0, e.Size)
	}
	return 0
}

// only gives the side that has the row where just one has.
func (r *Row) only() (Side, bool) {
	if r.Entry[Left] != nil && r.Entry[Right] != nil {
		return 0, false
	}
	if r.Entry[Left] != nil {
		return Left, true
	}
	return Right, true
}

// Scan is what two folders hold. It is immutable.
type Scan struct {
	// Rows are all names but folders that both sides have, a folder before what
	// is in it.
	Rows    []Row
	Files   [2]int
	Bytes   [2]int64
	Missing [2]bool // the folder itself is not there
	// Unread counts the listing lines that were not understood and the names that
	// cannot be used.
	Unread [2]int
	Closed [2][]files.Path // folders, below the root, that could not be listed
	// Shift is what the right side's times are ahead of UTC where its server's
	// clock or time zone is wrong; they are compared with that in mind.
	Shift time.Duration
	// Part says that some folders only were compared.
	Part bool

	keeps [2]bool      // times given to files there stay
	both  []files.Path // folders that both sides have
}

// Complete reports whether every name of both sides is known. While it is not,
// nothing is deleted.
func (s *Scan) Complete() bool {
	return s.Unread == [2]int{} && s.Missing == [2]bool{} && len(s.Closed[Left]) == 0 && len(s.Closed[Right]) == 0
}
