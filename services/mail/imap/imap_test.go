package imap

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap"
	"github.com/stretchr/testify/require"

	"guichet/services/connect"
	"guichet/services/fault"
)

var identity = sync.OnceValues(func() (*tls.Config, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
})

// scripted is a server that answers by the script: the first entry whose key
// begins the command is sent, with TAG replaced by the tag; "" gives silence,
// "CUT" closes. What is not in the script succeeds without data.
type scripted struct {
	caps     string
	greeting string
	script   map[string]string
	ln       net.Listener
	plain    bool

	mu    sync.Mutex
	heard []string
}

func (s *scripted) commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.heard...)
}

func (s *scripted) start(t *testing.T) Config {
	t.Helper()
	cfg, pool := identity()
	var err error
	if s.plain {
		s.ln, err = net.Listen("tcp", "127.0.0.1:0")
	} else {
		s.ln, err = tls.Listen("tcp", "127.0.0.1:0", cfg)
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.ln.Close() })
	go func() {
		for {
			c, err := s.ln.Accept()
			if err != nil {
				return
			}
			go s.serve(c)
		}
	}()
	return Config{
		Host: "127.0.0.1", Port: s.ln.Addr().(*net.TCPAddr).Port, StartTLS: s.plain, Login: "anna", Password: "pass word",
		Network: connect.New(connect.Params{Roots: pool, Timeout: 2 * time.Second}),
	}
}

func (s *scripted) serve(c net.Conn) {
	defer c.Close()
	greeting := s.greeting
	if greeting == "" {
		greeting = "* OK ready\r\n"
	}
	if _, err := c.Write([]byte(greeting)); err != nil {
		return
	}
	in := bufio.NewReader(c)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		tag, command, _ := strings.Cut(line, " ")
		s.mu.Lock()
		s.heard = append(s.heard, command)
		s.mu.Unlock()
		answer := "TAG OK done\r\n"
		if command == "CAPABILITY" {
			answer = "* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR " + s.caps + "\r\nTAG OK\r\n"
		}
		longest := -1
		for k, v := range s.script {
			if strings.HasPrefix(command, k) && len(k) > longest {
				answer, longest = v, len(k)
			}
		}
		if answer == "CUT" {
			return
		}
		if _, err := c.Write([]byte(strings.ReplaceAll(answer, "TAG", tag))); err != nil {
			return
		}
		if command == "STARTTLS" && strings.HasPrefix(answer, "TAG OK") {
			cfg, _ := identity()
			t := tls.Server(c, cfg)
			c, in = t, bufio.NewReader(t)
		}
	}
}

func dial(t *testing.T, s *scripted) Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	sess, err := Dial(ctx, s.start(t))
	require.NoError(t, err)
	t.Cleanup(func() { _ = sess.Close() })
	return sess
}

const fetched = "* 1 FETCH (UID 5 FLAGS (\\Seen) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 4286 BODY[HEADER] {12}\r\nSubject: x\r\n)\r\n"

// Each row of the table of misbehaving servers (research, 2.2): the message
// comes, and the connection lives.
func TestHostileFetch(t *testing.T) {
	for name, answer := range map[string]string{
		"plain":                      fetched,
		"UID after the literal":      "* 1 FETCH (BODY[HEADER] {12}\r\nSubject: x\r\n UID 5 FLAGS () RFC822.SIZE 4286)\r\n",
		"VANISHED before":            "* VANISHED 3\r\n" + fetched,
		"VANISHED EARLIER":           "* VANISHED (EARLIER) 1:9\r\n" + fetched,
		"unknown items":              "* 1 FETCH (X-GM-MSGID 12 X-NEW (a (b) \"c\") UID 5 MODSEQ (12) BODY[HEADER] {12}\r\nSubject: x\r\n)\r\n",
		"lower-case nil":             "* 1 FETCH (UID 6 BODY[HEADER] nil)\r\n" + fetched,
		"flag with 8-bit bytes":      "* 1 FETCH (UID 5 FLAGS (\\Seen d\xe9j\xe0) BODY[HEADER] {12}\r\nSubject: x\r\n)\r\n",
		"flag with bracket":          "* 1 FETCH (UID 5 FLAGS (\\Seen a]b) BODY[HEADER] {12}\r\nSubject: x\r\n)\r\n",
		"bad INTERNALDATE":           "* 1 FETCH (UID 5 INTERNALDATE \"yesterday\" BODY[HEADER] {12}\r\nSubject: x\r\n)\r\n",
		"broken BODYSTRUCTURE":       "* 2 FETCH (UID 7 BODYSTRUCTURE (\"TEXT\" \"\"\"\" NIL))\r\n" + fetched,
		"unasked EXISTS and EXPUNGE": "* 9 EXISTS\r\n* 3 EXPUNGE\r\n* 2 FETCH (FLAGS (\\Seen))\r\n" + fetched,
		"FETCH without fields":       "* 1 FETCH\r\n* EXPUNGE\r\n* EXISTS\r\n* RECENT\r\n* FETCH ()\r\n" + fetched,
		"bare line":                  "Server Unavailable.\r\n" + fetched,
		"bare LF":                    "* 1 FETCH (UID 5 BODY[HEADER] {12}\nSubject: x\r\n)\n",
		"needless continuations":     strings.Repeat("+ go on\r\n", 1000) + fetched,
		"quoted header":              "* 1 FETCH (UID 5 BODY[HEADER] \"Subject: x\")\r\n",
		"size beyond 32 bits":        "* 1 FETCH (UID 5 RFC822.SIZE 99999999999 BODY[HEADER] {12}\r\nSubject: x\r\n)\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := dial(t, &scripted{script: map[string]string{"UID FETCH": answer + "TAG OK done\r\n"}})
			var got []Item
			require.NoError(t, s.Headers(t.Context(), "1:*", func(it Item) error {
				if it.Header != nil {
					got = append(got, it)
				}
				return nil
			}))
			require.Len(t, got, 1)
			require.EqualValues(t, 5, got[0].UID)
			require.Contains(t, string(got[0].Header), "Subject: x")
			require.NoError(t, s.Noop(t.Context()))
			require.True(t, s.Alive())
		})
	}
}

// What cannot be read ends the command and the connection at once, with a fault,
// in bounded memory.
func TestHostileEnds(t *testing.T) {
	for name, answer := range map[string]string{
		"4 GB literal":       "* 1 FETCH (UID 5 BODY[HEADER] {4294967295}\r\n",
		"literal in code":    "* OK [X {4294967295}\r\n",
		"huge number":        "* 1 FETCH (UID 5 BODY[HEADER] {99999999999999999999}\r\n",
		"deep nesting":       "* X " + strings.Repeat("(", 1<<20) + "\r\n",
		"endless word":       "* X " + strings.Repeat("a", 1<<20) + "\r\n",
		"cut":                "CUT",
		"cut in the literal": "* 1 FETCH (UID 5 BODY[HEADER] {1000}\r\nSubject",
		"poisoned literal":   "* 1 FETCH (UID 5 X]Y a BODY[HEADER] {30}\r\n* 1 FETCH (UID 9 FLAGS (x))\r\n\r\n)\r\nTAG OK\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := &scripted{script: map[string]string{"UID FETCH": answer}}
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			cfg := srv.start(t)
			s, err := Dial(ctx, cfg)
			require.NoError(t, err)
			if name == "cut in the literal" {
				time.AfterFunc(100*time.Millisecond, func() { s.(*session).kill() })
			}
			var got []Item
			err = s.Headers(ctx, "1:*", func(it Item) error { got = append(got, it); return nil })
			require.Error(t, err)
			require.Contains(t, []fault.Kind{fault.Protocol, fault.Timeout}, fault.KindOf(err), "%v", err)
			require.False(t, s.Alive())
			require.Empty(t, got, "nothing out of a literal is taken for an answer")
			require.NoError(t, ctx.Err(), "at once")
		})
	}
}

func TestSilentServer(t *testing.T) {
	s := dial(t, &scripted{caps: "NAMESPACE", script: map[string]string{"NOOP": ""}}).(*session)
	err := s.run(t.Context(), "check", 100*time.Millisecond, time.Minute, func() error {
		_, err := s.c.Execute(&imap.Command{Name: "NOOP"}, s.handler(nil, new(error)))
		return err
	})
	require.True(t, fault.Is(err, fault.Timeout), "%v", err)
	require.False(t, s.Alive())
}

func TestCancel(t *testing.T) {
	s := dial(t, &scripted{caps: "NAMESPACE", script: map[string]string{"NOOP": ""}})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	require.True(t, fault.Is(s.Noop(ctx), fault.Cancelled))
}

func TestList(t *testing.T) {
	for name, c := range map[string]struct {
		caps, line string
		want       []string
		attribute  string
	}{
		"plain":         {line: `* LIST (\HasNoChildren) "/" INBOX`, want: []string{"INBOX"}},
		"ampersand":     {line: `* LIST () "/" "R&D"`, want: []string{"R&D"}},
		"modified utf7": {line: `* LIST (\Sent) "." "INBOX.Envoy&AOk-s"`, want: []string{"INBOX", "Envoyés"}, attribute: `\sent`},
		"latin1":        {line: "* LIST () \"/\" \"Envoy\xe9s\"", want: []string{"Envoyés"}},
		"raw utf8":      {line: `* LIST () "/" "Envoyés"`, want: []string{"Envoyés"}},
		"literal":       {line: "* LIST () \"/\" {5}\r\na \"b\\", want: []string{`a "b\`}},
		"no delimiter":  {line: `* LIST () NIL a/b`, want: []string{"a/b"}},
		"spaces bare":   {line: `* LIST () "/" Deleted Items`, want: []string{"Deleted Items"}},
		"extended":      {line: `* LIST () "/" "x" ("CHILDINFO" ("SUBSCRIBED"))`, want: []string{"x"}},
		"named NIL":     {line: `* LIST () "/" NIL`, want: []string{"NIL"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := dial(t, &scripted{script: map[string]string{"LIST": c.line + "\r\nTAG OK\r\n"}})
			list, err := s.List(t.Context())
			require.NoError(t, err)
			require.Len(t, list, 1)
			require.Equal(t, c.want, list[0].Path)
			require.True(t, c.attribute == "" || list[0].Has(c.attribute))
			_, wire, _ := strings.Cut(c.line, `"/" `)
			if name == "latin1" {
				require.Equal(t, strings.Trim(wire, `"`), list[0].Wire, "the wire's own bytes are the key")
			}
		})
	}
}

func TestListFallsBack(t *testing.T) {
	srv := &scripted{caps: "LIST-EXTENDED LIST-STATUS SPECIAL-USE CONDSTORE", script: map[string]string{
		"LIST":                   "* LIST () \"/\" INBOX\r\nTAG OK\r\n",
		`LIST "" "*" RETURN`:     "TAG BAD what\r\n",
		"STATUS \"INBOX\" (MESS": "* STATUS INBOX (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 99999999999 UNSEEN 1 HIGHESTMODSEQ 715194045007)\r\nTAG OK\r\n",
	}}
	s := dial(t, srv)
	list, err := s.List(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
	st, err := s.Status(t.Context(), "INBOX")
	require.NoError(t, err)
	require.Equal(t, Status{Messages: 3, UIDNext: 9, Unseen: 1, HighestModSeq: 715194045007}, st, "a UIDVALIDITY beyond 32 bits counts as none")
}

func TestGates(t *testing.T) {
	srv := &scripted{script: map[string]string{"UID SEARCH": "* SEARCH 3 1 2\r\nTAG OK\r\n"}}
	s := dial(t, srv)
	uids, err := s.All(t.Context())
	require.NoError(t, err)
	require.Equal(t, []uint32{1, 2, 3}, uids)
	_, err = s.Select(t.Context(), "INBOX")
	require.NoError(t, err)
	require.NoError(t, s.Flags(t.Context(), "1:*", 5, func(Item) error { return nil }))
	all := strings.Join(srv.commands(), "\n")
	for _, word := range []string{"RETURN", "CONDSTORE", "CHANGEDSINCE", "MODSEQ"} {
		require.NotContains(t, all, word, "not offered, not used")
	}
	srv = &scripted{caps: "ESEARCH CONDSTORE UIDPLUS MOVE", script: map[string]string{
		"UID SEARCH": "* ESEARCH (TAG \"TAG\") UID ALL 1:3,9\r\nTAG OK\r\n",
		"UID MOVE":   "* OK [COPYUID 1 5:6 15:16] moved\r\nTAG OK\r\n",
	}}
	s = dial(t, srv)
	uids, err = s.All(t.Context())
	require.NoError(t, err)
	require.Equal(t, []uint32{1, 2, 3, 9}, uids)
	moved, err := s.Move(t.Context(), "5:6", "Archive")
	require.NoError(t, err)
	require.Equal(t, map[uint32]uint32{5: 15, 6: 16}, moved)
	srv = &scripted{caps: "ESEARCH", script: map[string]string{"UID SEARCH": "* ESEARCH (TAG \"TAG\") UID ALL 1:4294967295\r\nTAG OK\r\n"}}
	_, err = dial(t, srv).All(t.Context())
	require.True(t, fault.Is(err, fault.Protocol), "%v", err)
}

func TestLoginAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		script   map[string]string
		greeting string
		kind     fault.Kind
	}{
		"refused":     {script: map[string]string{"AUTHENTICATE": "TAG NO [AUTHENTICATIONFAILED] bad\r\n"}, kind: fault.Login},
		"too many":    {script: map[string]string{"AUTHENTICATE": "TAG NO Too many simultaneous connections\r\n"}, kind: fault.Busy},
		"no real yes": {script: map[string]string{"NOOP": "TAG BAD User is authenticated but not connected.\r\n"}, kind: fault.Permission},
		"preauth":     {greeting: "* PREAUTH welcome\r\n", kind: fault.Protocol},
		"bye":         {greeting: "* BYE overloaded\r\n", kind: fault.Busy},
		"http":        {greeting: "HTTP/1.1 400 Bad Request\r\n", kind: fault.Protocol},
	} {
		t.Run(name, func(t *testing.T) {
			srv := &scripted{script: c.script, greeting: c.greeting}
			_, err := Dial(t.Context(), srv.start(t))
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			require.NotContains(t, err.Error(), "pass word")
			if c.greeting != "" {
				require.Empty(t, srv.commands(), "no password went there")
			}
		})
	}
}

// STARTTLS: never optional, and nothing before it counts (CVE-2011-0411 and its
// kin). In each case no login is tried in the clear.
func TestStartTLS(t *testing.T) {
	for name, c := range map[string]struct {
		srv  *scripted
		kind fault.Kind
	}{
		"good":              {},
		"refused":           {srv: &scripted{script: map[string]string{"STARTTLS": "TAG BAD unknown\r\n"}}, kind: fault.Unsupported},
		"injected":          {srv: &scripted{script: map[string]string{"STARTTLS": "TAG OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"}}, kind: fault.Protocol},
		"injected tagged":   {srv: &scripted{script: map[string]string{"STARTTLS": "TAG OK go\r\nA1 OK logged in\r\n"}}, kind: fault.Protocol},
		"preauth":           {srv: &scripted{greeting: "* PREAUTH hello\r\n"}, kind: fault.Protocol},
		"greeting and more": {srv: &scripted{greeting: "* OK hello\r\nS1 OK begin\r\n"}, kind: fault.Protocol},
		"no TLS after yes":  {srv: &scripted{script: map[string]string{"STARTTLS": "TAG OK\r\n"}, greeting: "* OK x\r\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := &scripted{plain: true}
			if c.srv != nil {
				srv.script, srv.greeting = c.srv.script, c.srv.greeting
			}
			s, err := Dial(t.Context(), srv.start(t))
			if c.kind == "" {
				require.NoError(t, err)
				require.NoError(t, s.Noop(t.Context()))
				return
			}
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			for _, cmd := range srv.commands() {
				require.False(t, strings.HasPrefix(cmd, "LOGIN") || strings.HasPrefix(cmd, "AUTH"), cmd)
			}
		})
	}
}

func TestIdle(t *testing.T) {
	srv := &scripted{caps: "IDLE", script: map[string]string{"IDLE": "+ idling\r\n* 4 EXISTS\r\nTAG OK done\r\n"}}
	news, err := dial(t, srv).Idle(t.Context(), time.Minute, nil)
	require.NoError(t, err)
	require.True(t, news)
	wake := make(chan struct{}, 1)
	wake <- struct{}{}
	s := dial(t, &scripted{caps: "IDLE", script: map[string]string{"IDLE": ""}})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = s.Idle(ctx, time.Minute, wake)
	require.Error(t, err, "a server that does not even begin to idle")
	require.False(t, s.Alive())
}

func TestAlert(t *testing.T) {
	s := dial(t, &scripted{script: map[string]string{"NOOP": "* OK [ALERT] disk nearly full\r\nTAG OK\r\n"}})
	require.NoError(t, s.Noop(t.Context()))
	require.Contains(t, []string{"disk nearly full"}, s.Alert())
	require.Empty(t, s.Alert())
}

func TestAppendToDyingServer(t *testing.T) {
	s := dial(t, &scripted{script: map[string]string{"APPEND": "CUT"}})
	_, err := s.Append(t.Context(), "Sent", nil, time.Now(), bytes.Repeat([]byte("x"), 100<<10))
	require.Error(t, err, "and no hang")
	require.False(t, s.Alive())
}

// FuzzServer feeds arbitrary answers to a command, then the end of the line: no
// panic, no hang.
func FuzzServer(f *testing.F) {
	for command := range byte(4) {
		f.Add(command, []byte(fetched))
		f.Add(command, []byte("* LIST () \"/\" \"a\"\r\n* STATUS x (MESSAGES 1)\r\n"))
		f.Add(command, []byte("* OK [UIDNEXT 5] x\r\n* 3 EXISTS\r\n* 1 FETCH (FLAGS (\\Seen)\r\n"))
		f.Add(command, []byte("* ESEARCH (TAG \"x\") UID ALL 1:3\r\n+ \r\n* BYE\r\n* 1 FETCH (UID 3 BODY[] {3}\r\nabc)\r\n"))
	}
	f.Fuzz(func(t *testing.T, command byte, data []byte) {
		a, b := net.Pipe()
		go func() {
			defer b.Close()
			in := bufio.NewReader(b)
			for n := range 2 {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				tag, _, _ := strings.Cut(line, " ")
				if n == 0 {
					_, _ = fmt.Fprintf(b, "* CAPABILITY IMAP4rev1\r\n%s OK\r\n", tag)
					continue
				}
				_, _ = fmt.Fprintf(b, "%s\r\n%s OK\r\n", data, tag)
			}
		}()
		s := &session{host: "x", caps: map[string]bool{"ESEARCH": true}, guard: newGuard(a, nil)}
		defer s.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if s.begin(ctx) != nil {
			return
		}
		switch command % 4 { // an error is as good as an answer
		case 0:
			_, _ = s.list(ctx, "")
		case 1:
			_, _ = s.Select(ctx, "x")
		case 2:
			_ = s.Headers(ctx, "1:*", func(Item) error { return nil })
		case 3:
			_, _ = s.All(ctx)
		}
		if ctx.Err() != nil {
			t.Fatal("hangs")
		}
	})
}
