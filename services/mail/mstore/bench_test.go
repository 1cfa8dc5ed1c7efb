package mstore

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/mail/message"
)

// BenchmarkHundredThousand opens a mailbox of 100,000 messages: the ids of all
// conversations, and one page of rows.
func BenchmarkHundredThousand(b *testing.B) {
	db, err := Open(b.TempDir())
	require.NoError(b, err)
	defer db.Close()
	ctx := context.Background()
	_, err = db.AddAccount(ctx, Account{Email: "a@x.fr", Settings: "{}"})
	require.NoError(b, err)
	folders, err := db.SetFolders(ctx, 1, []Folder{{Wire: "INBOX", Path: []string{"INBOX"}, Role: "inbox", Selectable: true}}, 0)
	require.NoError(b, err)
	began := time.Now()
	for block := range 200 {
		require.NoError(b, db.Write(ctx, func(tx *sql.Tx) error {
			in, err := NewInserter(tx, folders[0], now)
			if err != nil {
				return err
			}
			for i := range 500 {
				n := block*500 + i
				raw := []byte(fmt.Sprintf("From: P%d <p%d@x.fr>\r\nSubject: s %d\r\nMessage-ID: <%d@x>\r\nReferences: <%d@x>\r\n\r\n", n%300, n%300, n, n, n/3*3))
				h := Header{UID: uint32(n + 1), Date: now.Add(-time.Duration(n) * time.Minute), Size: int64(n), Raw: raw, Parsed: message.ParseHeader(raw)}
				if _, err := in.Add(h); err != nil {
					return err
				}
			}
			return in.Close()
		}))
	}
	b.ReportMetric(time.Since(began).Seconds(), "s/100k-inserts")
	for _, v := range []View{{Kind: "folder", ID: folders[0].ID}, {Kind: "folder", ID: folders[0].ID, Conversations: true}, {Kind: "inboxes", Conversations: true}} {
		b.Run(fmt.Sprintf("%s-%v", v.Kind, v.Conversations), func(b *testing.B) {
			for b.Loop() {
				ids, err := db.IDs(ctx, v, 0)
				require.NoError(b, err)
				_, err = db.Rows(ctx, ids[:40], v)
				require.NoError(b, err)
			}
		})
	}
}
