package mstore

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/mail/message"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func library(t *testing.T) *DB {
	t.Helper()
	db, err := Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	ctx := t.Context()
	id, err := db.AddAccount(ctx, Account{Email: "a@x.fr", Settings: "{}"})
	require.NoError(t, err)
	folders, err := db.SetFolders(ctx, id, []Folder{
		{Wire: "INBOX", Path: []string{"INBOX"}, Role: "inbox", Selectable: true},
		{Wire: "Envoyes", Path: []string{"Envoyés"}, Role: "sent", Selectable: true},
	}, 0)
	require.NoError(t, err)
	add := func(f Folder, uid uint32, flags int, age time.Duration, subject, from, text, file string) {
		raw := fmt.Sprintf("From: %s\r\nTo: Paul <paul@x.fr>\r\nSubject: %s\r\nMessage-ID: <%d-%d@x>\r\n", from, subject, f.ID, uid)
		if file != "" {
			raw += "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\n" + text + "\r\n--o\r\nContent-Disposition: attachment; filename=" + file +
				"\r\n\r\nx\r\n--o--\r\n"
		} else {
			raw += "\r\n" + text
		}
		h := Header{UID: uid, Flags: flags, Date: now.Add(-age), Size: int64(len(raw)), Raw: []byte(raw), Parsed: message.ParseHeader([]byte(raw))}
		var msg int64
		require.NoError(t, db.Write(ctx, func(tx *sql.Tx) error {
			in, err := NewInserter(tx, f, now)
			if err != nil {
				return err
			}
			if msg, err = in.Add(h); err != nil {
				return err
			}
			return in.Close()
		}))
		require.NoError(t, db.AddBodies(ctx, []Body{{Msg: msg, Raw: []byte(raw), Parsed: message.Parse([]byte(raw))}}))
	}
	inbox, sent := folders[0], folders[1]
	if inbox.Role != "inbox" {
		inbox, sent = sent, inbox
	}
	day := 24 * time.Hour
	add(inbox, 1, 0, day, "Rapport trimestriel", "Marie Dubois <marie@x.fr>", "Le rapport trimestriel provisoire est là. Été indien.", "")
	add(inbox, 2, Seen|Flagged, 40*day, "Facture", "Électricité <edf@power.fr>", "Votre facture d'octobre", "facture.pdf")
	add(inbox, 3, Seen, 400*day, "Vieux rapport", "Paul <paul@x.fr>", "un rapport provisoire, trimestriel jadis", "")
	add(sent, 1, Seen|Answered, 2*day, "Re: Facture", "Anna <a@x.fr>", "merci", "")
	return db
}

func TestSearch(t *testing.T) {
	db := library(t)
	for query, want := range map[string][]string{
		"rapport":                          {"Rapport trimestriel", "Vieux rapport"},
		"RAPPORT":                          {"Rapport trimestriel", "Vieux rapport"},
		"ete":                              {"Rapport trimestriel"},
		"rap":                              {"Rapport trimestriel", "Vieux rapport"},
		"ra":                               nil, // a prefix counts from three letters
		"rap ":                             nil, // a finished word is a word
		`"rapport trimestriel provisoire"`: {"Rapport trimestriel"},
		"trimestriel rapport":              {"Rapport trimestriel", "Vieux rapport"},
		"rapport -jadis":                   {"Rapport trimestriel"},
		"-rapport":                         {"Re: Facture", "Facture"},
		"from:marie":                       {"Rapport trimestriel"},
		"de:electricite":                   {"Facture"},
		"from:paul@x.fr":                   {"Vieux rapport"},
		"to:paul facture":                  {"Re: Facture", "Facture"},
		"subject:rapport":                  {"Rapport trimestriel", "Vieux rapport"},
		"objet:vieux":                      {"Vieux rapport"},
		"has:attachment":                   {"Facture"},
		"avec:pj":                          {"Facture"},
		"filename:pdf":                     {"Facture"},
		"is:unread":                        {"Rapport trimestriel"},
		"est:non-lu":                       {"Rapport trimestriel"},
		"is:flagged":                       {"Facture"},
		"-is:read":                         {"Rapport trimestriel"},
		"in:sent":                          {"Re: Facture"},
		"dans:envoyes":                     {"Re: Facture"},
		"in:nowhere":                       nil,
		"after:2026-11-01":                 {"Rapport trimestriel", "Re: Facture"},
		"before:2026":                      {"Vieux rapport"},
		"avant:01/11/2026 facture":         {"Facture"},
		"after:7d rapport":                 {"Rapport trimestriel"},
		"larger:1m":                        nil,
		"from:":                            {"Rapport trimestriel", "Re: Facture", "Facture", "Vieux rapport"},
		`"`:                                {"Rapport trimestriel", "Re: Facture", "Facture", "Vieux rapport"},
		`a" OR "b`:                         nil,
		"facture*":                         {"Re: Facture", "Facture"},
		"NEAR( AND":                        nil,
		"is:nonsense":                      nil,
	} {
		ids, err := db.Search(t.Context(), ParseQuery(query, now), 0)
		require.NoError(t, err, query)
		rows, err := db.Rows(t.Context(), ids, View{})
		require.NoError(t, err)
		var got []string
		for _, r := range rows {
			got = append(got, r.Subject)
		}
		require.Equal(t, want, got, query)
	}
}

func FuzzParseQuery(f *testing.F) {
	f.Add(`from:a "b c" -d is:unread before:2026`)
	f.Add(`"" : -: -"`)
	db, err := Open(f.TempDir())
	require.NoError(f, err)
	f.Cleanup(func() { _ = db.Close() })
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := db.Search(t.Context(), ParseQuery(s, now), 1); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
	})
}

func TestReopen(t *testing.T) {
	db := library(t)
	n, err := db.Stored(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, 4, n)
	list, err := db.Complete(t.Context(), "mar", 5)
	require.NoError(t, err)
	require.Equal(t, [][2]string{{"Marie Dubois", "marie@x.fr"}}, list)
	require.NoError(t, db.RemoveAccount(t.Context(), 1))
	ids, err := db.Search(t.Context(), ParseQuery("rapport", now), 0)
	require.NoError(t, err)
	require.Empty(t, ids)
}
