// Package ftpcases replays what the FTP tests of curl check (their numbers are
// the names here), with a scripted server of our own: each case ends in the
// right result or in a clear fault, within bounds.
package ftpcases

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/ftp"
	"guichet/services/files/local"
	"guichet/services/files/transfer"
	"guichet/services/files/vfstest"
)

const (
	body    = "data\n    to\n      see\nthat FTP\nworks\n  so does it?\n"
	unix    = "total 20\r\ndrwxr-xr-x   8 98       98           512 Oct 22 13:06 .\r\ndrwxr-xr-x   8 98       98           512 Oct 22 13:06 ..\r\ndrwxr-xr-x   2 98       98           512 May  2  1996 folder\r\n-r--r--r--   1 0        1             35 Jul 16  1996 README\r\n"
	dos     = "04-27-10  05:12AM       <DIR>          .\r\n04-23-10  03:12AM       <DIR>          ..\r\n01-11-10  10:00AM                   38 first\r\n02-01-10  08:00PM                   38 second.txt\r\n04-26-00  12:42AM       <DIR>          folder\r\n"
	aLine   = "250-" + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"
	someone = "somebody"
)

func params(s *server) ftp.Params {
	return ftp.Params{
		Network:  connect.New(connect.Params{}),
		Site:     files.Site{Protocol: files.ProtocolFTP, Host: "127.0.0.1", Port: s.port(), User: someone, AllowClear: true},
		Password: func(context.Context) (string, error) { return "secret", nil },
		Memory:   &ftp.Memory{},
	}
}

func dial(t *testing.T, s *server) (*ftp.FS, error) {
	t.Helper()
	f, err := ftp.Dial(t.Context(), params(s))
	if err == nil {
		t.Cleanup(func() { _ = f.Close() })
	}
	return f, err
}

func get(ctx context.Context, f files.FS, p files.Path, offset int64) (string, error) {
	b, err := vfstest.Get(ctx, f, p, offset)
	return string(b), err
}

func put(ctx context.Context, f files.FS, p files.Path, offset int64, text string) error {
	w, err := f.Write(ctx, p, files.WriteOptions{Offset: offset, Size: offset + int64(len(text))})
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, text); err != nil {
		_ = w.Abort(false) // already failed
		return err
	}
	return w.Commit(ctx)
}

func list(ctx context.Context, f files.FS, p files.Path) ([]string, files.Report, error) {
	var names []string
	report, err := f.List(ctx, p, func(es []files.Entry) error {
		for _, e := range es {
			names = append(names, e.Name)
		}
		return nil
	})
	return names, report, err
}

// gets is a case in which a download gives the file.
func gets(t *testing.T, s *server, f *ftp.FS) {
	t.Helper()
	for range 2 { // the connection must be fit for more
		text, err := get(t.Context(), f, files.Path{"path", "file"}, 0)
		require.NoError(t, err)
		require.Equal(t, body, text)
	}
}

// fails is a case in which a download ends in one of the kinds of faults.
func fails(kinds ...fault.Kind) func(*testing.T, *server, *ftp.FS) {
	return func(t *testing.T, s *server, f *ftp.FS) {
		t.Helper()
		text, err := get(t.Context(), f, files.Path{"path", "file"}, 0)
		require.Error(t, err)
		require.Empty(t, text)
		require.Contains(t, kinds, fault.KindOf(err), "%v", err)
		var fa *fault.Fault
		require.ErrorAs(t, err, &fa)
		require.Equal(t, "127.0.0.1", fa.Host)
		require.NotContains(t, err.Error(), "secret")
	}
}

// eitherWay is a case in which the file is given or a fault, never a part.
func eitherWay(t *testing.T, s *server, f *ftp.FS) {
	t.Helper()
	text, err := get(t.Context(), f, files.Path{"path", "file"}, 0)
	if err == nil {
		require.Equal(t, body, text)
		return
	}
	var fa *fault.Fault
	require.ErrorAs(t, err, &fa)
	require.NotEqual(t, fault.Internal, fa.Kind)
}

// within gives a context for cases in which the server never comes to an end.
func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestCases(t *testing.T) {
	file := map[string]string{"file": body}
	features := func(lines ...string) string {
		return "211-Features\r\n " + strings.Join(lines, "\r\n ") + "\r\n211 End"
	}
	for _, c := range []struct {
		name string
		script
		run   func(*testing.T, *server, *ftp.FS)
		login func(*testing.T, *server, error) // of those that do not get that far
	}{
		{
			name: "1003 a reply of one endless line", run: fails(fault.TooBig, fault.Protocol),
			script: script{replies: map[string]string{"CWD": "250 C" + strings.Repeat("A", 17000) + "B"}},
		},
		{
			name: "1005 a reply of very many lines", run: gets,
			script: script{replies: map[string]string{"CWD": strings.Repeat(aLine, 226) + "250 Finally"}},
		},
		{
			name: "1062 a reply that fills a buffer", run: gets,
			script: script{replies: map[string]string{"CWD": strings.Repeat(aLine, 218) + "250-A Exactly\r\n250 Finally"}},
		},
		{
			name: "a reply without an end", run: fails(fault.TooBig, fault.Protocol),
			script: script{endless: "CWD"},
		},
		{
			name: "2108 NUL in a reply", script: script{replies: map[string]string{"PASS": "230 logged\x00 in"}},
			login: func(t *testing.T, s *server, err error) {
				require.True(t, fault.Is(err, fault.Protocol), "%v", err)
			},
		},
		{
			name: "115 neither PASV nor EPSV", run: fails(fault.Protocol, fault.Unsupported),
			script: script{replies: map[string]string{"PASV": "314 what do you mean", "EPSV": "314 what do you mean"}},
		},
		{
			name: "237 PASV with an address that is none", run: fails(fault.Protocol, fault.Refused, fault.Unsupported),
			script: script{replies: map[string]string{"EPSV": "500 what", "PASV": "227 Entering Passive Mode (1216,256,2,127,0,1)"}},
		},
		{
			name: "238 EPSV with a port that is none", run: eitherWay,
			script: script{replies: map[string]string{"EPSV": "229 Entering Passive Mode (|||1000000|)"}},
		},
		{
			name: "270 PASV with another's address", run: gets,
			script: script{badIP: true, replies: map[string]string{"EPSV": "500 what"}},
		},
		{name: "1233 EPSV with a dead port", run: gets, script: script{deadEP: true}},
		{
			name: "1233 EPSV with port 1", run: gets,
			script: script{replies: map[string]string{"EPSV": "229 Entering Passive Mode (|||1|)"}},
		},
		{
			name: "211 no EPSV", script: script{replies: map[string]string{"EPSV": "500 what"}},
			run: func(t *testing.T, s *server, f *ftp.FS) {
				gets(t, s, f)
				require.Len(t, s.sent("EPSV"), 1, "asked once only")
				require.Len(t, s.sent("PASV"), 2)
			},
		},
		{
			name: "1107 PRET", script: script{replies: map[string]string{"FEAT": features("PRET", "SIZE", "REST STREAM"), "PRET": "200 fine"}},
			run: func(t *testing.T, s *server, f *ftp.FS) {
				gets(t, s, f)
				require.NotEmpty(t, s.sent("PRET"))
			},
		},
		{
			name: "1108 PRET promised and refused", run: eitherWay,
			script: script{replies: map[string]string{"FEAT": features("PRET", "SIZE", "REST STREAM"), "PRET": "550 what"}},
		},
		{
			name: "1152 a quote that is not closed in PWD", run: eitherWay,
			script: script{replies: map[string]string{"PWD": `257 "Only one`}}, login: func(*testing.T, *server, error) {},
		},
		{
			name: "1153 doubled quotes in PWD", script: script{replies: map[string]string{"PWD": `257 "/""hello"""`}},
			run: func(t *testing.T, s *server, f *ftp.FS) {
				home, err := f.Home(t.Context())
				require.NoError(t, err)
				require.Equal(t, files.Path{`"hello"`}, home)
				gets(t, s, f)
			},
		},
		{
			name: "1120 421 to CWD", run: fails(fault.Busy, fault.Timeout, fault.Protocol),
			script: script{replies: map[string]string{"CWD": "421 Timeout!"}},
		},
		{
			name: "421 once, and the next connection serves", run: gets,
			script: script{replies: map[string]string{"CWD": "421 Timeout!"}, counts: map[string]int{"CWD": 1}, cut: ""},
		},
		{
			name: "112 upload goes on at 41", run: func(t *testing.T, s *server, f *ftp.FS) {
				start := strings.Repeat("x", 41)
				s.setFile("file", start)
				require.NoError(t, put(t.Context(), f, files.Path{"file"}, 41, " gonna upload\n\nworx?\n"))
				text, _ := s.file("file")
				require.Equal(t, start+" gonna upload\n\nworx?\n", text)
			},
		},
		{
			name: "235 upload where SIZE is unknown", script: script{replies: map[string]string{"SIZE": "500 what"}, noREST: true},
			run: func(t *testing.T, s *server, f *ftp.FS) {
				require.NoError(t, put(t.Context(), f, files.Path{"new"}, 0, body))
				text, _ := s.file("new")
				require.Equal(t, body, text)
			},
		},
		{
			name: "236 upload denied", script: script{replies: map[string]string{"SIZE": "550 denied", "APPE": "550 access denied", "STOR": "550 access denied"}},
			run: func(t *testing.T, s *server, f *ftp.FS) {
				for _, at := range []int64{0, 4} {
					err := put(t.Context(), f, files.Path{"file"}, at, body)
					require.Contains(t, []fault.Kind{fault.Permission, fault.NotFound, fault.Protocol, fault.Unsupported}, fault.KindOf(err), "%v", err)
				}
				text, _ := s.file("file")
				require.Equal(t, body, text, "untouched")
			},
		},
		{
			name: "1038 upload goes on at 17", run: func(t *testing.T, s *server, f *ftp.FS) {
				s.setFile("file", body[:17])
				require.NoError(t, put(t.Context(), f, files.Path{"file"}, 17, body[17:]))
				text, _ := s.file("file")
				require.Equal(t, body, text)
			},
		},
		{
			name: "1039 upload goes on at 0", run: func(t *testing.T, s *server, f *ftp.FS) {
				s.setFile("file", "")
				require.NoError(t, put(t.Context(), f, files.Path{"file"}, 0, body))
				text, _ := s.file("file")
				require.Equal(t, body, text)
			},
		},
		{
			name: "111 download from beyond the end", run: func(t *testing.T, s *server, f *ftp.FS) {
				text, err := get(t.Context(), f, files.Path{"file"}, 2000)
				require.Error(t, err)
				require.Empty(t, text)
			},
		},
		{
			name: "122 download from the end", run: func(t *testing.T, s *server, f *ftp.FS) {
				text, err := get(t.Context(), f, files.Path{"file"}, int64(len(body)))
				require.NoError(t, err)
				require.Empty(t, text)
			},
		},
		{
			name: "1036 download goes on at 20", script: script{replies: map[string]string{"EPSV": "500 what"}},
			run: func(t *testing.T, s *server, f *ftp.FS) {
				text, err := get(t.Context(), f, files.Path{"file"}, 20)
				require.NoError(t, err)
				require.Equal(t, body[20:], text)
				require.Equal(t, []string{"REST 20"}, s.sent("REST"))
			},
		},
		{
			name: "1037 download goes on at 0", run: func(t *testing.T, s *server, f *ftp.FS) {
				gets(t, s, f)
				require.Empty(t, s.sent("REST"), "nothing to skip")
			},
		},
		{
			name: "REST refused", script: script{replies: map[string]string{"REST": "502 what"}},
			run: func(t *testing.T, s *server, f *ftp.FS) {
				_, err := get(t.Context(), f, files.Path{"file"}, 20)
				require.True(t, fault.Is(err, fault.Unsupported), "%v", err)
				gets(t, s, f)
			},
		},
		{
			name: "190 slow CWD", script: script{delays: map[string]time.Duration{"CWD": time.Minute}},
			run: func(t *testing.T, s *server, f *ftp.FS) {
				_, err := get(within(t, 200*time.Millisecond), f, files.Path{"path", "file"}, 0)
				require.True(t, fault.Is(err, fault.Timeout), "%v", err)
			},
		},
		{
			name: "1086 slow data", script: script{trickle: 50 * time.Millisecond},
			run: func(t *testing.T, s *server, f *ftp.FS) {
				_, err := get(within(t, 400*time.Millisecond), f, files.Path{"file"}, 0)
				require.True(t, fault.Is(err, fault.Timeout), "%v", err)
			},
		},
		{
			name: "250 slow replies", script: script{slow: time.Millisecond, trickle: time.Millisecond, listing: unix},
			run: func(t *testing.T, s *server, f *ftp.FS) {
				names, report, err := list(t.Context(), f, nil)
				require.NoError(t, err)
				require.Zero(t, report.Unread)
				require.Equal(t, []string{"folder", "README"}, names)
			},
		},
		{
			name: "261 226 to TYPE", run: gets,
			script: script{replies: map[string]string{"TYPE": "226 Kind of on the positive side"}},
		},
		{
			name: "340 NUL in a path", run: func(t *testing.T, s *server, f *ftp.FS) {
				for _, name := range []string{"\x00first", "a\r\nDELE b", "a\nb"} {
					_, err := get(t.Context(), f, files.Path{name, "file"}, 0)
					require.Error(t, err)
					require.NotEqual(t, fault.Internal, fault.KindOf(err))
				}
				require.Empty(t, s.sent("DELE"))
				for _, c := range s.sent("") {
					require.NotContains(t, c, "\x00")
				}
				gets(t, s, f)
			},
		},
		{
			name: "1113 listing of DOS", script: script{listing: dos},
			run: func(t *testing.T, s *server, f *ftp.FS) {
				var all []files.Entry
				report, err := f.List(t.Context(), nil, func(es []files.Entry) error { all = append(all, es...); return nil })
				require.NoError(t, err)
				require.Zero(t, report.Unread)
				require.Len(t, all, 3)
				require.Equal(t, "first", all[0].Name)
				require.EqualValues(t, 38, all[0].Size)
				require.Equal(t, "2010-02-01", all[1].ModTime.Format("2006-01-02"))
				require.Equal(t, files.Dir, all[2].Type)
			},
		},
		{name: "both replies before the data", script: script{weird: true}, run: gets},
		{
			name: "data cut, yet 226", script: script{cutData: 10},
			run: func(t *testing.T, s *server, f *ftp.FS) {
				// The file system cannot know it; the copy does, by the size.
				dir := t.TempDir()
				l, err := local.New(dir, local.Options{Confined: true})
				require.NoError(t, err)
				t.Cleanup(func() { _ = l.Close() })
				_, err = transfer.Copy(t.Context(), f, files.Path{"file"}, l, files.Path{"file"}, transfer.Options{Tries: 1, NoTimes: true})
				require.Error(t, err)
				names, _, err := list(t.Context(), l, nil)
				require.NoError(t, err)
				require.NotContains(t, names, "file", "no cut file under the right name")
			},
		},
		{
			name: "the connection ends at RETR", script: script{cut: "RETR"}, run: fails(fault.Protocol, fault.Timeout, fault.Refused, fault.Offline),
		},
		{
			name: "a banner that is none", script: script{replies: map[string]string{"welcome": "SSH-2.0-Other"}},
			login: func(t *testing.T, s *server, err error) {
				require.True(t, fault.Is(err, fault.Protocol), "%v", err)
				require.Empty(t, s.sent("USER"))
			},
		},
		{
			name: "230 to USER", run: gets, script: script{replies: map[string]string{"USER": "230 come in"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.files = map[string]string{}
			for k, v := range file {
				c.files[k] = v
			}
			s := start(t, c.script)
			f, err := dial(t, s)
			if c.login != nil {
				c.login(t, s, err)
			} else {
				require.NoError(t, err)
			}
			if err == nil && c.run != nil {
				c.run(t, s, f)
			}
		})
	}
}

// TestResumeNothing is curl's 362: to go on where nothing is means to begin.
func TestResumeNothing(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	f, err := ftp.Dial(t.Context(), ftp.Params{
		Network: s.Network(), Memory: &ftp.Memory{},
		Site:     files.Site{Protocol: files.ProtocolFTP, Host: "127.0.0.1", Port: s.Port, User: vfstest.User, AllowClear: true},
		Password: func(context.Context) (string, error) { return vfstest.Password, nil },
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	l, err := local.New(t.TempDir(), local.Options{Confined: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	require.NoError(t, put(t.Context(), l, files.Path{"a"}, 0, body))
	_, err = transfer.Copy(t.Context(), l, files.Path{"a"}, f, files.Path{"a"}, transfer.Options{Resume: true})
	require.NoError(t, err)
	text, err := get(t.Context(), f, files.Path{"a"}, 0)
	require.NoError(t, err)
	require.Equal(t, body, text)
}

// TestEncryptionRequired is curl's 402: what asks for TLS sends nothing without.
func TestEncryptionRequired(t *testing.T) {
	s := start(t, script{})
	p := params(s)
	p.Site.Protocol = files.ProtocolFTPES
	_, err := ftp.Dial(t.Context(), p)
	require.True(t, fault.Is(err, fault.Unsupported), "%v", err)
	require.Empty(t, s.sent("USER"))
	require.Empty(t, s.sent("PASS"))
}

// TestEncryptionIsKept is about curl's 403: neither CCC nor PROT C are ever sent.
func TestEncryptionIsKept(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.Implicit = true })
	f, err := ftp.Dial(t.Context(), ftp.Params{
		Network: s.Network(), Memory: &ftp.Memory{},
		Site:     files.Site{Protocol: files.ProtocolFTPS, Host: "127.0.0.1", Port: s.Port, User: vfstest.User},
		Password: func(context.Context) (string, error) { return vfstest.Password, nil },
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	_, _, err = list(t.Context(), f, nil)
	require.NoError(t, err)
	require.Zero(t, s.Count("CCC"))
	s.Mu.Lock()
	defer s.Mu.Unlock()
	require.Contains(t, s.Commands, "PROT P")
	require.NotContains(t, s.Commands, "PROT C")
}

// TestPortsOfOthers: what stands in a 227 reply is never dialled but for its port.
func TestPortsOfOthers(t *testing.T) {
	stranger, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = stranger.Close() })
	s := start(t, script{badIP: true, files: map[string]string{"file": rand.Text()}, replies: map[string]string{"EPSV": "500 what"}})
	f, err := dial(t, s)
	require.NoError(t, err)
	text, err := get(t.Context(), f, files.Path{"file"}, 0)
	require.NoError(t, err)
	require.Len(t, text, 26)
}
