package address_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/address"
)

var options = address.Options{
	Search: "https://search.test/?q={searchTerms}&l=en",
	Exists: func(p string) bool { return p == "notes" || p == "my notes.txt" || p == "example.org" },
	Home:   "/home/anna",
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text  string
		kind  address.Kind
		url   string // for those that have one
		shown string // "": as url; for the others the text
		warn  address.Warning
	}{
		// the web
		{"https://example.org/a?b=c#d", address.Web, "https://example.org/a?b=c#d", "", ""},
		{"HTTP://EXAMPLE.org", address.Web, "http://example.org/", "", ""},
		{"http:example.org", address.Web, "http://example.org/", "", ""},
		{`https:\\example.org\a`, address.Web, "https://example.org/a", "", ""},
		{"<https://example.org/x>", address.Web, "https://example.org/x", "", ""},
		{"  https://example.org/a\nb\n", address.Web, "https://example.org/ab", "", ""},
		{"https://example.org:443/", address.Web, "https://example.org/", "", ""},
		{"https://example.org/100%", address.Web, "https://example.org/100%25", "", ""},
		{"https://fr.wikipedia.org/wiki/Caf%C3%A9", address.Web, "https://fr.wikipedia.org/wiki/Caf%C3%A9", "https://fr.wikipedia.org/wiki/Café", ""},
		{"https://example.org/%E2%80%AEx%20y", address.Web, "https://example.org/%E2%80%AEx%20y", "", ""},
		{"http://0x7f.1/", address.Web, "http://127.0.0.1/", "", ""},
		{"http://[::1]:8080/x", address.Web, "http://[::1]:8080/x", "", ""},
		{"https://user:geheim@example.org/", address.Web, "https://example.org/", "", address.SecretInURL},
		{"https://bank.example@evil.test/", address.Web, "https://evil.test/", "", address.LooksLike},
		{"example.org", address.Web, "https://example.org/", "", ""},
		{"Example.ORG/Path?q", address.Web, "https://example.org/Path?q", "", ""},
		{"www.example.co.uk.", address.Web, "https://www.example.co.uk/", "", ""},
		{"localhost", address.Web, "http://localhost/", "", ""},
		{"localhost:8080", address.Web, "http://localhost:8080/", "", ""},
		{"localhost:8080/a b", address.Words, "", "localhost:8080/a b", ""},
		{"intranet/", address.Web, "http://intranet/", "", ""},
		{"192.168.1.1", address.Web, "http://192.168.1.1/", "", ""},
		{"8.8.8.8", address.Web, "https://8.8.8.8/", "", ""},
		{"::1", address.Web, "http://[::1]/", "", ""},
		{"example.org:8443", address.Web, "https://example.org:8443/", "", ""},
		{"example.org:3000", address.Web, "https://example.org:3000/", "", ""},
		{"nas.local:5000", address.Web, "http://nas.local:5000/", "", ""},
		{"exa\u200Bmple.org", address.Web, "https://example.org/", "", address.HiddenCharacters},
		{"https://example.org/\u202Egpj.exe", address.Web, "https://example.org/gpj.exe", "", address.HiddenCharacters},
		// names in Unicode
		{"https://bücher.example", address.Web, "https://xn--bcher-kva.example/", "https://bücher.example/", ""},
		{"xn--bcher-kva.ch", address.Web, "https://xn--bcher-kva.ch/", "https://bücher.ch/", ""},
		{"президент.рф", address.Web, "https://xn--d1abbgf6aiiy.xn--p1ai/", "https://президент.рф/", ""},
		{"日本語.jp", address.Web, "https://xn--wgv71a119e.jp/", "https://日本語.jp/", ""},
		{"https://аррӏе.com", address.Web, "https://xn--80ak6aa92e.com/", "", address.LooksLike},
		{"https://pаypal.com", address.Web, "https://xn--pypal-4ve.com/", "", address.MixedScripts},
		{"https://gооgle.com", address.Web, "https://xn--ggle-55da.com/", "", address.MixedScripts},
		{"https://paypäl.com", address.Web, "https://xn--paypl-jra.com/", "", address.LooksLike},
		{"https://ıcloud.com", address.Web, "https://xn--cloud-m4a.com/", "", address.LooksLike},
		{"https://paypa1.com", address.Web, "https://paypa1.com/", "", address.LooksLike},
		{"https://rnicrosoft.com/x", address.Web, "https://rnicrosoft.com/x", "", address.LooksLike},
		{"https://ρ.gr", address.Web, "https://xn--2xa.gr/", "", address.LooksLike},
		{"https://αθήνα.gr", address.Web, "https://xn--jxafb0a0a.gr/", "https://αθήνα.gr/", ""},
		{"https://xn--zzzzzz-.com", address.Words, "", "https://xn--zzzzzz-.com", ""},
		// servers
		{"ftp://example.org", address.Server, "ftp://example.org", "", ""},
		{"FTP://Anna:geheim@Example.org:2121/a b/ü#1?", address.Server, "ftp://Anna@example.org:2121/a%20b/%C3%BC%231%3F", "ftp://Anna@example.org:2121/a%20b/ü%231%3F", address.SecretInURL},
		{"ftp://user:p@ss:w@example.org/", address.Server, "ftp://user@example.org/", "", address.SecretInURL},
		{"ftp://a%40b.test@example.org/", address.Server, "ftp://a%40b.test@example.org/", "", ""},
		{"ftpes://example.org/%2Fetc", address.Server, "ftpes://example.org/%2Fetc", "", ""},
		{"sftp://[2001:db8::1]:22/x", address.Server, "sftp://[2001:db8::1]/x", "", ""},
		{"ssh://anna@example.org", address.Server, "sftp://anna@example.org", "", ""},
		{"sftp:anna@example.org", address.Server, "sftp://anna@example.org", "", ""},
		{"davs://example.org/remote.php/dav?x=1", address.Server, "davs://example.org/remote.php/dav?x=1", "", ""},
		{"s3://bucket_1/key", address.Server, "s3://bucket_1/key", "", ""},
		{"postgresql://u:p@db.test:5432/x?sslmode=require&password=geheim", address.Server, "postgres://u@db.test/x?sslmode=require", "", address.SecretInURL},
		{"imaps://mail.test", address.Server, "imaps://mail.test", "", ""},
		{"smtp://mail.test:25", address.Server, "smtp://mail.test:25", "", ""},
		{"ftp.example.org", address.Server, "//ftp.example.org", "ftp.example.org", ""},
		{"sftp.example.org/pub", address.Server, "//sftp.example.org/pub", "sftp.example.org/pub", ""},
		{"imap.example.org", address.Server, "imaps://imap.example.org", "", ""},
		{"[::1]:21", address.Server, "ftp://[::1]", "", ""},
		{"example.org:22", address.Server, "sftp://example.org", "", ""},
		{"example.org:993", address.Server, "imaps://example.org", "", ""},
		{"anna@192.168.1.5", address.Server, "//anna@192.168.1.5", "anna@192.168.1.5", ""},
		{"anna@example.org:2222", address.Server, "//anna@example.org:2222", "anna@example.org:2222", ""},
		{"anna@example.org/pub", address.Server, "//anna@example.org/pub", "anna@example.org/pub", ""},
		{"anna:geheim@example.org", address.Person, "", "anna@example.org", address.SecretInURL},
		{"anna:geheim@192.168.1.5", address.Server, "//anna@192.168.1.5", "anna@192.168.1.5", address.SecretInURL},
		// people
		{"anna@example.org", address.Person, "", "anna@example.org", ""},
		{"anna@localhost", address.Person, "", "anna@localhost", ""},
		{"Anna Muster <anna.m+x@Example.org>", address.Person, "", "anna.m+x@example.org", ""},
		{"anna@bücher.example", address.Person, "", "anna@bücher.example", ""},
		{"anna@pаypal.com", address.Person, "", "anna@xn--pypal-4ve.com", address.MixedScripts},
		{"mailto:anna@example.org?subject=a%20b&attach=/etc/passwd&Body=x", address.Mailto, "mailto:anna@example.org?subject=a%20b&body=x", "", ""},
		{"mailto:?to=a@b.test", address.Mailto, "mailto:?to=a@b.test", "", ""},
		// this computer
		{"/home/anna", address.Path, "", "/home/anna", ""},
		{"~/x", address.Path, "", "/home/anna/x", ""},
		{"~", address.Path, "", "/home/anna", ""},
		{`C:\Users\x`, address.Path, "", `C:\Users\x`, ""},
		{`\\server\share`, address.Path, "", `\\server\share`, ""},
		{"./x", address.Path, "", "./x", ""},
		{"file:///home/a%20b", address.Path, "", "/home/a b", ""},
		{"file://localhost/x", address.Path, "", "/x", ""},
		{"file:///C:/x", address.Path, "", "C:/x", ""},
		{"file://nas/share/x", address.Path, "", `\\nas\share\x`, ""},
		{"file:x", address.Path, "", "./x", ""},
		{"notes", address.Path, "", "notes", ""},
		{"my notes.txt", address.Path, "", "my notes.txt", ""},
		// Guichet's own
		{"about:settings", address.Page, "", "about:settings", ""},
		{"about:", address.Page, "", "about:start", ""},
		{"about:config", address.Words, "", "about:config", ""},
		// words
		{"", address.Words, "", "", ""},
		{"how to bake bread", address.Words, "", "how to bake bread", ""},
		{"settings", address.Words, "", "settings", ""},
		{"bread", address.Words, "", "bread", ""},
		{"and/or", address.Words, "", "and/or", ""},
		{"v1.2", address.Words, "", "v1.2", ""},
		{"3.14", address.Words, "", "3.14", ""},
		{"1.2.3.4.5", address.Words, "", "1.2.3.4.5", ""},
		{"256.1.1.1", address.Words, "", "256.1.1.1", ""},
		{"todo.txt", address.Words, "", "todo.txt", ""},
		{"? example.org", address.Words, "", "? example.org", ""},
		{"@anna", address.Words, "", "@anna", ""},
		{"a@b@c", address.Words, "", "a@b@c", ""},
		{"anna@nas", address.Words, "", "anna@nas", ""},
		{"javascript:alert(1)", address.Words, "", "javascript:alert(1)", ""},
		{"data:text/html,x", address.Words, "", "data:text/html,x", ""},
		{"http://", address.Words, "", "http://", ""},
		{"ftp://", address.Words, "", "ftp://", ""},
		{"ftp: what is it", address.Words, "", "ftp: what is it", ""},
		{"ftp://host:99999/", address.Words, "", "ftp://host:99999/", ""},
		{"ftp://user:pa/ss@host/", address.Words, "", "? ftp://user@host/", address.SecretInURL},
		{"http://user:my secret@ho st", address.Words, "", "http://user@ho st", address.SecretInURL},
		{"-x.org", address.Words, "", "-x.org", ""},
		{"a..b.org", address.Words, "", "a..b.org", ""},
		{strings.Repeat("a", 64) + ".org", address.Words, "", strings.Repeat("a", 64) + ".org", ""},
		{"say \u202Ehello", address.Words, "", "say hello", ""},
		{"\xff\xfe", address.Words, "", "�", ""},
	} {
		t.Run(c.text, func(t *testing.T) {
			got := address.Parse(c.text, options)
			require.Equal(t, c.kind, got.Kind, "%+v", got)
			shown := c.shown
			if shown == "" {
				shown = c.url
			}
			require.Equal(t, shown, got.Shown)
			require.Equal(t, c.warn, got.Warn)
			if c.url == "" {
				require.Nil(t, got.URL)
			} else {
				require.NotNil(t, got.URL)
				require.Equal(t, c.url, got.URL.String())
			}
			invariants(t, got)
		})
	}
}

// invariants hold for whatever Parse gives.
func invariants(t *testing.T, got address.Target) {
	t.Helper()
	for _, x := range append([]address.Target{got}, got.Alternatives...) {
		switch x.Kind {
		case address.Web, address.Server, address.Mailto:
			require.NotNil(t, x.URL)
			_, secret := x.URL.User.Password()
			require.False(t, secret)
			again, err := url.Parse(x.URL.String())
			require.NoError(t, err)
			require.Equal(t, x.URL.Host, again.Host)
			if x.Kind != address.Mailto {
				require.NotEmpty(t, x.URL.Hostname())
			}
		default:
			require.Nil(t, x.URL)
		}
		require.Empty(t, x.URL != nil && x.Kind == address.Words)
	}
	again := address.Parse(got.Shown, options)
	require.Equal(t, got.Kind, again.Kind, "shown %q, typed %q", got.Shown, got.Text)
	require.Equal(t, got.Shown, again.Shown)
	if got.URL != nil {
		require.Equal(t, got.URL.Host, again.URL.Host)
		require.Equal(t, got.URL.Scheme, again.URL.Scheme)
		require.Equal(t, got.URL.Path, again.URL.Path)
	}
}

func TestAlternatives(t *testing.T) {
	for text, want := range map[string][]string{
		"example.org":      {"http://example.org/", "example.org", "example.org", "example.org", "https://search.test/?q=example.org&l=en"},
		"ftp.example.org":  {"https://ftp.example.org/", "ftp.example.org", "https://search.test/?q=ftp.example.org&l=en"},
		"bread":            {"http://bread/", "https://bread/", "bread", "https://search.test/?q=bread&l=en"},
		"how to bake":      {"https://search.test/?q=how+to+bake&l=en"},
		"Settings":         {"http://settings/", "https://settings/", "settings", "about:settings", "https://search.test/?q=Settings&l=en"},
		"anna@example.org": {"mailto:anna@example.org", "anna@example.org"},
		"a:b@c d":          nil,
	} {
		var shown []string
		for _, a := range address.Parse(text, options).Alternatives {
			shown = append(shown, a.Shown)
		}
		require.Equal(t, want, shown, text)
	}
	require.Empty(t, address.Parse("how to bake", address.Options{}).Alternatives)
	require.Empty(t, address.Parse("ftp://u:p@@@ x", options).Alternatives)
}

func TestPortOf(t *testing.T) {
	for text, port := range map[string]int{"ftps://x": 990, "sftp://x:23": 23, "https://x": 443, "gopher://x": 0, "smtp://x": 587} {
		u, err := url.Parse(text)
		require.NoError(t, err)
		require.Equal(t, port, address.PortOf(u), text)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"https://u:pässwörd@bücher.example:8080/a%20b%zz?q=%#f", "ftp://a:b@[::1]:21/%2F", "anna@example.org", "~/x", `C:\x`,
		"file:///%00", "mailto:a@b?subject=%", "localhost:8080", "xn--80ak6aa92e.com", "exa\u200dmple.org", "\u202e", "about:start",
		"file://C:/x y", "//x", "sftp:////x", "::", "[::1%25lo]", "ftp://%41:%42@h/%", "? ?", "''", "<a@b.c>", "http://a\x00b/",
		"smtp://h:25?x#y", "//h:0", "a%2eb.org", "http://ex%61mple.org", "１２７.0.0.1", "https://faß.de", "a。b.org", "ⓔxample.org",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { invariants(t, address.Parse(s, options)) })
}

func FuzzPasswordIsDropped(f *testing.F) {
	f.Add("ftp", "anna", "example.org/x")
	f.Add("http", "a%40b", "exa mple")
	f.Add("x", "", "[::1]:99999")
	const secret = "S3cr3tS3cr3t"
	f.Fuzz(func(t *testing.T, scheme, user, rest string) {
		for _, c := range scheme {
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
				t.Skip()
			}
		}
		if len(scheme) < 2 || scheme == "file" || scheme == "mailto" || strings.ContainsAny(user, ":@/\\?#") || strings.Contains(rest, secret) {
			t.Skip()
		}
		got := address.Parse(scheme+"://"+user+":"+secret+"@"+rest, options)
		for _, x := range append([]address.Target{got}, got.Alternatives...) {
			require.NotContains(t, x.Text+x.Shown, secret)
			if x.URL != nil {
				require.NotContains(t, x.URL.String(), secret)
			}
		}
	})
}
