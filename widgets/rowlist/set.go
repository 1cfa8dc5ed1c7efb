package rowlist

import "math/bits"

// set is a set of row numbers: a bit each, so that selecting 100,000 rows is a
// matter of microseconds.
type set struct {
	words []uint64
	count int
}

func (s *set) has(i int) bool {
	return i >= 0 && i/64 < len(s.words) && s.words[i/64]&(1<<(i%64)) != 0
}

func (s *set) put(i int, in bool) {
	if i < 0 || s.has(i) == in {
		return
	}
	for i/64 >= len(s.words) {
		s.words = append(s.words, 0)
	}
	s.words[i/64] ^= 1 << (i % 64)
	if in {
		s.count++
	} else {
		s.count--
	}
}

func (s *set) clear() { s.words, s.count = s.words[:0], 0 }

// span puts all rows from a to b, both included, in any order.
func (s *set) span(a, b int) {
	if a > b {
		a, b = b, a
	}
	for i := a; i <= b; i++ {
		s.put(i, true)
	}
}

// cut takes out all rows from n on.
func (s *set) cut(n int) {
	for i := len(s.words)*64 - 1; i >= n && s.count > 0; i-- {
		s.put(i, false)
	}
}

func (s *set) all() []int {
	rows := make([]int, 0, s.count)
	for w, word := range s.words {
		for word != 0 {
			rows = append(rows, w*64+bits.TrailingZeros64(word))
			word &= word - 1
		}
	}
	return rows
}
