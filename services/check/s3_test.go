package check_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/check"
	"guichet/services/fault"
	"guichet/services/files/vfstest"
)

func TestS3(t *testing.T) {
	skewed := false
	s := vfstest.StartS3(t, false, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if skewed {
				vfstest.S3Error(w, http.StatusForbidden, "RequestTimeTooSkewed")
				return
			}
			h.ServeHTTP(w, r)
		})
	})
	port, dav := vfstest.StartDAV(t, t.TempDir(), nil)
	good := fmt.Sprintf("s3://127.0.0.1:%d/", s.Port)
	for _, c := range []struct {
		name, target, user, password string
		kind                         fault.Kind
		states                       string
	}{
		{"no key", good, "", "", "", "skipped ok ok ok skipped ok"},
		{"good key", good, vfstest.User, vfstest.Password, "", "skipped ok ok ok ok ok"},
		{"wrong secret", good, vfstest.User, "wrong", fault.Login, "skipped ok ok ok failed skipped"},
		{"wrong key", good, "eve", vfstest.Password, fault.Login, "skipped ok ok ok failed skipped"},
		{"a bucket", good + s.Bucket, vfstest.User, vfstest.Password, "", "skipped ok ok ok ok ok"},
		{"not S3", fmt.Sprintf("s3://127.0.0.1:%d/", port), "", "", fault.Protocol, "skipped ok ok ok skipped failed"},
		{"wrong clock", good, vfstest.User, vfstest.Password, fault.Clock, "skipped ok ok ok failed skipped"},
	} {
		t.Run(c.name, func(t *testing.T) {
			skewed = c.kind == fault.Clock
			o := check.Options{Network: s.Network, User: c.user, Password: password(c.password)}
			if c.name == "not S3" {
				o.Network = dav
			}
			r := run(t, c.target, o)
			require.Equal(t, c.kind, r.Kind, "%v", r.Fault)
			require.Equal(t, c.states, states(r))
		})
	}
}
