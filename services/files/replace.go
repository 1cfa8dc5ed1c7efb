package files

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"

	"guichet/services/fault"
)

// RandomSuffix gives 8 hexadecimal digits for a temporary name.
func RandomSuffix() string {
	var b [4]byte
	rand.Read(b[:]) //nolint:errcheck // crypto/rand never fails since Go 1.24
	return hex.EncodeToString(b[:])
}

// ReplaceAside renames from over an existing to on servers that refuse to do so
// at once: the old file is set aside, and put back when the rename fails. move
// must not replace. The old file is lost at no moment; if it could not be put
// back, the fault's text names where it is.
func ReplaceAside(ctx context.Context, from, to Path, move func(ctx context.Context, from, to Path) error, remove func(ctx context.Context, p Path) error) error {
	aside := to.Dir().Join("." + shorten(to.Base(), 200) + ".guichet-" + RandomSuffix() + ".bak")
	if err := move(ctx, to, aside); err != nil {
		return err
	}
	// From here on the person's cancellation must not leave the name empty.
	held := context.WithoutCancel(ctx)
	if err := move(held, from, to); err != nil {
		if back := move(held, aside, to); back != nil {
			return fault.New(fault.KindOf(err), "rename", "", errors.Join(err,
				errors.New("the former file could not be put back and is now "+aside.String())))
		}
		return err
	}
	return remove(held, aside)
}

// shorten cuts a name to at most n bytes, not inside a UTF-8 character.
func shorten(name string, n int) string {
	if len(name) <= n {
		return name
	}
	for n > 0 && name[n]&0xC0 == 0x80 {
		n--
	}
	return name[:n]
}

// PartName gives the name of the temporary file for name: hidden, marked, and
// never longer than what file systems take.
func PartName(name, token string) string {
	return "." + shorten(name, 200) + ".guichet-" + token + ".part"
}

// IsPartName reports whether a name is one of PartName's, or of a file that
// ReplaceAside set aside: such names belong to nobody and are never copied.
func IsPartName(name string) bool {
	return strings.Contains(name, ".guichet-") && (strings.HasSuffix(name, ".part") || strings.HasSuffix(name, ".bak"))
}
