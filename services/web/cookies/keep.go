package cookies

import (
	"context"
	"log/slog"
	"time"

	"guichet/services/fault"
	"guichet/services/store"
)

// Schema is the table that Open expects; times are Unix milliseconds.
const Schema = `
CREATE TABLE cookie (
	domain TEXT NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL, host_only INTEGER NOT NULL,
	value TEXT NOT NULL, secure INTEGER NOT NULL, http_only INTEGER NOT NULL, same_site TEXT NOT NULL,
	expires INTEGER NOT NULL, created INTEGER NOT NULL,
	PRIMARY KEY (domain, path, name, host_only)
) WITHOUT ROWID;
`

// Open makes a jar that keeps its cookies in db.
func Open(ctx context.Context, db *store.DB, now func() time.Time) (*Jar, error) {
	rows, err := db.Read().QueryContext(ctx,
		`SELECT domain, path, name, host_only, value, secure, http_only, same_site, expires, created FROM cookie WHERE expires > ?`,
		now().UnixMilli())
	if err != nil {
		return nil, fault.From("read cookies", "", err)
	}
	defer rows.Close()
	var kept []Cookie
	for rows.Next() {
		var c Cookie
		var expires, created int64
		if err := rows.Scan(&c.Domain, &c.Path, &c.Name, &c.HostOnly, &c.Value, &c.Secure, &c.HTTPOnly, &c.SameSite, &expires, &created); err != nil {
			return nil, fault.From("read cookies", "", err)
		}
		c.Expires, c.Created = time.UnixMilli(expires), time.UnixMilli(created)
		c.Used = c.Created
		kept = append(kept, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fault.From("read cookies", "", err)
	}
	k := &keeper{db: db}
	k.exec("DELETE FROM cookie WHERE expires <= ?", now().UnixMilli())
	return New(k, kept, now), nil
}

type keeper struct{ db *store.DB }

func (k *keeper) exec(query string, args ...any) {
	k.db.Later(func(err error) {
		if err != nil {
			slog.Warn("keeping a cookie", "err", err)
		}
	}, query, args...)
}

func (k *keeper) Put(c Cookie) {
	k.exec(`INSERT OR REPLACE INTO cookie (domain, path, name, host_only, value, secure, http_only, same_site, expires, created)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.Domain, c.Path, c.Name, c.HostOnly, c.Value, c.Secure, c.HTTPOnly, string(c.SameSite),
		c.Expires.UnixMilli(), c.Created.UnixMilli())
}

func (k *keeper) Delete(c Cookie) {
	k.exec("DELETE FROM cookie WHERE domain = ? AND path = ? AND name = ? AND host_only = ?", c.Domain, c.Path, c.Name, c.HostOnly)
}

func (k *keeper) Clear() { k.exec("DELETE FROM cookie") }
