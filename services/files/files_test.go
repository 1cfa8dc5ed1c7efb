package files

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
)

func TestParseURL(t *testing.T) {
	for text, want := range map[string]Site{
		"ftp://ftp.example.org":        {Protocol: ProtocolFTP, Host: "ftp.example.org"},
		"FTPES://ada@h:2121/a%20b/%E9": {Protocol: ProtocolFTPES, Host: "h", Port: 2121, User: "ada", Path: Path{"a b", "\xe9"}, Rooted: true},
		"sftp://h/":                    {Protocol: ProtocolSFTP, Host: "h", Rooted: true},
		"ftps://[::1]:990/x":           {Protocol: ProtocolFTPS, Host: "::1", Port: 990, Path: Path{"x"}, Rooted: true},
		"davs://h/remote.php/dav/":     {Protocol: ProtocolDAVS, Host: "h", Path: Path{"remote.php", "dav"}, Rooted: true},
		"dav://h/what?#x":              {Protocol: ProtocolDAV, Host: "h", Path: Path{"what#x"}, Rooted: true},
		"ftp://h/a/../../../b/./c":     {Protocol: ProtocolFTP, Host: "h", Path: Path{"b", "c"}, Rooted: true},
		"file:///home/ada/a%25b":       {Protocol: ProtocolLocal, Path: Path{"home", "ada", "a%b"}, Rooted: true},
		"s3://AKEY@h:9000/album/a%20b": {Protocol: ProtocolS3, Host: "h", Port: 9000, User: "AKEY", Path: Path{"album", "a b"}, Rooted: true},
		"s3+http://h/":                 {Protocol: ProtocolS3Clear, Host: "h", Rooted: true},
		"s3://s3.amazonaws.com/album":  {Protocol: ProtocolS3, Host: "s3.amazonaws.com", Path: Path{"album"}, Rooted: true},
		"s3://my.album.s3.eu-west-1.amazonaws.com/x": {
			Protocol: ProtocolS3, Host: "s3.eu-west-1.amazonaws.com", Path: Path{"my.album", "x"}, Rooted: true,
		},
		"s3://album.s3.amazonaws.com":        {Protocol: ProtocolS3, Host: "s3.amazonaws.com", Path: Path{"album"}, Rooted: true},
		"sftp://ada%40example.org@h/x;y=1,z": {Protocol: ProtocolSFTP, Host: "h", User: "ada@example.org", Path: Path{"x;y=1,z"}, Rooted: true},
	} {
		got, err := ParseURL(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for text, kind := range map[string]fault.Kind{
		"ftp://ada:sesame@h/": fault.Permission, "http://h/": fault.Unsupported, "ftp:///x": fault.Protocol, "ftp://h:99999/": fault.Protocol,
		"file://other/x": fault.Unsupported, "": fault.Unsupported, "ftp://h/a%2Fb": fault.Protocol, "ftp://h/a%00": fault.Protocol,
		"ftp://ada:ses%zzame@h": fault.Protocol, "sftp://:sesame@h": fault.Permission,
	} {
		_, err := ParseURL(text)
		require.True(t, fault.Is(err, kind), "%s: %v", text, err)
		require.NotContains(t, err.Error(), "sesame")
		require.NotContains(t, err.Error(), "ses%zzame")
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("ftp://ada@h:21/a%20b")
	f.Add("file:///x%ff")
	f.Add("s3://album.s3.eu-west-1.amazonaws.com/x")
	f.Add("dAv://::")
	f.Add("davs://[::1]/a/%2e%2e/b?q#f")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseURL(text)
		if err != nil {
			return
		}
		for _, name := range s.Path {
			if CheckName(name) != nil {
				t.Fatalf("%q let %q through", text, name)
			}
		}
		if strings.Contains(s.Host, "%") {
			return // an IPv6 zone
		}
		again, err := ParseURL(s.URL(s.Path))
		if err != nil || !again.Path.Equal(s.Path) || again.User != s.User {
			t.Fatalf("%q became %q: %v", text, s.URL(s.Path), err)
		}
	})
}

func TestDisplay(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "été": "été", "\xe9t\xe9": "été", "a\nb": "a␊b", "a\x7fb": "a␡b", "gpj\u202eexe": "gpj\uFFFDexe", "x\u200fy": "x\uFFFDy",
	} {
		require.Equal(t, want, Display(in))
	}
}

func TestPartName(t *testing.T) {
	require.Equal(t, ".a.jpg.guichet-00ff.part", PartName("a.jpg", "00ff"))
	long := PartName(strings.Repeat("é", 200), "00ff")
	require.Less(t, len(long), 255)
	require.Equal(t, long, strings.ToValidUTF8(long, "?"), "no character is cut in two")
}

func TestReplaceAside(t *testing.T) {
	there := map[string]string{"part": "new", "f": "old"}
	refuse := ""
	move := func(_ context.Context, from, to Path) error {
		if refuse != "" && strings.HasPrefix(to.Base(), refuse) {
			return fault.Newf(fault.Permission, "rename", "", "refused")
		}
		there[to.Base()] = there[from.Base()]
		delete(there, from.Base())
		return nil
	}
	remove := func(_ context.Context, p Path) error { delete(there, p.Base()); return nil }
	require.NoError(t, ReplaceAside(t.Context(), Path{"part"}, Path{"f"}, move, remove))
	require.Equal(t, map[string]string{"f": "new"}, there)

	there = map[string]string{"part": "new", "f": "old"}
	tries := 0
	once := func(ctx context.Context, from, to Path) error {
		if to.Base() == "f" {
			if tries++; tries == 1 {
				return errors.New("no")
			}
		}
		return move(ctx, from, to)
	}
	require.Error(t, ReplaceAside(t.Context(), Path{"part"}, Path{"f"}, once, remove))
	require.Equal(t, map[string]string{"part": "new", "f": "old"}, there, "put back")

	refuse = "."
	require.Error(t, ReplaceAside(t.Context(), Path{"part"}, Path{"f"}, move, remove))
	require.Equal(t, map[string]string{"part": "new", "f": "old"}, there)
}

func TestSites(t *testing.T) {
	a := Site{Protocol: ProtocolFTPES, Host: "h", User: "u"}
	b := a
	b.Port = 21
	require.Equal(t, a.Account(), b.Account())
	for _, change := range []func(*Site){
		func(s *Site) { s.Protocol = ProtocolFTP }, func(s *Site) { s.User = "v" }, func(s *Site) { s.Port = 22 },
		func(s *Site) { s.AllowClear = true }, func(s *Site) { s.KeyFile = "k" }, func(s *Site) { s.Host = "i" },
	} {
		c := a
		change(&c)
		require.NotEqual(t, a.Key(), c.Key())
	}
	require.Equal(t, "ftpes://u@h/a%2Fb%20c", a.URL(Path{"a/b c"}))
}

func TestNumbered(t *testing.T) {
	for in, want := range map[string]string{
		"a.jpg": "a (2).jpg", "a": "a (2)", ".bashrc": ".bashrc (2)", "a.tar.gz": "a (2).tar.gz", "v1.2 final version": "v1.2 final version (2)",
	} {
		require.Equal(t, want, Numbered(in, 2))
	}
}
