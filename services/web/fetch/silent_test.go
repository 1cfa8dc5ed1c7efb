package fetch

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
)

// hangup answers in good order, but only when the request was given up: what
// servers do whose handler ends with its connection.
type hangup struct{ head bool }

func (h hangup) RoundTrip(req *http.Request) (*http.Response, error) {
	resp := &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/html"}}, ContentLength: -1, Request: req}
	if h.head {
		<-req.Context().Done()
		resp.Body = io.NopCloser(strings.NewReader(""))
		return resp, nil
	}
	resp.Body = io.NopCloser(io.MultiReader(strings.NewReader("<p>half"), ending{req.Context()}))
	return resp, nil
}

// ending ends when its context does, as if all had come.
type ending struct{ ctx context.Context }

func (e ending) Read([]byte) (int, error) {
	<-e.ctx.Done()
	return 0, io.EOF
}

func TestAnAnswerToHangingUpIsNone(t *testing.T) {
	u, err := url.Parse("https://a.example/")
	require.NoError(t, err)
	for name, h := range map[string]hangup{"head": {true}, "body": {false}} {
		t.Run(name, func(t *testing.T) {
			l := New(Params{Transport: h, Idle: 20 * time.Millisecond})
			resp, err := l.Open(t.Context(), Request{URL: u})
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				require.NoError(t, resp.Body.Close())
			}
			require.Equal(t, fault.Timeout, fault.KindOf(err), "%v", err)
			ctx, cancel := context.WithCancel(t.Context())
			l = New(Params{Transport: h})
			time.AfterFunc(time.Millisecond, cancel)
			if resp, err = l.Open(ctx, Request{URL: u}); err == nil {
				_, err = io.ReadAll(resp.Body)
				require.NoError(t, resp.Body.Close())
			}
			require.Equal(t, fault.Cancelled, fault.KindOf(err), "%v", err)
		})
	}
}
