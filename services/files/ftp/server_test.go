package ftp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

// TestMuteServer waits as long as a person has to, in all cases at the same time.
func TestMuteServer(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits")
	}
	var wg sync.WaitGroup
	for _, mute := range []string{"USER", "SIZE", "LIST", "data", "EPSV", "final", "STOR"} {
		s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
			s.NoMLSD = true
			s.Hook = func(c *vfstest.FTPConn, verb, _ string) bool {
				switch {
				case mute == "data" && verb == "RETR":
					c.Reply("150 coming")
					return true
				case mute == "final" && verb == "RETR":
					c.ServeNothing()
					return true
				}
				return verb == mute
			}
		})
		require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "f"), []byte("x"), 0o600))
		wg.Go(func() {
			f, err := Dial(t.Context(), params(s))
			if err == nil {
				switch mute {
				case "SIZE":
					_, err = f.Stat(t.Context(), files.Path{"f"})
				case "STOR":
					err = vfstest.Put(t.Context(), f, files.Path{"f"}, nil, files.WriteOptions{})
				case "LIST", "EPSV":
					_, _, err = vfstest.List(t.Context(), f, nil)
				default:
					_, err = vfstest.Get(t.Context(), f, files.Path{"f"}, 0)
				}
				_ = f.Close()
			}
			if !fault.Is(err, fault.Timeout) {
				t.Errorf("%s: %v", mute, err)
			}
			if n := s.Count(mute); n > 1 {
				t.Errorf("%s: waited for %d times", mute, n)
			}
		})
	}
	wg.Wait()
}

func TestTooManyLoginsLookLikeAWrongPassword(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.MaxLogins = 2 })
	data := vfstest.Bytes(100_000)
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "f"), data, 0o600))
	p := params(s)
	f, err := Dial(t.Context(), p)
	require.NoError(t, err)
	defer f.Close()
	done := make(chan error, 12)
	for range 12 {
		go func() {
			got, err := vfstest.Get(t.Context(), f, files.Path{"f"}, 0)
			if err == nil && !bytes.Equal(got, data) {
				err = errors.New("differs")
			}
			done <- err
		}()
	}
	for range 12 {
		require.NoError(t, <-done)
	}
	require.LessOrEqual(t, s.Count("PASS")-s.Logins, maxDialing, "a server is not hammered")
	caps, err := f.Caps(t.Context())
	require.NoError(t, err)
	require.LessOrEqual(t, caps.MaxConns, 2)
}

func TestForgetfulServerIsRemembered(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	p := params(s)
	p.Memory.learn(p.Site, func(k *known) { k.single = true })
	s.Forgetful = true
	f, err := Dial(t.Context(), p)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, vfstest.Put(t.Context(), f, files.Path{"f"}, []byte("x"), files.WriteOptions{ModTime: time.Now()}))
	require.NoError(t, f.Rename(t.Context(), files.Path{"f"}, files.Path{"g"}, false))
	_, err = f.Stat(t.Context(), files.Path{"g"})
	require.NoError(t, err)
}

func TestMemoryOfConnectionsEnds(t *testing.T) {
	var m Memory
	site := files.Site{Host: "h"}
	m.learn(site, func(k *known) { k.max, k.maxAt, k.noEPSV = 2, time.Now(), true })
	require.Equal(t, 2, m.get(site).max)
	m.learn(site, func(k *known) { k.maxAt = time.Now().Add(-maxHolds - time.Second) })
	require.Zero(t, m.get(site).max)
	require.True(t, m.get(site).noEPSV)
}

func TestTimeZones(t *testing.T) {
	t.Parallel()
	when := time.Now().UTC().Add(-50 * time.Hour).Truncate(time.Minute)
	start := func(change func(*vfstest.FTPServer)) *vfstest.FTPServer {
		s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
			s.NoMLSD, s.NoMFMT, s.Zone = true, true, 5*time.Hour+30*time.Minute
			if change != nil {
				change(s)
			}
		})
		for i := range 700 {
			name := filepath.Join(s.Dir, fmt.Sprintf("f%03d", i))
			require.NoError(t, os.WriteFile(name, nil, 0o600))
			require.NoError(t, os.Chtimes(name, when, when))
		}
		return s
	}
	check := func(t *testing.T, f *FS, precise time.Duration) {
		t.Helper()
		all, _, err := vfstest.List(t.Context(), f, nil)
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(all), 700)
		for _, e := range all[:700] {
			require.Equal(t, precise, e.Precise, e.Name)
			if precise < time.Hour {
				require.Equal(t, when, e.ModTime, e.Name)
			}
		}
	}
	t.Run("a long listing is not held up", func(t *testing.T) {
		f := dial(t, start(nil))
		check(t, f, time.Minute)
		check(t, f, time.Minute)
	})
	t.Run("one connection", func(t *testing.T) {
		p := params(start(func(s *vfstest.FTPServer) { s.MaxConns = 1 }))
		p.MaxConns = 1
		f, err := Dial(t.Context(), p)
		require.NoError(t, err)
		defer f.Close()
		check(t, f, time.Minute)
	})
	t.Run("chosen", func(t *testing.T) {
		s := start(nil)
		p := params(s)
		p.Site.TimeFixed, p.Site.TimeShift = true, -(5*time.Hour + 30*time.Minute)
		f, err := Dial(t.Context(), p)
		require.NoError(t, err)
		defer f.Close()
		check(t, f, time.Minute)
		require.Zero(t, s.Count("MDTM"))
	})
	t.Run("no MDTM", func(t *testing.T) {
		f := dial(t, start(func(s *vfstest.FTPServer) { s.NoMDTM = true }))
		check(t, f, 24*time.Hour)
		// The time of an upload is known.
		require.NoError(t, vfstest.Put(t.Context(), f, files.Path{"now"}, []byte("x"), files.WriteOptions{}))
		_, _, err := vfstest.List(t.Context(), f, nil)
		require.NoError(t, err)
		check(t, f, time.Minute)
	})
}

func TestCharsetIsFoundOut(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.Features = []string{"no UTF8"} })
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "caf\xe9"), nil, 0o600))
	f := dial(t, s)
	require.Equal(t, "été", f.Import("été"), "nothing is known yet")
	all, _, err := vfstest.List(t.Context(), f, nil)
	require.NoError(t, err)
	require.Equal(t, "café", all[0].Display)
	require.Equal(t, "café", f.Export(all[0].Name))
	require.Equal(t, "\xe9t\xe9 \x80", f.Import("été €"))
	require.Equal(t, "日本", f.Import("日本"), "no such letters there")
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "naïve"), nil, 0o600))
	_, _, err = vfstest.List(t.Context(), f, nil)
	require.NoError(t, err)
	require.Equal(t, "été", f.Import("été"), "both are there: UTF-8 it is")
}

func TestCharsetNames(t *testing.T) {
	for name, fits := range map[string]bool{
		"": true, "UTF-8": true, "ISO-8859-15": true, "windows-1251": true, "Shift_JIS": true, "GB18030": true, "KOI8-R": true, "IBM850": true, "cp850": true,
		"macintosh": true, "UTF-16": false, "UTF-16LE": false, "IBM037": false, "no such": false,
	} {
		_, err := charsetOf(name, "h")
		require.Equal(t, fits, err == nil, "%s: %v", name, err)
	}
}

func TestWhereTheLoginIs(t *testing.T) {
	for said, rooted := range map[string]bool{
		`257 "" is current directory`: true, "257 no quotes": true, "550 what": true, `257 "DISK$USER:[ADA]"`: false,
	} {
		t.Run(said, func(t *testing.T) {
			s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
				s.Hook = func(c *vfstest.FTPConn, verb, arg string) bool {
					switch {
					case verb == "PWD":
						c.Reply("%s", said)
					case verb == "CWD" && strings.HasPrefix(arg, "DISK"):
						c.Home()
						c.Reply("250 there")
					case verb == "CWD" && !rooted && strings.HasPrefix(arg, "/"):
						c.Reply("501 syntax")
					default:
						return false
					}
					return true
				}
			})
			f := dial(t, s)
			ctx := t.Context()
			for _, p := range []files.Path{{"a"}, {"a", "b"}, {"c"}} {
				require.NoError(t, f.Mkdir(ctx, p))
				require.NoError(t, vfstest.Put(ctx, f, p.Join("f"), []byte(p.String()), files.WriteOptions{}))
			}
			for _, p := range []files.Path{{"a", "b"}, {"c"}, {"a"}} {
				got, err := vfstest.Get(ctx, f, p.Join("f"), 0)
				require.NoError(t, err)
				require.Equal(t, p.String(), string(got))
			}
			_, err := vfstest.Get(ctx, f, files.Path{"a", "no", "f"}, 0)
			require.True(t, fault.Is(err, fault.NotFound), "%v", err)
			got, err := vfstest.Get(ctx, f, files.Path{"c", "f"}, 0)
			require.NoError(t, err, "a folder that is not there does not lead astray")
			require.Equal(t, "/c", string(got))
		})
	}
	t.Run("neither PWD nor a root", func(t *testing.T) {
		s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
			s.Hook = func(c *vfstest.FTPConn, verb, arg string) bool {
				if verb == "PWD" || verb == "CWD" && strings.HasPrefix(arg, "/") {
					c.Reply("550 what")
					return true
				}
				return false
			}
		})
		f := dial(t, s)
		for _, p := range []files.Path{{"a"}, {"a", "b"}, {"c"}} {
			require.NoError(t, f.Mkdir(t.Context(), p))
		}
		require.DirExists(t, filepath.Join(s.Dir, "a", "b"))
		require.DirExists(t, filepath.Join(s.Dir, "c"))
	})
}

func TestChecksums(t *testing.T) {
	for name, features := range map[string][]string{
		"HASH": {"HASH SHA-1*;SHA-256;MD5"}, "single commands": {"XSHA256", "MD5"},
	} {
		t.Run(name, func(t *testing.T) {
			s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.Features = features })
			f := dial(t, s)
			caps, err := f.Caps(t.Context())
			require.NoError(t, err)
			require.Subset(t, caps.Hash, []string{"sha256", "md5"})
			for _, file := range []string{"f", "with blanks", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ae"} {
				require.NoError(t, vfstest.Put(t.Context(), f, files.Path{file}, []byte("abc"), files.WriteOptions{}))
				for range 2 {
					sum, err := f.Hash(t.Context(), files.Path{file}, "sha256")
					require.NoError(t, err)
					require.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", sum)
				}
				sum, err := f.Hash(t.Context(), files.Path{file}, "md5")
				require.NoError(t, err)
				require.Equal(t, "900150983cd24fb0d6963f7d28e17f72", sum)
			}
			_, err = f.Hash(t.Context(), files.Path{"f"}, "crc32")
			require.True(t, fault.Is(err, fault.Unsupported), "%v", err)
			_, err = f.Hash(t.Context(), files.Path{"f"}, "rot13")
			require.True(t, fault.Is(err, fault.Unsupported), "%v", err)
		})
	}
	require.Equal(t, "0000abcd", findSum("XCRC abcd", 8))
}

func TestWhatIsAnnouncedIsUsed(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.Features = []string{"CLNT", "AVBL", "PRET"} })
	f := dial(t, s)
	n, err := f.Free(t.Context(), nil)
	require.NoError(t, err)
	require.EqualValues(t, 123456789, n)
	require.NoError(t, vfstest.Put(t.Context(), f, files.Path{"f"}, nil, files.WriteOptions{}))
	require.Equal(t, 1, s.Count("CLNT"))
	s.Mu.Lock()
	defer s.Mu.Unlock()
	require.Contains(t, s.Commands, "PRET STOR f")
	require.Contains(t, s.Commands, "OPTS UTF8 ON")

	s2 := vfstest.StartFTP(t, nil)
	f2 := dial(t, s2)
	_, err = f2.Free(t.Context(), nil)
	require.True(t, fault.Is(err, fault.Unsupported), "%v", err)
	require.Zero(t, s2.Count("CLNT")+s2.Count("AVBL")+s2.Count("PRET"))
}

func TestFactsAreAskedFor(t *testing.T) {
	for facts, want := range map[string]string{
		"type*;size*;modify*;": "", "Type*;Size;Modify;Perm;Charset;UNIX.mode;": "Type;Size;Modify;Perm;UNIX.mode;", "": "", "lang;": "",
	} {
		require.Equal(t, want, readFeatures(reply{211, "\nMLST " + facts}).wanted(), facts)
	}
}

func TestListingCutShort(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		s.ListEnd = "226-Options: -a -l \r\n226 Output truncated to 50000 matches"
	})
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "f"), nil, 0o600))
	_, report, err := vfstest.List(t.Context(), dial(t, s), nil)
	require.NoError(t, err)
	require.Equal(t, 1, report.Entries)
	require.Equal(t, 1, report.Unread, "nothing may be deleted by such a listing")
}

func TestLinksAreAskedOnce(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	require.NoError(t, os.Mkdir(filepath.Join(s.Dir, "d"), 0o700))
	for i := range 40 {
		require.NoError(t, os.Symlink("d", filepath.Join(s.Dir, fmt.Sprint("l", i))))
	}
	require.NoError(t, os.Symlink("..", filepath.Join(s.Dir, "d", "up")))
	f := dial(t, s)
	for range 2 {
		all, _, err := vfstest.List(t.Context(), f, nil)
		require.NoError(t, err)
		require.Len(t, all, 41)
		for _, e := range all[1:] {
			require.Equal(t, files.LinkDir, e.Type)
		}
	}
	require.LessOrEqual(t, s.Count("CWD"), 41)
	all, _, err := vfstest.List(t.Context(), f, files.Path{"l7"})
	require.NoError(t, err)
	require.Equal(t, "up", all[0].Name)
	require.Equal(t, files.LinkDir, all[0].Type)
}

func TestIdleConnections(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	f := dial(t, s)
	now := time.Now()
	f.tend(t.Context(), now.Add(idleLimit/4+time.Second))
	require.Equal(t, 1, s.Count("NOOP"), "kept alive, without a listing")
	require.Len(t, f.pool.idle, 1)
	f.tend(t.Context(), now.Add(idleLimit+time.Second))
	require.Empty(t, f.pool.idle)
	require.Eventually(t, func() bool { return s.Count("QUIT") == 1 }, 5*time.Second, 5*time.Millisecond)
	_, err := f.Stat(t.Context(), nil)
	require.NoError(t, err)
	_, _, err = vfstest.List(t.Context(), f, nil)
	require.NoError(t, err, "a new login")
	require.Zero(t, f.pool.busy)
}

func TestIdleConnectionThatDied(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	f := dial(t, s)
	f.pool.idle[0].ctl.abort(errors.New("gone"))
	f.pool.idle[0].ctl.aborted = nil // it does not know
	_, _, err := vfstest.List(t.Context(), f, nil)
	require.NoError(t, err)
	require.NoError(t, vfstest.Put(t.Context(), f, files.Path{"f"}, nil, files.WriteOptions{}))
	require.Equal(t, 2, s.Logins)
}

func TestCancelWhileMoving(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.TLS = secure })
		require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "f"), vfstest.Bytes(50<<20), 0o600))
		f := dial(t, s)
		for _, up := range []bool{false, true} {
			ctx, cancel := context.WithCancel(t.Context())
			began := time.Now()
			var err error
			if up {
				w, werr := f.Write(ctx, files.Path{"g"}, files.WriteOptions{Size: -1})
				require.NoError(t, werr)
				for n := 0; err == nil; n++ {
					if n == 3 {
						began = time.Now()
						cancel()
					}
					_, err = w.Write(vfstest.Bytes(100_000))
				}
				require.True(t, fault.Is(err, fault.Cancelled), "%v", err)
				_ = w.Abort(true)
			} else {
				r, rerr := f.Read(ctx, files.Path{"f"}, 0)
				require.NoError(t, rerr)
				buf := make([]byte, 100_000)
				for n := 0; err == nil; n++ {
					if n == 3 {
						began = time.Now()
						cancel()
					}
					_, err = r.Read(buf)
				}
				require.True(t, fault.Is(err, fault.Cancelled), "%v", err)
				require.NoError(t, r.Close())
			}
			require.Less(t, time.Since(began), 3*time.Second)
			cancel()
		}
		_, err := f.Stat(t.Context(), files.Path{"f"})
		require.NoError(t, err)
		require.Zero(t, f.pool.busy)
	}
}

// ProFTPD that keeps names in Latin-1 announces UTF8 and refuses it; its MDTM sets
// no times.
func TestAProFTPDWithOldNames(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		s.Banner = "220 ProFTPD Server ready."
		s.NoMFMT = true
		s.Hook = func(c *vfstest.FTPConn, verb, arg string) bool {
			if verb == "OPTS" && strings.HasPrefix(arg, "UTF8") {
				c.Reply("451 Unable to accept OPTS UTF8")
				return true
			}
			return false
		}
	})
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "caf\xe9"), nil, 0o600))
	f := dial(t, s)
	all, _, err := vfstest.List(t.Context(), f, nil)
	require.NoError(t, err)
	require.Equal(t, "café", all[0].Display)
	require.Equal(t, "\xe9t\xe9", f.Import("été"))
	caps, err := f.Caps(t.Context())
	require.NoError(t, err)
	require.False(t, caps.SetTime)
}
