package mailpanel

import (
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"

	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/mail"
	"guichet/widgets/keys"
	"guichet/widgets/kit"
)

// An entry lays its whole text out at every key: 100 kB take a quarter of a
// second each. So a long quote is cut, and a long paste becomes a file.
const (
	maxShown = 30_000 // bytes of a mail's text that can be edited
	maxPaste = 50_000 // bytes that are pasted into the text
)

// splitLong cuts a text after a line, or where there is none, after a letter.
func splitLong(text string) (shown, rest string) {
	if len(text) <= maxShown {
		return text, ""
	}
	cut := strings.LastIndexByte(text[:maxShown], '\n') + 1
	if cut < maxShown/2 {
		for cut = maxShown; cut > 0 && !utf8.RuneStart(text[cut]); cut-- {
		}
	}
	return text[:cut], text[cut:]
}

// textEntry is the field for a mail's text.
type textEntry struct {
	kit.Entry
	long func(text string)
}

func newTextEntry(long func(string)) *textEntry {
	e := &textEntry{long: long}
	e.MultiLine = true
	e.Wrapping = fyne.TextWrapWord
	e.OnKey = func(ev *fyne.KeyEvent) bool {
		if ev.Name == fyne.KeyF6 { // kit.Entry would look for the window of its own part only
			keys.Forward(e, ev)
			return true
		}
		return false
	}
	e.ExtendBaseWidget(e)
	return e
}

// TypedShortcut is called by Fyne. A paste that would make the field slow is
// offered as a file.
func (e *textEntry) TypedShortcut(s fyne.Shortcut) {
	if p, ok := s.(*fyne.ShortcutPaste); ok && p.Clipboard != nil {
		if text := p.Clipboard.Content(); len(text) > maxPaste {
			e.long(text)
			return
		}
	}
	e.Entry.TypedShortcut(s)
}

// attachText attaches a text that is too long for the field.
func (c *composer) attachText(text string) {
	c.draft.Attachments = append(c.draft.Attachments, mail.Upload{
		Name: words.T("mail.compose.pasted") + ".txt", MediaType: "text/plain; charset=utf-8", Data: []byte(text), Size: int64(len(text)),
	})
	c.listFiles()
	c.changed()
	c.m.p.Host.Show(panel.Toast{Text: words.T("mail.compose.pasted.text")})
}
