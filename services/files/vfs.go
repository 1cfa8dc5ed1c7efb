// Package files is about files wherever they are: one interface for the file
// systems of this computer and of servers (packages local, ftp, sftp, webdav),
// sites, and transfers between them (package transfer).
package files

import (
	"context"
	"io"
	"io/fs"
	"strings"
	"time"
)

// Path is a list of raw names from a file system's root: never a string with
// separators, because a server's names are bytes that may hold anything but NUL
// and its own separator. The empty Path is the root.
type Path []string

// Join gives the path of a name in folder p.
func (p Path) Join(name string) Path {
	return append(append(make(Path, 0, len(p)+1), p...), name)
}

// Dir gives the folder that holds p; the root's is the root.
func (p Path) Dir() Path {
	if len(p) == 0 {
		return p
	}
	return p[:len(p)-1]
}

// Base gives the last name, "" for the root.
func (p Path) Base() string {
	if len(p) == 0 {
		return ""
	}
	return p[len(p)-1]
}

// String writes the path with slashes, for people and logs only.
func (p Path) String() string { return "/" + strings.Join(p, "/") }

// Equal reports whether p and q name the same place.
func (p Path) Equal(q Path) bool {
	if len(p) != len(q) {
		return false
	}
	for i := range p {
		if p[i] != q[i] {
			return false
		}
	}
	return true
}

// Within reports whether p is dir or lies in it.
func (p Path) Within(dir Path) bool { return len(p) >= len(dir) && p[:len(dir)].Equal(dir) }

// ParsePath splits a text at its slashes; empty and "." parts are dropped,
// ".." goes up and never above the root.
func ParsePath(s string) Path {
	var p Path
	for part := range strings.SplitSeq(s, "/") {
		switch part {
		case "", ".":
		case "..":
			p = p.Dir()
		default:
			p = append(p, part)
		}
	}
	return p
}

// Type is what an entry is.
type Type int

// The types of entries.
const (
	File Type = iota
	Dir
	LinkFile // a symbolic link to a file, or to something unknown
	LinkDir  // a symbolic link to a folder
	Other    // device, socket, pipe
)

// IsDir reports whether the entry can be entered.
func (t Type) IsDir() bool { return t == Dir || t == LinkDir }

// String is the type as the command line's JSON writes it.
func (t Type) String() string {
	switch t {
	case File:
		return "file"
	case Dir:
		return "dir"
	case LinkFile, LinkDir:
		return "link"
	}
	return "other"
}

// Entry is one line of a folder.
type Entry struct {
	Name    string // raw bytes, as the server wants them back
	Display string // valid UTF-8, control and bidi characters made visible
	Type    Type
	Size    int64         // bytes; -1 unknown
	Rounded bool          // Size counts whole blocks: the file has about so many bytes
	ModTime time.Time     // UTC; zero unknown
	Precise time.Duration // how exact ModTime is: 1 s, 1 min, 24 h; 0 unknown
	Mode    fs.FileMode   // permission bits; valid if HasMode
	HasMode bool
	Owner   string
	Group   string
	Target  string // of a link, raw; "" unknown
	ID      string // inode, MLSD unique, ETag: equal means the same thing; "" unknown
}

// SameSize reports whether two files may be equally long: an unknown size tells
// nothing, and a rounded one is off by a block and by what a file system adds to
// each line of a text.
func SameSize(a, b Entry) bool {
	if a.Size < 0 || b.Size < 0 || !a.Rounded && !b.Rounded {
		return a.Size < 0 || b.Size < 0 || a.Size == b.Size
	}
	d := a.Size - b.Size
	return max(d, -d) <= 1024+max(a.Size, b.Size)/8
}

// Report ends a listing. While Unread is not 0, nothing may be deleted or
// synchronised from that listing, because names are missing from it.
type Report struct {
	Entries int
	Unread  int      // lines that were not understood
	Samples []string // the first few of them, cleaned
}

// Caps are what a file system can do, found out and never assumed.
type Caps struct {
	Resume        bool // Read and Write accept an offset
	AtomicReplace bool // Rename with replace never leaves the target missing
	SetTime       bool
	Chmod         bool
	Hash          []string // algorithms the server computes: "sha256", "md5", "crc32"...
	ServerCopy    bool
	FreeSpace     bool
	TimePrecision time.Duration
	MaxConns      int  // parallel transfers that make sense
	CaseFolding   bool // names that differ in case only are the same
	// Rewind is how many bytes at the end of an upload that broke off may be
	// holes: a resume goes back by that much.
	Rewind int64
}

// WriteOptions describe a file about to be written.
type WriteOptions struct {
	Offset    int64     // continue here; needs Caps.Resume
	Size      int64     // total size; -1 unknown
	ModTime   time.Time // to be set at Commit where that is possible; zero: leave
	Exclusive bool      // fail with Exists if the name is taken
	// Lazy lets the file reach the disk, or its size be looked at, later than at
	// Commit: at the latest with Syncer.Sync, which whoever sets it calls.
	Lazy bool
	// Final, if not nil, is the path that Finisher.CommitAs will be called with:
	// where nothing is seen under a name before all of it is there, the bytes may
	// go there at once.
	Final Path
}

// Writer takes a file's bytes. Exactly one of Commit and Abort ends it. After
// Commit has returned nil the server has confirmed all bytes.
type Writer interface {
	io.Writer
	Commit(ctx context.Context) error
	// Abort ends the connection's part in it; what was written stays under the
	// name for a later resume, unless remove is set.
	Abort(remove bool) error
}

// FS is one file system, at one place, for one user. All methods return faults
// and honour ctx within a second. Methods are safe for concurrent use; an
// implementation with one connection serialises them or opens more.
type FS interface {
	// Caps may ask the server; its answer is kept.
	Caps(ctx context.Context) (Caps, error)
	// Home is the folder to begin in.
	Home(ctx context.Context) (Path, error)
	// List calls emit with entries as they arrive, in no order, "." and ".."
	// left out. An error of emit ends the listing and is returned.
	List(ctx context.Context, dir Path, emit func([]Entry) error) (Report, error)
	Stat(ctx context.Context, p Path) (Entry, error)
	// Read gives the bytes from offset on. If the server ignores the offset it
	// fails with Unsupported: it never delivers other bytes than asked for.
	Read(ctx context.Context, p Path, offset int64) (io.ReadCloser, error)
	Write(ctx context.Context, p Path, o WriteOptions) (Writer, error)
	Mkdir(ctx context.Context, p Path) error
	Remove(ctx context.Context, p Path) error
	// RemoveDir removes an empty folder.
	RemoveDir(ctx context.Context, p Path) error
	// Rename fails with Exists if the target is there and replace is not set.
	Rename(ctx context.Context, from, to Path, replace bool) error
	SetTime(ctx context.Context, p Path, t time.Time) error
	Chmod(ctx context.Context, p Path, mode fs.FileMode) error
	// URL writes the address of p, without user information's password.
	URL(p Path) string
	Close() error
}
