package check

import (
	"bufio"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func reading(s string) *talk {
	return &talk{d: &diagnosis{host: "h", current: Protocol}, r: bufio.NewReaderSize(strings.NewReader(s), lineLimit)}
}

func TestReply(t *testing.T) {
	for _, c := range []struct {
		text  string
		code  int // 0: not understood
		lines []string
		left  string
	}{
		{"220 hello\r\n", 220, []string{"hello"}, ""},
		{"220\n", 220, []string{""}, ""},
		{"250-a\r\n250-b c\r\n250 d\r\nmore", 250, []string{"a", "b c", "d"}, "more"},
		{"211-Features:\r\n MDTM\r\n 211x\r\n220 no end\r\n211 End\r\n", 211, []string{"Features:", "MDTM", "211x", "220 no end", "End"}, ""},
		{"250-a\r\n250\r\n", 250, []string{"a", ""}, ""},
		{"", 0, nil, ""},
		{"99 x\r\n", 0, nil, ""},
		{"600 x\r\n", 0, nil, ""},
		{"2200 x\r\n", 0, nil, ""},
		{"+20 x\r\n", 0, nil, ""},
		{"* OK\r\n", 0, nil, ""},
		{"220-never ends\r\n", 0, nil, ""},
		{"220 " + strings.Repeat("x", lineLimit) + "\r\n", 0, nil, ""},
	} {
		talk := reading(c.text)
		r, err := talk.reply()
		if c.code == 0 {
			require.Error(t, err, c.text)
			continue
		}
		require.NoError(t, err, c.text)
		require.Equal(t, c.code, r.code)
		require.Equal(t, c.lines, r.lines)
		left, err := talk.r.Peek(talk.r.Buffered())
		require.NoError(t, err)
		require.Equal(t, c.left, string(left))
	}
}

func TestRecognise(t *testing.T) {
	for text, want := range map[string]string{
		"SSH-2.0-x": "ssh", "HTTP/1.1 400": "http", "<html>": "http", "* OK": "imap", "* BYE x": "imap", "+OK": "pop3",
		"220 x ESMTP": "smtp", "220-hi": "ftp", "220 ProFTPD": "ftp", "220 x": "220", "\x15\x03\x01\x00\x02\x02": "tls",
		"\x16\x03\x03": "tls", "J\x00\x00\x00\x0a8.0": "mysql", "RFB 003.008": "vnc", "": "", "hello": "",
	} {
		require.Equal(t, want, recognise([]byte(text)), "%q", text)
	}
}

func FuzzServerLines(f *testing.F) {
	for _, s := range []string{"220 x\r\n", "250-a\r\n250 b\r\n", "g1 OK x\r\n", "* CAPABILITY a b\r\ng1 OK\r\n", "* OK [CAPABILITY]\r\n", "CAPABILITY ]", "211-\r\n211\r\n", "22\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := reading(s).reply(); err == nil {
			require.True(t, r.code >= 100 && r.code <= 599)
			require.NotEmpty(t, r.lines)
		}
		imap := &imapTalk{talk: reading(s)}
		_, _ = imap.answer("g1") // must end and not panic
		parameters(s)
		recognise([]byte(s))
	})
}
