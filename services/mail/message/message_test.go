package message

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func crlf(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		raw, text, html, subject string
		attached                 []string
		lenient                  bool
		stage                    string
	}{
		"plain": {raw: "Subject: =?utf-8?q?=C3=89t=C3=A9?=\n\nà bientôt\n", text: "à bientôt\n", subject: "Été"},
		"latin1 declared": {
			raw: "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n=E9t=E9", text: "été",
		},
		"latin1 undeclared":    {raw: "\n\xe9t\xe9", text: "été"},
		"utf8 called latin1":   {raw: "Content-Type: text/plain; charset=us-ascii\n\nété", text: "été"},
		"unknown charset":      {raw: "Content-Type: text/plain; charset=klingon\n\nété", text: "été"},
		"utf7":                 {raw: "Content-Type: text/plain; charset=utf-7\n\n+AOk-t+AOk-", text: "été"},
		"koi8":                 {raw: "Subject: =?koi8-r?B?8NLJ18XU?=\n\nx", subject: "Привет", text: "x"},
		"split encoded words":  {raw: "Subject: =?utf-8?q?a?=\n =?utf-8?q?b?=\n\nx", subject: "ab", text: "x"},
		"raw 8-bit subject":    {raw: "Subject: \xe9t\xe9\n\nx", subject: "été", text: "x"},
		"bidi in subject":      {raw: "Subject: a\u202Eb\x00c\n\nx", subject: "a�b␀c", text: "x"},
		"header without colon": {raw: "From nobody Mon\nX\nSubject: s\nMicrosoft Antispam\n\nx", subject: "s", text: "x"},
		"flowed": {
			raw: "Content-Type: text/plain; format=flowed; delsp=no\n\none \ntwo\n> q1 \n> q2\n-- \nme", text: "one two\n> q1 q2\n-- \nme",
		},
		"flowed delsp":   {raw: "Content-Type: text/plain; format=flowed; delsp=yes\n\n日本 \n語", text: "日本語"},
		"html only":      {raw: "Content-Type: text/html\n\n<style>x</style><p>Hello <b>you</b></p><ul><li>a<li>b</ul>", text: "Hello you\n\n- a\n- b", html: "<p>Hello"},
		"html meta":      {raw: "Content-Type: text/html\n\n<meta charset=windows-1251><p>\xcf\xf0\xe8</p>", text: "При", html: "При"},
		"base64 broken":  {raw: "Content-Transfer-Encoding: base64\n\naGVs*bG8\n=trailing", text: "hello"},
		"qp broken":      {raw: "Content-Transfer-Encoding: quoted-printable\n\na=zzb=3D", text: "a=zzb="},
		"unknown CTE":    {raw: "Content-Transfer-Encoding: x-foo\n\nabc", text: "abc", lenient: true},
		"nothing at all": {raw: "", text: ""},
		"only a header":  {raw: "Subject: x", subject: "x"},
		"alternative with attachment": {
			raw: "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/alternative; boundary=i\n\n--i\n\nplain\n--i\n" +
				"Content-Type: text/html\n\n<p>rich\n--i--\n--o\nContent-Type: application/pdf; name=\"=?utf-8?q?=C3=A9.pdf?=\"\n" +
				"Content-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nJVBERg==\n--o--\n",
			text: "plain", html: "<p>rich", attached: []string{"é.pdf"},
		},
		"no last boundary": {
			raw:  "Content-Type: multipart/mixed; boundary=o\n\n--o\n\nbody\n--o\nContent-Disposition: attachment; filename=a.txt\n\nxyz",
			text: "body", attached: []string{"a.txt"}, lenient: true,
		},
		"boundary never comes": {raw: "Content-Type: multipart/mixed; boundary=o\n\nsome text\n", text: "some text\n", lenient: true, stage: "raw"},
		"multipart without boundary": {
			raw: "Content-Type: multipart/mixed\n\n--o\n\nbody\n--o--\n", text: "body", lenient: true,
		},
		"part header broken": {
			raw:  "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: text/plain\nno colon here\n\nbody\n--o--\n",
			text: "body", lenient: true,
		},
		"rfc2231 name": {
			raw: "Content-Type: multipart/mixed; boundary=o\n\n--o\n\nb\n--o\nContent-Type: image/png\n" +
				"Content-Disposition: attachment; filename*=utf-8''%C3%A9t%C3%A9.png\n\nx\n--o--\n",
			text: "b", attached: []string{"été.png"},
		},
		"nested message": {
			raw:  "Content-Type: multipart/mixed; boundary=o\n\n--o\n\nb\n--o\nContent-Type: message/rfc822\n\nSubject: inner/one\n\nx\n--o--\n",
			text: "b", attached: []string{"one.eml"},
		},
		"inline picture": {
			raw: "Content-Type: multipart/related; boundary=o\n\n--o\nContent-Type: text/html\n\n<img src=cid:p@x>\n--o\nContent-Type: image/png\n" +
				"Content-ID: <p@x>\n\nPNG\n--o--\n", html: "cid:p@x",
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := Parse(crlf(c.raw))
			require.Equal(t, strings.TrimSpace(c.text), strings.TrimSpace(strings.ReplaceAll(m.Text, "\r\n", "\n")))
			require.Equal(t, c.subject, m.Subject)
			require.Contains(t, m.HTML, c.html)
			var names []string
			for _, a := range m.Attachments() {
				names = append(names, a.Name)
			}
			require.Equal(t, c.attached, names)
			require.Equal(t, c.lenient, m.Lenient, m.Stage)
			if c.stage != "" {
				require.Equal(t, c.stage, m.Stage)
			}
		})
	}
	data, mt, ok := Parse(crlf("Content-Type: multipart/related; boundary=o\n\n--o\nContent-Type: image/png\nContent-ID: <p@x>\n\nPNG\n--o--\n")).Inline("cid:p@x")
	require.True(t, ok)
	require.Equal(t, "image/png PNG", mt+" "+string(data))
}

func TestLimits(t *testing.T) {
	var deep strings.Builder
	for i := range 200 {
		deep.WriteString("Content-Type: multipart/mixed; boundary=b" + strings.Repeat("x", i%50) + "\n\n--b" + strings.Repeat("x", i%50) + "\n")
	}
	deep.WriteString("\ninnermost")
	m := Parse(crlf(deep.String()))
	require.Contains(t, m.Text, "innermost")
	many := "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: image/png\n\nx\n", 5000) + "--b--\n"
	m = Parse(crlf(many))
	require.Len(t, m.Parts, MaxParts)
	require.True(t, m.Lenient)
	Parse([]byte("References: " + strings.Repeat("<a@b>", 1<<17) + "\n" + strings.Repeat("X: y\n", 1<<17)))
}

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		`Marie Dubois <m@x.fr>, "B, C" <b@x.fr>`:      "Marie Dubois <m@x.fr>|B, C <b@x.fr>",
		`=?utf-8?q?Ren=C3=A9e?= <r@x.fr>`:             "Renée <r@x.fr>",
		`m@x.fr (Marie)`:                              "Marie <m@x.fr>",
		`Marie Dubois m@x.fr>, <b@x.fr`:               "|b@x.fr",
		`undisclosed-recipients:;`:                    "",
		"a@b\u202E <evil@x.fr>":                       "a@b� <evil@x.fr>",
		`"=?utf-8?q?potus@whitehouse.gov=00?=" <e@x>`: "potus@whitehouse.gov␀ <e@x>",
	} {
		var got []string
		for _, a := range ParseAddresses(in) {
			got = append(got, a.String())
		}
		if strings.HasPrefix(want, "|") {
			require.Contains(t, strings.Join(got, "|"), want[1:], in)
			continue
		}
		require.Equal(t, want, strings.Join(got, "|"), in)
	}
}

func TestSafeName(t *testing.T) {
	for in, want := range map[string]string{
		"../../etc/passwd": "passwd", `C:\x\a.txt`: "a.txt", "": "attachment.bin", "con.txt": "_con.txt", ".bashrc": "bashrc", "a\u202Egpj.exe": "agpj.exe",
		"a\x00b\n.pdf": "a_b_.pdf", "..": "attachment.bin", "été.pdf": "été.pdf", "a?b*c.doc": "a_b_c.doc", "x. . ": "x",
	} {
		require.Equal(t, want, SafeName(in, ""), "%q", in)
	}
	require.LessOrEqual(t, len(SafeName(strings.Repeat("é", 500)+".pdf", "")), nameLimit)
	require.True(t, Danger("a.pdf.EXE "))
	require.False(t, Danger("a.exe.pdf"))
}

func TestRemote(t *testing.T) {
	urls, trackers := Remote(`<img src="https://a.example/x.png"><img width=1 height=1 src=https://t.example/p><img src="https://x.example/track/open?u=1">
		<div style="background:url('https://b.example/bg.gif')"><link rel=stylesheet href="//c.example/s.css"><a href="https://not.example/">x</a>
		<style>@import "https://d.example/i.css"; a{background:url(https://e.example/j.png)}</style><img src="cid:x"><img srcset="https://f.example/2x.png 2x">
		<img style="display:none" src="http://h.example/h">`)
	require.Equal(t, []string{
		"https://a.example/x.png", "https://b.example/bg.gif", "https://c.example/s.css", "https://d.example/i.css", "https://e.example/j.png", "https://f.example/2x.png",
	}, urls)
	require.Equal(t, 3, trackers)
}

func TestBuild(t *testing.T) {
	id, err := NewMessageID(Address{Mail: "a@example.org"})
	require.NoError(t, err)
	o := Outgoing{
		From: Address{Name: "Été\r\nBcc: evil@x", Mail: "a@example.org"}, To: []Address{{Name: "B", Mail: "b@x.fr"}}, Bcc: []Address{{Mail: "secret@x.fr"}},
		Subject: "à\nX-Injected: 1", Date: time.Unix(1e9, 0), MessageID: id, InReplyTo: "<o@x>", References: []string{"<n@x>", "<o@x>"}, Text: "ligne é\n.\nfin",
		Files: []File{{Name: "é.png", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("PNG")), nil }}},
	}
	var b bytes.Buffer
	require.NoError(t, Build(&b, o))
	m := Parse(b.Bytes())
	require.False(t, m.Lenient)
	require.Equal(t, id, m.MessageID)
	require.Equal(t, []string{"<n@x>", "<o@x>"}, m.References)
	require.Equal(t, "à X-Injected: 1", m.Subject)
	require.Empty(t, m.Header.Get("X-Injected"))
	require.Equal(t, "Été Bcc: evil@x", m.From[0].Name)
	require.Equal(t, "ligne é\n.\nfin\n", m.Text)
	require.Equal(t, "é.png", m.Attachments()[0].Name)
	require.Equal(t, "PNG", string(m.Attachments()[0].Data))
	require.Len(t, m.Bcc, 1)
	wire := Parse(StripBcc(b.Bytes()))
	require.Empty(t, wire.Bcc)
	require.NotContains(t, string(StripBcc(b.Bytes())), "secret")
	require.Equal(t, m.Text, wire.Text)
	require.Equal(t, "A: 1\r\nC: 3\r\n\r\nBcc: in the text\r\n", string(StripBcc([]byte("A: 1\r\nbcc: x,\r\n y\r\nC: 3\r\n\r\nBcc: in the text\r\n"))))
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("Subject: x\r\n\r\ny"))
	f.Add(crlf("Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: message/rfc822\n\nSubject: i\n\nx\n--o\nContent-Type: text/html\n\n<p>x\n--o--\n"))
	f.Add(crlf("From: =?utf-7?q?+AOk?= <a@b>\nContent-Type: text/plain; charset=iso-2022-jp; format=flowed\n\n> \x1b$B \n"))
	f.Add(crlf("Content-Type: multipart/alternative; boundary=\"\"\nContent-Transfer-Encoding: base64\n\n====\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := Parse(raw)
		if len(m.Parts) > MaxParts {
			t.Fatal("too many parts")
		}
		for _, p := range m.Attachments() {
			if p.Name == "" || strings.ContainsAny(p.Name, "/\\\x00") {
				t.Fatalf("unsafe name %q", p.Name)
			}
		}
		Remote(m.HTML)
		Snippet(m.Text)
		if h := ParseHeader(raw); h.Subject != m.Subject {
			t.Fatal("header and message differ")
		}
		StripBcc(raw)
	})
}
