package words

import (
	"fmt"
	"time"

	"guichet/services/check"
	"guichet/services/fault"
)

// Step says what a step of a diagnosis looks at, as a statement that is true
// where the step went well.
func Step(s check.Step) string {
	d := s.Detail
	switch s.ID {
	case check.Computer:
		return T("trouble.step.computer")
	case check.Name:
		if d.Host != "" {
			return T("trouble.step.name.host", "Host", d.Host)
		}
		return T("trouble.step.name")
	case check.Connect:
		if d.Port == 0 {
			return T("trouble.step.connect")
		}
		port := fmt.Sprint(d.Port)
		switch d.Expected {
		case "imap", "smtp", "imaps", "smtps", "pop3":
			return T("trouble.step.connect.mail", "Port", port)
		case "ftp", "ftps", "ftpes", "ssh", "sftp", "dav", "davs", "s3", "s3+http":
			return T("trouble.step.connect.files", "Port", port)
		case "http", "https":
			return T("trouble.step.connect.web", "Port", port)
		}
		return T("trouble.step.connect.port", "Port", port)
	case check.TLS:
		if d.Expected == "ssh" || d.Expected == "sftp" {
			return T("trouble.step.key")
		}
		return T("trouble.step.tls")
	case check.Login:
		return T("trouble.step.login")
	}
	return T("trouble.step.protocol")
}

// StepNote is what stands at the end of a step's line: how long it took, or in
// two words how it failed. kind and which are those of the report.
func StepNote(s check.Step, kind fault.Kind, which fault.Check) string {
	switch s.State {
	case check.OK:
		return T("trouble.ms", "Count", Number(s.Took.Round(time.Millisecond).Milliseconds()))
	case check.Skipped:
		return ""
	}
	switch kind {
	case fault.Timeout:
		return T("trouble.note.timeout", "Time", Duration(s.Took.Round(time.Second)))
	case fault.Offline:
		return T("trouble.note.offline")
	case fault.NameNotFound:
		return T("trouble.note.name")
	case fault.Refused:
		return T("trouble.note.refused")
	case fault.Login:
		return T("trouble.note.login")
	case fault.Protocol:
		return T("trouble.note.protocol")
	case fault.Busy:
		return T("trouble.note.busy")
	case fault.Unsupported:
		if s.ID == check.TLS {
			return T("trouble.note.unsupported")
		}
	case fault.Certificate:
		switch which {
		case fault.CheckExpired:
			return T("trouble.note.expired")
		case fault.CheckNotYetValid:
			return T("trouble.note.early")
		case fault.CheckHost:
			return T("trouble.note.host")
		case fault.CheckAuthority, fault.CheckUnknownKey:
			return T("trouble.note.unknown")
		case fault.CheckChanged, fault.CheckChangedKey:
			return T("trouble.note.changed")
		}
		return T("trouble.note.certificate")
	}
	return T("trouble.note.failed")
}
