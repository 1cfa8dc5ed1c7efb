package ops

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"slices"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
)

// Algorithms are the checksums that can be computed by reading a file.
var Algorithms = []string{"sha256", "sha512", "sha1", "md5", "crc32"}

func digest(algo string) hash.Hash {
	switch algo {
	case "sha256":
		return sha256.New()
	case "sha512":
		return sha512.New()
	case "sha1":
		return sha1.New()
	case "md5":
		return md5.New()
	case "crc32":
		return crc32.NewIEEE()
	}
	return nil
}

// Checksum is a file's checksum.
type Checksum struct {
	Algorithm string
	Hex       string // lower case
	// There says that the server computed it, without moving the file's bytes.
	There bool
}

// Hash gives a file's checksum: the server's own where it knows the algorithm,
// else computed by reading the file. progress counts the bytes read. Faults:
// Unsupported for an unknown algorithm, Damaged when the file ended early.
func Hash(ctx context.Context, f files.FS, p files.Path, algo string, progress func(done int64)) (Checksum, error) {
	c := Checksum{Algorithm: algo}
	d := digest(algo)
	if d == nil {
		return c, fault.Newf(fault.Unsupported, "hash", "", "algorithm %q", algo)
	}
	caps, err := f.Caps(ctx)
	if err != nil {
		return c, err
	}
	if h, ok := f.(files.Hasher); ok && slices.Contains(caps.Hash, algo) {
		c.Hex, err = h.Hash(ctx, p, algo)
		if err == nil {
			_, here := f.(*local.FS)
			c.There = !here
			return c, nil
		}
		if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Permission) || ctx.Err() != nil {
			return c, err
		}
		// It announced more than it can do: read the file.
	}
	r, err := f.Read(ctx, p, 0)
	if err != nil {
		return c, err
	}
	n, err := io.CopyBuffer(d, &counted{r: r, ctx: ctx, told: progress}, make([]byte, 256<<10))
	if err = errors.Join(err, r.Close()); err != nil {
		return c, fault.From("hash", "", err)
	}
	if e, serr := f.Stat(ctx, p); serr == nil && e.Type == files.File && e.Size >= 0 && e.Size != n {
		return c, fault.Newf(fault.Damaged, "hash", "", "read %d bytes of %d", n, e.Size)
	}
	c.Hex = hex.EncodeToString(d.Sum(nil))
	return c, nil
}

// counted is a reader that tells how far it got and ends with ctx.
type counted struct {
	r    io.Reader
	ctx  context.Context
	done int64
	told func(int64)
}

func (c *counted) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(b)
	c.done += int64(n)
	if c.told != nil {
		c.told(c.done)
	}
	return n, err
}
