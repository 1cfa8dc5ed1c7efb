package fetch

import (
	"context"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"guichet/services/fault"
	"guichet/services/store"
)

// HSTSSchema is the table that OpenHSTS expects; times are Unix seconds.
const HSTSSchema = `
CREATE TABLE hsts (host TEXT PRIMARY KEY, below INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
`

// Policy is what a host asked for: HTTPS only, for a time (RFC 6797).
type Policy struct {
	Host  string
	Below bool // includeSubDomains
	Until time.Time
}

// HSTS remembers which hosts are to be reached by HTTPS only. It is safe for
// concurrent use.
type HSTS struct {
	keep  func(Policy) // a Policy with a zero Until is to be forgotten
	now   func() time.Time
	mu    sync.Mutex
	hosts map[string]Policy
}

const maxHSTS = 20_000

// NewHSTS makes one with what was kept; keep may be nil.
func NewHSTS(kept []Policy, keep func(Policy), now func() time.Time) *HSTS {
	h := &HSTS{keep: keep, now: now, hosts: map[string]Policy{}}
	for _, p := range kept {
		h.hosts[p.Host] = p
	}
	return h
}

// OpenHSTS makes one that keeps its hosts in db.
func OpenHSTS(ctx context.Context, db *store.DB, now func() time.Time) (*HSTS, error) {
	rows, err := db.Read().QueryContext(ctx, "SELECT host, below, until FROM hsts WHERE until > ?", now().Unix())
	if err != nil {
		return nil, fault.From("read hosts", "", err)
	}
	defer rows.Close()
	var kept []Policy
	for rows.Next() {
		var p Policy
		var until int64
		if err := rows.Scan(&p.Host, &p.Below, &until); err != nil {
			return nil, fault.From("read hosts", "", err)
		}
		p.Until = time.Unix(until, 0)
		kept = append(kept, p)
	}
	if err := rows.Err(); err != nil {
		return nil, fault.From("read hosts", "", err)
	}
	report := func(err error) {
		if err != nil {
			slog.Warn("keeping a host's policy", "err", err)
		}
	}
	return NewHSTS(kept, func(p Policy) {
		if p.Until.IsZero() {
			db.Later(report, "DELETE FROM hsts WHERE host = ?", p.Host)
			return
		}
		db.Later(report, "INSERT OR REPLACE INTO hsts (host, below, until) VALUES (?, ?, ?)", p.Host, p.Below, p.Until.Unix())
	}, now), nil
}

// Known reports whether host is to be reached by HTTPS only.
func (h *HSTS) Known(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	for name, exact := host, true; name != ""; exact = false {
		if p, ok := h.hosts[name]; ok && p.Until.After(now) && (exact || p.Below) {
			return true
		}
		_, rest, found := strings.Cut(name, ".")
		if !found {
			return false
		}
		name = rest
	}
	return false
}

// Learn takes a Strict-Transport-Security header that came by verified TLS
// (RFC 6797, sections 6.1 and 8.1).
func (h *HSTS) Learn(host, header string) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if header == "" || net.ParseIP(host) != nil {
		return
	}
	age, below := int64(-1), false
	for _, d := range strings.Split(header, ";") {
		name, value, _ := strings.Cut(d, "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "max-age":
			n, err := strconv.ParseInt(strings.Trim(strings.TrimSpace(value), `"`), 10, 64)
			if err != nil || n < 0 || age >= 0 {
				return
			}
			age = n
		case "includesubdomains":
			below = true
		}
	}
	if age < 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	old, known := h.hosts[host]
	if age == 0 {
		delete(h.hosts, host)
		if known && h.keep != nil {
			h.keep(Policy{Host: host})
		}
		return
	}
	if !known && len(h.hosts) >= maxHSTS {
		return
	}
	// Two years are enough for anybody; a day's difference is not worth a write.
	p := Policy{Host: host, Below: below, Until: h.now().Add(time.Duration(min(age, 2*365*24*3600)) * time.Second)}
	h.hosts[host] = p
	if h.keep != nil && (!known || old.Below != below || p.Until.Sub(old.Until).Abs() > 24*time.Hour) {
		h.keep(p)
	}
}
