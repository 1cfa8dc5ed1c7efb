package ftp

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

func password(context.Context) (string, error) { return vfstest.Password, nil }

func params(s *vfstest.FTPServer) Params {
	site := files.Site{Protocol: files.ProtocolFTP, Host: "127.0.0.1", Port: s.Port, User: vfstest.User, AllowClear: true}
	switch {
	case s.Implicit:
		site.Protocol = files.ProtocolFTPS
	case s.TLS:
		site.Protocol = files.ProtocolFTPES
	}
	return Params{Network: s.Network(), Site: site, Password: password, Memory: &Memory{}}
}

func dial(t *testing.T, s *vfstest.FTPServer) *FS {
	t.Helper()
	f, err := Dial(t.Context(), params(s))
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// refused are the names that FTP commands cannot carry.
var refused = []string{"tab\there", "new\nline"}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*vfstest.FTPServer){
		"clear":             func(*vfstest.FTPServer) {},
		"explicit TLS 1.3":  func(s *vfstest.FTPServer) { s.TLS, s.NeedReuse = true, true },
		"explicit TLS 1.2":  func(s *vfstest.FTPServer) { s.TLS, s.NeedReuse, s.MaxTLS = true, true, tls.VersionTLS12 },
		"implicit":          func(s *vfstest.FTPServer) { s.Implicit, s.NeedReuse = true, true },
		"like vsftpd":       func(s *vfstest.FTPServer) { s.NoMLSD, s.NoMFMT, s.TLS = true, true, true },
		"old":               func(s *vfstest.FTPServer) { s.NoMLSD, s.NoEPSV, s.NoReplace, s.TinyChunks = true, true, true, true },
		"one connection":    func(s *vfstest.FTPServer) { s.MaxConns = 1 },
		"EPSV port blocked": func(s *vfstest.FTPServer) { s.EPSVDead = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := vfstest.StartFTP(t, change)
			memory := &Memory{}
			vfstest.Run(t, func(t *testing.T) files.FS {
				p := params(s)
				p.Memory = memory
				var f *FS
				// A server with one place may still be busy saying goodbye.
				require.Eventually(t, func() bool {
					var err error
					f, err = Dial(t.Context(), p)
					return err == nil
				}, 5*time.Second, 10*time.Millisecond)
				return f
			}, vfstest.Options{Refused: refused})
		})
	}
}

func TestNeverClearWithoutConsent(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	p := params(s)
	p.Site.AllowClear = false
	_, err := Dial(t.Context(), p)
	var f *fault.Fault
	require.ErrorAs(t, err, &f)
	require.Equal(t, fault.Unsupported, f.Kind)
	require.Equal(t, "tls", f.Step)
	require.IsType(t, &files.ClearTextQuestion{}, f.Question)

	p.Site.Protocol, p.Site.AllowClear = files.ProtocolFTPES, true
	_, err = Dial(t.Context(), p)
	require.ErrorAs(t, err, &f)
	require.Nil(t, f.Question, "who asked for encryption is not offered less")
	require.Zero(t, s.Count("USER")+s.Count("PASS"), "no name and no password may have been sent")
}

func TestTLSIsTakenWhereOffered(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.TLS = true })
	p := params(s)
	p.Site.Protocol = files.ProtocolFTP
	f, err := Dial(t.Context(), p)
	require.NoError(t, err)
	require.True(t, f.Conn().Secure)
	require.NoError(t, f.Close())
	p.Network = connect.New(connect.Params{})
	_, err = Dial(t.Context(), p)
	require.True(t, fault.Is(err, fault.Certificate), "%v", err)
}

func TestRefusedProtection(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		s.TLS = true
		s.Hook = func(c *vfstest.FTPConn, verb, _ string) bool {
			if verb == "PROT" {
				c.Reply("536 not supported")
			}
			return verb == "PROT"
		}
	})
	_, err := Dial(t.Context(), params(s))
	require.True(t, fault.Is(err, fault.Unsupported), "%v", err)
}

func TestInjectionBeforeTLS(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		s.TLS = true
		s.Hook = func(c *vfstest.FTPConn, verb, _ string) bool {
			if verb == "AUTH" {
				c.Reply("234 go\r\n230 already in")
			}
			return verb == "AUTH"
		}
	})
	_, err := Dial(t.Context(), params(s))
	require.True(t, fault.Is(err, fault.Protocol), "%v", err)
}

func TestLoginFaults(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	p := params(s)
	p.Password = func(context.Context) (string, error) { return "sesame", nil }
	_, err := Dial(t.Context(), p)
	require.True(t, fault.Is(err, fault.Login), "%v", err)
	require.NotContains(t, err.Error(), "sesame")

	p.Password = func(context.Context) (string, error) { return "a\r\nDELE x", nil }
	_, err = Dial(t.Context(), p)
	require.True(t, fault.Is(err, fault.Login), "%v", err)
	require.Zero(t, s.Count("DELE"))

	for reply, want := range map[string]fault.Kind{
		"530 Sorry, the maximum number of clients (5) are already connected.": fault.Busy,
		"421 come back later":              fault.Busy,
		"530 not you":                      fault.Login,
		"220 what is this":                 fault.Login,
		"HTTP/1.1 400 Bad Request":         fault.Protocol,
		"530-" + strings.Repeat("x", 9000): fault.TooBig,
	} {
		s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
			s.Hook = func(c *vfstest.FTPConn, verb, _ string) bool {
				if verb == "USER" {
					c.Reply("%s", reply)
				}
				return verb == "USER"
			}
		})
		_, err := Dial(t.Context(), params(s))
		if want == fault.Login && reply[0] == '2' {
			require.Error(t, err)
			continue
		}
		require.True(t, fault.Is(err, want), "%.60s: %v", reply, err)
	}
}

func TestEndlessReply(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		s.Banner = "220-hello" + strings.Repeat("\r\n220-more", 5000)
	})
	_, err := Dial(t.Context(), params(s))
	require.True(t, fault.Is(err, fault.TooBig), "%v", err)
}

func TestTranscriptHasNoSecrets(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	f := dial(t, s)
	log := f.Transcript()
	require.Contains(t, log, "> USER ada")
	require.Contains(t, log, "> PASS …")
	require.NotContains(t, log, vfstest.Password)
}

func TestHiddenAndLinks(t *testing.T) {
	for _, noMLSD := range []bool{true, false} {
		s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.NoMLSD = noMLSD })
		require.NoError(t, os.Mkdir(filepath.Join(s.Dir, "d"), 0o700))
		require.NoError(t, os.Symlink("d", filepath.Join(s.Dir, "ld")))
		require.NoError(t, os.WriteFile(filepath.Join(s.Dir, ".hidden"), nil, 0o600))
		require.NoError(t, os.Symlink(".hidden", filepath.Join(s.Dir, "lf")))
		all, report, err := vfstest.List(t.Context(), dial(t, s), nil)
		require.NoError(t, err)
		require.Zero(t, report.Unread)
		var got []string
		for _, e := range all {
			got = append(got, fmt.Sprint(e.Name, " ", e.Type))
		}
		require.Equal(t, []string{".hidden file", "d dir", "ld link", "lf link"}, got)
		require.Equal(t, files.LinkDir, all[2].Type)
		require.Equal(t, files.LinkFile, all[3].Type)
	}
}

func TestTimeZoneIsFoundOut(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.NoMLSD, s.Zone = true, -7*time.Hour })
	when := time.Now().UTC().Add(-50 * time.Hour).Truncate(time.Minute)
	name := filepath.Join(s.Dir, "f")
	require.NoError(t, os.WriteFile(name, nil, 0o600))
	require.NoError(t, os.Chtimes(name, when, when))
	f := dial(t, s)
	for range 2 {
		all, _, err := vfstest.List(t.Context(), f, nil)
		require.NoError(t, err)
		require.Equal(t, when, all[0].ModTime)
		require.Equal(t, time.Minute, all[0].Precise)
	}
	require.Equal(t, 1, s.Count("MDTM"), "once is enough")
}

func TestUnreadLinesAreCounted(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		s.NoMLSD = true
		s.Listing = "total 3\r\n-rw-r--r-- 1 a b 7 Jan 29 03:26 ok\r\nwhat is this\r\n-rw-r--r-- 1 a b 7 Jan 29 03:26 ../up\r\n"
	})
	all, report, err := vfstest.List(t.Context(), dial(t, s), nil)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, 2, report.Unread)
}

func TestEPSVFallbackIsRemembered(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.EPSVDead = true })
	p := params(s)
	for range 2 {
		f, err := Dial(t.Context(), p)
		require.NoError(t, err)
		_, _, err = vfstest.List(t.Context(), f, nil)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	require.Equal(t, 1, s.Count("EPSV"))
}

func TestDataPorts(t *testing.T) {
	for _, reply := range []string{
		"229 Entering Extended Passive Mode (|||22|)", "229 Entering (|||99999|)", "229 Entering (|||-1|)", "229 Entering", "227 x (1,2,3,4,0,22)",
	} {
		s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
			s.Hook = func(c *vfstest.FTPConn, verb, _ string) bool {
				if verb == "PASV" && reply[2] == '9' {
					c.Reply("500 what")
					return true
				}
				if verb == "EPSV" || verb == "PASV" {
					c.Reply("%s", reply)
					return true
				}
				return false
			}
		})
		_, _, err := vfstest.List(t.Context(), dial(t, s), nil)
		require.Error(t, err, reply)
		require.NotEqual(t, fault.Internal, fault.KindOf(err), "%s: %v", reply, err)
	}
}

func TestBusyServerLowersTheNumberOfConnections(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.MaxConns = 2 })
	data := vfstest.Bytes(100_000)
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "f"), data, 0o600))
	p := params(s)
	p.MaxConns = 6
	f, err := Dial(t.Context(), p)
	require.NoError(t, err)
	defer f.Close()
	done := make(chan error, 6)
	for range 6 {
		go func() {
			got, err := vfstest.Get(t.Context(), f, files.Path{"f"}, 0)
			if err == nil && !bytes.Equal(got, data) {
				err = io.ErrUnexpectedEOF
			}
			done <- err
		}()
	}
	for range 6 {
		require.NoError(t, <-done)
	}
	require.Equal(t, 2, p.Memory.get(p.Site).max)
}

func TestProFTPDDiesOverTLS13(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.TLS, s.DieAfterGet = true, true })
	data := vfstest.Bytes(400_000)
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "f"), data, 0o600))
	p := params(s)
	f, err := Dial(t.Context(), p)
	require.NoError(t, err)
	defer f.Close()
	for range 3 {
		got, err := vfstest.Get(t.Context(), f, files.Path{"f"}, 0)
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, got))
	}
	require.True(t, p.Memory.get(p.Site).tls12)
	require.LessOrEqual(t, s.Logins, 3, "once is enough to learn it")
}

func TestDataConnectionOfAnother(t *testing.T) {
	// A data connection with another certificate, and no session resumed.
	other, _ := vfstest.Certificate(t)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{other}})
	require.NoError(t, err)
	defer ln.Close()
	got := make(chan int, 1)
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		n, _ := io.Copy(io.Discard, c)
		got <- int(n)
		_ = c.Close()
	}()
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		s.TLS = true
		s.Hook = func(c *vfstest.FTPConn, verb, _ string) bool {
			switch verb {
			case "EPSV":
				c.Reply("229 Entering Extended Passive Mode (|||%d|)", ln.Addr().(*net.TCPAddr).Port)
			case "STOR":
				c.Reply("150 come on")
				c.Reply("226 thanks")
			default:
				return false
			}
			return true
		}
	})
	err = vfstest.Put(t.Context(), dial(t, s), files.Path{"f"}, []byte("private"), files.WriteOptions{})
	require.True(t, fault.Is(err, fault.Certificate), "%v", err)
	require.Zero(t, <-got)
}

func TestCutTransfers(t *testing.T) {
	t.Parallel()
	for _, all := range []bool{false, true} {
		s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.TLS, s.CutDataAt, s.Cuts, s.CutAll = true, 50_000, 2, all })
		data := vfstest.Bytes(600_000)
		require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "f"), data, 0o600))
		p := params(s)
		p.Memory.learn(p.Site, func(k *known) { k.tls12 = true })
		f, err := Dial(t.Context(), p)
		require.NoError(t, err)
		_, err = vfstest.Get(t.Context(), f, files.Path{"f"}, 0)
		require.Error(t, err)
		require.True(t, fault.KindOf(err).Transient(), "%v", err)
		err = vfstest.Put(t.Context(), f, files.Path{"g"}, data, files.WriteOptions{})
		require.Error(t, err)
		require.True(t, fault.KindOf(err).Transient(), "%v", err)
		got, err := vfstest.Get(t.Context(), f, files.Path{"f"}, 0)
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, got))
		require.NoError(t, f.Close())
	}
}

func TestRestartNotPermitted(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.NoREST = true })
	f := dial(t, s)
	require.NoError(t, vfstest.Put(t.Context(), f, files.Path{"f"}, []byte("abc"), files.WriteOptions{}))
	err := vfstest.Put(t.Context(), f, files.Path{"f"}, []byte("def"), files.WriteOptions{Offset: 3})
	require.True(t, fault.Is(err, fault.Unsupported), "%v", err)
	caps, err := f.Caps(t.Context())
	require.NoError(t, err)
	require.False(t, caps.Resume)
}

func TestChecksum(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.XSHA256 = true })
	f := dial(t, s)
	require.NoError(t, vfstest.Put(t.Context(), f, files.Path{"f"}, []byte("abc"), files.WriteOptions{}))
	sum, err := f.Hash(t.Context(), files.Path{"f"}, "sha256")
	require.NoError(t, err)
	require.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", sum)
	code, text, err := f.Raw(t.Context(), nil, "NOOP")
	require.NoError(t, err)
	require.Equal(t, 200, code)
	require.Equal(t, "fine", text)
	_, _, err = f.Raw(t.Context(), nil, "NOOP\r\nDELE f")
	require.Error(t, err)
}

func TestCancelAMuteServer(t *testing.T) {
	t.Parallel()
	for _, mute := range []string{"SIZE", "LIST", "RETR", "EPSV", "CWD", "USER"} {
		held := make(chan struct{})
		s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
			s.NoMLSD = true
			s.Hook = func(_ *vfstest.FTPConn, verb, _ string) bool {
				if verb == mute {
					close(held)
					return true
				}
				return false
			}
		})
		require.NoError(t, os.Mkdir(filepath.Join(s.Dir, "d"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "d", "f"), []byte("x"), 0o600))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			f, err := Dial(ctx, params(s))
			if err == nil {
				if _, err = f.Stat(ctx, files.Path{"d", "f"}); err == nil {
					_, err = f.Read(ctx, files.Path{"d", "f"}, 0)
				}
				if err == nil {
					_, _, err = vfstest.List(ctx, f, files.Path{"d"})
				}
				_ = f.Close()
			}
			done <- err
		}()
		<-held
		began := time.Now()
		cancel()
		select {
		case err := <-done:
			require.True(t, fault.Is(err, fault.Cancelled), "%s: %v", mute, err)
			require.Less(t, time.Since(began), 3*time.Second)
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: hangs", mute)
		}
	}
}

func TestCharset(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	p := params(s)
	p.Site.Charset = "iso-8859-1"
	f, err := Dial(t.Context(), p)
	require.NoError(t, err)
	defer f.Close()
	require.Equal(t, "\xe9t\xe9", f.Import("été"))
	require.Equal(t, "été", f.Export("\xe9t\xe9"))
	require.NoError(t, vfstest.Put(t.Context(), f, files.Path{f.Import("été")}, nil, files.WriteOptions{}))
	require.FileExists(t, filepath.Join(s.Dir, "\xe9t\xe9"))
	all, _, err := vfstest.List(t.Context(), f, nil)
	require.NoError(t, err)
	require.Equal(t, "été", all[0].Display)
	p.Site.Charset = "no such charset"
	_, err = Dial(t.Context(), p)
	require.True(t, fault.Is(err, fault.Unsupported), "%v", err)
}

func TestQuotedPath(t *testing.T) {
	for text, want := range map[string]string{
		`"/a ""b"" c" is current`: `/a "b" c`, `"/"`: "/", `""`: "", "no quotes": "", `"/unended`: "/unended",
	} {
		require.Equal(t, want, quoted(reply{257, text}))
	}
}
