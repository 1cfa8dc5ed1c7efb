package task

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
)

func TestGroupEndsItsChildren(t *testing.T) {
	root := NewGroup(context.Background())
	child := root.Child()
	ended := make(chan struct{})
	child.Go("wait", func(ctx context.Context) {
		<-ctx.Done()
		close(ended)
	})
	require.True(t, root.Close(5*time.Second))
	select {
	case <-ended:
	default:
		t.Fatal("Close returned before the child's goroutine had ended")
	}
}

func TestCloseDoesNotWaitForEver(t *testing.T) {
	g := NewGroup(context.Background())
	stuck := make(chan struct{})
	defer close(stuck)
	g.Go("stuck", func(context.Context) { <-stuck })
	require.False(t, g.Close(time.Millisecond))
}

func TestPanicDoesNotLeaveTheGroup(t *testing.T) {
	g := NewGroup(context.Background())
	g.Go("bad", func(context.Context) { panic("no") })
	require.True(t, g.Close(5*time.Second))
	err := Catch("bad", func() error { panic("no") })
	require.True(t, fault.Is(err, fault.Internal))
	require.Contains(t, err.Error(), "task_test.go", "the stack is in it")
	plain := errors.New("x")
	require.Equal(t, plain, Catch("good", func() error { return plain }))
}

func TestSlotKeepsTheNewest(t *testing.T) {
	g := NewGroup(context.Background())
	s := NewSlot(g)
	older := make(chan func() bool, 1)
	cancelled := make(chan struct{})
	s.Start("older", func(ctx context.Context, current func() bool) {
		older <- current
		<-ctx.Done()
		close(cancelled)
	})
	wasCurrent := <-older
	require.True(t, wasCurrent())
	done := make(chan func() bool, 1)
	s.Start("newer", func(_ context.Context, current func() bool) { done <- current })
	<-cancelled
	require.False(t, wasCurrent())
	isCurrent := <-done
	require.True(t, g.wait(), "both have ended")
	require.True(t, isCurrent(), "a result may be published after its job has ended")
	s.Stop()
	require.False(t, isCurrent())
}

// wait waits for the group's goroutines without cancelling them.
func (g *Group) wait() bool { <-g.none(); return true }

func TestGroupTakesGoroutinesAtAnyTime(t *testing.T) {
	g := NewGroup(context.Background())
	child := g.Child()
	first := make(chan struct{})
	child.Go("endless", func(ctx context.Context) {
		<-ctx.Done()
		for range 100 { // while Close waits, and at zero
			child.Go("late", func(context.Context) {})
		}
		close(first)
	})
	require.True(t, g.Close(5*time.Second))
	<-first
	after := make(chan error, 1)
	child.Go("after the end", func(ctx context.Context) { after <- ctx.Err() })
	require.ErrorIs(t, <-after, context.Canceled, "it runs, with a context that is done")
	require.True(t, g.Close(5*time.Second), "closing again is allowed")
}

func TestThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []int
		var calls atomic.Int32
		th := NewThrottle(Interval, func(v int) { got = append(got, v); calls.Add(1) })
		for i := range 1000 {
			th.Set(i)
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		require.LessOrEqual(t, calls.Load(), int32(12))
		require.Equal(t, 0, got[0], "the first comes at once")
		require.Equal(t, 999, got[len(got)-1], "the last always comes")
		n := len(got)
		th.Set(7)
		synctest.Wait()
		require.Equal(t, 7, got[n], "after a pause the next comes at once")
	})
}

func TestThrottleStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []int
		th := NewThrottle(Interval, func(v int) { got = append(got, v) })
		th.Set(1)
		th.Set(2)
		th.Stop()
		th.Set(3)
		time.Sleep(time.Second)
		require.Equal(t, []int{1}, got)
	})
}

func TestThrottleOutlivesAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []int
		th := NewThrottle(Interval, func(v int) {
			if got = append(got, v); v < 3 {
				panic("no")
			}
		})
		for v := range 5 {
			th.Set(v)
			time.Sleep(Interval)
		}
		synctest.Wait()
		require.Equal(t, []int{0, 1, 2, 3, 4}, got)
	})
}
