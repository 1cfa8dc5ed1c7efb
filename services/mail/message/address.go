package message

import "strings"

// Address is one person of a header field (RFC 5322, section 3.4), decoded.
type Address struct {
	Name string // display name, decoded, control and bidi characters made visible; may be ""
	Mail string // local@domain, as written
}

// String gives "Name <mail>", or the mail alone.
func (a Address) String() string {
	if a.Name == "" {
		return a.Mail
	}
	return a.Name + " <" + a.Mail + ">"
}

// Short is what a list of messages shows: the name, else the address.
func (a Address) Short() string {
	if a.Name != "" {
		return a.Name
	}
	return a.Mail
}

// Domain is the part after the last @, in lower case; "" if there is none.
func (a Address) Domain() string {
	i := strings.LastIndexByte(a.Mail, '@')
	if i < 0 {
		return ""
	}
	return strings.ToLower(a.Mail[i+1:])
}

// Key is the address in the form by which two are the same person.
func (a Address) Key() string { return strings.ToLower(strings.TrimSpace(a.Mail)) }
