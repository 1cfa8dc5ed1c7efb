package profile

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/task"
)

func TestSettingsAreKept(t *testing.T) {
	dir := t.TempDir()
	p, err := Open(dir)
	require.NoError(t, err)
	require.Equal(t, Defaults(), *p.Settings.Get())
	require.NoError(t, p.Settings.Change(func(v *Values) { v.Language = "fr" }))
	require.NoError(t, p.Settings.ChangePanel("files", map[string]bool{"hide": true}))

	p, err = Open(dir)
	require.NoError(t, err)
	require.Equal(t, "fr", p.Settings.Get().Language)
	var own map[string]bool
	p.Settings.Panel("files", &own)
	require.True(t, own["hide"])
	s, err := os.Stat(p.Path("settings.json"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), s.Mode().Perm())
}

func TestDamagedSettingsAreKeptBeside(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "settings.json"), []byte("{"), 0o600))
	p, err := Open(dir)
	require.NoError(t, err)
	require.Equal(t, Defaults(), *p.Settings.Get())
	require.FileExists(t, filepath.Join(dir, "settings.json.damaged"))
}

func TestUnusableFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Open(filepath.Join(file, "profile"))
	require.Error(t, err)
	var f *fault.Fault
	require.ErrorAs(t, err, &f)
}

func TestSecondStartHandsOver(t *testing.T) {
	for _, name := range []string{"p", strings.Repeat("long", 30)} {
		p, err := Open(filepath.Join(t.TempDir(), name))
		require.NoError(t, err)
		group := task.NewGroup(context.Background())
		got := make(chan string, 1)
		first, err := p.Claim(group, "", func(a string) { got <- a })
		require.NoError(t, err)
		require.NotNil(t, first)

		second, err := p.Claim(group, "sftp://é.example/a\nb", nil)
		require.NoError(t, err)
		require.Nil(t, second)
		require.Equal(t, "sftp://é.example/a\nb", <-got)

		require.NoError(t, first.Release())
		require.True(t, group.Close(5*time.Second))
		third, err := p.Claim(task.NewGroup(context.Background()), "", nil)
		require.NoError(t, err)
		require.NotNil(t, third, "a released profile can be claimed again")
		require.NoError(t, third.Release())
	}
}

func TestLogHoldsNoSecret(t *testing.T) {
	old := slog.Default()
	defer slog.SetDefault(old)
	p, err := Open(t.TempDir())
	require.NoError(t, err)
	end, err := p.OpenLog(nil, slog.LevelInfo)
	require.NoError(t, err)
	slog.Info("open ftp://anna:geheim@host/x", "line", "PASS geheim", "err", fault.Newf(fault.Login, "login", "h", "AUTH PLAIN geheim"))
	slog.With("url", "https://anna:geheim@h/").Info("x")
	require.NoError(t, end())
	data, err := os.ReadFile(filepath.Join(p.Logs, "guichet.log"))
	require.NoError(t, err)
	require.Contains(t, string(data), "host/x")
	require.NotContains(t, string(data), "geheim")
	require.NoFileExists(t, filepath.Join(p.Logs, "crash.log"))
}
