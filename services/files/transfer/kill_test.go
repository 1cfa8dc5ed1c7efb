package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/files"
	"guichet/services/files/local"
	"guichet/services/files/vfstest"
)

// The test below kills real processes: the test's own binary, run again as one
// that copies.

const killedEnv = "GUICHET_TEST_COPY" // "mode folder"

func TestMain(m *testing.M) {
	if mode, dir, ok := strings.Cut(os.Getenv(killedEnv), " "); ok {
		if err := copyUntilKilled(mode, dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// copyUntilKilled copies dir/from to dir/to, slowly enough to be hit.
func copyUntilKilled(mode, dir string) error {
	open := func(name string) (*local.FS, error) {
		return local.New(filepath.Join(dir, name), local.Options{Confined: true})
	}
	src, err := open("from")
	if err != nil {
		return err
	}
	dst, err := open("to")
	if err != nil {
		return err
	}
	server := remoteAt(src, filepath.Join(dir, "from"), func(step string) error {
		switch step {
		case "receive":
			time.Sleep(time.Millisecond)
		case "send", "rename", "commit":
			time.Sleep(8 * time.Millisecond)
		}
		return nil
	})
	o := Options{Resume: true, OnExists: always(Replace), SkipSame: true}
	switch mode {
	case "pieces":
		o.divide = 2 << 20
		_, err = Copy(context.Background(), ranged{server}, files.Path{"f"}, dst, files.Path{"f"}, o)
	case "stream":
		_, err = Copy(context.Background(), server, files.Path{"f"}, dst, files.Path{"f"}, o)
	case "upload":
		up := remoteAt(dst, filepath.Join(dir, "to"), server.hook)
		_, err = Copy(context.Background(), src, files.Path{"f"}, up, files.Path{"f"}, o)
	case "tree":
		_, err = CopyTree(context.Background(), server, nil, dst, nil, TreeOptions{Options: o})
	}
	return err
}

// TestKilledCopies: whatever the moment, what has its final name is whole, and
// the same copy ends the work and leaves nothing else behind.
func TestKilledCopies(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	for _, mode := range []string{"stream", "pieces", "upload", "tree"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			put(t, dir, "from/f", vfstest.Bytes(6<<20+5))
			put(t, dir, "to/f", []byte("the old one"))
			if mode == "tree" {
				for i := range 200 {
					put(t, dir, fmt.Sprintf("from/%02d/%d", i%10, i), vfstest.Bytes(1000+i))
				}
			}
			run := func(after time.Duration) {
				t.Helper()
				cmd := exec.Command(exe)
				cmd.Env = append(os.Environ(), killedEnv+"="+mode+" "+dir)
				var out bytes.Buffer
				cmd.Stderr = &out
				require.NoError(t, cmd.Start())
				if after > 0 {
					timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // it may have ended by itself
					defer timer.Stop()
				}
				var exit *exec.ExitError
				if err := cmd.Wait(); err != nil {
					require.True(t, errors.As(err, &exit) && after > 0 && exit.ExitCode() < 0, "%v: %s", err, out.String())
				}
			}
			for range 8 {
				run(1 + rand.N(250*time.Millisecond))
				require.NoError(t, filepath.WalkDir(filepath.Join(dir, "to"), func(path string, d fs.DirEntry, err error) error {
					if err != nil || d.IsDir() || files.IsPartName(d.Name()) {
						return err
					}
					rel, _ := filepath.Rel(filepath.Join(dir, "to"), path)
					got, err := os.ReadFile(path)
					require.NoError(t, err)
					want, err := os.ReadFile(filepath.Join(dir, "from", rel))
					require.NoError(t, err)
					require.True(t, bytes.Equal(want, got) || string(got) == "the old one", "%s has %d bytes", rel, len(got))
					return nil
				}))
			}
			run(0)
			require.Equal(t, names(t, filepath.Join(dir, "from")), names(t, filepath.Join(dir, "to")))
			for _, name := range names(t, filepath.Join(dir, "from")) {
				if !strings.HasSuffix(name, "/") {
					want, err := os.ReadFile(filepath.Join(dir, "from", name))
					require.NoError(t, err)
					is(t, filepath.Join(dir, "to", name), want)
				}
			}
		})
	}
}
