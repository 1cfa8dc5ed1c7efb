package mstore

import (
	"context"
	"strings"

	"guichet/services/fault"
	"guichet/services/mail/message"
)

// textLimit is how much of a message's text is kept apart for Found, bytes. A
// message with its attachments would have to be taken apart for each line of a
// result that is being typed.
const textLimit = 16 << 10

// Found gives, for those of the messages that have one of the words within the
// first 16 KiB of their texts, one line around the first such place. The words
// are folded.
func (db *DB) Found(ctx context.Context, ids []int64, words []string) (map[int64]string, error) {
	if len(ids) == 0 || len(words) == 0 {
		return nil, nil
	}
	rows, err := db.raw.Read().QueryContext(ctx, "SELECT msg, data FROM text WHERE msg IN ("+marks(len(ids))+")", anys(ids)...)
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	found := make(map[int64]string, len(ids))
	var packed, text []byte
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id, &packed); err != nil {
			return nil, wrap(err)
		}
		if text, err = db.dec.DecodeAll(packed, text[:0]); err != nil {
			return nil, fault.New(fault.Damaged, "search", "", err)
		}
		if line := around(string(text), words); line != "" {
			found[id] = line
		}
	}
	return found, wrap(rows.Err())
}

// around gives one line of text around the first of the words that it has.
func around(text string, words []string) string {
	folded := Fold(text)
	for _, word := range words {
		i := strings.Index(folded, word)
		if i < 0 {
			continue
		}
		at := len([]rune(folded[:i])) // folding keeps the number of runes
		rs := []rune(text)
		from := max(0, at-40)
		for from > 0 && from < at && rs[from] != ' ' && rs[from] != '\n' {
			from++
		}
		line := strings.Join(strings.Fields(string(rs[from:min(len(rs), at+120)])), " ")
		if from > 0 {
			line = "… " + line
		}
		return message.Visible(line)
	}
	return ""
}
