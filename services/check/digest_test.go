package check

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The vectors of RFC 2069 (as corrected) and a computation by hand after RFC 7616.
func TestDigest(t *testing.T) {
	f := authorize([]string{`Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"`}, "Mufasa", "CircleOfLife")
	require.NotNil(t, f)
	require.Equal(t, `Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", opaque="5ccc069c403ebaf9f0171e9517f40e41", response="1949323746fe6a43ef61f9606e7febea"`,
		f("GET", "/dir/index.html"))

	require.True(t, strings.HasPrefix(authorize([]string{`Digest realm="x", nonce="y", qop="auth"`, `Basic realm="x"`}, "u", "p")("GET", "/"), "Basic dTpw"))
	with := authorize([]string{`Digest realm="x", nonce="y", algorithm=SHA-256, qop="auth-int, auth"`}, "u", "p")("GET", "/")
	require.Contains(t, with, "qop=auth, nc=00000001, cnonce=")
	require.Contains(t, with, "algorithm=SHA-256")
	for _, c := range []string{"", "Negotiate", `Digest nonce="y", algorithm=MD5-sess`, `Digest nonce="y", qop="auth-int"`} {
		require.Nil(t, authorize([]string{c}, "u", "p"), c)
	}
}

func TestParameters(t *testing.T) {
	require.Equal(t, map[string]string{"realm": `a "b", c`, "nonce": "d", "e": ""}, parameters(`realm="a \"b\", c" , Nonce=d,e=""`))
	for _, s := range []string{"", "=", `a="`, `a="\`, ",,,", "a", "a==="} {
		require.NotPanics(t, func() { parameters(s) })
	}
}
