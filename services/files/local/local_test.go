package local

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

func TestConformance(t *testing.T) {
	for _, confined := range []bool{true, false} {
		root := t.TempDir()
		vfstest.Run(t, func(t *testing.T) files.FS {
			f, err := New(root, Options{Confined: confined})
			require.NoError(t, err)
			return f
		}, vfstest.Options{})
	}
}

func TestLinksLeadNowhereOutside(t *testing.T) {
	outside, root := t.TempDir(), t.TempDir()
	secret := filepath.Join(outside, "secret")
	require.NoError(t, os.WriteFile(secret, []byte("s"), 0o600))
	require.NoError(t, os.Symlink(secret, filepath.Join(root, "file")))
	require.NoError(t, os.Symlink(outside, filepath.Join(root, "dir")))
	require.NoError(t, os.Symlink("../"+filepath.Base(outside), filepath.Join(root, "rel")))
	f, err := New(root, Options{Confined: true})
	require.NoError(t, err)
	defer f.Close()
	ctx := context.Background()
	for _, p := range []files.Path{{"file"}, {"dir", "new"}, {"rel", "new"}, {"dir", "secret"}} {
		_, err := f.Write(ctx, p, files.WriteOptions{})
		require.True(t, fault.Is(err, fault.Permission), "%v: %v", p, err)
		_, err = f.Read(ctx, p, 0)
		require.Error(t, err, "%v", p)
		require.Error(t, f.Mkdir(ctx, p.Join("x")), "%v", p)
	}
	left, err := os.ReadDir(outside)
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.NoError(t, f.Remove(ctx, files.Path{"file"}), "the link itself may go")
	require.FileExists(t, secret)
}

func TestLinksAreNotWrittenThrough(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "a"), []byte("old"), 0o600))
	require.NoError(t, os.Symlink("a", filepath.Join(root, "l")))
	f, err := New(root, Options{})
	require.NoError(t, err)
	_, err = f.Write(context.Background(), files.Path{"l"}, files.WriteOptions{})
	require.True(t, fault.Is(err, fault.Permission), "%v", err)
	e, err := f.Stat(context.Background(), files.Path{"l"})
	require.NoError(t, err)
	require.Equal(t, files.LinkFile, e.Type)
	require.EqualValues(t, 3, e.Size)
	require.Equal(t, "a", e.Target)
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ goos, name, here string }{
		{"linux", "plain", "plain"},
		{"linux", "Re: a\\b", "Re: a\\b"},
		{"linux", "new\nline", "new%0Aline"},
		{"linux", "100%", "100%"},
		{"linux", "100%41", "100%41"},
		{"linux", "a%0Ab", "a%250Ab"},
		{"linux", "a%25b", "a%2525b"},
		{"linux", "\xe9t\xe9", "\xe9t\xe9"},
		{"darwin", "\xe9", "%E9"},
		{"windows", "a:b", "a%3Ab"},
		{"windows", `..\up`, `..%5Cup`},
		{"windows", "CON", "%43ON"},
		{"windows", "nul.txt", "%6Eul.txt"},
		{"windows", "com1", "%63om1"},
		{"windows", "COM1x", "COM1x"},
		{"windows", "dot.", "dot%2E"},
		{"windows", "blank ", "blank%20"},
		{"windows", "file.txt:stream", "file.txt%3Astream"},
		{"windows", "a%43b", "a%2543b"},
		{"windows", "é", "é"},
	} {
		require.Equal(t, c.here, encode(c.name, c.goos), "%s %q", c.goos, c.name)
		require.Equal(t, c.name, decode(c.here, c.goos), "%s %q", c.goos, c.here)
	}
}

func FuzzNames(f *testing.F) {
	for _, name := range vfstest.OddNames {
		f.Add(name)
	}
	f.Add("..")
	f.Add("COM¹.txt")
	f.Fuzz(func(t *testing.T, name string) {
		if files.CheckName(name) != nil && name != "." && name != ".." {
			return
		}
		for _, goos := range []string{"linux", "darwin", "windows"} {
			here := encode(name, goos)
			if files.CheckName(here) != nil && len(here) < 4096 {
				t.Fatalf("%s: %q became %q", goos, name, here)
			}
			if back := decode(here, goos); back != name {
				t.Fatalf("%s: %q became %q and then %q", goos, name, here, back)
			}
			for i := range len(here) {
				if forbidden(here[i], goos) {
					t.Fatalf("%s: %q became %q", goos, name, here)
				}
			}
		}
	})
}

func TestPipeDoesNotHang(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such files")
	}
	root := t.TempDir()
	require.NoError(t, makePipe(filepath.Join(root, "pipe")))
	f, err := New(root, Options{Confined: true})
	require.NoError(t, err)
	_, err = f.Read(context.Background(), files.Path{"pipe"}, 0)
	require.True(t, fault.Is(err, fault.Unsupported), "%v", err)
	e, err := f.Stat(context.Background(), files.Path{"pipe"})
	require.NoError(t, err)
	require.Equal(t, files.Other, e.Type)
}

// A fall between two steps of a renaming leaves two names; the next try makes
// one of them.
func TestTwoNamesOfOneFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("renaming is one step there")
	}
	for _, confined := range []bool{true, false} {
		root := t.TempDir()
		f, err := New(root, Options{Confined: confined})
		require.NoError(t, err)
		defer f.Close()
		require.NoError(t, os.WriteFile(filepath.Join(root, "part"), []byte("x"), 0o600))
		require.NoError(t, os.Link(filepath.Join(root, "part"), filepath.Join(root, "name")))
		require.True(t, fault.Is(f.Rename(t.Context(), files.Path{"part"}, files.Path{"name"}, false), fault.Exists))
		require.NoError(t, f.Rename(t.Context(), files.Path{"part"}, files.Path{"name"}, true))
		require.NoFileExists(t, filepath.Join(root, "part"))
		require.FileExists(t, filepath.Join(root, "name"))
	}
}
