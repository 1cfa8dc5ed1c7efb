package ftp

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strings"

	"guichet/services/fault"
)

// errNoReply marks faults that leave the connection as it was.
var errNoReply = errors.New("refused here")

// refuse makes the fault of something that is not even asked for.
func (f *FS) refuse(op string, kind fault.Kind, why string) *fault.Fault {
	return &fault.Fault{Kind: kind, Op: op, Host: f.p.Site.Host, Err: fmt.Errorf("%s: %w", why, errNoReply)}
}

// isReply reports whether an error is a server's refusal.
func isReply(err error) bool {
	var proto *textproto.Error
	return errors.As(err, &proto)
}

// isCode reports whether an error is a refusal with a code between two.
func isCode(err error, from, to int) bool {
	var proto *textproto.Error
	return errors.As(err, &proto) && proto.Code >= from && proto.Code <= to
}

// lost reports whether an error means that the connection is gone. Silence does
// not: a person has waited for its end, and does not wait for a second one.
func lost(err error) bool {
	if err == nil {
		return false
	}
	if isReply(err) {
		return isCode(err, 421, 421)
	}
	var alert tls.AlertError
	if errors.As(err, &alert) || errors.Is(err, io.EOF) {
		return true
	}
	return fault.Is(err, fault.Protocol)
}

// unbuilt reports whether a server could not build a data connection: what
// helps is a fresh login, whose TLS session it knows (proftpd/proftpd#1931).
func unbuilt(err error) bool {
	return isCode(err, 425, 425) || isCode(err, 522, 522)
}

// noFiles takes "550 No files found", which some say of an empty folder, for
// what it is.
func noFiles(err error) error {
	var proto *textproto.Error
	if errors.As(err, &proto) && (proto.Code == 550 || proto.Code == 450) && strings.Contains(strings.ToLower(proto.Msg), "no files") {
		return nil
	}
	return err
}

// fail classes an error; replies by their codes and texts.
func (f *FS) fail(op string, err error) *fault.Fault {
	host := f.p.Site.Host
	var known *fault.Fault
	var proto *textproto.Error
	if errors.As(err, &known) {
		return known.With(op, host)
	}
	var alert tls.AlertError
	if errors.As(err, &alert) {
		return fault.New(fault.Protocol, op, host, err)
	}
	if !errors.As(err, &proto) {
		return fault.From(op, host, err)
	}
	return &fault.Fault{Kind: kindOf(op, proto), Op: op, Host: host, Said: fault.CleanLine(proto.Msg), Err: err}
}

// kindOf reads a reply. The texts are English on nearly every server.
func kindOf(op string, e *textproto.Error) fault.Kind {
	text := strings.ToLower(e.Msg)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	switch e.Code {
	case 421, 450:
		if e.Code == 450 && has("no such", "not found") {
			return fault.NotFound
		}
		return fault.Busy
	case 425, 426, 522:
		return fault.Protocol
	case 430, 530, 532:
		return fault.Login
	case 451:
		if has("restart", "append", "resum") {
			return fault.Unsupported // ProFTPD says "try again" and means never
		}
		if op == "write" && has("writ") {
			return fault.Full // so vsftpd and Pure-FTPd tell of a full disk
		}
		return fault.Protocol
	case 452, 552:
		return fault.Full
	case 500, 501, 502, 503, 504, 202:
		return fault.Unsupported
	}
	switch {
	case e.Code/100 == 4:
		return fault.Protocol
	case e.Code/100 != 5:
		return fault.Protocol
	case has("no such", "not found", "does not exist", "doesn't exist", "cannot find", "can't find", "not a directory", "introuvable", "can't check for file existence"):
		return fault.NotFound
	case has("not empty"):
		return fault.Exists
	case has("exist"):
		return fault.Exists
	case has("quota", "no space", "disk full"):
		return fault.Full
	case has("restart", "rest offset") && op == "write":
		return fault.Unsupported
	case has("permission", "denied", "not permitted", "prohibited", "not allowed", "forbidden", "read-only", "refus"):
		return fault.Permission
	}
	switch op {
	case "stat", "list", "read":
		return fault.NotFound
	}
	return fault.Permission
}
