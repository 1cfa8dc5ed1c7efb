package filespanel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/address"
	"guichet/services/files"
)

func TestReadableAddresses(t *testing.T) {
	site := func(user string) files.Site {
		return files.Site{Protocol: files.ProtocolSFTP, Host: "127.0.0.1", Port: 41555, User: user}
	}
	for want, c := range map[string]struct {
		user string
		path files.Path
	}{
		"sftp://127.0.0.1:41555/":                             {},
		"sftp://anna@guichet.example@127.0.0.1:41555/":        {user: "anna@guichet.example"},
		"sftp://anna@127.0.0.1:41555/Été à Nice/photos (2)":   {user: "anna", path: files.Path{"Été à Nice", "photos (2)"}},
		"sftp://a%3Ab@127.0.0.1:41555/100%25/what%3F/no.%231": {user: "a:b", path: files.Path{"100%", "what?", "no.#1"}},
		"sftp://anna@127.0.0.1:41555/caf%E9":                  {user: "anna", path: files.Path{"caf\xe9"}},
		"sftp://anna@127.0.0.1:41555/%E2%80%AEgpj.exe/%0Ax":   {user: "anna", path: files.Path{"\u202egpj.exe", "\nx"}},
		"sftp://anna@127.0.0.1:41555/a b":                     {user: "anna", path: files.Path{"a b"}},
		"sftp://anna@127.0.0.1:41555/ends%20":                 {user: "anna", path: files.Path{"ends "}},
		"sftp://anna@127.0.0.1:41555/%2525":                   {user: "anna", path: files.Path{"%25"}},
	} {
		exact := site(c.user).URL(c.path)
		got := readable(exact)
		require.Equal(t, want, got)
		typed := address.Parse(got, address.Options{})
		require.Equal(t, address.Server, typed.Kind, got)
		back, err := files.ParseURL(typed.URL.String())
		require.NoError(t, err, got)
		require.Equal(t, c.user, back.User)
		require.True(t, c.path.Equal(back.Path), "%q", back.Path)
	}
}
