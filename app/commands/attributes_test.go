package commands

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/files/ops"
)

func TestParseMode(t *testing.T) {
	for text, want := range map[string]ops.Bits{
		"644":        ops.Exactly(0o644),
		"u+w,go-rwx": {Set: 0o200, Clear: 0o077},
		"+x":         {Set: 0o111},
		"a=r":        {Set: 0o444, Clear: 0o333},
		"u=rw,g=r":   {Set: 0o640, Clear: 0o130},
	} {
		b, ok := parseMode(text)
		require.True(t, ok, text)
		require.Equal(t, want, b, text)
	}
	for _, text := range []string{"", "9", "1777", "u", "z+r", "u+q", "u+", "-"} {
		_, ok := parseMode(text)
		require.False(t, ok, text)
	}
	require.Equal(t, fs.FileMode(0o755), enterable(ops.Exactly(0o644)).Apply(0))
	require.Equal(t, fs.FileMode(0o700), enterable(ops.Exactly(0o600)).Apply(0o777))
}

func TestParseWhen(t *testing.T) {
	now := time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC)
	at, ok := parseWhen("36h", now)
	require.True(t, ok)
	require.Equal(t, now.Add(-36*time.Hour), at)
	_, ok = parseWhen("2026-01-31", now)
	require.True(t, ok)
	for _, text := range []string{"soon", "-3h", "2026-13-01"} {
		_, ok = parseWhen(text, now)
		require.False(t, ok, text)
	}
}

func TestOperationsOnAServer(t *testing.T) {
	s := startDemo(t)
	dir := s.with(t, s.SFTP, "/cli")
	here := t.TempDir()
	for _, name := range []string{"a/one.txt", "a/b/two.txt", "three.txt"} {
		path := filepath.Join(here, "cli", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte("text of "+name), 0o600))
	}
	require.Zero(t, s.call(t, "put", "-r", filepath.Join(here, "cli"), s.with(t, s.SFTP, "/")).status)

	found := lines[foundFile](t, s.call(t, "find", "--json", "--name", "*.txt", "--text", "TEXT OF a", dir).out)
	require.Len(t, found, 2)
	sums := lines[hashed](t, s.call(t, "hash", "--json", "--algorithm", "md5", dir+"/three.txt").out)
	require.Equal(t, "c5b2c322e22ac094f36c889811eb0295", sums[0].Checksum)
	require.Zero(t, s.call(t, "chmod", "-r", "640", dir).status)
	require.Zero(t, s.call(t, "cp", dir+"/a", dir+"/copy").status)
	require.Zero(t, s.call(t, "mv", dir+"/three.txt", dir+"/copy").status, "into the folder")
	require.Equal(t, exitFailed, s.call(t, "mv", dir+"/copy/three.txt", dir+"/a/one.txt").status, "nothing is replaced by accident")

	require.Equal(t, exitFailed, s.call(t, "rm", dir+"/a").status, "a folder needs -r")
	out := lines[changed](t, s.call(t, "rm", "-r", "--json", dir+"/copy").out)
	require.Equal(t, ops.Result{Files: 3, Folders: 2}, out[0].Result)
	require.Zero(t, s.call(t, "rm", "-r", "--trash", dir).status)
	require.Equal(t, exitFailed, s.call(t, "rm", "-r", dir).status, "gone")
	require.Equal(t, exitMisused, s.call(t, "rm", "-r", s.with(t, s.SFTP, "/")).status, "never a whole server")
	require.Equal(t, exitMisused, s.call(t, "rm", "file.txt").status)
}

func TestSites(t *testing.T) {
	profile, file := t.TempDir(), filepath.Join(t.TempDir(), "sitemanager.xml")
	require.NoError(t, os.WriteFile(file, []byte(`<FileZilla3><Servers><Server><Host>club.example</Host><Port>21</Port><Protocol>4</Protocol>
		<User>anna</User><Pass encoding="base64">c2VjcmV0</Pass><Logontype>1</Logontype><Name>Club</Name></Server></Servers></FileZilla3>`), 0o600))
	do := func(args ...string) outcome {
		return call(t, nil, "", append([]string{"--profile", profile}, args...)...)
	}
	in := lines[imported](t, do("sites", "import", "--json", file).out)
	require.Equal(t, []imported{{Format: "filezilla", Found: 1, Added: 1, Passwords: 1}}, in)
	require.Equal(t, "Club  ftpes://anna@club.example\n", strings.Replace(do("sites", "list").out, "example/", "example", 1))
	list := do("sites", "export")
	require.Zero(t, list.status)
	require.NotContains(t, list.out, "c2VjcmV0")
	require.NotContains(t, list.out, "secret")
	require.Equal(t, exitMisused, do("sites", "import", "--clear", file).status)
	require.Equal(t, exitMisused, do("sites", "export", "--format", "x").status)
	require.Equal(t, exitFailed, do("sites", "import", filepath.Join(profile, "none")).status)
	again := lines[imported](t, do("sites", "import", "--json", "--passwords", "--clear", file).out)
	require.Equal(t, 1, again[0].Cleared)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NotContains(t, string(text), "c2VjcmV0")
}
