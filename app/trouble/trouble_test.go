package trouble_test

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/app/look"
	"guichet/app/trouble"
	"guichet/app/words"
	"guichet/services/check"
	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/widgets/kit"
)

func report() *check.Report {
	return &check.Report{
		Kind: fault.Timeout, Step: check.Connect, Blame: check.Server,
		Fault: &fault.Fault{Kind: fault.Timeout, Op: "connect", Host: "imap.example.org:993", Said: "PASS sesame"},
		Steps: []check.Step{
			{ID: check.Computer, State: check.OK, Took: 12 * time.Millisecond},
			{ID: check.Name, State: check.OK, Took: 9 * time.Millisecond, Detail: check.Detail{Host: "imap.example.org"}},
			{ID: check.Connect, State: check.Failed, Took: 10 * time.Second, Detail: check.Detail{Port: 993, Expected: "imap"}},
			{ID: check.TLS, State: check.Skipped},
			{ID: check.Login, State: check.Skipped},
		},
	}
}

// shown gives all texts and buttons of a view as they are drawn.
func shown(t *testing.T, o fyne.CanvasObject) (texts []string, buttons map[string]*kit.Button) {
	w := test.NewTempWindow(t, o)
	w.Resize(fyne.NewSize(1200, 800))
	buttons = map[string]*kit.Button{}
	var walk func(o fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *kit.Text:
			texts = append(texts, o.Text())
		case *kit.Paragraph:
			texts = append(texts, o.Text())
		case *kit.Button:
			buttons[o.Text()] = o
		}
		switch o := o.(type) {
		case *fyne.Container:
			for _, c := range o.Objects {
				walk(c)
			}
		case fyne.Widget:
			for _, c := range test.WidgetRenderer(o).Objects() {
				walk(c)
			}
		}
	}
	walk(o)
	return texts, buttons
}

func TestThePanelOfThePicture(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(look.New(look.Light, 0))
	words.SetLanguage("en")
	now := time.Unix(1000, 0)
	tried, copied := 0, ""
	v := trouble.New(trouble.Params{
		Panel: "mail", Report: report(), OnRetry: func() { tried++ }, OnSettings: func() {},
		NextTry: now.Add(24 * time.Second), Now: func() time.Time { return now }, Copy: func(s string) { copied = s },
	})
	defer v.Stop()
	texts, buttons := shown(t, v)
	for _, want := range []string{
		"Your mail server does not answer",
		"This computer is connected to the Internet", "12 ms",
		"The name imap.example.org was found", "9 ms",
		"The server accepts a connection for mail (port 993)", "no answer in 10\u00a0s",
		"The server shows a valid certificate",
		"Your name and password are accepted",
		"next try by itself in 24\u00a0s",
	} {
		require.Contains(t, texts, want)
	}
	require.Contains(t, strings.Join(texts, "\n"), "Your own Internet connection works.")
	test.Tap(buttons["Try again"])
	require.Equal(t, 1, tried)
	test.Tap(buttons["Copy details for support"])
	require.Contains(t, copied, "x The server accepts a connection for mail (port 993)")
	require.Contains(t, copied, "imap.example.org:993")
	require.NotContains(t, copied, "sesame")
	require.Equal(t, "Copied", buttons["Copy details for support"].Text())
}

func TestWithoutReport(t *testing.T) {
	test.NewTempApp(t)
	words.SetLanguage("fr")
	defer words.SetLanguage("en")
	v := trouble.New(trouble.Params{Panel: "mail", Err: fault.Newf(fault.Login, "login", "imap.example.org", "no")})
	texts, buttons := shown(t, v)
	require.Contains(t, texts, "Votre mot de passe de courriel n'a pas été accepté")
	require.Contains(t, texts, "Tapez de nouveau le mot de passe.", "the next steps stand in place of a diagnosis")
	require.Len(t, buttons, 1, "buttons without a use are not there")
	v.SetReport(report())
	v.SetNextTry(time.Now().Add(time.Minute))
	v.Stop()
}

func TestEveryStepHasWords(t *testing.T) {
	for _, language := range words.Languages {
		words.SetLanguage(language)
		seen := map[string]bool{}
		for _, id := range []check.StepID{check.Computer, check.Name, check.Connect, check.TLS, check.Login, check.Protocol} {
			s := words.Step(check.Step{ID: id})
			require.False(t, seen[s], s)
			require.NotContains(t, s, "trouble.")
			seen[s] = true
		}
		for _, kind := range []fault.Kind{fault.Offline, fault.NameNotFound, fault.Refused, fault.Timeout, fault.Login, fault.Protocol, fault.Busy, fault.Internal} {
			note := words.StepNote(check.Step{State: check.Failed}, kind, "")
			require.NotContains(t, note, "trouble.")
			require.NotEmpty(t, note)
		}
		for _, c := range []fault.Check{fault.CheckExpired, fault.CheckNotYetValid, fault.CheckHost, fault.CheckAuthority, fault.CheckChanged, fault.CheckWeak} {
			note := words.StepNote(check.Step{State: check.Failed}, fault.Certificate, c)
			require.NotContains(t, note, "trouble.")
			require.False(t, seen[note], note)
			seen[note] = true
		}
	}
	words.SetLanguage("en")
}

func TestQuestions(t *testing.T) {
	words.SetLanguage("en")
	before := [32]byte{1}
	unknown := &fault.Fault{Kind: fault.Certificate, Check: fault.CheckAuthority, Host: "club.example", Question: &connect.CertificateQuestion{
		Host: "club.example", Port: 993, Leaf: &x509.Certificate{RawIssuer: []byte("club")}, SHA256: [32]byte{0xab, 0xcd}, Names: []string{"club.example"}, Issuer: "CN=club",
	}}
	q, ok := trouble.Question(unknown)
	require.True(t, ok)
	require.Equal(t, "Nobody known vouches for club.example", q.Title)
	require.Contains(t, q.Details, "AB:CD:00")
	require.NotContains(t, q.Text, "AB:CD", "fingerprints stand under Details")
	require.True(t, q.Choices[0].Primary)
	require.Empty(t, q.Choices[0].Value, "Enter changes nothing")
	require.Contains(t, q.Text, "club.example:993")

	changed := &fault.Fault{Kind: fault.Certificate, Check: fault.CheckChanged, Host: "club.example", Question: &connect.CertificateQuestion{Host: "club.example", Port: 993, Previous: &before}}
	q, ok = trouble.Question(changed)
	require.True(t, ok)
	for _, c := range q.Choices {
		require.False(t, c.Primary, "a changed certificate has no default button")
	}
	require.True(t, q.Choices[1].Danger)

	key := &fault.Fault{Kind: fault.Certificate, Check: fault.CheckUnknownKey, Host: "club.example", Question: &connect.HostKeyQuestion{
		Host: "club.example", Port: 22, Type: "ssh-ed25519", Fingerprint: "SHA256:abc", Key: []byte("k"),
	}}
	q, ok = trouble.Question(key)
	require.True(t, ok)
	require.Equal(t, "club.example is new to this computer", q.Title)
	require.Contains(t, q.Details, "SHA256:abc")

	trust := connect.NewTrust()
	require.NoError(t, trouble.Accept(trust, key))
	require.Len(t, trust.List(), 1)
	require.Error(t, trouble.Accept(trust, fault.Newf(fault.Timeout, "", "", "x")))
	_, ok = trouble.Question(fault.Newf(fault.Timeout, "", "", "x"))
	require.False(t, ok)
}
