package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
)

func openTest(t *testing.T, p Params) *DB {
	t.Helper()
	if p.Path == "" {
		p.Path = filepath.Join(t.TempDir(), "a b#c.db")
	}
	if p.Migrations == nil {
		p.Migrations = []Migration{"CREATE TABLE t(n INTEGER PRIMARY KEY)"}
	}
	db, err := Open(p)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func count(t *testing.T, db *DB) (n int) {
	t.Helper()
	require.NoError(t, db.Read().QueryRow("SELECT count(*) FROM t").Scan(&n))
	return n
}

func TestWriteConcurrently(t *testing.T) {
	db := openTest(t, Params{})
	var wg sync.WaitGroup
	for i := range 500 {
		wg.Go(func() {
			err := db.Write(context.Background(), func(tx *sql.Tx) error {
				if _, err := tx.Exec("INSERT INTO t VALUES (?)", i); err != nil {
					return err
				}
				if i%5 == 0 {
					return errors.New("undone")
				}
				return nil
			})
			if i%5 == 0 {
				require.Error(t, err)
			} else {
				require.NoError(t, err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 400, count(t, db))
}

func TestPanicIsRolledBack(t *testing.T) {
	db := openTest(t, Params{})
	err := db.Write(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO t VALUES (1)")
		require.NoError(t, err)
		panic("no")
	})
	require.True(t, fault.Is(err, fault.Internal))
	require.Zero(t, count(t, db))
	require.NoError(t, db.Exec(context.Background(), "INSERT INTO t VALUES (2)"))
}

func TestReaderCannotWrite(t *testing.T) {
	db := openTest(t, Params{})
	_, err := db.Read().Exec("INSERT INTO t VALUES (1)")
	require.Error(t, err)
}

func TestMigrations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	one := []Migration{"CREATE TABLE t(n INTEGER)"}
	db, err := Open(Params{Path: path, Migrations: one})
	require.NoError(t, err)
	require.NoError(t, db.Exec(context.Background(), "INSERT INTO t VALUES (7)"))
	require.NoError(t, db.Close())

	db, err = Open(Params{Path: path, Migrations: append(one, "ALTER TABLE t ADD COLUMN m INTEGER DEFAULT 3")})
	require.NoError(t, err)
	var n, m int
	require.NoError(t, db.Read().QueryRow("SELECT n, m FROM t").Scan(&n, &m))
	require.Equal(t, []int{7, 3}, []int{n, m})
	require.NoError(t, db.Close())

	_, err = Open(Params{Path: path, Migrations: one})
	require.True(t, fault.Is(err, fault.Unsupported), "%v", err)
	require.FileExists(t, path, "a newer Guichet's data stays where it is")
}

func TestDamagedIsMovedAside(t *testing.T) {
	for _, cache := range []bool{true, false} {
		path := filepath.Join(t.TempDir(), "d.db")
		require.NoError(t, os.WriteFile(path, []byte("this is no database at all, not even nearly one......................................................."), 0o600))
		p := Params{Path: path, Cache: cache, Migrations: []Migration{"CREATE TABLE t(n INTEGER)"}}
		db, err := Open(p)
		if cache {
			require.NoError(t, err)
			require.FileExists(t, db.Recovered)
			require.NoError(t, db.Close())
			continue
		}
		require.True(t, fault.Is(err, fault.Damaged), "%v", err)
		left, _ := filepath.Glob(path + ".damaged-*")
		require.Len(t, left, 1)
		db, err = Open(p)
		require.NoError(t, err)
		require.NoError(t, db.Close())
	}
}

func TestWriteAfterClose(t *testing.T) {
	db := openTest(t, Params{})
	require.NoError(t, db.Close())
	require.True(t, fault.Is(db.Exec(context.Background(), "INSERT INTO t VALUES (1)"), fault.Cancelled))
}
