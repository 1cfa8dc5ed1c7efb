package compare

import (
	"time"

	"guichet/services/files"
)

// slack is what two times of the same file may differ by beyond their
// precision: file systems round to two seconds (FAT).
const slack = 2 * time.Second

// tolerance is how far apart times may be and mean the same.
func tolerance(a, b *files.Entry) time.Duration { return slack + max(a.Precise, b.Precise) }

// How the times of two entries stand.
type timing int

const (
	unknown timing = iota
	equal
	hourApart // exactly one hour: summer time, on one of the two
	leftNewer
	rightNewer
)

// compareTimes compares two entries' times; the right one's is ahead by shift.
func compareTimes(l, r *files.Entry, shift time.Duration) timing {
	if l.ModTime.IsZero() || r.ModTime.IsZero() {
		return unknown
	}
	t := tolerance(l, r)
	d := l.ModTime.Sub(r.ModTime.Add(-shift))
	switch {
	case d.Abs() <= t:
		return equal
	case t < 10*time.Minute && (d.Abs()-time.Hour).Abs() <= t:
		return hourApart
	case d > 0:
		return leftNewer
	}
	return rightNewer
}

// Time zones differ by quarters of hours, by 14 hours at most.
const (
	quarter  = 15 * time.Minute
	maxShift = 14 * time.Hour
	// minEvidence pairs, 9 of 10 of all, must tell the same shift.
	minEvidence = 4
)

// findShift finds by how much a server's listing is off: the files that have
// the same size on both sides then have times that differ by the same quarters
// of hours.
func (s *Scan) findShift() time.Duration {
	counts := map[time.Duration]int{}
	pairs := 0
	for i := range s.Rows {
		if d, whole := s.Rows[i].offset(); whole {
			counts[d]++
			pairs++
		} else if l, r := s.Rows[i].Entry[Left], s.Rows[i].Entry[Right]; telling(l, r) {
			pairs++
		}
	}
	for d, n := range counts {
		if n >= minEvidence && n*10 >= pairs*9 {
			return d
		}
	}
	return 0
}

// telling reports whether two entries' times tell something about a shift.
func telling(l, r *files.Entry) bool {
	return l != nil && r != nil && !odd(l) && !odd(r) && l.Size > 0 && l.Size == r.Size &&
		!l.ModTime.IsZero() && !r.ModTime.IsZero() && tolerance(l, r) < quarter/2
}

// offset gives by how much the right time is ahead, if it is ahead or behind by
// whole quarters of hours and the sizes are the same.
func (r *Row) offset() (time.Duration, bool) {
	l, rt := r.Entry[Left], r.Entry[Right]
	if !telling(l, rt) {
		return 0, false
	}
	d := rt.ModTime.Sub(l.ModTime)
	whole := d.Round(quarter)
	return whole, whole != 0 && whole.Abs() <= maxShift && (d-whole).Abs() <= tolerance(l, rt)
}
