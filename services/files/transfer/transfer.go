// Package transfer moves files between any two file systems of package files:
// safely (a temporary name, checks, then the rename), resuming where a fall
// left off, one file or whole trees, directly or as jobs of package activity.
package transfer

import (
	"context"
	"strings"
	"time"

	"guichet/services/files"
)

// Verified says how the arrival of a file was checked.
type Verified string

// The ways to check.
const (
	VerifiedNone     Verified = "none"
	VerifiedSize     Verified = "size"
	VerifiedChecksum Verified = "checksum"
	VerifiedRead     Verified = "read" // both ends were read back and compared
)

// Answer is what to do with a file whose name is taken.
type Answer string

// The answers to a Conflict.
const (
	KeepBoth Answer = "keep_both" // under a new name, "name (2).jpg"
	Replace  Answer = "replace"
	Skip     Answer = "skip"
	// ReplaceOlder replaces a target that is older than the source and skips
	// others; ReplaceSize replaces one of another size.
	ReplaceOlder Answer = "replace_older"
	ReplaceSize  Answer = "replace_size"
)

// rename begins the Answers of RenameTo.
const rename = "rename:"

// RenameTo is the Answer to copy under another name, without a folder.
func RenameTo(name string) Answer { return Answer(rename + name) }

func (a Answer) valid() bool {
	switch a {
	case KeepBoth, Replace, Skip, ReplaceOlder, ReplaceSize:
		return true
	}
	return strings.HasPrefix(string(a), rename)
}

// Conflict is a target that exists.
type Conflict struct {
	Source, Target         files.Entry
	SourcePath, TargetPath files.Path
}

// Options change how one file is copied. The zero value asks nobody: a taken
// name fails with Exists.
type Options struct {
	// Resume continues a part that an earlier, interrupted copy of the same
	// source left at the target.
	Resume bool
	// OnExists decides about a taken name; nil: fail with Exists.
	OnExists func(ctx context.Context, c Conflict) (Answer, error)
	// Progress is called often, from one goroutine at a time. size is -1 where
	// the source does not tell.
	Progress func(done, size int64)
	// SkipSame passes over a target of the same size and time without asking.
	SkipSame bool
	// Tries is how often a copy is begun again where it broke off, when the fault
	// is one of the network's; 0: 3.
	Tries int
	// NoTimes leaves the time of the copy at now.
	NoTimes bool
	// Limits bound the speed, nil: nothing does.
	Limits *Limits
	// Lanes bound the files that are on their way to a site at once, for all who
	// share them; nil: only this copy counts.
	Lanes *Lanes
	// Move deletes the source when the copy has been checked.
	Move bool
	// ReadBack reads both ends again after the copy and compares them.
	ReadBack bool
	// Keep, if not nil, takes a file of the target away that is about to be
	// replaced, to a trash for one, when its successor has arrived whole. If it
	// fails nothing is replaced.
	Keep func(ctx context.Context, f files.FS, p files.Path) error
	// Part, if not nil, is told the temporary path before the first byte is
	// written, so that it can be removed after a cancellation.
	Part func(p files.Path) error

	// begun says that an earlier run of the program got as far as the part; nil:
	// it did not. onPart is Part with the decision taken.
	begun  *decision
	onPart func(p files.Path, d decision) error
	most   int   // files at once that the person set for the sites; 0: none
	divide int64 // for tests: the size from which a file comes in pieces, at once
}

// decision is what was decided before the first byte was written.
type decision struct {
	Answer Answer `json:"answer,omitempty"` // "": the name was free
}

// Result says what became of one file.
type Result struct {
	Path     files.Path // where it is now: under another name after KeepBoth
	Bytes    int64      // size of the whole file
	Resumed  int64      // bytes that were there from an earlier try
	Verified Verified   // how its arrival was checked
	Checksum string     // "sha256:…" if checked by checksum
	Skipped  bool       // the answer was Skip
	Replaced bool       // a file of that name was there
	// InPlace warns that the file was written under its final name at once,
	// because the folder allows no renaming: a cut would have left a piece there.
	InPlace bool
	Moved   bool          // the source is gone, as Options.Move asked
	Time    time.Duration // how long it took
}
