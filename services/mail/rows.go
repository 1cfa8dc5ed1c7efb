package mail

// RowSnapshot is the snapshot of Service.Rows: the opened view. It knows the ids
// of all rows; the rows themselves are read from the store by pages as they are
// asked for and kept, so that a view of 100,000 messages opens at once.
type RowSnapshot struct {
	Ref     Ref
	Query   string // of ViewSearch
	Loading bool   // more ids come: a first page of a long view, or a running search
	// Changed holds the ids whose rows differ from the snapshot before, if those
	// are all that differs (same ids in the same order); nil: refresh everything.
	Changed []int64
	Version uint64

	ids []int64
	src rowSource
}

type rowSource interface {
	row(snapshot *RowSnapshot, i int) Row
}

// Len is the number of rows.
func (r *RowSnapshot) Len() int { return len(r.ids) }

// ID gives the id of row i.
func (r *RowSnapshot) ID(i int) int64 { return r.ids[i] }

// Row gives row i; it reads a page from the local store when the row was not
// shown before (about a millisecond), never from the network. Out of range, or
// gone meanwhile, it gives a Row with only its ID.
func (r *RowSnapshot) Row(i int) Row {
	if i < 0 || i >= len(r.ids) {
		return Row{}
	}
	if r.src == nil {
		return Row{ID: r.ids[i]}
	}
	return r.src.row(r, i)
}

// Index gives the position of a row, -1 if it is not there.
func (r *RowSnapshot) Index(id int64) int {
	for i, x := range r.ids {
		if x == id {
			return i
		}
	}
	return -1
}
