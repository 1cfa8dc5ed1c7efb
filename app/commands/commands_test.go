package commands

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/demo"
)

// outcome is what a command printed and its exit status.
type outcome struct {
	status   int
	out, err string
}

// call runs a command as a script would: no terminal, a profile of its own.
func call(t *testing.T, env map[string]string, stdin string, args ...string) outcome {
	t.Helper()
	var out, errs bytes.Buffer
	status := run(t.Context(), Params{
		Args: args, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs,
		Environ: func(name string) string { return env[name] },
	})
	return outcome{status, out.String(), errs.String()}
}

// lines decodes one JSON object a line.
func lines[T any](t *testing.T, text string) (list []T) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	for d.More() {
		var v T
		require.NoError(t, d.Decode(&v), text)
		list = append(list, v)
	}
	return list
}

// place is the demo with a profile that trusts it.
type sample struct {
	demo.Info
	flags []string
	env   map[string]string
}

func startDemo(t *testing.T) sample {
	t.Helper()
	d, err := demo.Start(context.Background(), demo.Params{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	i := d.Info()
	return sample{
		Info:  i,
		flags: []string{"--profile", t.TempDir(), "--ca", i.CA, "--known-hosts", i.KnownHosts, "--lang", "en"},
		env:   map[string]string{passwordInEnv: i.Password},
	}
}

func (s sample) call(t *testing.T, args ...string) outcome {
	t.Helper()
	return call(t, s.env, "", append(s.flags[:len(s.flags):len(s.flags)], args...)...)
}

// with puts the user's name into an address.
func (s sample) with(t *testing.T, address, path string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	u.User = url.User(s.User)
	u.Path = path
	return u.String()
}

func TestMisuse(t *testing.T) {
	for _, args := range [][]string{
		{"get"},
		{"frob", "x"},
		{"ls", "--no-such-flag", "sftp://x/"},
		{"check", "https://anna:secret@example.org/"},
		{"get", "ftp://anna:secret@example.org/x"},
		{"--lang", "de", "version"},
		{"mail", "add", "nobody"},
		{"mail", "send", "--subject", "to nobody"},
		{"render", "x.html", "-o", "x.png", "--engine", "full"},
	} {
		o := call(t, nil, "", append([]string{"--profile", t.TempDir()}, args...)...)
		require.Equal(t, exitMisused, o.status, "%v: %s", args, o.err)
		require.NotEmpty(t, o.err)
		require.NotContains(t, o.err, "secret")
	}
}

func TestHelpSpeaksBothLanguages(t *testing.T) {
	for lang, want := range map[string]string{"en": "Commands:", "fr": "Commandes :"} {
		o := call(t, nil, "", "--lang", lang, "help")
		require.Zero(t, o.status)
		require.Contains(t, o.out, want)
		o = call(t, nil, "", "--lang", lang, "mail", "add", "--help")
		require.Zero(t, o.status)
		require.NotContains(t, o.out, "cli.", "a sentence is missing")
	}
}

func TestVersion(t *testing.T) {
	o := call(t, nil, "", "version", "--json")
	require.Zero(t, o.status)
	v := lines[map[string]any](t, o.out)[0]
	require.Contains(t, v["engines"], "simple")
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		o := call(t, nil, "", "completion", shell)
		require.Zero(t, o.status)
		require.Contains(t, o.out, "guichet")
	}
}

func TestFilesGoThereAndBack(t *testing.T) {
	s := startDemo(t)
	for name, address := range map[string]string{"sftp": s.SFTP, "ftpes": s.FTPES, "dav": s.DAV} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			tree := filepath.Join(dir, "Été")
			require.NoError(t, os.MkdirAll(filepath.Join(tree, "inner"), 0o755))
			content := bytes.Repeat([]byte("Guichet\n"), 20_000)
			require.NoError(t, os.WriteFile(filepath.Join(tree, "a b.txt"), content, 0o644))
			require.NoError(t, os.WriteFile(filepath.Join(tree, "inner", "empty"), nil, 0o644))

			o := s.call(t, "put", "--json", "-r", tree, s.with(t, address, "/"+name+"-up/"))
			if o.status != 0 { // the folder has to be there for some servers
				t.Fatalf("put: %s", o.err)
			}
			files := lines[moved](t, o.out)
			require.Len(t, files, 2)
			for _, f := range files {
				require.NotEmpty(t, f.URL)
				require.NotEqual(t, "none", f.Verified)
			}

			o = s.call(t, "ls", "--json", s.with(t, address, "/"+name+"-up/Été/"))
			require.Zero(t, o.status, o.err)
			list := lines[[]listed](t, o.out)[0]
			require.Len(t, list, 2)

			back := filepath.Join(dir, "back")
			o = s.call(t, "get", "--json", "-r", s.with(t, address, "/"+name+"-up/Été"), "-o", back)
			require.Zero(t, o.status, o.err)
			got, err := os.ReadFile(filepath.Join(back, "a b.txt"))
			require.NoError(t, err)
			require.Equal(t, content, got)

			o = s.call(t, "mirror", "--json", tree, s.with(t, address, "/"+name+"-up/Été"))
			require.Zero(t, o.status, o.err)
			require.Contains(t, o.out, `"copies":0`, "nothing has changed: %s", o.out)

			require.NoError(t, os.Remove(filepath.Join(tree, "a b.txt")))
			o = s.call(t, "mirror", "--json", "--preview", "--delete", tree, s.with(t, address, "/"+name+"-up/Été"))
			require.Zero(t, o.status, o.err)
			require.Contains(t, o.out, `"deletes":1`)
			require.Contains(t, s.call(t, "ls", s.with(t, address, "/"+name+"-up/Été/")).out, "a b.txt", "a preview does nothing")
		})
	}
}

// What a server does not take is named, the rest arrives.
func TestNamesThatAServerRefuses(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no file has such a name there")
	}
	s := startDemo(t)
	tree := filepath.Join(t.TempDir(), "tree")
	require.NoError(t, os.Mkdir(tree, 0o755))
	for _, name := range []string{"tab\tname", "good"} {
		require.NoError(t, os.WriteFile(filepath.Join(tree, name), nil, 0o644))
	}
	require.NoError(t, os.Symlink(".", filepath.Join(tree, "loop")))
	for _, command := range [][]string{{"put", "-r"}, {"mirror"}} {
		to := s.with(t, s.FTPES, "/refused-"+command[0]+"/")
		o := s.call(t, append(command, "--lang", "en", tree, to)...)
		require.Equal(t, exitFailed, o.status, o.err)
		require.Contains(t, o.err, "tab\u2409name: This name is not allowed there")
		require.Equal(t, 1, strings.Count(o.err, "This name is not allowed there"))
		if command[0] == "put" {
			require.Contains(t, o.err, "1 link ")
			to += "tree/"
		}
		require.Contains(t, s.call(t, "ls", to).out, "good")
	}
}

func TestFailuresOfFiles(t *testing.T) {
	s := startDemo(t)
	for name, o := range map[string]outcome{
		"missing":           s.call(t, "get", s.with(t, s.SFTP, "/no/such/file"), "-o", t.TempDir()),
		"wrong password":    call(t, map[string]string{passwordInEnv: "wrong"}, "", append(s.flags[:len(s.flags):len(s.flags)], "ls", s.with(t, s.SFTP, "/"))...),
		"unknown host key":  call(t, s.env, "", "--profile", t.TempDir(), "ls", s.with(t, s.SFTP, "/")),
		"unknown authority": call(t, s.env, "", "--profile", t.TempDir(), "get", s.HTTPS, "-o", t.TempDir()),
		"refused":           s.call(t, "ls", "sftp://anna@127.0.0.1:1/"),
	} {
		require.Equal(t, exitFailed, o.status, "%s: %s%s", name, o.out, o.err)
		require.NotEmpty(t, o.err, name)
		require.NotContains(t, o.err, "wrong\n")
	}
}

func TestGetFromTheWeb(t *testing.T) {
	s := startDemo(t)
	dir := t.TempDir()
	o := s.call(t, "get", "--json", s.HTTPS, "-o", filepath.Join(dir, "page.html"))
	require.Zero(t, o.status, o.err)
	f := lines[moved](t, o.out)[0]
	require.FileExists(t, f.Path)
	require.True(t, strings.HasPrefix(f.Checksum, "sha256:"))
	o = s.call(t, "get", s.HTTPS+"no/such/page", "-o", dir)
	require.Equal(t, exitFailed, o.status)
}

func TestCheck(t *testing.T) {
	s := startDemo(t)
	for _, address := range []string{s.HTTPS, s.IMAPS, s.SMTPS, s.IMAP, s.SMTP, s.FTPES, s.SFTP, s.DAV} {
		o := s.call(t, "check", "--json", s.with(t, address, "/"))
		require.Zero(t, o.status, "%s: %s", address, o.err)
		require.True(t, lines[checked](t, o.out)[0].OK)
	}
	o := s.call(t, "check", "--json", "imaps://127.0.0.1:1/")
	require.Equal(t, exitFailed, o.status)
	c := lines[checked](t, o.out)[0]
	require.EqualValues(t, "refused", c.Kind)
	require.EqualValues(t, "connect", c.Step)
	require.NotEmpty(t, c.Title)
	require.NotEmpty(t, c.Next)
}

func TestParse(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		p := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(p, []byte(content), 0o600))
		return p
	}
	o := call(t, nil, "", "parse", "mail", write("m.eml", "From: =?utf-8?q?Ren=C3=A9?= <rene@example.org>\nSubject: =?iso-8859-1?q?=E9t=E9?=\n\nSalut\n"))
	require.Zero(t, o.status, o.err)
	m := lines[parsedMail](t, o.out)[0]
	require.Equal(t, "été", m.Subject)
	require.Contains(t, m.From[0], "René")
	require.Contains(t, m.Text, "Salut")

	o = call(t, nil, "", "parse", "listing", write("l.txt", "-rw-r--r-- 1 a g 12 Jul 13 09:12 choir 01.jpg\nnonsense\n"))
	require.Zero(t, o.status, o.err)
	require.Contains(t, o.out, "choir 01.jpg")
	require.Contains(t, o.out, `"unread":1`)

	o = call(t, nil, "", "parse", "url", "ftp.example.org")
	require.Zero(t, o.status, o.err)
	require.EqualValues(t, "server", lines[parsedURL](t, o.out)[0].Kind)
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
