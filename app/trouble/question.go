package trouble

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/connect"
	"guichet/services/fault"
)

// Trust is the value of a Question's answer that says yes.
const Trust = "trust"

// Question gives the question that err holds, about a certificate or a host
// key; the caller sets its Answer. A changed one has no button that Enter
// chooses, and its yes is drawn as harm.
func Question(err error) (panel.Question, bool) {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return panel.Question{}, false
	}
	switch q := f.Question.(type) {
	case *connect.CertificateQuestion:
		return certificate(f, q), true
	case *connect.HostKeyQuestion:
		return hostKey(f, q), true
	}
	return panel.Question{}, false
}

// Accept remembers what a person said yes to.
func Accept(t *connect.Trust, err error) error {
	var f *fault.Fault
	if errors.As(err, &f) {
		switch q := f.Question.(type) {
		case *connect.CertificateQuestion:
			return t.TrustCertificate(q)
		case *connect.HostKeyQuestion:
			return t.TrustHostKey(q)
		}
	}
	return fault.Newf(fault.Internal, "trust", "", "nothing to trust")
}

func certificate(f *fault.Fault, q *connect.CertificateQuestion) panel.Question {
	e := words.Fault(f, "")
	day := func(t time.Time) string { return t.Local().Format("2006-01-02") }
	details := []string{
		words.T("trouble.certificate.for", "Names", strings.Join(q.Names, ", ")),
		words.T("trouble.certificate.by", "Name", q.Issuer),
		words.T("trouble.certificate.days", "From", day(q.From), "To", day(q.To)),
		words.T("trouble.fingerprint", "Value", colons(q.SHA256[:])),
	}
	if q.Previous != nil {
		details = append(details, words.T("trouble.fingerprint.before", "Value", colons(q.Previous[:])))
	}
	return ask(e, q.Host, q.Port, details, q.Previous != nil)
}

func hostKey(f *fault.Fault, q *connect.HostKeyQuestion) panel.Question {
	e := words.Fault(f, "")
	details := []string{
		words.T("trouble.key.type", "Value", q.Type),
		words.T("trouble.fingerprint", "Value", q.Fingerprint),
	}
	if q.Previous != "" {
		details = append(details, words.T("trouble.fingerprint.before", "Value", q.Previous))
	}
	return ask(e, q.Host, q.Port, details, q.Previous != "")
}

func ask(e words.Explanation, host string, port int, details []string, changed bool) panel.Question {
	at := fmt.Sprintf("%s:%d", host, port)
	q := panel.Question{
		Title: e.Title, Text: e.Meaning + "\n\n" + words.T("trouble.trust.what", "Host", at),
		Details: strings.Join(details, "\n"),
		Choices: []panel.Choice{
			{Label: words.T("trouble.trust.no"), Value: "", Primary: !changed},
			{Label: words.T("trouble.trust.yes"), Value: Trust, Danger: changed},
		},
	}
	if changed {
		q.Text = e.Meaning + "\n\n" + strings.Join(e.Next, "\n")
		q.Choices[1].Label = words.T("trouble.trust.anyway")
	}
	return q
}

// colons writes a fingerprint in pairs, as browsers do.
func colons(b []byte) string {
	pairs := make([]string, len(b))
	for i, c := range b {
		pairs[i] = strings.ToUpper(hex.EncodeToString([]byte{c}))
	}
	return strings.Join(pairs, ":")
}
