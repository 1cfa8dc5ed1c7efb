package words_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/app/words"
	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
)

var kinds = []fault.Kind{
	fault.Offline, fault.NameNotFound, fault.Refused, fault.Timeout, fault.Certificate, fault.Login, fault.Permission, fault.NotFound,
	fault.Exists, fault.Full, fault.TooBig, fault.Protocol, fault.Busy, fault.Cancelled, fault.Unsupported, fault.Clock, fault.Damaged, fault.Internal,
}

var checks = []fault.Check{
	fault.CheckExpired, fault.CheckNotYetValid, fault.CheckHost, fault.CheckAuthority, fault.CheckWeak, fault.CheckUsage,
	fault.CheckRevoked, fault.CheckChanged, fault.CheckUnknownKey, fault.CheckChangedKey,
}

var panels = []string{"web", "mail", "files", "settings", ""}

func TestEveryFaultHasWords(t *testing.T) {
	for _, language := range words.Languages {
		words.SetLanguage(language)
		titles := map[string]string{} // title to kind and check
		look := func(name string, f *fault.Fault) {
			for _, panel := range panels {
				e := words.Fault(f, panel)
				require.NotEmpty(t, e.Title, name)
				require.NotEmpty(t, e.Meaning, name)
				require.NotEmpty(t, e.Next, name)
				for _, s := range append([]string{e.Title, e.Meaning}, e.Next...) {
					require.NotContains(t, s, "fault.", name)
					require.NotContains(t, s, "{{", name)
					require.NotContains(t, s, "<no value>", name)
					require.NotContains(t, s, "!", name)
					require.NotEmpty(t, strings.TrimSpace(s), name)
				}
				if f.Kind != fault.Internal && panel == "" {
					if other, taken := titles[e.Title]; taken {
						t.Errorf("%s: %s and %s have the same title %q", language, other, name, e.Title)
					}
					titles[e.Title] = name
				}
			}
		}
		for _, kind := range kinds {
			look(string(kind), &fault.Fault{Kind: kind, Op: "x", Host: "club.example:993"})
		}
		for _, check := range checks {
			look("certificate."+string(check), &fault.Fault{Kind: fault.Certificate, Check: check, Op: "tls", Host: "club.example"})
		}
	}
	words.SetLanguage("en")
}

// The cases that must not be confused with each other, as they are seen in the
// Mail tab.
func TestRightSentences(t *testing.T) {
	words.SetLanguage("en")
	for want, f := range map[string]*fault.Fault{
		"Your mail password was not accepted":                    {Kind: fault.Login, Host: "imap.example.org"},
		"Your mail server turns connections away":                {Kind: fault.Refused, Host: "imap.example.org"},
		"Your mail server was not found":                         {Kind: fault.NameNotFound, Host: "imap.example.org"},
		"Your mail server does not answer":                       {Kind: fault.Timeout, Host: "imap.example.org"},
		"imap.example.org does not speak like a mail server":     {Kind: fault.Protocol, Host: "imap.example.org:25"},
		"The certificate of imap.example.org has expired":        {Kind: fault.Certificate, Check: fault.CheckExpired, Host: "imap.example.org"},
		"The certificate is not for imap.example.org":            {Kind: fault.Certificate, Check: fault.CheckHost, Host: "imap.example.org"},
		"Nobody known vouches for imap.example.org":              {Kind: fault.Certificate, Check: fault.CheckAuthority, Host: "imap.example.org"},
		"imap.example.org shows another certificate than before": {Kind: fault.Certificate, Check: fault.CheckChanged, Host: "imap.example.org"},
		"imap.example.org has another key than before":           {Kind: fault.Certificate, Check: fault.CheckChangedKey, Host: "imap.example.org"},
		"imap.example.org cannot prove who it is":                {Kind: fault.Certificate, Check: "new_kind_of_check", Host: "imap.example.org"},
		"Guichet made a mistake":                                 {Kind: "new_kind"},
	} {
		require.Equal(t, want, words.Fault(f, "mail").Title)
	}
	require.Equal(t, "The server is busy", words.Fault(&fault.Fault{Kind: fault.Busy}, "web").Title, "an unknown host begins the sentence")
	require.Zero(t, words.Fault(nil, "mail"))
	var none *fault.Fault
	require.Zero(t, words.Fault(none, "mail"))
	require.Equal(t, "Guichet made a mistake", words.Fault(errors.New("x"), "").Title)
}

// The causes that a kind alone would explain wrongly.
func TestSpecialCauses(t *testing.T) {
	signed := &connect.CertificateQuestion{Leaf: &x509.Certificate{RawIssuer: []byte("authority"), RawSubject: []byte("server")}}
	self := &connect.CertificateQuestion{Leaf: &x509.Certificate{RawIssuer: []byte("server"), RawSubject: []byte("server")}}
	for _, c := range []struct {
		f      *fault.Fault
		en, fr string
	}{
		{&fault.Fault{Kind: fault.Permission, Op: "open profile"}, "Guichet cannot write in the folder where it keeps its data", "Guichet ne peut pas écrire dans le dossier où il garde ses données"},
		{&fault.Fault{Kind: fault.Unsupported, Step: "tls"}, "example.org offers no safe encryption", "example.org n'offre pas de chiffrement sûr"},
		{&fault.Fault{Kind: fault.Unsupported, Op: "add account"}, "example.org takes no password from programs", "example.org n'accepte pas de mot de passe d'un programme"},
		{&fault.Fault{Kind: fault.NotFound, Op: "discover"}, "No mail servers were found for example.org", "Aucun serveur de courriel n'a été trouvé pour example.org"},
		{&fault.Fault{Kind: fault.NotFound, Op: "discover", Question: &struct{}{}}, "Your mail seems to be at example.org", "Votre courriel semble être chez example.org"},
		{&fault.Fault{Kind: fault.Certificate, Check: fault.CheckAuthority, Question: self}, "example.org vouches for itself only", "example.org est seul à se porter garant de lui-même"},
		{&fault.Fault{Kind: fault.Certificate, Check: fault.CheckAuthority, Question: signed}, "Nobody known vouches for example.org", "Personne de connu ne se porte garant de example.org"},
		{&fault.Fault{Kind: fault.Certificate, Check: fault.CheckExpired, Question: self}, "The certificate of example.org has expired", "Le certificat de example.org est périmé"},
	} {
		c.f.Host = "example.org"
		for _, panel := range panels {
			words.SetLanguage("fr")
			require.Equal(t, c.fr, words.Fault(c.f, panel).Title)
			words.SetLanguage("en")
			e := words.Fault(c.f, panel)
			require.Equal(t, c.en, e.Title)
			require.NotEmpty(t, e.Meaning)
			require.NotEmpty(t, e.Next)
		}
	}
}

func TestDetailsHoldNoSecret(t *testing.T) {
	words.SetLanguage("en")
	f := &fault.Fault{
		Kind: fault.Login, Op: "login", Host: "ftp.example.org:21", Step: "login", Said: "530 no\x1b[31m\nPASS sesame",
		Err: fmt.Errorf("ftp://anna:sesame@ftp.example.org: %w", fault.Newf(fault.Login, "login", "", "PASS sesame")),
	}
	d := words.Fault(fmt.Errorf("wrapped: %w", f), "files").Details
	require.NotContains(t, d, "sesame")
	require.NotContains(t, d, "\x1b")
	require.Contains(t, d, "ftp.example.org:21")
	require.Contains(t, d, "login: login [login]")
}

func TestNamesThatAreNotAllowed(t *testing.T) {
	words.SetLanguage("en")
	for _, f := range []*fault.Fault{
		fault.New(fault.Permission, "write", "club.example", files.CheckName("..")),
		{Kind: fault.Permission, Op: "write", Host: "club.example", Said: "Prohibited file name: a\\b"}, // Pure-FTPd
	} {
		require.Equal(t, words.T("fault.permission.name.title"), words.Fault(f, "files").Title)
	}
}

func TestServersThatFail(t *testing.T) {
	words.SetLanguage("en")
	failed := &fault.Fault{Kind: fault.Protocol, Op: "write", Host: "club.example", Said: "500 Internal Server Error"} // Apache, of a folder it may not write
	require.Equal(t, words.T("fault.protocol.server.title", "Host", "club.example"), words.Fault(failed, "files").Title)
	locked := &fault.Fault{Kind: fault.Busy, Op: "rename", Host: "club.example", Said: "423 Locked: marie"}
	require.Equal(t, words.T("fault.busy.locked.title"), words.Fault(locked, "files").Title)
	strange := &fault.Fault{Kind: fault.Protocol, Op: "list", Host: "club.example", Said: "418"}
	require.NotEqual(t, words.Fault(failed, "files").Title, words.Fault(strange, "files").Title)
}
