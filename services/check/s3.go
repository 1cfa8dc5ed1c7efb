package check

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"github.com/minio/minio-go/v7/pkg/signer"

	"guichet/services/fault"
)

// s3Answer finds the code and, in some faults, the region in S3's answers.
var (
	s3Code   = regexp.MustCompile(`<Code>([A-Za-z]+)</Code>`)
	s3Region = regexp.MustCompile(`<Region>([a-z0-9-]{1,40})</Region>`)
)

// noContent is the SHA-256 of nothing, which signatures cover.
const noContent = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// s3 asks for the address without a signature, which S3 refuses in its own way,
// and then with one.
func (d *diagnosis) s3(ctx context.Context) error {
	if err := d.httpLayer(ctx, "s3"); err != nil {
		return err
	}
	return d.conversation(ctx, "s3", func(ctx context.Context, t *httpTalk) error {
		a, err := t.ask(ctx, http.MethodGet, nil)
		if err != nil {
			return err
		}
		if !isS3(a) {
			if a.StatusCode >= 500 {
				return t.judge(ctx, a, http.MethodGet)
			}
			return d.other("s3", "http", a.said())
		}
		if d.guest() || d.steps[TLS].State != OK {
			return nil // the server is there; no key goes out in clear text
		}
		return t.s3Login(ctx)
	})
}

// isS3 reports whether an answer has what S3 servers' answers have.
func isS3(a *httpAnswer) bool {
	return a.Header.Get("X-Amz-Request-Id") != "" || s3Code.Match(a.start) || strings.Contains(string(a.start), "<ListAllMyBucketsResult")
}

// s3Login sends the request once more, signed; and again where the server names
// its region.
func (t *httpTalk) s3Login(ctx context.Context) error {
	d := t.d
	secret, ok, err := d.secret(ctx)
	if err != nil || !ok {
		return err
	}
	region := "us-east-1"
	for try := 1; ; try++ {
		if err := t.again(ctx); err != nil {
			return err
		}
		d.at(Login)
		t.sign = func(r *http.Request) {
			r.Header.Set("X-Amz-Content-Sha256", noContent)
			*r = *signer.SignV4(*r, d.o.User, secret, "", region)
		}
		a, err := t.ask(ctx, http.MethodGet, nil)
		d.at(Login)
		if err != nil {
			return err
		}
		if m := s3Region.FindSubmatch(a.start); m != nil && try == 1 && a.StatusCode >= 300 {
			region = string(m[1])
			continue
		}
		return t.s3Judge(a)
	}
}

// s3Judge decides by the code of an answer to a signed request.
func (t *httpTalk) s3Judge(a *httpAnswer) error {
	d := t.d
	code := ""
	if m := s3Code.FindSubmatch(a.start); m != nil && a.StatusCode >= 300 {
		code = string(m[1])
	}
	kind := fault.Protocol
	switch {
	case a.StatusCode < 300, code == "AccessDenied", strings.HasPrefix(code, "NoSuch"):
		d.next(Protocol) // the signature is good, which is all that is asked here
		return nil
	case code == "InvalidAccessKeyId", code == "SignatureDoesNotMatch", code == "InvalidToken":
		kind = fault.Login
	case code == "RequestTimeTooSkewed":
		kind = fault.Clock
	case code == "SlowDown", a.StatusCode == http.StatusServiceUnavailable:
		kind = fault.Busy
	}
	f := fault.New(kind, "login", d.host, nil)
	f.Said = fault.CleanLine(a.said() + " " + code)
	return f
}
