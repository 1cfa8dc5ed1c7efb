package address

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// displayHost gives a host for people: in Unicode where every label is in one
// script (or in a usual mixture, UTS 39 section 5.2 "highly restrictive") and
// could not be taken for an ASCII name, else in Punycode with the reason.
func displayHost(ascii string) (shown string, warn Warning) {
	if strings.Contains(ascii, ":") {
		return ascii, ""
	}
	top := ascii[strings.LastIndexByte(ascii, '.')+1:]
	if u, err := idna.Display.ToUnicode(top); err == nil {
		top = u
	}
	labels := strings.Split(ascii, ".")
	for i, label := range labels {
		if !strings.HasPrefix(label, "xn--") {
			warn = gravest(warn, asciiWarning(label))
			continue
		}
		u, err := idna.Display.ToUnicode(label)
		if err != nil {
			warn = gravest(warn, LooksLike)
			continue
		}
		warn = gravest(warn, labelWarning(u, top))
		labels[i] = u
	}
	if warn != "" {
		return ascii, warn
	}
	return strings.Join(labels, "."), ""
}

// wellKnown are names that are imitated most. A list can never be complete: it
// only adds to the checks that need none.
var wellKnown = map[string]bool{
	"google": true, "gmail": true, "youtube": true, "paypal": true, "apple": true, "icloud": true, "microsoft": true,
	"office": true, "outlook": true, "live": true, "amazon": true, "facebook": true, "instagram": true, "whatsapp": true,
	"twitter": true, "linkedin": true, "netflix": true, "ebay": true, "github": true, "wikipedia": true, "yahoo": true,
	"dropbox": true, "adobe": true, "spotify": true, "booking": true, "airbnb": true, "telegram": true, "mozilla": true,
	"orange": true, "laposte": true, "ameli": true, "impots": true, "leboncoin": true, "swisscom": true, "postfinance": true,
	"dhl": true, "fedex": true, "visa": true, "mastercard": true, "chase": true, "hsbc": true, "barclays": true,
}

var asciiTwins = strings.NewReplacer("0", "o", "1", "l", "rn", "m", "vv", "w", "5", "s", "3", "e")

// asciiWarning finds "paypa1" and "rnicrosoft".
func asciiWarning(label string) Warning {
	for _, twin := range []string{asciiTwins.Replace(label), strings.ReplaceAll(asciiTwins.Replace(label), "l", "i")} {
		if twin != label && wellKnown[twin] && !wellKnown[label] {
			return LooksLike
		}
	}
	return ""
}

// latinTwins are letters of other scripts, and rare Latin ones, that look like
// ASCII letters in usual fonts (from the confusables of UTS 39).
var latinTwins = map[rune]rune{
	// Cyrillic
	'а': 'a', 'с': 'c', 'ԁ': 'd', 'е': 'e', 'һ': 'h', 'і': 'i', 'ј': 'j', 'ӏ': 'l', 'ո': 'n', 'о': 'o', 'р': 'p',
	'ԛ': 'q', 'ѕ': 's', 'у': 'y', 'ԝ': 'w', 'х': 'x', 'ѵ': 'v', 'ь': 'b', 'г': 'r', 'к': 'k', 'м': 'm', 'т': 't',
	'н': 'h', 'п': 'n', 'в': 'b', 'ү': 'y', 'ґ': 'r', 'ѡ': 'w', 'ԍ': 'g', 'ғ': 'f',
	// Greek
	'α': 'a', 'ε': 'e', 'η': 'n', 'ι': 'i', 'κ': 'k', 'ν': 'v', 'ο': 'o', 'ρ': 'p', 'τ': 't', 'υ': 'u', 'χ': 'x',
	'ω': 'w', 'γ': 'y', 'ϲ': 'c', 'ϳ': 'j', 'β': 'b', 'σ': 'o', 'ς': 'c',
	// Armenian
	'ա': 'w', 'գ': 'q', 'զ': 'q', 'հ': 'h', 'յ': 'j', 'ս': 'u', 'օ': 'o', 'ց': 'g', 'ք': 'p', 'ռ': 'n', 'լ': 'l', 'ւ': 'i',
	// Latin and modifiers that are not in any common alphabet, or too close
	'ı': 'i', 'ɑ': 'a', 'ɡ': 'g', 'ɩ': 'i', 'ʟ': 'l', 'ɴ': 'n', 'ʀ': 'r', 'ꜱ': 's', 'ᴀ': 'a', 'ᴄ': 'c', 'ᴅ': 'd', 'ᴇ': 'e',
	'ᴊ': 'j', 'ᴋ': 'k', 'ᴍ': 'm', 'ᴏ': 'o', 'ᴘ': 'p', 'ᴛ': 't', 'ᴜ': 'u', 'ᴠ': 'v', 'ᴡ': 'w', 'ᴢ': 'z', 'ƅ': 'b', 'ɋ': 'q',
	'ł': 'l', 'ɪ': 'i', 'ʏ': 'y', 'ɢ': 'g', 'ʜ': 'h', 'ß': 'b', 'đ': 'd', 'ħ': 'h', 'ø': 'o', 'ŧ': 't', 'ɵ': 'o', 'ꞵ': 'b',
}

// rareLatin are those of latinTwins that no common alphabet has.
func rareLatin(r rune) bool {
	_, twin := latinTwins[r]
	return twin && unicode.Is(unicode.Latin, r) && !strings.ContainsRune("ıłßđħøŧ", r)
}

var asian = map[string]bool{"Han": true, "Hiragana": true, "Katakana": true, "Hangul": true, "Bopomofo": true}

func labelWarning(label, top string) Warning {
	scripts := map[string]bool{}
	var twins, letters int
	var skeleton strings.Builder
	for _, r := range norm.NFD.String(label) {
		if unicode.IsMark(r) {
			continue
		}
		if twin, ok := latinTwins[r]; ok {
			twins++
			skeleton.WriteRune(twin)
		} else {
			skeleton.WriteRune(r)
		}
		if unicode.IsLetter(r) {
			letters++
			if s := scriptOf(r); s != "" {
				scripts[s] = true
			}
		}
		if rareLatin(r) {
			return LooksLike
		}
	}
	// What composes to nothing usual ("g" with a diaeresis) is there to deceive.
	for _, r := range norm.NFC.String(label) {
		if unicode.IsMark(r) && scripts["Latin"] {
			return LooksLike
		}
	}
	if !usualMixture(scripts) {
		return MixedScripts
	}
	if scripts["Latin"] && strings.ContainsAny(label, "ノソゾンー〳丶丿ニロ工〇") {
		return LooksLike
	}
	if wellKnown[skeleton.String()] || wellKnown[asciiTwins.Replace(skeleton.String())] {
		return LooksLike
	}
	// A whole word of twins is fine where the top-level domain is in its script.
	if !scripts["Latin"] && letters > 0 && twins == letters && isASCII(top) {
		return LooksLike
	}
	return ""
}

// usualMixture reports whether the scripts occur together in honest names.
func usualMixture(scripts map[string]bool) bool {
	if len(scripts) <= 1 {
		return true
	}
	for s := range scripts {
		if s != "Latin" && !asian[s] {
			return false
		}
	}
	korean, japanese := scripts["Hangul"], scripts["Hiragana"] || scripts["Katakana"]
	switch {
	case korean && (japanese || scripts["Bopomofo"]), japanese && scripts["Bopomofo"]:
		return false
	}
	return true
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// scriptOf gives the script of a letter, "" for those common to several. The
// scripts that host names are written in come first: there are 160 others.
func scriptOf(r rune) string {
	for _, name := range []string{"Latin", "Cyrillic", "Greek", "Han", "Hiragana", "Katakana", "Hangul", "Arabic", "Hebrew", "Armenian"} {
		if unicode.Is(unicode.Scripts[name], r) {
			return name
		}
	}
	for name, table := range unicode.Scripts {
		if name != "Common" && name != "Inherited" && unicode.Is(table, r) {
			return name
		}
	}
	return ""
}
