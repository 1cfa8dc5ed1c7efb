package transfer

import (
	"context"
	"slices"
	"sync/atomic"

	"guichet/services/files"
)

// ends are the two file systems of a copy, with what is found out about them
// once for many files.
type ends struct {
	src, dst files.FS
	from, to files.Caps
	down, up bool         // bytes come from another computer, go to one
	same     bool         // both are one place, of one login
	copier   files.Copier // copies within it, nil: only by way of this computer
	algo     string       // a checksum that a server computes; "": none does
	lanes    []*lanes     // of the other computers, to be taken in this order
	// direct says that the target lets nobody rename, see job.inPlace.
	direct atomic.Bool
}

// newEnds asks both sides. connections, if not 0, is how many files a person wants
// on their way at once; else o's lanes tell.
func newEnds(ctx context.Context, src, dst files.FS, o Options, connections int) (*ends, error) {
	e := &ends{src: src, dst: dst}
	var err error
	if e.from, err = src.Caps(ctx); err != nil {
		return nil, err
	}
	if e.to, err = dst.Caps(ctx); err != nil {
		return nil, err
	}
	_, e.down = src.(files.Connected)
	_, e.up = dst.(files.Connected)
	e.same = e.down == e.up && src.URL(nil) == dst.URL(nil)
	if e.same && e.up && e.to.ServerCopy {
		e.copier, _ = dst.(files.Copier)
	}
	var offered []string
	if e.down {
		offered = e.from.Hash
	}
	if e.up && len(offered) == 0 {
		offered = e.to.Hash
	}
	for _, algo := range []string{"sha256", "sha512", "sha1", "md5", "crc32"} {
		if slices.Contains(offered, algo) {
			e.algo = algo
			break
		}
	}
	all := o.Lanes
	if all == nil || connections > 0 {
		all = &Lanes{}
	}
	for _, r := range e.remotes() {
		if o.most > 0 && (r.most <= 0 || o.most < r.most) {
			r.most = o.most
		}
		if connections > 0 {
			e.lanes = append(e.lanes, fixedLanes(r.most, connections))
		} else {
			e.lanes = append(e.lanes, all.at(r))
		}
	}
	return e, nil
}

// most is how many files may ever be on their way at once.
func (e *ends) most() int {
	n := mostLanes
	for _, l := range e.lanes {
		n = min(n, l.most)
	}
	return n
}

// remotes are the ends on other computers, in an order that is the same for both
// directions, so that nobody waits for one while holding the other.
func (e *ends) remotes() []remote {
	var all []remote
	if e.down {
		all = append(all, remote{e.src.URL(nil), e.from.MaxConns})
	}
	if e.up {
		all = append(all, remote{e.dst.URL(nil), e.to.MaxConns})
	}
	switch {
	case len(all) == 0:
		all = append(all, remote{"", min(e.from.MaxConns, e.to.MaxConns)})
	case len(all) == 2 && all[0].site == all[1].site:
		// Each file needs one connection to read and one to write.
		all = []remote{{all[0].site, min(all[0].most, all[1].most)}}
	case len(all) == 2 && all[1].site < all[0].site:
		slices.Reverse(all)
	}
	return all
}

// remote is one end with what it takes at once.
type remote struct {
	site string
	most int
}
