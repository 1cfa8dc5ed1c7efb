// Package store opens Guichet's SQLite databases: WAL, foreign keys, one
// writer that batches transactions, a pool of readers, schema versions in
// user_version, and a check at start that moves a damaged file aside instead
// of throwing it away.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite": pure Go, FTS5 built in

	"guichet/services/fault"
)

// Migration brings a schema from one version to the next, inside a
// transaction. A Migration that has been released is never changed.
type Migration string

// Params says how a database is opened.
type Params struct {
	Path       string      // file; its folder must exist
	Migrations []Migration // number i takes version i to i+1
	// Durable makes every commit survive a power cut (synchronous=FULL). Without
	// it a commit survives a crash of the program, not of the computer: right
	// for caches.
	Durable bool
	// Cache marks a database that can be rebuilt from elsewhere: when damaged or
	// from a newer Guichet it is moved aside and made anew without asking.
	Cache bool
}

// DB is an open database. Its methods are safe for concurrent use.
type DB struct {
	path     string
	reader   *sql.DB
	writer   *sql.DB
	requests chan request
	closing  chan struct{}
	closed   chan struct{}
	once     sync.Once

	// Recovered is the path that a damaged file was moved to at opening, or "".
	Recovered string
}

type request struct {
	ctx  context.Context
	work func(*sql.Tx) error
	done chan error
	then func(error) // of Later
}

// finish tells whoever waits how the work ended.
func (r request) finish(err error) {
	r.done <- err
	if r.then != nil {
		r.then(err)
	}
}

// Open opens or makes the database and brings its schema up to date. Faults:
// Damaged when the file is no sound database and Params.Cache is not set (the
// file is then moved aside, and a second Open succeeds with an empty one),
// Unsupported when a newer Guichet wrote it, Full, Permission.
func Open(p Params) (*DB, error) {
	db, err := open(p)
	if err == nil {
		return db, nil
	}
	damaged := fault.Is(err, fault.Damaged)
	if !damaged && !(p.Cache && fault.Is(err, fault.Unsupported)) {
		return nil, err
	}
	aside := fmt.Sprintf("%s.damaged-%s", p.Path, time.Now().UTC().Format("20060102T150405"))
	if rerr := os.Rename(p.Path, aside); rerr != nil {
		return nil, errors.Join(err, rerr)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if rerr := os.Rename(p.Path+suffix, aside+suffix); rerr != nil && !errors.Is(rerr, os.ErrNotExist) {
			return nil, errors.Join(err, rerr)
		}
	}
	slog.Error("database moved aside", "path", p.Path, "to", aside, "err", err)
	if !p.Cache {
		return nil, err
	}
	db, err = open(p)
	if err != nil {
		return nil, err
	}
	db.Recovered = aside
	return db, nil
}

func open(p Params) (*DB, error) {
	name := filepath.Base(p.Path)
	synchronous := "NORMAL"
	if p.Durable {
		synchronous = "FULL"
	}
	dsn := func(extra string) string {
		q := "?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)&_pragma=synchronous(" +
			synchronous + ")&_pragma=temp_store(MEMORY)&_pragma=cache_size(-8000)" + extra
		return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(p.Path)}).EscapedPath()}).String() + q
	}
	writer, err := sql.Open("sqlite", dsn("&_txlock=immediate"))
	if err != nil {
		return nil, fault.New(fault.Internal, "open "+name, "", err)
	}
	writer.SetMaxOpenConns(1)
	fail := func(err error) (*DB, error) {
		writer.Close()
		return nil, classify("open "+name, err)
	}
	var sound string
	if err := writer.QueryRow("PRAGMA quick_check(1)").Scan(&sound); err != nil {
		return fail(err)
	}
	if sound != "ok" {
		return fail(fault.Newf(fault.Damaged, "open "+name, "", "quick_check: %s", sound))
	}
	if err := migrate(writer, p.Migrations); err != nil {
		return fail(err)
	}
	reader, err := sql.Open("sqlite", dsn("&_pragma=query_only(1)"))
	if err != nil {
		return fail(err)
	}
	reader.SetMaxOpenConns(max(4, runtime.NumCPU()))
	db := &DB{
		path: p.Path, reader: reader, writer: writer,
		requests: make(chan request, 256), closing: make(chan struct{}), closed: make(chan struct{}),
	}
	go db.write()
	return db, nil
}

func migrate(db *sql.DB, migrations []Migration) error {
	var version int
	if err := db.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > len(migrations) {
		return fault.Newf(fault.Unsupported, "open database", "", "schema version %d is newer than this program's %d", version, len(migrations))
	}
	for ; version < len(migrations); version++ {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		if _, err := tx.Exec(string(migrations[version])); err != nil {
			return errors.Join(fmt.Errorf("migration %d: %w", version, err), tx.Rollback())
		}
		if _, err := tx.Exec(fmt.Sprintf("PRAGMA user_version = %d", version+1)); err != nil {
			return errors.Join(err, tx.Rollback())
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	return nil
}

// Read gives the pool of readers. Long result sets are closed by the caller;
// writing through it fails.
func (db *DB) Read() *sql.DB { return db.reader }

// Path is the database's file.
func (db *DB) Path() string { return db.path }

// Write runs work in a transaction of the single writer and returns when it is
// committed. Works that wait at the same time may share one transaction; one
// that fails is rolled back alone (by a savepoint). work must not call Write.
func (db *DB) Write(ctx context.Context, work func(*sql.Tx) error) error {
	r := request{ctx: ctx, work: work, done: make(chan error, 1)}
	select {
	case db.requests <- r:
	case <-ctx.Done():
		return fault.From("write", "", ctx.Err())
	case <-db.closing:
		return fault.Newf(fault.Cancelled, "write", "", "database closed")
	}
	select {
	case err := <-r.done:
		return err
	case <-db.closed:
		select {
		case err := <-r.done:
			return err
		default:
			return fault.Newf(fault.Cancelled, "write", "", "database closed")
		}
	}
}

// Exec is Write for a single statement.
func (db *DB) Exec(ctx context.Context, query string, args ...any) error {
	return db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	})
}

// Later hands a statement to the writer without waiting for it: statements
// handed over by one goroutine are carried out in order. done, if not nil, is
// called with the outcome on the writer's goroutine and must not write. It
// blocks only while the writer is 256 works behind.
func (db *DB) Later(done func(error), query string, args ...any) {
	r := request{ctx: context.Background(), done: make(chan error, 1), then: done, work: func(tx *sql.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	}}
	select {
	case db.requests <- r:
	case <-db.closing:
		if done != nil {
			done(fault.Newf(fault.Cancelled, "write", "", "database closed"))
		}
	}
}

// batchLimit bounds how many waiting works share one transaction.
const batchLimit = 64

func (db *DB) write() {
	defer close(db.closed)
	for {
		select {
		case r := <-db.requests:
			db.batch(r)
		case <-db.closing:
			for { // what was accepted is carried out
				select {
				case r := <-db.requests:
					db.batch(r)
				default:
					return
				}
			}
		}
	}
}

func (db *DB) batch(first request) {
	tx, err := db.writer.Begin()
	if err != nil {
		first.finish(classify("write", err))
		return
	}
	type outcome struct {
		r   request
		err error
	}
	var outcomes []outcome
	run := func(r request) {
		if err := r.ctx.Err(); err != nil {
			outcomes = append(outcomes, outcome{r, fault.From("write", "", err)})
			return
		}
		outcomes = append(outcomes, outcome{r, savepoint(tx, r.work)})
	}
	run(first)
	for more := true; more && len(outcomes) < batchLimit; {
		select {
		case r := <-db.requests:
			run(r)
		default:
			more = false
		}
	}
	err = tx.Commit()
	if err != nil {
		if rerr := tx.Rollback(); rerr != nil && !errors.Is(rerr, sql.ErrTxDone) {
			err = errors.Join(err, rerr)
		}
	}
	for _, o := range outcomes {
		if o.err == nil {
			o.err = err
		}
		o.r.finish(classify("write", o.err))
	}
}

// savepoint runs work so that its failure, a panic too, undoes only its own
// statements.
func savepoint(tx *sql.Tx, work func(*sql.Tx) error) (err error) {
	if _, err := tx.Exec("SAVEPOINT work"); err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil {
			err = fault.Newf(fault.Internal, "write", "", "panic: %v", r)
		}
		if err != nil {
			if _, rerr := tx.Exec("ROLLBACK TO work"); rerr != nil {
				err = errors.Join(err, rerr)
			}
		}
		if _, rerr := tx.Exec("RELEASE work"); rerr != nil {
			err = errors.Join(err, rerr)
		}
	}()
	return work(tx)
}

// Close carries out what was accepted and closes the files.
func (db *DB) Close() error {
	var err error
	db.once.Do(func() {
		close(db.closing)
		<-db.closed
		err = errors.Join(db.reader.Close(), db.writer.Close())
	})
	return err
}
