// Package address decides what a person meant by a text typed into the address
// box: a URL, a host, a mail address, a path of this computer, or words.
package address

import "net/url"

// Kind says what a Target is.
type Kind string

// The kinds of targets.
const (
	Web    Kind = "web"    // URL is http or https
	Server Kind = "server" // URL is ftp, ftps, ftpes, sftp, dav, davs, s3, or empty scheme for "find out"
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
	Text string   // for the other kinds; else the text as typed
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

// The warnings.
const (
	MixedScripts     Warning = "mixed_scripts"
	LooksLike        Warning = "looks_like" // confusable with an ASCII name
	HiddenCharacters Warning = "hidden_characters"
	SecretInURL      Warning = "secret_in_url" // a password was in it and has been dropped
)
