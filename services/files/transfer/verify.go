package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
	"guichet/services/files"
)

// verify compares checksums where a server computes them, or both ends byte by
// byte where that was asked for. All sides have confirmed the size before.
func (j *job) verify(ctx context.Context, sum hash.Hash) error {
	if j.result.Verified == "" {
		e, err := j.dst.Stat(ctx, j.part)
		switch {
		case fault.Is(err, fault.Permission):
			j.result.Verified = VerifiedNone
		case err != nil:
			return err
		case j.source.Size >= 0 && e.Size != j.source.Size:
			j.discard(ctx)
			return fault.New(fault.Damaged, "verify", "", errDiffer)
		default:
			j.result.Verified = j.counted()
		}
	}
	if j.o.ReadBack {
		return j.readBack(ctx)
	}
	if j.ends.algo == "" {
		return nil
	}
	var sums []string
	if sum != nil {
		sums = append(sums, hex.EncodeToString(sum.Sum(nil)))
	}
	if j.ends.down || sum == nil {
		s, err := j.serverSum(ctx, j.src, j.from)
		if err != nil {
			return err
		}
		sums = append(sums, s)
	}
	if j.ends.up || sum == nil {
		s, err := j.serverSum(ctx, j.dst, j.part)
		if err != nil {
			return err
		}
		sums = append(sums, s)
	}
	first, compared := "", 0
	for _, s := range sums {
		switch {
		case s == "":
		case first == "":
			first, compared = s, 1
		case s != first:
			j.discard(ctx)
			return fault.New(fault.Damaged, "verify", "", errDiffer)
		default:
			compared++
		}
	}
	if compared > 1 {
		j.result.Verified, j.result.Checksum = VerifiedChecksum, j.ends.algo+":"+first
	}
	return nil
}

// counted is what is known when the target has confirmed all bytes: nothing, if
// the source did not tell how many there are.
func (j *job) counted() Verified {
	if j.source.Size < 0 {
		return VerifiedNone
	}
	return VerifiedSize
}

// serverSum asks one side for the checksum; "" where it computes none.
func (j *job) serverSum(ctx context.Context, f files.FS, p files.Path) (string, error) {
	h, ok := f.(files.Hasher)
	if !ok {
		return "", nil
	}
	caps, err := f.Caps(ctx)
	if err != nil || !slices.Contains(caps.Hash, j.ends.algo) {
		return "", err
	}
	s, err := h.Hash(ctx, p, j.ends.algo)
	if err != nil && ctx.Err() == nil && !fault.KindOf(err).Transient() {
		return "", nil // it promised more than it does
	}
	return strings.ToLower(s), err
}

// readBack reads both ends once more and compares them.
func (j *job) readBack(ctx context.Context) error {
	g, gctx := errgroup.WithContext(ctx)
	var sums [2][]byte
	for i, end := range []struct {
		fs files.FS
		at files.Path
	}{{j.src, j.from}, {j.dst, j.part}} {
		g.Go(func() (err error) {
			sums[i], err = digest(gctx, end.fs, end.at)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		if fault.Is(err, fault.Permission) || fault.Is(err, fault.Unsupported) {
			return nil // it cannot be read; the badge says how much is known
		}
		return err
	}
	if !bytes.Equal(sums[0], sums[1]) {
		j.discard(ctx)
		return fault.New(fault.Damaged, "verify", "", errDiffer)
	}
	j.result.Verified, j.result.Checksum = VerifiedRead, "sha256:"+hex.EncodeToString(sums[0])
	return nil
}

func digest(ctx context.Context, f files.FS, p files.Path) ([]byte, error) {
	r, err := f.Read(ctx, p, 0)
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	if w, ok := r.(io.WriterTo); ok {
		_, err = w.WriteTo(h)
	} else {
		b := buffers.Get().(*[]byte) //nolint:forcetypeassert // see buffers
		_, err = io.CopyBuffer(h, r, *b)
		buffers.Put(b)
	}
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}
