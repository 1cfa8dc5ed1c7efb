package commands

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/app/house"
	"guichet/services/demo"
	"guichet/services/mail"
)

// The tests below kill real processes: the test's own binary, run again as the
// command line. `-tags kill` makes more of them.

const commandInEnv = "GUICHET_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(commandInEnv) != "" {
		os.Exit(Main(Params{Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}))
	}
	os.Exit(m.Run())
}

// startSlowDemo is startDemo on a line that gives a kill something to hit.
func startSlowDemo(t *testing.T, rate int64) sample {
	t.Helper()
	d, err := demo.Start(context.Background(), demo.Params{Dir: t.TempDir(), Rate: rate})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	i := d.Info()
	return sample{
		Info:  i,
		flags: []string{"--profile", t.TempDir(), "--ca", i.CA, "--known-hosts", i.KnownHosts, "--lang", "en"},
		env:   map[string]string{passwordInEnv: i.Password},
	}
}

// process runs a command in a process of its own and kills it after a time;
// 0 lets it end. It reports whether it was killed.
func (s sample) process(t *testing.T, after time.Duration, stdin string, args ...string) (o outcome, killed bool) {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe, append(s.flags[:len(s.flags):len(s.flags)], args...)...)
	cmd.Env = append(os.Environ(), commandInEnv+"=1", passwordInEnv+"="+s.Password)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(t, cmd.Start())
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // it may have ended by itself
		defer timer.Stop()
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errs.String()}, cmd.ProcessState.ExitCode() < 0
}

// moment is a random moment of a command that takes about that long.
func moment(whole time.Duration) time.Duration { return 1 + rand.N(whole+whole/10) }

// randomFile writes a file of random bytes.
func randomFile(t *testing.T, path string, size int) []byte {
	t.Helper()
	data := make([]byte, size)
	source := rand.NewChaCha8([32]byte([]byte(fmt.Sprintf("%-32.32s", filepath.Base(path)))))
	_, err := source.Read(data)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return data
}

func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// A transfer that is killed at any moment leaves nothing but whole files under
// their final names, and the same command ends the work.
func TestKilledTransfers(t *testing.T) {
	const rate, size = 8 << 20, 2 << 20
	s := startSlowDemo(t, rate)
	dir := t.TempDir()
	for scheme, address := range map[string]string{"sftp": s.SFTP, "ftpes": s.FTPES, "dav": s.DAV} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			name := "killed-" + scheme + ".bin"
			data := randomFile(t, filepath.Join(dir, name), size)
			url := s.with(t, address, "/"+name)
			s := s
			s.flags = slices.Clone(s.flags)
			s.flags[1] = t.TempDir()
			listing := func() (found []string) {
				o := s.call(t, "ls", "--json", s.with(t, address, "/"))
				require.Zero(t, o.status, o.err)
				for _, e := range lines[[]listed](t, o.out)[0] {
					if strings.Contains(e.Name, name) {
						found = append(found, e.Name)
					}
				}
				return found
			}
			fetch := func() []byte {
				to := filepath.Join(t.TempDir(), "copy")
				o := s.call(t, "get", "--json", url, "-o", to)
				require.Zero(t, o.status, o.err)
				got, err := os.ReadFile(to)
				require.NoError(t, err)
				return got
			}

			whole := time.Second * size / rate * 2
			for range kills {
				o, killed := s.process(t, moment(whole), "", "put", "--json", filepath.Join(dir, name), url)
				require.True(t, killed || o.status == 0, o.err)
				if slices.Contains(listing(), name) {
					require.True(t, bytes.Equal(data, fetch()), "a part under the final name")
				}
			}
			o, _ := s.process(t, 0, "", "put", "--json", filepath.Join(dir, name), url)
			require.Zero(t, o.status, o.err)
			require.Equal(t, []string{name}, listing(), "parts left on the server")
			require.True(t, bytes.Equal(data, fetch()))

			down := t.TempDir()
			to := filepath.Join(down, name)
			for range kills {
				o, killed := s.process(t, moment(whole), "", "get", "--json", url, "-o", to)
				require.True(t, killed || o.status == 0, o.err)
				if got, err := os.ReadFile(to); err == nil {
					require.True(t, bytes.Equal(data, got), "a part under the final name")
				}
			}
			o, _ = s.process(t, 0, "", "get", "--json", url, "-o", to)
			require.Zero(t, o.status, o.err)
			got, err := os.ReadFile(to)
			require.NoError(t, err)
			require.True(t, bytes.Equal(data, got))
			require.Equal(t, []string{name}, names(t, down), "parts left on this computer")
		})
	}
}

// mailboxes are all rows of a profile by mailbox, without what is only the
// store's own.
func (s sample) mailboxes(t *testing.T) (list []string) {
	t.Helper()
	h, err := house.Open(t.Context(), house.Options{Dir: s.flags[1], CA: []string{s.CA}})
	require.NoError(t, err)
	defer func() { require.NoError(t, h.Close()) }()
	m, err := h.Mail()
	require.NoError(t, err)
	folders, err := m.Folders.Get()
	require.NoError(t, err)
	require.Len(t, folders.Accounts, 1)
	for _, f := range folders.Accounts[0].Folders {
		if !f.Selectable {
			continue
		}
		rows, err := m.List(t.Context(), f.Path, 0)
		require.NoError(t, err)
		for _, r := range rows {
			row := rowOf(r)
			row.ID = 0
			line, err := json.Marshal(row)
			require.NoError(t, err)
			list = append(list, f.Path+" "+string(line))
		}
	}
	slices.Sort(list)
	return list
}

func (s sample) addAccount(t *testing.T) {
	t.Helper()
	o := s.call(t, "mail", "add", s.User, "--imap", hostPort(t, s.IMAPS), "--smtp", hostPort(t, s.SMTPS), "--json")
	require.Zero(t, o.status, o.err)
}

// A synchronisation that is killed again and again ends with each message once.
func TestKilledSync(t *testing.T) {
	s := startSlowDemo(t, 2<<20)
	undisturbed := s
	undisturbed.flags = slices.Clone(s.flags)
	undisturbed.flags[1] = t.TempDir()
	undisturbed.addAccount(t)
	began := time.Now()
	o, _ := undisturbed.process(t, 0, "", "mail", "sync", "--json")
	whole := time.Since(began)
	require.Zero(t, o.status, o.err)
	want := undisturbed.mailboxes(t)
	require.Len(t, want, 300)

	s.addAccount(t)
	for range kills {
		s.process(t, moment(whole), "", "mail", "sync", "--json")
	}
	o, _ = s.process(t, 0, "", "mail", "sync", "--json")
	require.Zero(t, o.status, o.err)
	require.Empty(t, lines[mail.SyncReport](t, o.out)[0].Failed)
	require.Equal(t, want, s.mailboxes(t))
	o, _ = s.process(t, 0, "", "mail", "sync", "--json")
	require.Zero(t, o.status, o.err)
	r := lines[mail.SyncReport](t, o.out)[0]
	require.Zero(t, r.New+r.Changed+r.Removed, "%+v", r)
}

// outbox is what a profile still has to send, by subject.
func (s sample) outbox(t *testing.T) map[string]mail.SendState {
	t.Helper()
	h, err := house.Open(t.Context(), house.Options{Dir: s.flags[1], CA: []string{s.CA}})
	require.NoError(t, err)
	defer func() { require.NoError(t, h.Close()) }()
	m, err := h.Mail()
	require.NoError(t, err)
	box, err := m.Outbox.Get()
	require.NoError(t, err)
	list := map[string]mail.SendState{}
	for _, it := range box.Items {
		if it.State != mail.Filed {
			list[it.Subject] = it.State
		}
	}
	return list
}

// A mail whose sending is killed at any moment goes out once or not at all, and
// one of which nobody can know is kept and said to be so.
func TestKilledSend(t *testing.T) {
	s := startSlowDemo(t, 2<<20)
	s.addAccount(t)
	began := time.Now()
	body := strings.Repeat("a line of the mail\n", 20_000)
	send := func(after time.Duration, subject string) (outcome, bool) {
		return s.process(t, after, body, "mail", "send", "--json", "--to", s.User, "--subject", subject)
	}
	o, _ := send(0, "whole")
	whole := time.Since(began)
	require.Zero(t, o.status, o.err)
	done := map[string]bool{"whole": true}
	for i := range kills {
		subject := fmt.Sprintf("killed %d", i)
		o, killed := send(moment(whole), subject)
		require.True(t, killed || o.status == 0, o.err)
		done[subject] = !killed
	}
	for range 2 { // what was queued goes out
		o, _ := s.process(t, 0, "", "mail", "sync", "--json")
		require.Zero(t, o.status, o.err)
	}
	waiting := s.outbox(t)
	for subject, certain := range done {
		count := func(mailbox string) (n int) {
			o := s.call(t, "mail", "list", mailbox, "--json")
			require.Zero(t, o.status, o.err)
			for _, r := range lines[[]row](t, o.out)[0] {
				if r.Subject == subject {
					n++
				}
			}
			return n
		}
		inbox, sent, state := count("inbox"), count("sent"), waiting[subject]
		t.Logf("%s: inbox %d, sent %d, %s", subject, inbox, sent, state)
		require.LessOrEqual(t, inbox, 1, "%s came twice", subject)
		require.LessOrEqual(t, sent, 1, "%s was filed twice", subject)
		switch {
		case certain:
			require.Equal(t, []int{1, 1}, []int{inbox, sent}, subject)
		case state == "":
			require.Equal(t, inbox, sent, "%s was delivered and forgotten, or filed and not delivered", subject)
		default:
			require.Contains(t, []mail.SendState{mail.Sending, mail.MaybeSent}, state, "%s waits though the server was there", subject)
		}
	}
}
