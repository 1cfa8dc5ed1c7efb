package compare

import (
	"context"
	"encoding/hex"
	"io"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/local"
)

// hash compares the contents of the files that have the same size.
func (w *walker) hash(ctx context.Context) error {
	var pairs []int
	for i := range w.scan.Rows {
		r := &w.scan.Rows[i]
		l, rt := r.Entry[Left], r.Entry[Right]
		if r.note == "" && l != nil && rt != nil && l.Size >= 0 && rt.Size >= 0 && files.SameSize(*l, *rt) {
			pairs = append(pairs, i)
		}
	}
	algo, err := w.algorithm(ctx)
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.progress.ToHash = len(pairs)
	w.mu.Unlock()
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(w.o.Parallel)
	for _, i := range pairs {
		if gctx.Err() != nil {
			break
		}
		g.Go(func() error {
			r := &w.scan.Rows[i]
			var sums [2]string
			for side, t := range w.trees {
				p := append(slices.Clone(t.Path), r.Path[side]...)
				var err error
				if sums[side], err = sum(gctx, t.FS, p, algo); err != nil {
					if fault.KindOf(err).Transient() || gctx.Err() != nil {
						return err
					}
					return nil // it cannot be read: size and time must do
				}
			}
			r.hashed, r.equal = true, sums[Left] == sums[Right]
			w.mu.Lock()
			defer w.mu.Unlock()
			w.progress.Hashed++
			if w.o.Progress != nil {
				w.o.Progress(w.progress)
			}
			return nil
		})
	}
	return g.Wait()
}

// algorithm is the best one that a server computes, so that one side at least
// moves no bytes.
func (w *walker) algorithm(ctx context.Context) (string, error) {
	var offered []string
	for _, t := range w.trees {
		caps, err := t.FS.Caps(ctx)
		if err != nil {
			return "", err
		}
		if _, remote := t.FS.(files.Connected); remote {
			offered = append(offered, caps.Hash...)
		}
	}
	for _, algo := range []string{"sha256", "sha512", "sha1", "md5", "crc32"} {
		if slices.Contains(offered, algo) {
			return algo, nil
		}
	}
	return "sha256", nil
}

// sum gives a file's checksum, computed where the file is if that is possible.
func sum(ctx context.Context, f files.FS, p files.Path, algo string) (string, error) {
	if h, ok := f.(files.Hasher); ok {
		caps, err := f.Caps(ctx)
		if err != nil {
			return "", err
		}
		if slices.Contains(caps.Hash, algo) {
			s, err := h.Hash(ctx, p, algo)
			if err == nil || ctx.Err() != nil || fault.KindOf(err).Transient() {
				return strings.ToLower(s), err
			}
		}
	}
	r, err := f.Read(ctx, p, 0)
	if err != nil {
		return "", err
	}
	h := local.NewHash(algo)
	_, err = io.Copy(h, r)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	return hex.EncodeToString(h.Sum(nil)), err
}
