package fault

import (
	"regexp"
	"strings"
)

// Redact takes the secrets out of a text that is about to be logged or shown:
// user information and secret parameters in URLs, and what follows a command or
// header that carries credentials. What servers say about them stays, "530 Login
// incorrect" for one. In doubt it takes out too much rather than too little.
func Redact(s string) string {
	s = userInfo.ReplaceAllString(s, "${1}…@")
	s = oddUserInfo.ReplaceAllString(s, "${1}…@")
	s = parameter.ReplaceAllString(s, "${1}…")
	s = header.ReplaceAllString(s, "${1}…")
	s = token.ReplaceAllString(s, "${1}…")
	s = password.ReplaceAllString(s, "${1}…")
	return command.ReplaceAllStringFunc(s, redactCommand)
}

var (
	// userInfo is the user information of a URL (RFC 3986, section 3.2.1), also
	// where a person typed an "@" in the password.
	userInfo = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^/\s]*@`)

	// oddUserInfo is one whose password holds a "/": what follows the colon is no
	// port.
	oddUserInfo = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^/\s@:\[\]]*:[0-9]*[^0-9/\s@]\S*@`)

	// parameter is a secret in a query, a form or JSON (RFC 6749 has the names).
	parameter = regexp.MustCompile(`(?i)((?:\b|_)(?:password|passwd|pwd|access_token|refresh_token|id_token|client_secret|api_?key)"?\s*[=:]\s*"?)[^&\s"]+`)

	// header is a field that holds credentials (RFC 9110, section 11.6; RFC 6265).
	header = regexp.MustCompile(`(?i)(\b(?:authorization|cookie):[ \t]*)[^\r\n]+`)

	// token is the word after an authentication scheme: of SMTP with an initial
	// response (RFC 4954, section 4), or of OAuth (RFC 6750, section 2.1).
	token = regexp.MustCompile(`(?i)(\b(?:AUTH(?:ENTICATE)?[ \t]+(?:PLAIN|LOGIN|XOAUTH2|OAUTHBEARER|CRAM-MD5|SCRAM-[A-Z0-9-]+)|Bearer)[ \t]+)[^\s"]+`)

	// password is the command PASS of FTP and POP3, in the capitals that clients
	// write: some servers repeat it wherever they like.
	password = regexp.MustCompile(`(\bPASS[ \t]+)[^\r\n]+`)

	// command is a command with credentials where one can stand: at the start of a
	// line, after the mark of a client ("C:", "-->"), after a quotation mark or
	// the colon of a wrapped error; behind it, the tag of IMAP (RFC 3501, section
	// 2.2.1). A literal ({7}) goes on in the next line.
	command = regexp.MustCompile(`(?im)((?:^|["'` + "`" + `“«>:])[ \t]*)(?:([^\s"'` + "`" + `>:]{1,64})[ \t]+)?(PASS|LOGIN|AUTHENTICATE)([ \t]+)((?:[^\r\n]*\{[0-9]+\+?\}\r?\n)*[^\r\n]*)`)
)

// redactCommand takes out what follows a command, if it is one.
func redactCommand(s string) string {
	m := command.FindStringSubmatch(s)
	lead, tag, verb, space, rest := m[1], m[2], m[3], m[4], m[5]
	capitals := verb == strings.ToUpper(verb)
	keep := lead + tag
	if tag != "" {
		keep = s[:len(s)-len(verb)-len(space)-len(rest)]
	}
	redacted := keep + verb + space + "…"
	switch {
	case rest == "":
		return s
	case strings.EqualFold(verb, "PASS"):
		if tag == "" {
			return redacted
		}
	case tag == "":
		// Without a tag a command has both its arguments; "Login incorrect" and
		// "LOGIN failed" are what servers say.
		if capitals && len(strings.Fields(rest)) > 1 {
			return redacted
		}
	case isStatus(tag):
	case capitals, strings.ContainsAny(tag, "0123456789"):
		return redacted
	}
	return s
}

// isStatus reports whether a word begins an answer and not a command: those of
// IMAP (RFC 3501, section 7.1), and three digits (RFC 959, section 4.2).
func isStatus(word string) bool {
	switch strings.ToUpper(word) {
	case "OK", "NO", "BAD", "BYE", "PREAUTH", "*", "+":
		return true
	}
	return len(word) >= 3 && strings.Trim(word[:3], "0123456789") == "" && (len(word) == 3 || word[3] == '-')
}
