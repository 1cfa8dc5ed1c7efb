package mstore

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/mail/message"
)

// BenchmarkSearch asks 5,000 mails with bodies for the first 50 rows and the lines that
// they show, as the search field does at each letter.
func BenchmarkSearch(b *testing.B) {
	db, err := Open(b.TempDir())
	require.NoError(b, err)
	defer db.Close()
	ctx := b.Context()
	_, err = db.AddAccount(ctx, Account{Email: "a@x.fr", Settings: "{}"})
	require.NoError(b, err)
	folders, err := db.SetFolders(ctx, 1, []Folder{{Wire: "INBOX", Path: []string{"INBOX"}, Role: "inbox", Selectable: true}}, 0)
	require.NoError(b, err)
	subjects := []string{"Facture", "Réunion", "Meeting notes", "Invoice", "Vacances", "Order"}
	const block = 500
	for from := 0; from < 5000; from += block {
		bodies := make([]Body, 0, block)
		require.NoError(b, db.Write(ctx, func(tx *sql.Tx) error {
			in, err := NewInserter(tx, folders[0], now)
			if err != nil {
				return err
			}
			for n := from; n < from+block; n++ {
				raw := []byte(fmt.Sprintf("From: P%d <p%d@x.fr>\r\nSubject: %s %d\r\nMessage-ID: <%d@x>\r\n\r\n%s word%d\r\n",
					n%300, n%300, subjects[n%len(subjects)], n, n, strings.Repeat("the usual words of an ordinary mail ", 20), n%97))
				h := Header{UID: uint32(n + 1), Date: now.Add(-time.Duration(n) * time.Minute), Size: int64(len(raw)), Raw: raw, Parsed: message.ParseHeader(raw)}
				id, err := in.Add(h)
				if err != nil {
					return err
				}
				bodies = append(bodies, Body{Msg: id, Raw: raw, Parsed: message.Parse(raw)})
			}
			return in.Close()
		}))
		require.NoError(b, db.AddBodies(ctx, bodies))
	}
	for _, text := range []string{"facture", "fac", "ordinary", "word42 from:p12", `"usual words"`} {
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				q := ParseQuery(text, now)
				ids, err := db.Search(ctx, q, 50)
				require.NoError(b, err)
				_, err = db.Rows(ctx, ids, View{})
				require.NoError(b, err)
				_, err = db.Found(ctx, ids, q.Terms())
				require.NoError(b, err)
			}
		})
	}
}
