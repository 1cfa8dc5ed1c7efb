package store

import (
	"database/sql"
	"errors"

	"modernc.org/sqlite"

	"guichet/services/fault"
)

// Primary result codes of SQLite, https://www.sqlite.org/rescode.html.
const (
	sqlitePerm     = 3
	sqliteBusy     = 5
	sqliteReadOnly = 8
	sqliteIOErr    = 10
	sqliteCorrupt  = 11
	sqliteFull     = 13
	sqliteCantOpen = 14
	sqliteNotADB   = 26
)

// classify turns a driver's error into a fault; faults and sql.ErrNoRows pass.
func classify(op string, err error) error {
	var f *fault.Fault
	var se *sqlite.Error
	switch {
	case err == nil, errors.As(err, &f), errors.Is(err, sql.ErrNoRows):
		return err
	case errors.As(err, &se):
		kind := fault.Internal
		switch se.Code() & 0xff {
		case sqliteCorrupt, sqliteNotADB:
			kind = fault.Damaged
		case sqliteFull:
			kind = fault.Full
		case sqlitePerm, sqliteReadOnly, sqliteCantOpen:
			kind = fault.Permission
		case sqliteBusy:
			kind = fault.Busy
		case sqliteIOErr:
			kind = fault.Full
		}
		return fault.New(kind, op, "", err)
	}
	return fault.From(op, "", err)
}
