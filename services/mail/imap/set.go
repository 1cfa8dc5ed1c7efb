package imap

import (
	"slices"
	"strconv"
	"strings"
)

// Set is a set of UIDs as IMAP writes it, "1:5,9".
type Set string

// setLimit bounds how many UIDs a server may name in one answer.
const setLimit = 20_000_000

// SetOf makes a set; uids are sorted in place.
func SetOf(uids []uint32) Set {
	slices.Sort(uids)
	var b strings.Builder
	for i := 0; i < len(uids); {
		j := i
		for j+1 < len(uids) && uids[j+1] <= uids[j]+1 {
			j++
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatUint(uint64(uids[i]), 10))
		if uids[j] != uids[i] {
			b.WriteByte(':')
			b.WriteString(strconv.FormatUint(uint64(uids[j]), 10))
		}
		i = j + 1
	}
	return Set(b.String())
}

// From is the set of all UIDs from first on.
func From(first uint32) Set { return Set(strconv.FormatUint(uint64(first), 10) + ":*") }

// expand lists the members of a set that a server sent; ok is false for
// nonsense and for more than setLimit.
func expand(s string) (uids []uint32, ok bool) {
	if s == "" {
		return nil, true
	}
	for piece := range strings.SplitSeq(s, ",") {
		a, b, isRange := strings.Cut(piece, ":")
		from, err := strconv.ParseUint(a, 10, 32)
		if err != nil {
			return nil, false
		}
		to := from
		if isRange {
			if to, err = strconv.ParseUint(b, 10, 32); err != nil {
				return nil, false
			}
		}
		if from > to {
			from, to = to, from
		}
		if to-from+uint64(len(uids)) >= setLimit {
			return nil, false
		}
		for n := from; n <= to; n++ {
			uids = append(uids, uint32(n))
		}
	}
	return uids, true
}

// Range is the set from first to last.
func Range(first, last uint32) Set {
	return Set(strconv.FormatUint(uint64(first), 10) + ":" + strconv.FormatUint(uint64(last), 10))
}
