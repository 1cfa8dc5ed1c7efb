package activity

import "guichet/services/store"

// Migrations of the job table. Times are Unix milliseconds.
var migrations = []store.Migration{`
CREATE TABLE job(
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	kind TEXT NOT NULL,
	title TEXT NOT NULL,
	source TEXT NOT NULL,
	target TEXT NOT NULL,
	grp TEXT NOT NULL,
	size INTEGER NOT NULL,
	done INTEGER NOT NULL,
	items INTEGER NOT NULL,
	items_done INTEGER NOT NULL,
	state TEXT NOT NULL,
	fault TEXT,
	question TEXT,
	tries INTEGER NOT NULL DEFAULT 0,
	next_try INTEGER NOT NULL DEFAULT 0,
	spec TEXT NOT NULL,
	checkpoint TEXT,
	result TEXT,
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL
);
CREATE INDEX job_state ON job(state);
`, `
ALTER TABLE job ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
UPDATE job SET rank = id * 1024; -- rankStep
`}

// Open opens or makes the database of jobs in a file.
func Open(path string) (*store.DB, error) {
	return store.Open(store.Params{Path: path, Migrations: migrations, Durable: true})
}
