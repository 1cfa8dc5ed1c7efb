package download

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestFromDisposition(t *testing.T) {
	for header, want := range map[string]string{
		`attachment; filename=plain.txt`:                                              "plain.txt",
		`attachment; filename="with space.txt"`:                                       "with space.txt",
		`attachment; filename="quo\"te.txt"`:                                          `quo"te.txt`,
		`attachment; filename="semi;colon.txt"; x=y`:                                  "semi;colon.txt",
		`attachment; FILENAME=upper.txt`:                                              "upper.txt",
		`attachment; filename=unquoted with space.txt`:                                "unquoted with space.txt",
		`attachment; filename="fallback.txt"; filename*=UTF-8''%e2%82%ac%20rates.txt`: "€ rates.txt",
		`attachment; filename*=UTF-8''%e2%82%ac.txt; filename="fallback.txt"`:         "€.txt",
		`attachment; filename*=iso-8859-1'en'%A3.txt`:                                 "£.txt",
		`attachment; filename*=UTF-8''%ff%fe; filename=ok.txt`:                        "ok.txt",
		`attachment; filename*=nonsense; filename=ok.txt`:                             "ok.txt",
		"attachment; filename=\"caf\xe9.txt\"":                                        "café.txt",
		`attachment; filename="na%C3%AFve.txt"`:                                       "naïve.txt",
		`attachment; filename="100%.txt"`:                                             "100%.txt",
		`attachment; filename=first.txt; filename=second.txt`:                         "first.txt",
		`filename=alone.txt`:                                                          "alone.txt",
		`attachment`:                                                                  "",
		`attachment; filename`:                                                        "",
		`attachment; filename=`:                                                       "",
		`attachment; filename="unclosed`:                                              "unclosed",
		``:                                                                            "",
	} {
		require.Equal(t, want, FromDisposition(header), header)
	}
}

func TestIsAttachment(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "inline": false, "inline; filename=x": false, "INLINE": false, "attachment": true, "Attachment; filename=x": true,
		"unknown-type": true, "filename=x": false, `"attachment"`: false,
	} {
		require.Equal(t, want, IsAttachment(header), header)
	}
}

func TestName(t *testing.T) {
	for _, c := range []struct{ disposition, suggested, url, media, want string }{
		{`attachment; filename="../../etc/passwd"`, "", "https://a.example/", "", "passwd"},
		{`attachment; filename="..\\..\\windows\\system.ini"`, "", "https://a.example/", "", "system.ini"},
		{`attachment; filename="/"`, "", "https://a.example/doc.pdf", "", "doc.pdf"},
		{`attachment; filename=".."`, "", "https://a.example/", "", "a.example"},
		{`attachment; filename=".bashrc"`, "", "https://a.example/", "text/plain", "bashrc.txt"},
		{`attachment; filename="-rf.txt"`, "", "https://a.example/", "", "rf.txt"},
		{`attachment; filename="con.txt"`, "", "https://a.example/", "", "_con.txt"},
		{`attachment; filename="NUL"`, "", "https://a.example/", "text/plain", "_NUL.txt"},
		{`attachment; filename="a:b|c?.txt"`, "", "https://a.example/", "", "a_b_c_.txt"},
		{"attachment; filename=\"a\x00\r\nb.txt\"", "", "https://a.example/", "", "ab.txt"},
		{"attachment; filename=\"invoice\u202efdp.exe\"", "", "https://a.example/", "", "invoicefdp.exe"},
		{`attachment; filename="trailing. . ."`, "", "https://a.example/", "application/pdf", "trailing.pdf"},
		{"", "from page.txt", "https://a.example/x.bin", "", "from page.txt"},
		{"", "", "https://a.example/dir/na%C3%AFve%20file.pdf?x=/y", "", "naïve file.pdf"},
		{"", "", "https://a.example/dir%2F..%2Fevil.txt", "", "evil.txt"},
		{"", "", "https://a.example/report", "application/pdf; charset=x", "report.pdf"},
		{"", "", "https://a.example/", "text/html", "a.example"},
		{"", "", "data:,x", "text/plain", "download.txt"},
	} {
		u, err := url.Parse(c.url)
		require.NoError(t, err)
		require.Equal(t, c.want, Name(c.disposition, c.suggested, u, c.media), "%+v", c)
	}
	long := Name("", strings.Repeat("é", 400)+".pdf", nil, "")
	require.LessOrEqual(t, len(long), maxName)
	require.True(t, strings.HasSuffix(long, "é.pdf"))
}

func TestNumbered(t *testing.T) {
	require.Equal(t, "a.txt", numbered("a.txt", 1))
	require.Equal(t, "a (2).txt", numbered("a.txt", 2))
	require.Equal(t, "a (3).tar.gz", numbered("a.tar.gz", 3))
	require.Equal(t, "a (2)", numbered("a", 2))
}

func TestRunnable(t *testing.T) {
	for name, want := range map[string]bool{"setup.EXE": true, "a.pdf": false, "x.desktop": true, "photo.jpg.scr": true, "noext": false, "a.tar.gz": false} {
		require.Equal(t, want, Runnable(name, nil), name)
	}
	require.True(t, Runnable("picture.jpg", []byte("MZ\x90")))
	require.True(t, Runnable("notes", []byte("#!/bin/sh")))
	require.True(t, Runnable("notes", []byte("\x7fELF")))
}

func FuzzName(f *testing.F) {
	f.Add(`attachment; filename="x.txt"; filename*=UTF-8''%e2%82%ac`, "s", "https://a.example/p")
	f.Add(`;;;=;filename*=a'b'c`, "", "x:y")
	f.Add("filename=\"\\\"\xff", "con", "..")
	f.Fuzz(func(t *testing.T, disposition, suggested, address string) {
		u, err := url.Parse(address)
		if err != nil {
			u = nil
		}
		IsAttachment(disposition)
		name := Name(disposition, suggested, u, "text/plain")
		switch {
		case name == "" || name == "." || name == ".." || len(name) > maxName+10 || !utf8.ValidString(name),
			filepath.Base(name) != name, strings.ContainsAny(name, `/\:*?"<>|`), name[0] == '.' || name[0] == '-',
			strings.ContainsFunc(name, unicode.IsControl):
			t.Fatalf("%q", name)
		}
	})
}
