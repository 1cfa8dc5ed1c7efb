package transfer

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

func TestSpeedLimit(t *testing.T) {
	data := vfstest.Bytes(4 << 20)
	dir := t.TempDir()
	put(t, dir, "f", data)
	for _, up := range []bool{true, false} {
		server := newRemote(t, nil)
		put(t, server.dir, "f", data)
		synctest.Test(t, func(t *testing.T) {
			limits := NewLimits(1<<20, 2<<20)
			o := Options{Limits: limits, OnExists: always(Replace)}
			src, dst, want := files.FS(server), files.FS(localFS(t, t.TempDir())), 4*time.Second
			if up {
				src, dst, want = localFS(t, dir), server, 2*time.Second
			}
			began := time.Now()
			_, err := Copy(t.Context(), src, files.Path{"f"}, dst, files.Path{"g"}, o)
			require.NoError(t, err)
			require.InDelta(t, want.Seconds(), time.Since(began).Seconds(), 0.5)

			began = time.Now()
			o.Progress = func(done, _ int64) {
				if done > 2<<20 {
					limits.Set(0, 0) // obeyed at once
				}
			}
			_, err = Copy(t.Context(), src, files.Path{"f"}, dst, files.Path{"h"}, o)
			require.NoError(t, err)
			require.InDelta(t, want.Seconds()/2, time.Since(began).Seconds(), 0.6)
		})
	}
}

func TestLimitsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimits(100<<10, 0)
		began := time.Now()
		done := make(chan error)
		for range 4 {
			go func() { done <- l.wait(t.Context(), false, 100<<10) }()
		}
		for range 4 {
			require.NoError(t, <-done)
		}
		require.InDelta(t, 4, time.Since(began).Seconds(), 0.5)
		require.NoError(t, l.wait(t.Context(), true, 1<<30), "the other way is free")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.True(t, fault.Is(l.wait(ctx, false, 1<<20), fault.Cancelled))
		down, up := l.Get()
		require.Equal(t, []int64{100 << 10, 0}, []int64{down, up})
	})
}

// TestLanes plays a site whose throughput grows up to so many files at once.
func TestLanes(t *testing.T) {
	for name, c := range map[string]struct{ most, useful, low, high int }{
		"grows to the most":        {8, 100, 8, 8},
		"stops where it is enough": {8, 2, 1, 4},
		"of one connection":        {32, 100, 32, 32},
		"bounded":                  {1, 100, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLanes(c.most)
				ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
				defer cancel()
				done := make(chan struct{})
				busy := make(chan struct{}, c.useful)
				for range 40 {
					go func() {
						defer func() { done <- struct{}{} }()
						for l.take(ctx) == nil {
							busy <- struct{}{}
							time.Sleep(20 * time.Millisecond)
							<-busy
							l.arrived(4096)
							l.release()
						}
					}()
				}
				for range 40 {
					<-done
				}
				require.GreaterOrEqual(t, l.limit, c.low)
				require.LessOrEqual(t, l.limit, c.high)
				require.Zero(t, l.busy)
			})
		})
	}
}

func TestLanesLearnFromRefusals(t *testing.T) {
	l := newLanes(8)
	l.limit = 6
	l.refused(broken(fault.Login))
	require.Equal(t, 6, l.limit, "a wrong password is no matter of number")
	l.arrived(1)
	l.refused(broken(fault.Login))
	require.Equal(t, []int{5, 5}, []int{l.limit, l.most})
	l.refused(broken(fault.Busy))
	require.Equal(t, 4, l.limit)
	l.refused(broken(fault.Timeout))
	require.Equal(t, 4, l.limit)
	for range 9 {
		l.refused(broken(fault.Busy))
	}
	require.Equal(t, 1, l.limit)
}

// TestServerThatGrantsFew copies to a server that refuses more than three files at
// once.
func TestServerThatGrantsFew(t *testing.T) {
	dir := t.TempDir()
	for i := range 60 {
		put(t, dir, fmt.Sprintf("f%02d", i), vfstest.Bytes(1000))
	}
	server := newRemote(t, nil)
	server.caps.MaxConns = 8
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{}, 3)
		server.hook = func(s string) error {
			switch s {
			case "write":
				select {
				case open <- struct{}{}:
					time.Sleep(30 * time.Millisecond)
				default:
					return broken(fault.Busy)
				}
			case "rename":
				<-open
			}
			return nil
		}
		r, err := CopyTree(t.Context(), localFS(t, dir), nil, server, files.Path{"x"}, TreeOptions{})
		require.NoError(t, err)
		require.Equal(t, 60, r.Files)
	})
}

func TestSitesBoundHolds(t *testing.T) {
	server := newRemote(t, nil)
	server.caps.MaxConns = 32
	e, err := newEnds(t.Context(), localFS(t, t.TempDir()), server, Options{most: 3}, 0)
	require.NoError(t, err)
	require.Equal(t, 3, e.most())
	e, err = newEnds(t.Context(), localFS(t, t.TempDir()), server, Options{}, 5)
	require.NoError(t, err)
	require.Equal(t, 5, e.most())
	var shared Lanes
	e, err = newEnds(t.Context(), localFS(t, t.TempDir()), server, Options{Lanes: &shared}, 0)
	require.NoError(t, err)
	back, err := newEnds(t.Context(), server, localFS(t, t.TempDir()), Options{Lanes: &shared}, 0)
	require.NoError(t, err)
	require.Same(t, e.lanes[0], back.lanes[0], "both directions count")
}
