// Package hostile has one test for each way in which a server, or whoever
// stands between, may attack: names that lead elsewhere, data from elsewhere,
// encryption taken away, floods.
package hostile

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/compare"
	"guichet/services/files/ftp"
	"guichet/services/files/transfer"
	"guichet/services/files/vfstest"
)

// TestDataFromElsewhere: what address a server names for data does not matter,
// and ports of services are not dialled (CVE-2020-8284).
func TestDataFromElsewhere(t *testing.T) {
	for _, address := range []string{"10,9,8,7", "192,0,2,1", "224,0,0,1", "255,255,255,255", "0,0,0,0", "127,0,0,2"} {
		s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
			s.Hook = dataHook(t, data{pasv: address}, answers{"RETR": says("from here")})
		})
		text, err := get(soon(t), dial(t, s), files.Path{"x"})
		require.NoError(t, err, address)
		require.Equal(t, "from here", text, address)
	}
	for _, port := range []string{"0,0", "0,1", "0,21", "0,25", "0,80", "3,255", "256,0", "99999,1"} {
		s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
			s.Hook = func(c *vfstest.FTPConn, verb, _ string) bool {
				switch verb {
				case "EPSV":
					c.Reply("500 what")
				case "PASV":
					c.Reply("227 Entering Passive Mode (127,0,0,1,%s)", port)
				default:
					return false
				}
				return true
			}
		})
		ctx := soon(t)
		_, err := get(ctx, dial(t, s), files.Path{"x"})
		require.True(t, fault.Is(err, fault.Protocol) || fault.Is(err, fault.Unsupported), "port %s: %v", port, err)
		ended(t, ctx, err)
	}
}

// TestNamesThatAreCommands: a name with a line end is refused before any
// command holds it.
func TestNamesThatAreCommands(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "b"), nil, 0o600))
	f := dial(t, s)
	for _, name := range []string{"a\r\nDELE b", "a\nDELE b", "a\rDELE b", "a\x00b", "\x1b[31m"} {
		for what, do := range map[string]func(files.Path) error{
			"read":   func(p files.Path) error { _, err := get(t.Context(), f, p); return err },
			"write":  func(p files.Path) error { _, err := f.Write(t.Context(), p, files.WriteOptions{}); return err },
			"mkdir":  func(p files.Path) error { return f.Mkdir(t.Context(), p) },
			"remove": func(p files.Path) error { return f.Remove(t.Context(), p) },
			"rmdir":  func(p files.Path) error { return f.RemoveDir(t.Context(), p) },
			"from":   func(p files.Path) error { return f.Rename(t.Context(), p, files.Path{"c"}, false) },
			"to":     func(p files.Path) error { return f.Rename(t.Context(), files.Path{"b"}, p, false) },
			"stat":   func(p files.Path) error { _, err := f.Stat(t.Context(), p); return err },
			"list": func(p files.Path) error {
				_, err := f.List(t.Context(), p, func([]files.Entry) error { return nil })
				return err
			},
			"chmod": func(p files.Path) error { return f.Chmod(t.Context(), p, 0o600) },
		} {
			for _, p := range []files.Path{{name}, {name, "x"}} {
				require.Error(t, do(p), "%s %q", what, name)
			}
		}
	}
	require.Zero(t, s.Count("DELE"))
	require.FileExists(t, filepath.Join(s.Dir, "b"))
	p := params(s)
	p.Site.User = "ada\r\nDELE b"
	_, err := ftp.Dial(t.Context(), p)
	require.True(t, fault.Is(err, fault.Login), "%v", err)
	s.Mu.Lock()
	defer s.Mu.Unlock()
	for _, c := range s.Commands {
		require.NotContains(t, c, "\x00")
		require.NotContains(t, c, "\x1b")
	}
}

// TestEncryptionTakenAway: AUTH refused, bytes slipped in before the handshake
// (CVE-2021-22946, CVE-2021-22947), no protection for data.
func TestEncryptionTakenAway(t *testing.T) {
	for name, hook := range map[string]func(c *vfstest.FTPConn, verb string) bool{
		"stripped":     func(c *vfstest.FTPConn, verb string) bool { c.Reply("502 what"); return verb == "AUTH" },
		"stripped 421": func(c *vfstest.FTPConn, verb string) bool { c.Reply("421 away"); return verb == "AUTH" },
		"injected": func(c *vfstest.FTPConn, verb string) bool {
			c.Reply("234 go\r\n230 in\r\n200 fine\r\n200 fine\r\n257 \"/evil\"")
			return verb == "AUTH"
		},
		"clear data": func(c *vfstest.FTPConn, verb string) bool { c.Reply("536 what"); return verb == "PROT" },
	} {
		t.Run(name, func(t *testing.T) {
			s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
				s.TLS = true
				on := map[bool]string{true: "PROT", false: "AUTH"}[name == "clear data"]
				s.Hook = func(c *vfstest.FTPConn, verb, _ string) bool { return verb == on && hook(c, verb) }
			})
			ctx := soon(t)
			f, err := ftp.Dial(ctx, params(s))
			if err == nil {
				t.Cleanup(func() { _ = f.Close() })
				_, err = f.List(ctx, nil, func([]files.Entry) error { return nil })
			}
			ended(t, ctx, err)
			if name != "clear data" {
				require.Zero(t, s.Count("USER")+s.Count("PASS"), "nothing secret was sent")
			}
			require.Zero(t, s.Count("LIST")+s.Count("MLSD"), "nothing went in clear text")
		})
	}
}

// TestCertificates: each way in which one is wrong is told apart, and nothing is
// sent to whom it is not proven (CVE-2014-2735).
func TestCertificates(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*x509.Certificate)
		known  bool // its authority is trusted
		want   fault.Check
	}{
		"another's name": {func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"other.example"} }, true, fault.CheckHost},
		"expired":        {func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, true, fault.CheckExpired},
		"unknown":        {nil, false, fault.CheckAuthority},
	} {
		t.Run(name, func(t *testing.T) {
			cert, pool := vfstest.CertificateWith(t, c.change)
			if !c.known {
				pool = x509.NewCertPool()
			}
			s := otherCertificate(t, cert)
			p := params(s)
			p.Network = connect.New(connect.Params{Roots: pool})
			_, err := ftp.Dial(soon(t), p)
			var fa *fault.Fault
			require.ErrorAs(t, err, &fa)
			require.Equal(t, fault.Certificate, fa.Kind, "%v", err)
			require.Equal(t, c.want, fa.Check)
			require.Zero(t, s.Count("USER")+s.Count("PASS"))

			// A person may trust exactly this one, and then another is an attack.
			question, ok := fa.Question.(*connect.CertificateQuestion)
			require.True(t, ok)
			trust := connect.NewTrust()
			require.NoError(t, trust.TrustCertificate(question))
			second, _ := vfstest.CertificateWith(t, c.change)
			other := otherCertificate(t, second)
			question.Port = other.Port
			require.NoError(t, trust.TrustCertificate(question))
			p = params(other)
			p.Network = connect.New(connect.Params{Roots: x509.NewCertPool(), Trust: trust})
			_, err = ftp.Dial(soon(t), p)
			require.ErrorAs(t, err, &fa)
			require.Equal(t, fault.CheckChanged, fa.Check, "%v", err)
			require.Zero(t, other.Count("USER")+other.Count("PASS"))
		})
	}
}

// otherCertificate starts a server whose AUTH TLS shows cert.
func otherCertificate(t *testing.T, cert tls.Certificate) *vfstest.FTPServer {
	return vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		s.TLS = true
		s.Hook = func(c *vfstest.FTPConn, verb, _ string) bool {
			if verb != "AUTH" {
				return false
			}
			c.Reply("234 go")
			_ = tls.Server(c.Conn, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}).Handshake()
			_ = c.Conn.Close()
			return true
		}
	})
}

// TestDataOfAnother: a data connection that shows another certificate, valid as
// it may be, gives nothing.
func TestDataOfAnother(t *testing.T) {
	cert, _ := vfstest.Certificate(t)
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		s.TLS = true
		s.Hook = dataHook(t, data{tls: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}}, answers{
			"RETR": says("stolen"), "MLSD": says("type=file; stolen\r\n"),
			"STOR": func(w io.Writer, _ string) {
				b, _ := io.ReadAll(w.(io.Reader))
				require.Empty(t, b, "a file was given to a stranger")
			},
		})
	})
	s.Pool.AddCert(cert.Leaf)
	f := dial(t, s)
	text, err := get(soon(t), f, files.Path{"x"})
	require.Error(t, err)
	require.Empty(t, text)
	all := 0
	_, err = f.List(soon(t), nil, func(e []files.Entry) error { all += len(e); return nil })
	require.Error(t, err)
	require.Zero(t, all)
	w, err := f.Write(soon(t), files.Path{"y"}, files.WriteOptions{Size: 6})
	if err == nil {
		_, err = io.WriteString(w, "secret")
		if err == nil {
			err = w.Commit(soon(t))
		} else {
			_ = w.Abort(false)
		}
	}
	require.Error(t, err)
}

// TestLoginsAreKeptApart: connections of one login are never another's (CVE-2023-27535).
func TestLoginsAreKeptApart(t *testing.T) {
	var mu sync.Mutex
	users, deeds := map[*vfstest.FTPConn]string{}, map[string]string{}
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		s.Hook = func(c *vfstest.FTPConn, verb, arg string) bool {
			mu.Lock()
			defer mu.Unlock()
			switch verb {
			case "USER":
				users[c] = arg
			case "MKD":
				deeds[arg[strings.LastIndexByte(arg, '/')+1:]] = users[c]
			}
			return false
		}
	})
	p := params(s)
	memory := &ftp.Memory{}
	p.Memory = memory
	a, err := ftp.Dial(t.Context(), p)
	require.NoError(t, err)
	t.Cleanup(func() { _ = a.Close() })
	p.Site.User = "eve"
	b, err := ftp.Dial(t.Context(), p)
	require.NoError(t, err)
	t.Cleanup(func() { _ = b.Close() })
	for i := range 4 {
		require.NoError(t, a.Mkdir(t.Context(), files.Path{fmt.Sprint("ada", i)}))
		require.NoError(t, b.Mkdir(t.Context(), files.Path{fmt.Sprint("eve", i)}))
	}
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, deeds, 8)
	for name, user := range deeds {
		require.Equal(t, name[:3], user)
	}
}

// TestFloods: replies and listings without an end are ended, not waited for.
func TestFloods(t *testing.T) {
	for name, flood := range map[string]string{
		"lines": "250-" + strings.Repeat("x", 60) + "\r\n", "one line": strings.Repeat("x", 4000),
		"greetings": "120 ready soon\r\n", "blank lines": "\r\n", "NUL": string(make([]byte, 4000)),
	} {
		t.Run(name, func(t *testing.T) {
			site := raw(t, func(c net.Conn) {
				if name == "lines" {
					_, _ = io.WriteString(c, "220-\r\n")
				}
				for {
					if _, err := io.WriteString(c, flood); err != nil {
						return
					}
				}
			})
			ctx := soon(t)
			_, err := ftp.Dial(ctx, ftp.Params{Network: connect.New(connect.Params{}), Site: site, Password: password, Memory: &ftp.Memory{}})
			ended(t, ctx, err)
		})
	}
	for name, answer := range map[string]func(w io.Writer, _ string){
		"a million and one entries": func(w io.Writer, _ string) { repeat(w, "type=file; x\r\n", 0) },
		"a line without an end":     func(w io.Writer, _ string) { repeat(w, "x", 0) },
		"garbage without an end":    func(w io.Writer, _ string) { repeat(w, "garbage\r\n", 0) },
		"blank lines":               func(w io.Writer, _ string) { repeat(w, "\r\n", 0) },
	} {
		t.Run(name, func(t *testing.T) {
			s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
				s.Hook = dataHook(t, data{}, answers{"MLSD": answer, "LIST": answer})
			})
			ctx := longer(t)
			_, err := dial(t, s).List(ctx, nil, func([]files.Entry) error { return nil })
			ended(t, ctx, err)
		})
	}
	t.Run("always about to begin", func(t *testing.T) {
		s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
			s.Hook = dataHook(t, data{final: strings.Repeat("150 soon\r\n", 1000) + "226 done"}, answers{"RETR": says("abc")})
		})
		ctx := soon(t)
		_, err := get(ctx, dial(t, s), files.Path{"x"})
		ended(t, ctx, err)
	})
	t.Run("a byte now and then", func(t *testing.T) {
		s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
			s.Hook = dataHook(t, data{}, answers{
				"RETR": func(w io.Writer, _ string) { repeat(w, "x", 20*time.Millisecond) },
				"MLSD": func(w io.Writer, _ string) { repeat(w, "x", 20*time.Millisecond) },
			})
		})
		f := dial(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err := get(ctx, f, files.Path{"x"})
		require.True(t, fault.Is(err, fault.Timeout), "%v", err)
		ctx, cancel = context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err = f.List(ctx, nil, func([]files.Entry) error { return nil })
		require.True(t, fault.Is(err, fault.Timeout), "%v", err)
	})
}

// TestFolderWithoutAnEnd: a folder in which there is always the same folder
// again, by links or lies, is gone down into to a bound only.
func TestFolderWithoutAnEnd(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		inner := dataHook(t, data{}, answers{"MLSD": says("type=dir;unique=1g1; d\r\ntype=dir;unique=1g1; e\r\n")})
		s.Hook = func(c *vfstest.FTPConn, verb, arg string) bool {
			if verb == "CWD" {
				c.Reply("250 there")
				return true
			}
			return inner(c, verb, arg)
		}
	})
	ctx := soon(t)
	_, err := transfer.CopyTree(ctx, dial(t, s), nil, confined(t, t.TempDir()), files.Path{"in"}, transfer.TreeOptions{})
	ended(t, ctx, err)
}

// TestNothingIsDeletedBlindly: while a line of a listing was not understood, or
// the listing was cut, no mirror deletes (CVE-2018-10916).
func TestNothingIsDeletedBlindly(t *testing.T) {
	good := "type=file;size=3;modify=20200101000000; seen\r\n"
	for name, hook := range map[string]func(t *testing.T) func(*vfstest.FTPConn, string, string) bool{
		"unread line": func(t *testing.T) func(*vfstest.FTPConn, string, string) bool {
			return dataHook(t, data{}, answers{"MLSD": says(good + "what is this\r\n"), "RETR": says("abc")})
		},
		"a way out": func(t *testing.T) func(*vfstest.FTPConn, string, string) bool {
			return dataHook(t, data{}, answers{"MLSD": says(good + "type=dir; ../..\r\n"), "RETR": says("abc")})
		},
		"cut": func(t *testing.T) func(*vfstest.FTPConn, string, string) bool {
			return dataHook(t, data{final: "426 cut"}, answers{"MLSD": says(good), "RETR": says("abc")})
		},
		"the connection ends": func(t *testing.T) func(*vfstest.FTPConn, string, string) bool {
			return dataHook(t, data{}, answers{"MLSD": func(w io.Writer, _ string) {
				_, _ = io.WriteString(w, good)
				_ = w.(*net.TCPConn).SetLinger(0) // a reset
			}, "RETR": says("abc")})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.Hook = hook(t) })
			dir := t.TempDir()
			for i := range 5 {
				require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprint("mine", i)), []byte("x"), 0o600))
			}
			_, _, err := compare.Mirror(soon(t), compare.Tree{FS: dial(t, s)}, compare.Tree{FS: confined(t, dir)}, compare.MirrorOptions{
				ApplyOptions: compare.ApplyOptions{ManyDeletes: true}, Plan: compare.PlanOptions{Deletes: compare.DeleteExtra},
			})
			t.Logf("the mirror said: %v", err)
			for i := range 5 {
				require.FileExists(t, filepath.Join(dir, fmt.Sprint("mine", i)))
			}
		})
	}
}
