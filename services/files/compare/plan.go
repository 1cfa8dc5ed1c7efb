package compare

import (
	"maps"
	"slices"
	"strings"

	"guichet/services/files"
)

// Direction is which side is made like the other.
type Direction string

// The directions.
const (
	RightLikeLeft Direction = "to_right"
	LeftLikeRight Direction = "to_left"
	BothWays      Direction = "both"
)

// Deletes says what is deleted at the target of one direction.
type Deletes string

// The ways to delete.
const (
	DeleteNothing Deletes = ""
	// DeleteExtra deletes what the source has not.
	DeleteExtra Deletes = "extra"
	// DeleteProven deletes what the source had at the last synchronisation and has
	// no more, if it is at the target as it was then.
	DeleteProven Deletes = "proven"
)

// PlanOptions say what a plan is to reach. Both ways deletes are always proven.
type PlanOptions struct {
	Direction Direction
	Deletes   Deletes
	// OnlyNewer leaves files alone that are newer at the target, unless they are
	// what the last synchronisation left there.
	OnlyNewer   bool
	IgnoreTimes bool // compare sizes, and contents where they were, only
	// Last is what was remembered of the last synchronisation; nil: nothing, and
	// then nothing is proven.
	Last Last
}

// Decision is what is done with a row and why.
type Decision struct {
	Action Action
	Reason Reason
}

// Totals sum a plan up.
type Totals struct {
	Copies  [2]int   // files to the side
	Bytes   [2]int64 // of them
	Folders [2]int   // made at the side
	Deletes [2]int   // files and folders deleted at the side
	Same    int      // files
	// Undecided are conflicts, Skipped what is left as it is.
	Undecided, Skipped int
}

// Work reports whether anything is to be done.
func (t Totals) Work() bool {
	return t.Copies != [2]int{} || t.Folders != [2]int{} || t.Deletes != [2]int{}
}

// Plan is what is to be done with every name. It is immutable.
type Plan struct {
	Scan      *Scan
	Options   PlanOptions
	decisions []Decision
	totals    Totals
}

// Plan decides about every name.
func (s *Scan) Plan(o PlanOptions) *Plan {
	if o.Direction == "" {
		o.Direction = RightLikeLeft
	}
	p := &Plan{Scan: s, Options: o, decisions: make([]Decision, len(s.Rows))}
	for i := range s.Rows {
		p.decisions[i] = s.decide(&s.Rows[i], o)
	}
	p.settle()
	return p
}

// At gives the decision about row i.
func (p *Plan) At(i int) Decision { return p.decisions[i] }

// Totals sum the plan up.
func (p *Plan) Totals() Totals { return p.totals }

// MaxDeletes is how many deletes on a side need no second yes: 20, or a tenth
// of the files there.
func (p *Plan) MaxDeletes(s Side) int { return max(20, p.Scan.Files[s]/10) }

// ManyDeletes reports whether a second yes is needed.
func (p *Plan) ManyDeletes() bool {
	return p.totals.Deletes[Left] > p.MaxDeletes(Left) || p.totals.Deletes[Right] > p.MaxDeletes(Right)
}

// Choices are the actions that row i may be given, the one of most use first.
func (p *Plan) Choices(i int) []Action {
	r := &p.Scan.Rows[i]
	if r.note != "" && r.note != Link {
		return []Action{Skip}
	}
	side, only := r.only()
	switch {
	case r.note == Link || only && odd(r.Entry[side]):
		if only && p.Scan.Complete() { // the link goes, not what it leads to
			return []Action{Skip, remove(side)}
		}
		return []Action{Skip}
	case !only:
		return []Action{ToRight, ToLeft, Skip}
	case !p.Scan.Complete():
		return []Action{to(side.Other()), Skip}
	}
	return []Action{to(side.Other()), Skip, remove(side)}
}

// With gives a plan with other actions for some rows; what is no choice of a
// row is passed over. A folder takes what is in it along.
func (p *Plan) With(change map[int]Action) *Plan {
	next := &Plan{Scan: p.Scan, Options: p.Options, decisions: append([]Decision(nil), p.decisions...)}
	rows := p.Scan.Rows
	for _, i := range slices.Sorted(maps.Keys(change)) { // a folder before what is in it
		if i < 0 || i >= len(rows) {
			continue
		}
		for k := i; k < rows[i].End; k++ {
			if k == i || rows[i].IsDir() {
				next.set(k, change[i])
			}
		}
	}
	var above []int // the folders that the row lies in
	for i := range rows {
		for len(above) > 0 && rows[above[len(above)-1]].End <= i {
			above = above[:len(above)-1]
		}
		if a, ok := change[i]; ok && a.Copies() && next.decisions[i].Action == a {
			for _, k := range above {
				next.set(k, a) // they are made for what goes into them
			}
		}
		if rows[i].End > i+1 {
			above = append(above, i)
		}
	}
	next.settle()
	return next
}

// Proposed gives a plan in which rows have the action again that was proposed.
func (p *Plan) Proposed(rows []int) *Plan {
	next := &Plan{Scan: p.Scan, Options: p.Options, decisions: append([]Decision(nil), p.decisions...)}
	for _, i := range rows {
		for k := i; k < p.Scan.Rows[i].End; k++ {
			next.decisions[k] = p.Scan.decide(&p.Scan.Rows[k], p.Options)
		}
	}
	next.settle()
	return next
}

func (p *Plan) set(i int, a Action) {
	for _, c := range p.Choices(i) {
		if c == a {
			p.decisions[i].Action = a
		}
	}
}

// Next is the choice after the present one of row i.
func (p *Plan) Next(i int) Action {
	choices := p.Choices(i)
	for k, c := range choices {
		if c == p.decisions[i].Action {
			return choices[(k+1)%len(choices)]
		}
	}
	return choices[0]
}

// settle makes deletes possible (a folder that keeps something stays) and adds
// the totals up.
func (p *Plan) settle() {
	rows := p.Scan.Rows
	for i := len(rows) - 1; i >= 0; i-- {
		d := &p.decisions[i]
		if !d.Action.Deletes() || !rows[i].IsDir() {
			continue
		}
		wanted := d.Action
		for k := i + 1; k < rows[i].End; k++ {
			switch a := p.decisions[k].Action; {
			case a == to(wanted.Target().Other()): // it is needed across, too
				*d = Decision{a, KeptFull}
			case a != wanted && d.Action == wanted:
				*d = Decision{Skip, KeptFull}
			}
		}
	}
	p.totals = Totals{}
	for i := range rows {
		p.totals.add(p.decisions[i].Action, &rows[i])
	}
}

// add counts one row.
func (t *Totals) add(a Action, r *Row) {
	switch {
	case a.Copies() && r.IsDir():
		t.Folders[a.Target()]++
	case a.Copies():
		t.Copies[a.Target()]++
		t.Bytes[a.Target()] += r.Size(a.Target().Other())
	case a.Deletes():
		t.Deletes[a.Target()]++
	case a == Undecided:
		t.Undecided++
	case a == Skip:
		t.Skipped++
	default:
		t.Same++
	}
}

// decide judges one row.
func (s *Scan) decide(r *Row, o PlanOptions) Decision {
	side, only := r.only()
	switch {
	case r.note == TypeDiffers, r.note == Twin:
		return Decision{Undecided, r.note}
	case only && (r.note == Link || r.note == "" && odd(r.Entry[side])):
		if o.Deletes == DeleteExtra && r.note == Link && o.source() == side.Other() && s.Complete() {
			return Decision{remove(side), reasonOnly(side)}
		}
		return Decision{Skip, r.note}
	case r.note != "":
		return Decision{Skip, r.note}
	case only && o.Direction == BothWays:
		return s.onlyBoth(r, side, o)
	case only:
		return s.onlyOneWay(r, side, o)
	}
	now := s.relate(r, o)
	if now == Same || now == SameHour {
		return Decision{None, now}
	}
	if o.Direction == BothWays {
		return s.differBoth(r, now, o)
	}
	target := o.source().Other()
	if o.OnlyNewer && now == newer(target) {
		if was, ok := o.Last[r.Key()]; ok && was.same(target, r.Entry[target]) {
			return Decision{to(target), changed(target.Other())} // an older version was put back
		}
		return Decision{Skip, now}
	}
	return Decision{to(target), now}
}

// source is the side that the other is made like; both ways: none.
func (o PlanOptions) source() Side {
	switch o.Direction {
	case RightLikeLeft:
		return Left
	case LeftLikeRight:
		return Right
	}
	return -1
}

func newer(s Side) Reason      { return [2]Reason{NewerLeft, NewerRight}[s] }
func reasonOnly(s Side) Reason { return [2]Reason{OnlyLeft, OnlyRight}[s] }
func gone(s Side) Reason       { return [2]Reason{GoneLeft, GoneRight}[s] }
func changed(s Side) Reason    { return [2]Reason{ChangedLeft, ChangedRight}[s] }

// relate says how two files of one name stand to each other.
func (s *Scan) relate(r *Row, o PlanOptions) Reason {
	l, rt := r.Entry[Left], r.Entry[Right]
	sizes := files.SameSize(*l, *rt)
	if r.hashed && r.equal {
		return Same
	}
	when := unknown
	if !o.IgnoreTimes {
		when = compareTimes(l, rt, s.Shift)
	}
	if sizes && !r.hashed {
		switch {
		case when == hourApart:
			return SameHour
		case when == unknown, when == equal:
			return Same
		case when == leftNewer && !s.keeps[Left], when == rightNewer && !s.keeps[Right]:
			// A side that cannot keep times shows when the copy was made.
			return Same
		}
	}
	switch {
	case when == leftNewer, when == hourApart && l.ModTime.After(rt.ModTime):
		return NewerLeft
	case when == rightNewer, when == hourApart:
		return NewerRight
	case r.hashed && sizes:
		return Content
	}
	return SizeDiffers
}

func (s *Scan) onlyOneWay(r *Row, side Side, o PlanOptions) Decision {
	if side == o.source() {
		return Decision{to(side.Other()), reasonOnly(side)}
	}
	switch o.Deletes {
	case DeleteExtra:
		if s.Complete() {
			return Decision{remove(side), reasonOnly(side)}
		}
	case DeleteProven:
		if was, ok := o.Last[r.Key()]; ok && s.Complete() && was.same(side, r.Entry[side]) {
			return Decision{remove(side), gone(side.Other())}
		}
	}
	return Decision{Skip, reasonOnly(side)}
}

func (s *Scan) onlyBoth(r *Row, side Side, o PlanOptions) Decision {
	was, ok := o.Last[r.Key()]
	switch {
	case !ok:
		return Decision{to(side.Other()), reasonOnly(side)}
	case !s.Complete():
		// It may be among the names that were not understood.
		return Decision{Skip, reasonOnly(side)}
	case was.same(side, r.Entry[side]):
		return Decision{remove(side), gone(side.Other())}
	}
	return Decision{Undecided, ChangedGone}
}

// differBoth decides about files that differ, both ways: what changed since the
// last time wins; without a last time, or if that tells nothing, the newer one.
func (s *Scan) differBoth(r *Row, now Reason, o PlanOptions) Decision {
	if was, ok := o.Last[r.Key()]; ok {
		l, rt := was.same(Left, r.Entry[Left]), was.same(Right, r.Entry[Right])
		switch {
		case l && rt && !(r.hashed && !r.equal):
			return Decision{None, Same}
		case l && !rt:
			return Decision{ToLeft, changed(Right)}
		case rt && !l:
			return Decision{ToRight, changed(Left)}
		case !l && !rt:
			return Decision{Undecided, BothChanged}
		}
	}
	switch now {
	case NewerLeft:
		return Decision{ToRight, now}
	case NewerRight:
		return Decision{ToLeft, now}
	}
	return Decision{Undecided, now}
}

// Last is what two folders held when they were made alike last: by Row.Key.
type Last map[string]Record

// Record is one name that both folders held.
type Record struct {
	Dir  bool
	Size [2]int64
	// Time is in seconds since 1970, 0 unknown. Until a listing has told a time,
	// any will do.
	Time [2]int64
}

// record makes the Record of two entries.
func record(l, r *files.Entry) Record {
	rec := Record{Dir: l.Type == files.Dir}
	for side, e := range [2]*files.Entry{l, r} {
		rec.Size[side] = e.Size
		if !e.ModTime.IsZero() && !rec.Dir {
			rec.Time[side] = e.ModTime.Unix()
		}
	}
	return rec
}

// same reports whether an entry is what it was.
func (r Record) same(side Side, e *files.Entry) bool {
	if r.Dir || e.Type == files.Dir {
		return r.Dir == (e.Type == files.Dir)
	}
	timeless := r.Time[side] == 0 || e.ModTime.IsZero()
	about := e.Rounded || r.Size[side] < 0 && !timeless
	if r.Size[side] != e.Size && (!about || !files.SameSize(files.Entry{Size: r.Size[side]}, *e)) {
		return false
	}
	if timeless {
		return true
	}
	d := e.ModTime.Unix() - r.Time[side]
	if d < 0 {
		d = -d
	}
	t := int64(tolerance(e, e).Seconds())
	// A listing of an hour ago may have been read in another summer time.
	return d <= t || d >= 3600-t && d <= 3600+t
}

// Records are the names that both sides hold alike, to be remembered.
func (p *Plan) Records() Last {
	out := make(Last, len(p.Scan.Rows)+len(p.Scan.both))
	for _, dir := range p.Scan.both {
		out[strings.Join(dir, "/")] = Record{Dir: true}
	}
	for i := range p.Scan.Rows {
		r := &p.Scan.Rows[i]
		if p.decisions[i].Action == None && r.Entry[Left] != nil && r.Entry[Right] != nil {
			out[r.Key()] = record(r.Entry[Left], r.Entry[Right])
		}
	}
	return out
}
