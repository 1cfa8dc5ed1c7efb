package web

import (
	"context"
	"database/sql"
	"errors"
	"hash/fnv"
	"log/slog"
	"math"
	"net/url"
	"sync"
	"time"

	"fyne.io/fyne/v2/data/binding"

	"guichet/services/fault"
)

// Visit is a page at a time.
type Visit struct {
	ID    int64 // for DeleteVisits; in Lately it is the page's
	URL   string
	Title string
	At    time.Time
}

// HistoryList is a part of the history: newest first. It is immutable.
type HistoryList struct {
	Version uint64
	Query   string
	Visits  []Visit
	// More is set where there are older ones.
	More bool
	// Err is the fault that kept the history from being read.
	Err error
}

type historyQuery struct {
	text  string
	limit int
	asked bool
}

const (
	halfLife    = 30 * 24 * time.Hour // in which a visit loses half its weight
	typedWeight = 3                   // of a visit by a typed address, against one by a link
	maxAddress  = 4096                // longer addresses are not remembered
	maxTitle    = 500
	latelyCount = 12
)

// ranked adds a visit of a weight at a time to a rank. Ranks are in days.
func ranked(rank float64, known bool, at time.Time, weight float64) float64 {
	t, h := days(at), halfLife.Hours()/24
	if !known {
		return t + h*math.Log2(weight)
	}
	return t + h*math.Log2(math.Exp2((rank-t)/h)+weight)
}

func days(t time.Time) float64 { return float64(t.UnixMilli()) / 86_400_000 }

// remember writes a visit down.
func (s *Service) remember(u *url.URL, title string, typed bool) {
	if u.Scheme != "http" && u.Scheme != "https" {
		return
	}
	address := fault.CleanURL(u)
	if len(address) > maxAddress {
		return
	}
	if title == "" {
		title = u.Host
	}
	title = clip(title, maxTitle)
	now := s.p.Now()
	weight := 1.0
	if typed {
		weight = typedWeight
	}
	s.mu.Lock()
	s.visited[hashOf(address)] = struct{}{}
	s.mu.Unlock()
	s.group.Go("remember visit", func(context.Context) {
		// A visit is written even if the program ends right now.
		err := s.db.Write(context.Background(), func(tx *sql.Tx) error { return writeVisit(tx, address, title, now, weight) })
		if err != nil {
			slog.Warn("remembering a visit", "err", err)
		}
		s.historyChanged()
	})
}

func writeVisit(tx *sql.Tx, address, title string, now time.Time, weight float64) error {
	var id int64
	var old string
	var rank float64
	err := tx.QueryRow("SELECT id, title, rank FROM page WHERE url = ?", address).Scan(&id, &old, &rank)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		res, err := tx.Exec("INSERT INTO page (url, title, visits, last, rank) VALUES (?, ?, 1, ?, ?)",
			address, title, now.UnixMilli(), ranked(0, false, now, weight))
		if err != nil {
			return err
		}
		if id, err = res.LastInsertId(); err != nil {
			return err
		}
		if err := index(tx, id, title, address); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		if _, err := tx.Exec("UPDATE page SET title = ?, visits = visits + 1, last = max(last, ?), rank = ? WHERE id = ?",
			title, now.UnixMilli(), ranked(rank, true, now, weight), id); err != nil {
			return err
		}
		if old != title {
			if err := index(tx, id, title, address); err != nil {
				return err
			}
		}
	}
	_, err = tx.Exec("INSERT INTO visit (page, at) VALUES (?, ?)", id, now.UnixMilli())
	return err
}

func index(tx *sql.Tx, id int64, title, address string) error {
	_, err := tx.Exec("INSERT OR REPLACE INTO page_words (rowid, title, url) VALUES (?, ?, ?)", id, title, searchable(address))
	return err
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

func hashOf(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// wasVisited reports whether an address is in the history, for the colour of
// links. Until the history has been read, none is.
func (s *Service) wasVisited(address string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.visited[hashOf(address)]
	return ok
}

// readVisited fills the set that wasVisited asks.
func (s *Service) readVisited(ctx context.Context) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT url FROM page")
	if err != nil {
		slog.Warn("reading the history", "err", err)
		return
	}
	defer rows.Close()
	var address string
	for rows.Next() {
		if err := rows.Scan(&address); err != nil {
			slog.Warn("reading the history", "err", err)
			return
		}
		s.mu.Lock()
		s.visited[hashOf(address)] = struct{}{}
		s.mu.Unlock()
	}
	if err := rows.Err(); err != nil && ctx.Err() == nil {
		slog.Warn("reading the history", "err", err)
	}
}

// newest publishes lists in the order in which they were asked for: a slow read
// does not replace what came after it.
type newest struct {
	mu   sync.Mutex
	last uint64
}

func (n *newest) set(item binding.Item[*HistoryList], l *HistoryList) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if l.Version > n.last {
		n.last = l.Version
		set(item, l)
	}
}

// historyChanged publishes what shows the history anew.
func (s *Service) historyChanged() {
	s.hot.invalidate()
	s.latelySlot.Start("read lately", func(ctx context.Context, current func() bool) {
		l, err := s.readLately(ctx)
		if err != nil {
			if ctx.Err() == nil {
				slog.Warn("reading the history", "err", err)
			}
			return
		}
		if current() {
			s.latelyOut.set(s.Lately, l)
		}
	})
	s.mu.Lock()
	q := s.shown
	s.mu.Unlock()
	if q.asked {
		s.ShowHistory(q.text, q.limit)
	}
}

func (s *Service) readLately(ctx context.Context) (*HistoryList, error) {
	l := &HistoryList{Version: s.version.Add(1)}
	return l, s.readVisits(ctx, l, "SELECT id, url, title, last FROM page ORDER BY last DESC, id DESC LIMIT ?", latelyCount)
}

func (s *Service) readVisits(ctx context.Context, l *HistoryList, query string, args ...any) error {
	rows, err := s.db.Read().QueryContext(ctx, query, args...)
	if err != nil {
		return fault.From("read history", "", err)
	}
	defer rows.Close()
	for rows.Next() {
		var v Visit
		var at int64
		if err := rows.Scan(&v.ID, &v.URL, &v.Title, &at); err != nil {
			return fault.From("read history", "", err)
		}
		v.At = time.UnixMilli(at)
		l.Visits = append(l.Visits, v)
	}
	return fault.OrNil("read history", rows.Err())
}

// ShowHistory publishes the visits that match query (all where it is empty),
// the newest limit of them, in History, now and whenever they change, until
// HideHistory.
func (s *Service) ShowHistory(query string, limit int) {
	s.mu.Lock()
	s.shown = historyQuery{query, limit, true}
	s.mu.Unlock()
	s.historySlot.Start("read history", func(ctx context.Context, current func() bool) {
		l := &HistoryList{Version: s.version.Add(1), Query: query}
		var err error
		if words := wordsOf(query); len(words) == 0 {
			err = s.readVisits(ctx, l, `SELECT v.id, p.url, p.title, v.at FROM visit v JOIN page p ON p.id = v.page
				ORDER BY v.at DESC, v.id DESC LIMIT ?`, limit+1)
		} else {
			err = s.readVisits(ctx, l, `SELECT v.id, p.url, p.title, v.at FROM visit v JOIN page p ON p.id = v.page
				WHERE p.id IN (SELECT rowid FROM page_words WHERE page_words MATCH ?)
				ORDER BY v.at DESC, v.id DESC LIMIT ?`, match(words), limit+1)
		}
		if err != nil {
			l.Visits, l.Err = nil, err
		}
		if len(l.Visits) > limit {
			l.Visits, l.More = l.Visits[:limit], true
		}
		if current() {
			s.historyOut.set(s.History, l)
		}
	})
}

// HideHistory ends what ShowHistory began.
func (s *Service) HideHistory() {
	s.mu.Lock()
	s.shown = historyQuery{}
	s.mu.Unlock()
	s.historySlot.Stop()
}

// DeleteVisits forgets visits; a page without visits is forgotten too.
func (s *Service) DeleteVisits(ids ...int64) {
	s.change("forget visits", func(tx *sql.Tx) error {
		for _, id := range ids {
			if _, err := tx.Exec("DELETE FROM visit WHERE id = ?", id); err != nil {
				return err
			}
		}
		return dropUnvisited(tx)
	}, s.forgot)
}

// DeleteDay forgets all visits of a local calendar day.
func (s *Service) DeleteDay(day time.Time) {
	y, m, d := day.Date()
	from := time.Date(y, m, d, 0, 0, 0, 0, day.Location())
	s.change("forget a day", func(tx *sql.Tx) error {
		if _, err := tx.Exec("DELETE FROM visit WHERE at >= ? AND at < ?", from.UnixMilli(), from.AddDate(0, 0, 1).UnixMilli()); err != nil {
			return err
		}
		return dropUnvisited(tx)
	}, s.forgot)
}

func dropUnvisited(tx *sql.Tx) error {
	const gone = "SELECT id FROM page WHERE NOT EXISTS (SELECT 1 FROM visit WHERE visit.page = page.id)"
	if _, err := tx.Exec("DELETE FROM page_words WHERE rowid IN (" + gone + ")"); err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM page WHERE id IN (" + gone + ")"); err != nil {
		return err
	}
	// Pages that stay keep their rank: forgetting a day is not a vote.
	_, err := tx.Exec("UPDATE page SET visits = (SELECT count(*) FROM visit WHERE visit.page = page.id), last = (SELECT max(at) FROM visit WHERE visit.page = page.id)")
	return err
}

// ClearHistory forgets all visits and the cache, and where cookies is set the
// cookies and logins too.
func (s *Service) ClearHistory(cookies bool) {
	s.change("forget history", func(tx *sql.Tx) error {
		for _, q := range []string{"DELETE FROM visit", "DELETE FROM page_words", "DELETE FROM page"} {
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		return nil
	}, func() {
		if err := s.cache.Clear(context.Background()); err != nil {
			slog.Warn("clearing the cache", "err", err)
		}
		s.icons.clear()
		if cookies {
			s.jar.Clear()
		}
		s.forgot()
	})
}

// forgot follows a deletion: the colours of links and all lists.
func (s *Service) forgot() {
	s.mu.Lock()
	s.visited = map[uint64]struct{}{}
	s.mu.Unlock()
	s.readVisited(s.group.Context())
	s.historyChanged()
}

// change writes and then calls then, on a task of its own.
func (s *Service) change(name string, work func(*sql.Tx) error, then func()) {
	s.group.Go(name, func(context.Context) {
		if err := s.db.Write(context.Background(), work); err != nil {
			slog.Error("changing web data", "what", name, "err", err)
			return
		}
		then()
	})
}
