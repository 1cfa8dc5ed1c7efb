// Package address decides what a person meant by a text typed into the address
// box: a URL, a host, a mail address, a path of this computer, or words.
package address

import (
	"net/url"
	"strconv"
)

// Kind says what a Target is.
type Kind string

// The kinds of targets.
const (
	Web    Kind = "web"    // URL is http or https
	Server Kind = "server" // URL is ftp, ftps, ftpes, sftp, dav, davs, s3, s3+http, imap, imaps, smtp, smtps, postgres, mysql, or empty scheme for "find out"
	Mailto Kind = "mailto" // URL is a mailto URL (RFC 6068): write to it
	Person Kind = "person" // Text is a mail address: its mails, write to it, add it as an account
	Path   Kind = "path"   // Text is a path of this computer
	Words  Kind = "words"  // Text is to be searched
	Page   Kind = "page"   // Text names a page of Guichet's own: start, activity, settings, help
)

// Target is what a text means.
type Target struct {
	Kind Kind
	URL  *url.URL // for Web, Server, Mailto; never with a password
	Text string   // for the other kinds; else the text as typed, without a password
	// Shown is how the target is written for people: host in Unicode only when
	// that is not misleading, else in Punycode.
	Shown string
	// Warn tells why the host may not be what it looks like, "" if it is fine.
	Warn Warning
	// Alternatives are other meanings, likeliest first: a bare word may be a
	// host; host.tld may be a web site or a file server.
	Alternatives []Target
}

// Warning is the reason why a host name deserves a second look.
type Warning string

// The warnings, gravest first; a Target carries the gravest.
const (
	MixedScripts     Warning = "mixed_scripts"
	LooksLike        Warning = "looks_like" // confusable with an ASCII name
	HiddenCharacters Warning = "hidden_characters"
	SecretInURL      Warning = "secret_in_url" // a password was in it and has been dropped
)

func (w Warning) weight() int {
	switch w {
	case MixedScripts:
		return 4
	case LooksLike:
		return 3
	case HiddenCharacters:
		return 2
	case SecretInURL:
		return 1
	}
	return 0
}

func gravest(a, b Warning) Warning {
	if b.weight() > a.weight() {
		return b
	}
	return a
}

// standardPorts are the ports of schemes that name none.
var standardPorts = map[string]int{
	"http": 80, "https": 443, "ftp": 21, "ftpes": 21, "ftps": 990, "sftp": 22,
	"dav": 80, "davs": 443, "s3": 443, "s3+http": 80, "imap": 143, "imaps": 993, "smtp": 587, "smtps": 465,
	"postgres": 5432, "mysql": 3306,
}

// PortOf gives the port of u, written or standard for its scheme; 0 if unknown.
func PortOf(u *url.URL) int {
	if port, err := strconv.Atoi(u.Port()); err == nil {
		return port
	}
	return standardPorts[u.Scheme]
}
