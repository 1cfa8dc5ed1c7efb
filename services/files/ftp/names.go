package ftp

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"

	"guichet/services/fault"
	"guichet/services/files"
)

// charsetOf finds a charset by its name at IANA; nil for UTF-8 and for "", where
// it is found out. One in which the letters of commands and the slash are
// other bytes (UTF-16, EBCDIC) cannot be spoken.
func charsetOf(name, host string) (encoding.Encoding, error) {
	if name == "" || strings.EqualFold(name, "utf-8") || strings.EqualFold(name, "utf8") {
		return nil, nil
	}
	e, err := ianaindex.IANA.Encoding(name)
	if err != nil || e == nil {
		if e, err = htmlindex.Get(name); err != nil {
			return nil, fault.New(fault.Unsupported, "connect", host, err)
		}
	}
	const plain = "/a.Z 09-_"
	if raw, err := e.NewEncoder().String(plain); err != nil || raw != plain {
		return nil, fault.Newf(fault.Unsupported, "connect", host, "charset %q", name)
	}
	return e, nil
}

// namesSeen counts what a server's names are written in, where nobody said.
type namesSeen struct{ utf8, other int }

// see looks at listed names to find out their charset: bytes that are no UTF-8
// are taken for Windows-1252, which is what old servers mostly mean.
func (f *FS) see(entries []files.Entry) {
	if f.charset != nil {
		for i := range entries {
			entries[i].Display = files.Display(f.Export(entries[i].Name))
		}
		return
	}
	var seen namesSeen
	for _, e := range entries {
		switch {
		case isASCII(e.Name):
		case utf8.ValidString(e.Name):
			seen.utf8++
		default:
			seen.other++
		}
	}
	if seen != (namesSeen{}) {
		f.mu.Lock()
		f.seen.utf8 += seen.utf8
		f.seen.other += seen.other
		f.mu.Unlock()
	}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// charsetNow is the charset of new names; nil: UTF-8.
func (f *FS) charsetNow() encoding.Encoding {
	if f.charset != nil {
		return f.charset
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen.other > 0 && f.seen.utf8 == 0 && !f.feat.utf8 {
		return charmap.Windows1252
	}
	return nil
}

// Import implements files.Namer.
func (f *FS) Import(name string) string {
	e := f.charsetNow()
	if e == nil || isASCII(name) || !utf8.ValidString(name) {
		return name
	}
	raw, err := e.NewEncoder().String(name)
	if err != nil {
		return name // it has no such character; the server will take the UTF-8
	}
	return raw
}

// Export implements files.Namer.
func (f *FS) Export(name string) string {
	e := f.charset
	if e == nil {
		if utf8.ValidString(name) {
			return name
		}
		e = charmap.Windows1252
	}
	text, err := e.NewDecoder().String(name)
	if err != nil || strings.ContainsAny(text, "/\x00") {
		return name
	}
	return text
}
