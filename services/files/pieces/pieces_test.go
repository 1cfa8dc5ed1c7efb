package pieces

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
)

// sink keeps the pieces that arrive.
type sink struct {
	mu    sync.Mutex
	got   map[int][]byte
	now   atomic.Int32
	most  atomic.Int32
	begun int
}

func (s *sink) begin() error { s.begun++; return nil }

func (s *sink) send(_ context.Context, number int, data []byte) error {
	s.most.Store(max(s.most.Load(), s.now.Add(1)))
	defer s.now.Add(-1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.got == nil {
		s.got = map[int][]byte{}
	}
	s.got[number] = bytes.Clone(data)
	return nil
}

func (s *sink) all() []byte {
	var b bytes.Buffer
	for i := range len(s.got) {
		b.Write(s.got[i+1])
	}
	return b.Bytes()
}

func TestWriter(t *testing.T) {
	for _, n := range []int{0, 1, 9, 10, 11, 20, 105} {
		s := &sink{}
		w := New(t.Context(), 10, 2, s.begin, s.send)
		text := []byte(strings.Repeat("0123456789", 11)[:n])
		for i := 0; i < n; i += 7 {
			k, err := w.Write(text[i:min(i+7, n)])
			require.NoError(t, err)
			require.Equal(t, min(7, n-i), k)
		}
		if n <= 10 {
			require.Zero(t, w.Sent(), "one piece waits for more")
			require.Zero(t, s.begun)
			require.Equal(t, text, append([]byte{}, w.Rest()...))
			w.Stop()
			continue
		}
		require.NoError(t, w.Finish(t.Context()))
		require.Equal(t, 1, s.begun)
		require.Equal(t, text, s.all())
		require.LessOrEqual(t, s.most.Load(), int32(2))
		w.Stop()
	}
}

func TestFaults(t *testing.T) {
	broken := fault.Newf(fault.Full, "write", "h", "no room")
	w := New(t.Context(), 10, 1, func() error { return nil }, func(context.Context, int, []byte) error { return broken })
	var err error
	for range 100 {
		if _, err = w.Write(make([]byte, 15)); err != nil {
			break
		}
	}
	require.True(t, fault.Is(err, fault.Full), "%v", err)
	w.Stop()

	w = New(t.Context(), 10, 1, func() error { return errors.New("no") }, nil)
	_, err = w.Write(make([]byte, 11))
	require.Error(t, err)
	w.Stop()

	// Who waits for pieces that do not move is let go.
	ctx, cancel := context.WithCancel(t.Context())
	w = New(t.Context(), 10, 1, func() error { return nil }, func(ctx context.Context, _ int, _ []byte) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	_, err = w.Write(make([]byte, 11))
	require.NoError(t, err)
	require.True(t, fault.Is(w.Finish(ctx), fault.Cancelled))
	w.Stop()
}
