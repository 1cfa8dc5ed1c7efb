// Package checksum gives the checksums of files: computed where the file is if
// its server can, else by reading it.
package checksum

import (
	"context"
	"crypto/md5"  //nolint:gosec // servers offer it; it is for comparing, not for trust
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"guichet/services/fault"
	"guichet/services/files"
)

// Algorithms are those that can be computed here, as files.Caps.Hash names them,
// the best first.
var Algorithms = []string{"sha256", "sha512", "sha1", "md5", "crc32"}

// New makes the hash of that name, nil for a name that is none of Algorithms.
func New(algo string) hash.Hash {
	switch algo {
	case "sha256":
		return sha256.New()
	case "sha512":
		return sha512.New()
	case "sha1":
		return sha1.New() //nolint:gosec // see the import
	case "md5":
		return md5.New() //nolint:gosec // see the import
	case "crc32":
		return crc32.NewIEEE()
	}
	return nil
}

// Sum is a file's checksum.
type Sum struct {
	Algorithm string
	Hex       string // lower case
	// There says that the server computed it, without moving the file's bytes.
	There bool
}

// Of gives a file's checksum: the server's own where it knows the algorithm,
// else computed by reading the file. progress, if not nil, is told the bytes
// read. Faults: Unsupported for an unknown algorithm, Damaged when the file
// ended early.
func Of(ctx context.Context, f files.FS, p files.Path, algo string, progress func(done int64)) (Sum, error) {
	s := Sum{Algorithm: algo}
	caps, err := f.Caps(ctx)
	if err != nil {
		return s, err
	}
	_, s.There = f.(files.Connected)
	if h, ok := f.(files.Hasher); ok && s.There && slices.Contains(caps.Hash, algo) {
		text, err := h.Hash(ctx, p, algo)
		if err == nil {
			s.Hex = strings.ToLower(text)
			return s, nil
		}
		if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Permission) || ctx.Err() != nil {
			return s, err
		}
		// It announced more than it can do: read the file.
	}
	s.There = false
	d := New(algo)
	if d == nil {
		return s, fault.Newf(fault.Unsupported, "hash", "", "algorithm %q", algo)
	}
	r, err := f.Read(ctx, p, 0)
	if err != nil {
		return s, err
	}
	var to io.Writer = d
	if progress != nil {
		to = &counted{w: d, told: progress}
	}
	n, err := io.CopyBuffer(to, r, make([]byte, 256<<10))
	if err = errors.Join(err, r.Close()); err != nil {
		return s, fault.From("hash", "", err)
	}
	if e, serr := f.Stat(ctx, p); serr == nil && e.Type == files.File && e.Size >= 0 && !e.Rounded && e.Size != n {
		return s, fault.Newf(fault.Damaged, "hash", "", "read %d bytes of %d", n, e.Size)
	}
	s.Hex = hex.EncodeToString(d.Sum(nil))
	return s, nil
}

// counted is a writer that tells how far it got. It stands on the side of the
// hash, so that a reader keeps its io.WriterTo.
type counted struct {
	w    io.Writer
	done int64
	told func(int64)
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.done += int64(n)
	c.told(c.done)
	return n, err
}
