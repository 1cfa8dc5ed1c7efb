package files

import (
	"context"
	"errors"
	"io"
	"time"

	"guichet/services/fault"
)

// The interfaces below are met by some file systems only; find out by a type
// assertion.

// Hasher computes checksums where the file is, without moving its bytes.
type Hasher interface {
	// Hash gives the checksum of a whole file in lower-case hexadecimal. algo is
	// one of Caps.Hash: "sha256", "sha1", "md5", "crc32", "sha512".
	Hash(ctx context.Context, p Path, algo string) (string, error)
}

// Ranger reads parts of a file.
type Ranger interface {
	// ReadRange gives exactly n bytes from offset on, or fails with Unsupported as
	// Read does; a file that ends earlier is a fault of kind Protocol.
	ReadRange(ctx context.Context, p Path, offset, n int64) (io.ReadCloser, error)
}

// Copier copies a file on the server, without moving its bytes through here.
type Copier interface {
	// Copy fails with Exists if the target is there and replace is not set, with
	// Unsupported where this server cannot.
	Copy(ctx context.Context, from, to Path, replace bool) error
}

// Replacer is met by file systems that can replace a file only while it is still
// the version on whose account somebody decided to replace it.
type Replacer interface {
	// ReplaceIf is FS.Rename with replace. It fails with Exists where the target's
	// Entry.ID is no longer id, with NotFound where the target is gone.
	ReplaceIf(ctx context.Context, from, to Path, id string) error
}

// Described is met by readers that know from which version of the file their
// bytes come, as the answer to a GET says it.
type Described interface {
	// Describe gives the whole file's size (-1 unknown), its time and its ID as in
	// Entry; zero values are unknown.
	Describe() (size int64, modTime time.Time, id string)
}

// Owner changes who owns a file; "" leaves the owner or the group as it is.
type Owner interface {
	Chown(ctx context.Context, p Path, owner, group string) error
}

// Namer is met by file systems whose names are written otherwise than plain
// UTF-8: a server with an old charset, a computer that forbids some characters.
type Namer interface {
	// Import gives the name here for a text in UTF-8 or bytes from elsewhere;
	// Export is its reverse.
	Import(name string) string
	Export(name string) string
}

// ImportName is Namer.Import, or name itself for other file systems.
func ImportName(f FS, name string) string {
	if n, ok := f.(Namer); ok {
		return n.Import(name)
	}
	return name
}

// ExportName is Namer.Export, or name itself for other file systems.
func ExportName(f FS, name string) string {
	if n, ok := f.(Namer); ok {
		return n.Export(name)
	}
	return name
}

// Spacer knows how much room is left.
type Spacer interface {
	// Free gives the bytes that may still be written in a folder.
	Free(ctx context.Context, p Path) (int64, error)
}

// Conn describes the connection of a file system, for the status line and the
// details that support asks for.
type Conn struct {
	Protocol  Protocol
	Secure    bool          // encrypted
	Version   string        // "TLS 1.3", "SSH-2.0-OpenSSH_9.2"
	RoundTrip time.Duration // of the newest short question; 0 unknown
	Server    string        // what it says it is
}

// Connected is met by file systems on servers.
type Connected interface {
	Conn() Conn
	// Transcript is the conversation so far, newest last, without secrets; "" if
	// the protocol has none that can be read.
	Transcript() string
}

// ClearTextQuestion is the Question of a fault of kind Unsupported with Step
// "tls": the server knows no encryption; may everything go in clear text, that
// is with Site.AllowClear?
type ClearTextQuestion struct {
	Site Site
}

// CheckClear gives the fault with that question for a site whose address has no
// encryption, nil for others and where the person has allowed it.
func (s Site) CheckClear() error {
	if s.Protocol.Encrypted() || s.AllowClear {
		return nil
	}
	return &fault.Fault{
		Kind: fault.Unsupported, Op: "connect", Host: s.Host, Step: "tls",
		Err: errors.New("the address has no encryption"), Question: &ClearTextQuestion{Site: s},
	}
}

// Finisher is met by Writers that give the file its final name in the same
// breath as they commit it, in fewer questions to the server than Commit and
// FS.Rename one after the other.
type Finisher interface {
	// CommitAs is Writer.Commit and then FS.Rename to the path to, in the same
	// folder. If it fails the Writer has ended, and what was written is still
	// under its first name, or, after the fault of a broken connection, perhaps
	// under to.
	CommitAs(ctx context.Context, to Path, replace bool) error
}

// Proven is met by Writers whose server compared a checksum of all bytes before
// it confirmed them.
type Proven interface {
	// Proof gives, after Commit or CommitAs has returned nil, the checksum and its
	// algorithm as in Hasher; "" where the server compared none of the whole file.
	Proof() (algo, sum string)
}

// Syncer makes durable what was written with WriteOptions.Lazy.
type Syncer interface {
	// Sync returns when all that was committed so far is there as it was written,
	// and on this computer would survive a power cut.
	Sync(ctx context.Context) error
}

// Assembler is met by file systems that take a file's bytes in any order.
type Assembler interface {
	// Assemble opens a file, which is made if it is missing. Its size changes by
	// WriteAt and Truncate only.
	Assemble(ctx context.Context, p Path) (Assembly, error)
}

// Assembly is a file whose bytes come in any order, from several goroutines.
type Assembly interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	// Sync returns when all bytes written so far would survive a power cut.
	Sync() error
}

// Witness is met by readers that can tell whether the file changed since they
// opened it.
type Witness interface {
	Changed() (bool, error)
}
