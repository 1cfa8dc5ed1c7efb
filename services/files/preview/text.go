package preview

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"guichet/services/files"
)

// The limits of a text: what is drawn is bounded, not what can be read.
const (
	maxLines   = 2000
	lineLength = 400 // runes; longer lines go on in the next
)

// text makes the preview of a text's first bytes; of kind None if they are none.
// whole says that there are no more.
func text(b []byte, whole bool) *Preview {
	cut := !whole
	if len(b) > maxText {
		b, cut = b[:maxText], true
	}
	s, charset, ok := decode(b, cut)
	if !ok {
		return &Preview{}
	}
	p := &Preview{Kind: Text, Charset: charset, Cut: cut}
	for line := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		r := []rune(files.Display(strings.ReplaceAll(strings.TrimRight(line, "\r"), "\t", "    ")))
		for {
			if len(p.Lines) == maxLines {
				p.Cut = true
				return p
			}
			n := min(len(r), lineLength)
			p.Lines = append(p.Lines, string(r[:n]))
			if r = r[n:]; len(r) == 0 {
				break
			}
		}
	}
	return p
}

// decode turns bytes into text: by their byte order mark, as UTF-8, as UTF-16
// where every second byte is 0, else as Windows-1252. Bytes that belong to no
// text give false.
func decode(b []byte, cut bool) (s, charset string, ok bool) {
	wide := func(e unicode.Endianness, name string) (string, string, bool) {
		s, err := unicode.UTF16(e, unicode.UseBOM).NewDecoder().Bytes(b[:len(b)/2*2])
		return string(s), name, err == nil && !strings.Contains(string(s), "\x00")
	}
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		b = b[3:]
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		return wide(unicode.LittleEndian, "utf-16le")
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		return wide(unicode.BigEndian, "utf-16be")
	}
	if zeros := bytes.Count(b, []byte{0}); zeros > 0 {
		even, odd := 0, 0
		for i, c := range b {
			if c == 0 && i%2 == 0 {
				even++
			} else if c == 0 {
				odd++
			}
		}
		switch {
		case even == 0 && odd > len(b)/4:
			return wide(unicode.LittleEndian, "utf-16le")
		case odd == 0 && even > len(b)/4:
			return wide(unicode.BigEndian, "utf-16be")
		}
		return "", "", false
	}
	if cut { // the last letter may be cut in two
		for range utf8.UTFMax - 1 {
			if r, size := utf8.DecodeLastRune(b); r != utf8.RuneError || size != 1 {
				break
			}
			b = b[:len(b)-1]
		}
	}
	if utf8.Valid(b) {
		return string(b), "utf-8", plausible(b)
	}
	if !plausible(b) {
		return "", "", false
	}
	var d encoding.Encoding = charmap.Windows1252
	out, err := d.NewDecoder().Bytes(b)
	return string(out), "windows-1252", err == nil
}

// plausible reports whether hardly any byte is a control character that texts do
// not have.
func plausible(b []byte) bool {
	odd := 0
	for _, c := range b {
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b {
			odd++
		}
	}
	return odd*200 <= len(b)
}
