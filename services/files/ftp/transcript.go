package ftp

import (
	"strings"
	"sync"

	"guichet/services/fault"
)

// transcript keeps the newest lines of a conversation, without secrets. It is
// shared by the connections of a site.
type transcript struct {
	mu    sync.Mutex
	lines []spoken
	next  int
}

// spoken is a mark and a text as they passed; they are cleaned when somebody
// wants to read them, which is seldom.
type spoken struct{ mark, text string }

const transcriptLines = 300

func (t *transcript) add(mark, text string) {
	verb, _, _ := strings.Cut(text, " ")
	if mark == "> " && (strings.EqualFold(verb, "PASS") || strings.EqualFold(verb, "ACCT")) {
		text = verb + " …"
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) < transcriptLines {
		t.lines = append(t.lines, spoken{mark, text})
		return
	}
	t.lines[t.next] = spoken{mark, text}
	t.next = (t.next + 1) % transcriptLines
}

func (t *transcript) String() string {
	t.mu.Lock()
	all := append(append([]spoken(nil), t.lines[t.next:]...), t.lines[:t.next]...)
	t.mu.Unlock()
	texts := make([]string, len(all))
	for i, l := range all {
		texts[i] = l.mark + fault.CleanLine(l.text)
	}
	return strings.Join(texts, "\n")
}
