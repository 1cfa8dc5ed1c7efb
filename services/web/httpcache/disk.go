package httpcache

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"guichet/services/fault"
	"guichet/services/store"
)

// Params are what a Cache is made of.
type Params struct {
	Path     string // of the database file
	Limit    int64  // bytes of all bodies; 0: 256 MB
	MaxEntry int64  // bytes of one body; 0: 8 MB
	Now      func() time.Time
}

// Cache is a cache on the disk. It is safe for concurrent use.
type Cache struct {
	p  Params
	db *store.DB
}

// overhead is what an entry costs beside its body, so that many small ones count.
const overhead = 1024

const schema store.Migration = `
CREATE TABLE entry (
	id INTEGER PRIMARY KEY, key TEXT NOT NULL, status INTEGER NOT NULL, header TEXT NOT NULL, vary TEXT NOT NULL,
	requested INTEGER NOT NULL, received INTEGER NOT NULL, size INTEGER NOT NULL, used INTEGER NOT NULL
);
CREATE INDEX entry_key ON entry (key);
CREATE INDEX entry_used ON entry (used);
CREATE TABLE body (id INTEGER PRIMARY KEY REFERENCES entry (id) ON DELETE CASCADE, data BLOB NOT NULL);
CREATE TABLE total (bytes INTEGER NOT NULL);
INSERT INTO total VALUES (0);
CREATE TRIGGER entry_in AFTER INSERT ON entry BEGIN UPDATE total SET bytes = bytes + new.size + 1024; END;
CREATE TRIGGER entry_out AFTER DELETE ON entry BEGIN UPDATE total SET bytes = bytes - old.size - 1024; END;
`

// entry is a stored response.
type entry struct {
	id                  int64
	key                 string
	status              int
	header              http.Header
	vary                map[string]string
	requested, received time.Time
	size                int64
}

// Open opens or makes the cache.
func Open(p Params) (*Cache, error) {
	if p.Limit == 0 {
		p.Limit = 256 << 20
	}
	if p.MaxEntry == 0 {
		p.MaxEntry = 8 << 20
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	db, err := store.Open(store.Params{Path: p.Path, Migrations: []store.Migration{schema}, Cache: true})
	if err != nil {
		return nil, err
	}
	return &Cache{p: p, db: db}, nil
}

// Close stores what is waiting and closes the file.
func (c *Cache) Close() error { return c.db.Close() }

// find gives the newest stored response that answers the request, nil for none.
func (c *Cache) find(ctx context.Context, key string, req *http.Request) (*entry, error) {
	rows, err := c.db.Read().QueryContext(ctx,
		"SELECT id, status, header, vary, requested, received, size FROM entry WHERE key = ? ORDER BY received DESC, id DESC LIMIT 20", key)
	if err != nil {
		return nil, fault.From("read cache", "", err)
	}
	defer rows.Close()
	for rows.Next() {
		e := &entry{key: key}
		var header, vary string
		var requested, received int64
		if err := rows.Scan(&e.id, &e.status, &header, &vary, &requested, &received, &e.size); err != nil {
			return nil, fault.From("read cache", "", err)
		}
		if err := errors.Join(json.Unmarshal([]byte(header), &e.header), json.Unmarshal([]byte(vary), &e.vary)); err != nil {
			return nil, fault.New(fault.Damaged, "read cache", "", err)
		}
		e.requested, e.received = time.UnixMilli(requested), time.UnixMilli(received)
		if e.matches(req) {
			return e, nil
		}
	}
	return nil, rows.Err()
}

func (c *Cache) body(ctx context.Context, e *entry) ([]byte, error) {
	var data []byte
	if err := c.db.Read().QueryRowContext(ctx, "SELECT data FROM body WHERE id = ?", e.id).Scan(&data); err != nil {
		return nil, fault.New(fault.Damaged, "read cache", "", err)
	}
	return data, nil
}

// insert stores a response in place of the one with the same variant and makes
// room for it.
func (c *Cache) insert(e *entry, body []byte) {
	header, herr := json.Marshal(e.header)
	vary, verr := json.Marshal(e.vary)
	if err := errors.Join(herr, verr); err != nil {
		slog.Warn("writing the cache", "err", err)
		return
	}
	err := c.db.Write(context.Background(), func(tx *sql.Tx) error {
		if _, err := tx.Exec("DELETE FROM entry WHERE key = ? AND vary = ?", e.key, string(vary)); err != nil {
			return err
		}
		res, err := tx.Exec("INSERT INTO entry (key, status, header, vary, requested, received, size, used) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			e.key, e.status, string(header), string(vary), e.requested.UnixMilli(), e.received.UnixMilli(), e.size, e.received.UnixMilli())
		if err != nil {
			return err
		}
		if e.id, err = res.LastInsertId(); err != nil {
			return err
		}
		if body == nil {
			body = []byte{}
		}
		if _, err := tx.Exec("INSERT INTO body (id, data) VALUES (?, ?)", e.id, body); err != nil {
			return err
		}
		return c.makeRoom(tx)
	})
	if err != nil {
		slog.Warn("writing the cache", "err", err)
	}
}

// makeRoom deletes what was used longest ago until a tenth of the limit is free.
func (c *Cache) makeRoom(tx *sql.Tx) error {
	var total int64
	if err := tx.QueryRow("SELECT bytes FROM total").Scan(&total); err != nil || total <= c.p.Limit {
		return err
	}
	rows, err := tx.Query("SELECT id, size FROM entry ORDER BY used, id")
	if err != nil {
		return err
	}
	defer rows.Close()
	var ids []int64
	for total > c.p.Limit/10*9 && rows.Next() {
		var id, size int64
		if err := rows.Scan(&id, &size); err != nil {
			return err
		}
		ids = append(ids, id)
		total -= size + overhead
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := tx.Exec("DELETE FROM entry WHERE id = ?", id); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cache) later(query string, args ...any) {
	c.db.Later(func(err error) {
		if err != nil {
			slog.Warn("writing the cache", "err", err)
		}
	}, query, args...)
}

func (c *Cache) touch(e *entry) {
	c.later("UPDATE entry SET used = ? WHERE id = ?", c.p.Now().UnixMilli(), e.id)
}

func (c *Cache) refresh(e *entry) {
	header, err := json.Marshal(e.header)
	if err != nil {
		slog.Warn("writing the cache", "err", err)
		return
	}
	c.later("UPDATE entry SET header = ?, requested = ?, received = ? WHERE id = ?",
		string(header), e.requested.UnixMilli(), e.received.UnixMilli(), e.id)
}

func (c *Cache) drop(key string) { c.later("DELETE FROM entry WHERE key = ?", key) }

func (c *Cache) clear(ctx context.Context) error { return c.db.Exec(ctx, "DELETE FROM entry") }

// Bytes is what the stored bodies take.
func (c *Cache) Bytes(ctx context.Context) (int64, error) {
	var total int64
	err := c.db.Read().QueryRowContext(ctx, "SELECT bytes FROM total").Scan(&total)
	return total, fault.OrNil("read cache", err)
}
