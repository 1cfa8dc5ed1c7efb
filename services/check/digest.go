package check

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// authorize answers the challenges of WWW-Authenticate headers: Basic (RFC
// 7617), else Digest (RFC 7616). It gives nil where neither is offered. Both go
// under TLS only, so that the simpler one is as good.
func authorize(challenges []string, user, password string) func(method, uri string) string {
	for _, c := range challenges {
		if scheme, _, _ := strings.Cut(c, " "); strings.EqualFold(scheme, "Basic") {
			basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
			return func(string, string) string { return basic }
		}
	}
	for _, c := range challenges {
		scheme, rest, _ := strings.Cut(c, " ")
		if !strings.EqualFold(scheme, "Digest") {
			continue
		}
		if answer := digest(parameters(rest), user, password); answer != nil {
			return answer
		}
	}
	return nil
}

// digest computes the response for the quality of protection "auth", or that
// of RFC 2069 where the server names none.
func digest(p map[string]string, user, password string) func(method, uri string) string {
	var sum func() hash.Hash
	switch strings.ToUpper(p["algorithm"]) {
	case "", "MD5":
		sum = md5.New
	case "SHA-256":
		sum = sha256.New
	default:
		return nil
	}
	auth := false
	for qop := range strings.SplitSeq(p["qop"], ",") {
		auth = auth || strings.EqualFold(strings.TrimSpace(qop), "auth")
	}
	if p["qop"] != "" && !auth {
		return nil
	}
	h := func(parts ...string) string {
		s := sum()
		s.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(s.Sum(nil))
	}
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	return func(method, uri string) string {
		a := fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s"`,
			quoted.Replace(user), quoted.Replace(p["realm"]), quoted.Replace(p["nonce"]), uri)
		if p["algorithm"] != "" {
			a += ", algorithm=" + p["algorithm"]
		}
		if p["opaque"] != "" {
			a += fmt.Sprintf(`, opaque="%s"`, quoted.Replace(p["opaque"]))
		}
		secret, request := h(user, p["realm"], password), h(method, uri)
		if !auth {
			return a + fmt.Sprintf(`, response="%s"`, h(secret, p["nonce"], request))
		}
		cnonce := rand.Text()
		return a + fmt.Sprintf(`, qop=auth, nc=00000001, cnonce="%s", response="%s"`, cnonce, h(secret, p["nonce"], "00000001", cnonce, "auth", request))
	}
}

// parameters reads name=value and name="value" pairs (RFC 9110 section 11.2).
func parameters(s string) map[string]string {
	all := map[string]string{}
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimLeft(s, ", \t") {
		name, rest, ok := strings.Cut(s, "=")
		if !ok {
			break
		}
		var value strings.Builder
		rest = strings.TrimLeft(rest, " \t")
		if quoted, ok := strings.CutPrefix(rest, `"`); ok {
			i := 0
			for ; i < len(quoted) && quoted[i] != '"'; i++ {
				if quoted[i] == '\\' && i+1 < len(quoted) {
					i++
				}
				value.WriteByte(quoted[i])
			}
			s = quoted[min(i+1, len(quoted)):]
		} else {
			end := strings.IndexAny(rest, ", \t")
			if end < 0 {
				end = len(rest)
			}
			value.WriteString(rest[:end])
			s = rest[end:]
		}
		all[strings.ToLower(strings.TrimSpace(name))] = value.String()
	}
	return all
}
