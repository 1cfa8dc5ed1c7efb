package commands

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMirrorFilters(t *testing.T) {
	s := startDemo(t)
	dir := t.TempDir()
	for _, name := range []string{"a.txt", "b.tmp", "cache/c.txt"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600))
	}
	there := s.with(t, s.SFTP, "/filtered")
	o := s.call(t, "mirror", "--json", "--exclude", "*.tmp;cache/", dir, there)
	require.Zero(t, o.status, o.err)
	require.Contains(t, o.out, `"copies":1`)
	list := s.call(t, "ls", there).out
	require.Contains(t, list, "a.txt")
	require.NotContains(t, list, "b.tmp")
	require.NotContains(t, list, "cache")
	o = s.call(t, "mirror", "--exclude", "[", dir, there)
	require.Equal(t, exitMisused, o.status, "%s%s", o.out, o.err)
}

func TestSyncBothWays(t *testing.T) {
	s := startDemo(t)
	dir := t.TempDir()
	there := s.with(t, s.FTPES, "/both")
	put := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	put("one", "1")
	put("two", "2")
	o := s.call(t, "sync", "--json", dir, there)
	require.Zero(t, o.status, o.err)
	require.Contains(t, o.out, `"copies":2`)
	require.NoError(t, os.Remove(filepath.Join(dir, "one")))
	put("three", "3")
	o = s.call(t, "sync", "--preview", dir, there)
	require.Zero(t, o.status, o.err)
	require.Contains(t, o.out, "deleted here since the last time")
	require.Contains(t, s.call(t, "ls", there).out, "one", "a preview does nothing")
	o = s.call(t, "sync", "--json", dir, there)
	require.Zero(t, o.status, o.err)
	require.Contains(t, o.out, `"action":"delete","reason":"gone_left","path":"one","size":0,"done":true`)
	list := s.call(t, "ls", there).out
	require.NotContains(t, list, "one")
	require.Contains(t, list, "three")
}

// safe is a writer that another goroutine may read.
type safe struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *safe) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *safe) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestWatchSends(t *testing.T) {
	s := startDemo(t)
	dir := t.TempDir()
	there := s.with(t, s.SFTP, "/watched")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "first"), []byte("1"), 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	var out safe
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, Params{
			Args: append(s.flags[:len(s.flags):len(s.flags)], "watch", dir, there), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out,
			Environ: func(name string) string { return s.env[name] },
		})
	}()
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "Up to date, checked") }, 20*time.Second, 10*time.Millisecond, "%s", &out)
	require.Contains(t, s.call(t, "ls", there).out, "first")
	cancel()
	require.Zero(t, <-done, "%s", &out)
	o := s.call(t, "watch", there, dir)
	require.Equal(t, exitMisused, o.status, "%s%s", o.out, o.err)
}
