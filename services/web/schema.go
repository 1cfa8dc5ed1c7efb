package web

import (
	"guichet/services/store"
	"guichet/services/web/cookies"
	"guichet/services/web/fetch"
)

// migrations of web.db. Times are Unix milliseconds but where a table says
// otherwise.
var migrations = []store.Migration{
	// page.rank orders pages by use: it is the time at which a single visit would
	// count as much as all visits of the page together, each losing half its
	// weight in halfLife. It needs no upkeep as time goes by.
	`
CREATE TABLE page (
	id INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, title TEXT NOT NULL, visits INTEGER NOT NULL,
	last INTEGER NOT NULL, rank REAL NOT NULL
);
CREATE INDEX page_rank ON page (rank DESC);
CREATE INDEX page_last ON page (last DESC);
CREATE TABLE visit (
	id INTEGER PRIMARY KEY, page INTEGER NOT NULL REFERENCES page (id) ON DELETE CASCADE, at INTEGER NOT NULL
);
CREATE INDEX visit_at ON visit (at DESC);
CREATE INDEX visit_page ON visit (page);
CREATE VIRTUAL TABLE page_words USING fts5 (
	title, url, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2', prefix='1 2 3'
);
CREATE TABLE bookmark (
	id INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, title TEXT NOT NULL, added INTEGER NOT NULL, position REAL NOT NULL
);
CREATE TABLE zoom (site TEXT PRIMARY KEY, factor REAL NOT NULL) WITHOUT ROWID;
` + cookies.Schema + fetch.HSTSSchema,
}
