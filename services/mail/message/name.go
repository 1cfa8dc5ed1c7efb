package message

import (
	"mime"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// nameLimit bounds a safe file name, bytes.
const nameLimit = 150

var reserved = map[string]bool{
	"con": true, "prn": true, "aux": true, "nul": true, "com1": true, "com2": true, "com3": true, "com4": true, "com5": true,
	"com6": true, "com7": true, "com8": true, "com9": true, "lpt1": true, "lpt2": true, "lpt3": true, "lpt4": true, "lpt5": true,
	"lpt6": true, "lpt7": true, "lpt8": true, "lpt9": true,
}

// SafeName makes a file name from what a mail says: one path element that is
// legal on every system, not hidden, without control and bidi characters, at
// most 150 bytes with its extension kept. "" becomes a name by media type.
func SafeName(name, mediaType string) string {
	name = strings.ReplaceAll(name, `\`, "/")
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(`<>:"/\|?*`, r), unicode.IsControl(r), r == utf8.RuneError:
			return '_'
		case Bidi(r), r == 0x200B, r == 0xFEFF, r == 0x2060:
			return -1
		}
		return r
	}, name)
	name = strings.TrimLeft(strings.TrimRight(strings.TrimSpace(name), ". "), ". ")
	if stem, _, _ := strings.Cut(name, "."); reserved[strings.ToLower(strings.TrimSpace(stem))] {
		name = "_" + name
	}
	if name == "" {
		name = "attachment" + extension(mediaType)
	}
	if len(name) > nameLimit {
		ext := filepath.Ext(name)
		if len(ext) > 20 {
			ext = ""
		}
		stem := name[:nameLimit-len(ext)]
		for !utf8.ValidString(stem) {
			stem = stem[:len(stem)-1]
		}
		name = strings.TrimRight(stem, ". ") + ext
	}
	return name
}

func extension(mediaType string) string {
	switch mediaType {
	case "message/rfc822":
		return ".eml"
	case "text/plain":
		return ".txt"
	case "text/html":
		return ".html"
	case "text/calendar":
		return ".ics"
	case "image/jpeg":
		return ".jpg"
	case "image/png":
		return ".png"
	case "application/pdf":
		return ".pdf"
	}
	if list, err := mime.ExtensionsByType(mediaType); err == nil && len(list) > 0 {
		return list[0]
	}
	return ".bin"
}

var runnable = map[string]bool{}

func init() {
	for _, e := range strings.Fields(`exe com bat cmd ps1 psm1 psd1 vbs vbe js jse mjs ws wsf wsh wsc hta msi msp mst scr pif cpl lnk url
		reg inf jar jnlp app command tool workflow scpt applescript sh bash zsh csh run bin desktop appimage deb rpm pkg mpkg dmg iso img vhd
		vhdx py pyc pyw rb pl php gadget application appref-ms appx msix docm dotm xlsm xltm xlam xll pptm potm ppam sldm chm hlp sct shb
		settingcontent-ms library-ms search-ms theme one onepkg`) {
		runnable[e] = true
	}
}

// Danger reports whether opening a file of this name could run a program on some
// system.
func Danger(name string) bool {
	return runnable[strings.ToLower(strings.TrimPrefix(filepath.Ext(strings.TrimRight(name, ". ")), "."))]
}
