package httpwatch

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
)

type trip func(*http.Request) (*http.Response, error)

func (t trip) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// until is a body that gives some bytes and then nothing, until its context
// ends.
type until struct {
	io.Reader
	ctx context.Context
}

func (u until) Read(b []byte) (int, error) {
	if n, err := u.Reader.Read(b); err == nil {
		return n, nil
	}
	<-u.ctx.Done()
	return 0, u.ctx.Err()
}

func TestSilentAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &Transport{Silence: 17 * time.Second, Host: "h", Base: trip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{Body: io.NopCloser(until{strings.NewReader("some"), r.Context()})}, nil
		})}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h/", nil)
		require.NoError(t, err)
		r, err := w.RoundTrip(req)
		require.NoError(t, err)
		time.Sleep(time.Minute) // whoever reads may be slow
		b := make([]byte, 4)
		_, err = io.ReadFull(r.Body, b)
		require.NoError(t, err)
		began := time.Now()
		_, err = r.Body.Read(b)
		require.True(t, fault.Is(err, fault.Timeout), "%v", err)
		require.Equal(t, 17*time.Second, time.Since(began))
		require.NoError(t, r.Body.Close())
	})
}

func TestSilentTaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &Transport{Silence: 17 * time.Second, Host: "h", Base: trip(func(r *http.Request) (*http.Response, error) {
			_, _ = r.Body.Read(make([]byte, 2)) // a piece, and then the network takes no more
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		slow, feed := io.Pipe()
		go func() {
			time.Sleep(time.Minute) // whoever writes may be slow
			_, _ = feed.Write([]byte("ab"))
		}()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://h/", slow)
		require.NoError(t, err)
		began := time.Now()
		_, err = w.RoundTrip(req)
		require.True(t, fault.Is(err, fault.Timeout), "%v", err)
		require.Equal(t, time.Minute+17*time.Second, time.Since(began))
	})
}

// The page of a refusal that never ends must not hold up what follows.
func TestDiscardEnds(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		body, _ := io.Pipe()
		Discard(&http.Response{Body: body})
	})
}
