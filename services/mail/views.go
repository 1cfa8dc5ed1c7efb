package mail

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"guichet/services/mail/mstore"
)

// firstPage is how many ids a view shows while the others are being read.
const firstPage = 500

// viewState is what is open; under Service.mu.
type viewState struct {
	ref           Ref
	query         string
	before        Ref // the view that an empty query goes back to
	conversations bool
	version       uint64
	changed       []int64 // messages that changed since the last snapshot
	// epoch counts the times when everything may have changed; shown is the epoch
	// of the last snapshot.
	epoch, shown uint64
}

func (v *viewState) dirty(ids []int64) {
	if ids == nil {
		v.epoch++
	}
	if v.changed = append(v.changed, ids...); len(v.changed) > 2000 {
		v.epoch++
		v.changed = nil
	}
}

func (v viewState) store() mstore.View {
	return mstore.View{Kind: string(v.ref.Kind), ID: v.ref.ID, Conversations: v.conversations}
}

// OpenFolder opens a view into Rows and returns at once.
func (s *Service) OpenFolder(ref Ref) { s.open(ref, "") }

// OpenThread opens one conversation into Rows, oldest first.
func (s *Service) OpenThread(thread int64) { s.open(Ref{Kind: ViewThread, ID: thread}, "") }

// Search opens the result of a query into Rows; an older query is cancelled. It
// is called for every keystroke. An empty query goes back to the view before.
func (s *Service) Search(query string) {
	if strings.TrimSpace(query) == "" {
		s.mu.Lock()
		back := s.view.before
		was := s.view.ref.Kind
		s.mu.Unlock()
		if was == ViewSearch {
			s.open(back, "")
		}
		return
	}
	s.open(Ref{Kind: ViewSearch}, query)
}

// SetConversations says whether lists show conversations (the default) or single
// messages. In a list of conversations an action on a row means all messages of
// the conversation in that mailbox.
func (s *Service) SetConversations(on bool) {
	s.mu.Lock()
	s.view.conversations = on
	s.view.epoch++
	s.mu.Unlock()
	s.reloadView()
}

func (s *Service) open(ref Ref, query string) {
	s.mu.Lock()
	if ref.Kind == ViewSearch && s.view.ref.Kind != ViewSearch {
		s.view.before = s.view.ref
	}
	s.view.ref, s.view.query = ref, query
	s.view.epoch++
	s.mu.Unlock()
	s.reloadView()
}

// reloadView reads the ids of the open view in the background; of a long one the
// first page is shown before.
func (s *Service) reloadView() {
	s.mu.Lock()
	v := s.view
	s.mu.Unlock()
	if v.ref.Kind == ViewNone {
		return
	}
	s.viewSlot.Start("mail rows", func(ctx context.Context, current func() bool) {
		last := get(s.Rows)
		same := last.Ref == v.ref && last.Query == v.query && !last.Loading
		snap := func(ids []int64, loading bool) {
			if !current() {
				return
			}
			s.mu.Lock()
			s.view.version++
			version := s.view.version
			s.view.shown = v.epoch
			s.view.changed = s.view.changed[min(len(v.changed), len(s.view.changed)):]
			s.mu.Unlock()
			n := &RowSnapshot{Ref: v.ref, Query: v.query, Loading: loading, Version: version, ids: ids}
			src := &rows{s: s, view: v, byID: map[int64]Row{}}
			n.src = src
			if same && v.epoch == v.shown && slices.Equal(ids, last.ids) {
				n.Changed = append([]int64{}, v.changed...)
				if old, ok := last.src.(*rows); ok && old.view.conversations == v.conversations {
					src.inherit(old, v.changed)
				}
			}
			set(s.Rows, n)
		}
		if v.ref.Kind == ViewSearch {
			s.search(ctx, v, snap)
			return
		}
		if !same {
			ids, err := s.db.IDs(ctx, v.store(), firstPage)
			if err != nil {
				s.viewFailed(ctx, err)
				return
			}
			if snap(ids, len(ids) == firstPage); len(ids) < firstPage {
				return
			}
		}
		ids, err := s.db.IDs(ctx, v.store(), 0)
		if err != nil {
			s.viewFailed(ctx, err)
			return
		}
		snap(ids, false)
	})
}

func (s *Service) viewFailed(ctx context.Context, err error) {
	if ctx.Err() == nil {
		slog.Error("mail view", "err", err)
		s.refreshSoon(nil) // the slot's next run tries again
	}
}

// search publishes the first hits at once and all of them when they are known.
func (s *Service) search(ctx context.Context, v viewState, snap func([]int64, bool)) {
	q := mstore.ParseQuery(v.query, s.now())
	ids, err := s.db.Search(ctx, q, searchPage)
	if err != nil {
		s.viewFailed(ctx, err)
		return
	}
	if len(ids) < searchPage {
		snap(ids, false)
		return
	}
	snap(ids, true)
	if ids, err = s.db.Search(ctx, q, searchLimit); err != nil {
		s.viewFailed(ctx, err)
		return
	}
	snap(ids, false)
}

const (
	searchPage  = 50
	searchLimit = 5000
)

// rowPage is how many rows are read at once.
const rowPage = 40

// rows reads and keeps the rows of a snapshot.
type rows struct {
	s    *Service
	view viewState
	mu   sync.Mutex
	byID map[int64]Row
}

func (r *rows) inherit(old *rows, changed []int64) {
	old.mu.Lock()
	defer old.mu.Unlock()
	drop := map[int64]bool{}
	threads := map[int64]bool{}
	for _, id := range changed {
		drop[id] = true
		if row, ok := old.byID[id]; ok {
			threads[row.Thread] = true
		}
	}
	for id, row := range old.byID {
		if !drop[id] && !threads[row.Thread] {
			r.byID[id] = row
		}
	}
}

func (r *rows) row(snap *RowSnapshot, i int) Row {
	id := snap.ids[i]
	r.mu.Lock()
	defer r.mu.Unlock()
	if row, ok := r.byID[id]; ok {
		return row
	}
	from := i / rowPage * rowPage
	var ids []int64
	for _, x := range snap.ids[from:min(from+rowPage, len(snap.ids))] {
		if _, have := r.byID[x]; !have {
			ids = append(ids, x)
		}
	}
	ctx, cancel := context.WithTimeout(r.s.group.Context(), 5*time.Second)
	defer cancel()
	list, err := r.s.rowsOf(ctx, ids, r.view)
	if err != nil {
		if ctx.Err() == nil {
			slog.Error("mail rows", "err", err)
		}
		return Row{ID: id}
	}
	for _, x := range ids {
		r.byID[x] = Row{ID: x} // what is gone is not asked for again
	}
	for _, row := range list {
		r.byID[row.ID] = row
	}
	return r.byID[id]
}

// rowsOf reads rows for people.
func (s *Service) rowsOf(ctx context.Context, ids []int64, v viewState) ([]Row, error) {
	list, err := s.db.Rows(ctx, ids, v.store())
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	paths := s.paths
	s.mu.Unlock()
	var found map[int64]string
	if v.ref.Kind == ViewSearch {
		if found, err = s.db.Found(ctx, ids, mstore.ParseQuery(v.query, s.now()).Terms()); err != nil {
			return nil, err
		}
	}
	out := make([]Row, 0, len(list))
	for _, m := range list {
		row := Row{
			ID: m.ID, Thread: m.Thread, Account: m.Account, From: m.FromName, FromMail: m.FromMail, Subject: m.Subject, Snippet: m.Snippet,
			Date: time.Unix(m.Date, 0), Unread: m.Unread, Flagged: m.Flags&mstore.Flagged != 0, Answered: m.Flags&mstore.Answered != 0,
			HasAttachment: m.HasAtt, Draft: m.Flags&mstore.Draft != 0, Size: m.Size, Count: m.Count, Unreadable: m.Body == mstore.BodyFailed,
		}
		if row.From == "" {
			row.From = m.FromMail
		}
		shown := v.ref.ID
		if v.ref.Kind != ViewFolder && len(m.Folders) > 0 {
			shown = m.Folders[0]
		}
		row.Mailbox = paths[shown].path
		if role := paths[shown].role; (role == RoleSent || role == RoleDrafts) && m.Rcpt != "" {
			row.From = m.Rcpt
		} else if len(m.Senders) > 1 {
			row.From = strings.Join(m.Senders, ", ")
		}
		if m.Count > 1 {
			row.Unread, row.Flagged = m.ConversationUnread, m.ConversationFlg
		}
		if line := found[m.ID]; line != "" {
			row.Snippet = line
		}
		out = append(out, row)
	}
	return out, nil
}
