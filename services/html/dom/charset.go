package dom

import (
	"fmt"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
)

// Decode turns a document's bytes into UTF-8 and names the character set it
// took: by byte order mark, content type, meta element, or the bytes
// themselves, in this order (HTML, section 13.2.3.2).
func Decode(src []byte, contentType string) ([]byte, string, error) {
	enc, name, certain := charset.DetermineEncoding(src, contentType)
	if !certain && utf8.Valid(src) {
		// The guess saw the first kilobyte only; this much valid UTF-8 is no accident.
		enc, name = nil, "utf-8"
	}
	if enc == nil || enc == encoding.Nop || name == "utf-8" {
		// The decoder still has to run: it drops the mark and replaces what is
		// not UTF-8.
		enc, name = unicode.UTF8BOM, "utf-8"
	}
	out, err := enc.NewDecoder().Bytes(src)
	if err != nil {
		return nil, name, fmt.Errorf("decode %s: %w", name, err)
	}
	return out, name, nil
}
