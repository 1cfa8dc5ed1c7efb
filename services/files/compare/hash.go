package compare

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/checksum"
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
				s, err := checksum.Of(gctx, t.FS, p, algo, nil)
				if err != nil {
					if fault.KindOf(err).Transient() || gctx.Err() != nil {
						return err
					}
					return nil // it cannot be read: size and time must do
				}
				sums[side] = s.Hex
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
	for _, algo := range checksum.Algorithms {
		if slices.Contains(offered, algo) {
			return algo, nil
		}
	}
	return "sha256", nil
}
