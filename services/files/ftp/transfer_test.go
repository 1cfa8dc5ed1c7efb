package ftp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"net/textproto"
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

func TestCommitAs(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*vfstest.FTPServer){
		"clear":      func(*vfstest.FTPServer) {},
		"TLS":        func(s *vfstest.FTPServer) { s.TLS, s.NeedReuse = true, true },
		"no MLST":    func(s *vfstest.FTPServer) { s.NoMLSD, s.NoMFMT = true, true },
		"no replace": func(s *vfstest.FTPServer) { s.NoReplace = true },
		"forgetful":  func(s *vfstest.FTPServer) { s.Banner = "220 MikroTik FTP server"; s.Forgetful = true },
		"no EPSV":    func(s *vfstest.FTPServer) { s.NoEPSV = true },
	} {
		t.Run(name, func(t *testing.T) {
			s := vfstest.StartFTP(t, change)
			f := dial(t, s)
			when := time.Date(2021, 3, 4, 5, 6, 7, 0, time.UTC)
			for i, size := range []int{0, 4096, eagerSize, eagerSize + 1, 300_000} {
				data := vfstest.Bytes(size)
				put := func(replace bool) error {
					w, err := f.Write(t.Context(), files.Path{"part"}, files.WriteOptions{Size: int64(size), ModTime: when})
					require.NoError(t, err)
					_, err = w.(io.ReaderFrom).ReadFrom(bytes.NewReader(data))
					require.NoError(t, err)
					return w.(files.Finisher).CommitAs(t.Context(), files.Path{"f"}, replace)
				}
				require.NoError(t, put(i > 0))
				got, err := os.ReadFile(filepath.Join(s.Dir, "f"))
				require.NoError(t, err)
				require.True(t, bytes.Equal(data, got))
				info, err := os.Stat(filepath.Join(s.Dir, "f"))
				require.NoError(t, err)
				require.Equal(t, when, info.ModTime().UTC())
				require.True(t, fault.Is(put(false), fault.Exists))
				require.FileExists(t, filepath.Join(s.Dir, "part"), "what was written is kept")
			}
			all, err := os.ReadDir(s.Dir)
			require.NoError(t, err)
			require.Len(t, all, 2)
		})
	}
}

// TestRoundTrips counts what a small file costs.
func TestRoundTrips(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	f := dial(t, s)
	for range 5 {
		w, err := f.Write(t.Context(), files.Path{"part"}, files.WriteOptions{Size: 3, ModTime: time.Now()})
		require.NoError(t, err)
		_, err = w.Write([]byte("abc"))
		require.NoError(t, err)
		require.NoError(t, w.(files.Finisher).CommitAs(t.Context(), files.Path{"f"}, true))
	}
	s.Mu.Lock()
	before := len(s.Commands)
	s.Mu.Unlock()
	_, err := vfstest.Get(t.Context(), f, files.Path{"f"}, 0)
	require.NoError(t, err)
	_, err = vfstest.Get(t.Context(), f, files.Path{"f"}, 0)
	require.NoError(t, err)
	s.Mu.Lock()
	defer s.Mu.Unlock()
	require.Equal(t, []string{"RETR f", "EPSV", "RETR f"}, s.Commands[before:], "the first had its connection already")
	up := s.Commands[before-6 : before]
	for i, verb := range []string{"STOR", "SIZE", "MFMT", "EPSV", "RNFR", "RNTO"} {
		require.True(t, strings.HasPrefix(up[i], verb+" ") || up[i] == verb, "%v", up)
	}
}

func TestDamagedUploadIsNotPlaced(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		s.Hook = func(c *vfstest.FTPConn, verb, arg string) bool {
			if verb == "SIZE" && arg == "part" {
				c.Reply("213 2")
			}
			return verb == "SIZE" && arg == "part"
		}
	})
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "f"), []byte("the original"), 0o600))
	f := dial(t, s)
	w, err := f.Write(t.Context(), files.Path{"part"}, files.WriteOptions{Size: 3})
	require.NoError(t, err)
	_, err = w.Write([]byte("abc"))
	require.NoError(t, err)
	err = w.(files.Finisher).CommitAs(t.Context(), files.Path{"f"}, true)
	require.True(t, fault.Is(err, fault.Damaged), "%v", err)
	got, err := os.ReadFile(filepath.Join(s.Dir, "f"))
	require.NoError(t, err)
	require.Equal(t, "the original", string(got))
}

func TestReadRange(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.TLS = secure })
		data := vfstest.Bytes(2_000_000)
		require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "f"), data, 0o600))
		f := dial(t, s)
		for _, part := range [][2]int64{{0, 10}, {1, 700_000}, {1_999_999, 1}, {0, 2_000_000}, {5, 0}} {
			r, err := f.ReadRange(t.Context(), files.Path{"f"}, part[0], part[1])
			require.NoError(t, err)
			got, err := io.ReadAll(r)
			require.NoError(t, err)
			require.True(t, bytes.Equal(data[part[0]:part[0]+part[1]], got))
			require.NoError(t, r.Close())
		}
		r, err := f.ReadRange(t.Context(), files.Path{"f"}, 1_999_990, 20)
		require.NoError(t, err)
		_, err = io.ReadAll(r)
		require.True(t, fault.Is(err, fault.Protocol), "%v", err)
		require.NoError(t, r.Close())
		require.LessOrEqual(t, s.Logins, 2, "early ends do not cost the connection")
	}
}

// TestBigFiles moves more than the blocks, by the system and by hand.
func TestBigFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := vfstest.Bytes(3*spliceSize + 12345)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "from"), data, 0o600))
	for _, secure := range []bool{false, true} {
		s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.TLS, s.NeedReuse = secure, secure })
		f := dial(t, s)
		from, err := os.Open(filepath.Join(dir, "from"))
		require.NoError(t, err)
		w, err := f.Write(t.Context(), files.Path{"f"}, files.WriteOptions{Size: int64(len(data))})
		require.NoError(t, err)
		for _, n := range []int64{100, spliceSize + 1, 1 << 40} {
			_, err := w.(io.ReaderFrom).ReadFrom(io.LimitReader(from, n))
			require.NoError(t, err)
		}
		require.NoError(t, w.Commit(t.Context()))
		require.NoError(t, from.Close())
		got, err := os.ReadFile(filepath.Join(s.Dir, "f"))
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, got))

		r, err := f.Read(t.Context(), files.Path{"f"}, 7)
		require.NoError(t, err)
		to, err := os.Create(filepath.Join(dir, "to"))
		require.NoError(t, err)
		n, err := r.(io.WriterTo).WriteTo(to)
		require.NoError(t, err)
		require.EqualValues(t, len(data)-7, n)
		require.NoError(t, errors.Join(r.Close(), to.Close()))
		got, err = os.ReadFile(filepath.Join(dir, "to"))
		require.NoError(t, err)
		require.True(t, bytes.Equal(data[7:], got))
	}
}

func TestFullDiskIsHeardAtOnce(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.TLS, s.QuotaAt = secure, 3<<20 })
		f := dial(t, s)
		began := time.Now()
		err := vfstest.Put(t.Context(), f, files.Path{"f"}, vfstest.Bytes(40<<20), files.WriteOptions{})
		require.True(t, fault.Is(err, fault.Full), "%v", err)
		require.Less(t, time.Since(began), silence-time.Second, "not only when the patience ends")
		_, err = f.Stat(t.Context(), files.Path{"f"})
		require.NoError(t, err)
	}
}

// TestWallResetsDataConnections is about vsftpd, which waits deaf and with the
// file locked for a connection that a wall has taken and reset.
func TestWallResetsDataConnections(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		for _, size := range []int{3, 200_000} {
			s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.TLS, s.Lock, s.ResetData = secure, true, 1 })
			f := dial(t, s)
			data := vfstest.Bytes(size)
			began := time.Now()
			err := vfstest.Put(t.Context(), f, files.Path{"f"}, data, files.WriteOptions{})
			if err == nil {
				s.Mu.Lock()
				require.Zero(t, s.ResetData) // it reached the server in the end
				s.Mu.Unlock()
			} else {
				require.True(t, fault.KindOf(err).Transient(), "%v", err)
				require.NoError(t, vfstest.Put(t.Context(), f, files.Path{"f"}, data, files.WriteOptions{}), "at once")
			}
			require.Less(t, time.Since(began), 10*time.Second)
			got, err := os.ReadFile(filepath.Join(s.Dir, "f"))
			require.NoError(t, err)
			require.True(t, bytes.Equal(data, got))
		}
	}
}

func TestFreshLoginForDataConnections(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.TLS = true })
	f := dial(t, s)
	data := vfstest.Bytes(70_000)
	require.NoError(t, vfstest.Put(t.Context(), f, files.Path{"f"}, data, files.WriteOptions{}))
	refuse := func() {
		s.Mu.Lock()
		s.FreshTLS = 1
		s.Mu.Unlock()
	}
	refuse()
	got, err := vfstest.Get(t.Context(), f, files.Path{"f"}, 0)
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, got))
	refuse()
	_, _, err = vfstest.List(t.Context(), f, nil)
	require.NoError(t, err)
	require.Equal(t, 3, s.Logins)
	refuse()
	err = vfstest.Put(t.Context(), f, files.Path{"g"}, data, files.WriteOptions{})
	if err != nil {
		require.True(t, fault.KindOf(err).Transient(), "%v", err)
	}
	require.NoError(t, vfstest.Put(t.Context(), f, files.Path{"g"}, data, files.WriteOptions{}))
}

func TestActive(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*vfstest.FTPServer){
		"clear":    func(*vfstest.FTPServer) {},
		"TLS":      func(s *vfstest.FTPServer) { s.TLS, s.NeedReuse = true, true },
		"implicit": func(s *vfstest.FTPServer) { s.Implicit = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.NoPassive = true; change(s) })
			p := params(s)
			p.Site.Active = true
			vfstest.Run(t, func(t *testing.T) files.FS {
				f, err := Dial(t.Context(), p)
				require.NoError(t, err)
				return f
			}, vfstest.Options{Refused: refused})
			require.Zero(t, s.Count("PASV")+s.Count("EPSV"))
			require.NotZero(t, s.Count("PORT"))
		})
	}
}

func TestActiveRefusesStrangers(t *testing.T) {
	called := make(chan struct{})
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		s.NoPassive = true
		s.Hook = func(c *vfstest.FTPConn, verb, arg string) bool {
			if verb != "PORT" {
				return false
			}
			// Somebody on another address is quicker than the server.
			fields := strings.Split(arg, ",")
			at := net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: atoi(fields[4])<<8 | atoi(fields[5])}
			stranger, err := net.DialTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 7)}, &at)
			if err != nil {
				t.Error(err)
			}
			go func() {
				defer close(called)
				got, _ := io.ReadAll(stranger)
				if len(got) > 0 {
					t.Errorf("a stranger got %d bytes", len(got))
				}
			}()
			return false
		}
	})
	p := params(s)
	p.Site.Active = true
	f, err := Dial(t.Context(), p)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, vfstest.Put(t.Context(), f, files.Path{"f"}, []byte("mine"), files.WriteOptions{}))
	<-called
	got, err := os.ReadFile(filepath.Join(s.Dir, "f"))
	require.NoError(t, err)
	require.Equal(t, "mine", string(got))
}

func atoi(s string) int {
	n := 0
	for _, r := range s {
		n = n*10 + int(r-'0')
	}
	return n
}

func TestActiveIsCancelled(t *testing.T) {
	held := make(chan struct{})
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		s.Hook = func(c *vfstest.FTPConn, verb, _ string) bool {
			if verb == "RETR" {
				c.Reply("150 I am about to call")
				close(held)
			}
			return verb == "RETR"
		}
	})
	p := params(s)
	p.Site.Active = true
	f, err := Dial(t.Context(), p)
	require.NoError(t, err)
	defer f.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-held; cancel() }()
	began := time.Now()
	_, err = vfstest.Get(ctx, f, files.Path{"f"}, 0)
	require.True(t, fault.Is(err, fault.Cancelled), "%v", err)
	require.Less(t, time.Since(began), 3*time.Second)
}

func TestPortCommands(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.1:513": "PORT 192,0,2,1,2,1", "[2001:db8::1%eth0]:6446": "EPRT |2|2001:db8::1|6446|",
	} {
		require.Equal(t, want, portCommand(netip.MustParseAddrPort(text)))
	}
}

func TestPassiveReplies(t *testing.T) {
	for text, want := range map[string]int{
		"Entering Extended Passive Mode (|||6446|)": 6446, "x (!!!1025!)": 1025, "(|1|10.0.0.1|2000|)": 2000,
		"(|||0|)": 0, "(|||65536|)": 0, "(|||-5|)": 0, "(|||6446": 0, "()": 0, "": 0, "(|||6446|": 0,
	} {
		port, ok := extendedPort(reply{229, text})
		require.Equal(t, want > 0, ok, text)
		if ok {
			require.Equal(t, want, port, text)
		}
	}
	for text, want := range map[string]int{
		"Entering Passive Mode (10,9,8,7,4,1).": 1025, "=127,0,0,1,255,255": 65535, "(1216,256,2,127,127,127)": 0, "(1,2,3,4,5)": 0, "": 0,
		"(1,2,3,4,5,999999999999999999999)": 0,
	} {
		port, err := passivePort(reply{227, text})
		require.Equal(t, want, port, text)
		require.Equal(t, want == 0, err != nil, text)
	}
}

func FuzzReplies(f *testing.F) {
	f.Add("Entering Extended Passive Mode (|||6446|)", `"/a ""b""" is current`, "MLST type*;size;modify*;\nHASH SHA-256*;MD5")
	f.Add("227 (1,2,3,4,5,6)", `""`, " XCRC\n PRET")
	f.Fuzz(func(t *testing.T, passive, pwd, feat string) {
		if port, ok := extendedPort(reply{229, passive}); ok && (port < 1 || port > 65535) {
			t.Fatal(port)
		}
		if port, err := passivePort(reply{227, passive}); err == nil && (port < 0 || port > 65535) {
			t.Fatal(port)
		}
		quoted(reply{257, pwd})
		readFeatures(reply{211, feat}).wanted()
		_, _ = readMLST(reply{250, feat})
	})
}

// TestAskedAhead fetches a series from a server like vsftpd: the next data
// connection is asked for together with the file.
func TestAskedAhead(t *testing.T) {
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.Banner = "220 (vsFTPd 3.0.3)" })
	f := dial(t, s)
	for i := range 5 {
		require.NoError(t, os.WriteFile(filepath.Join(s.Dir, string(rune('a'+i))), vfstest.Bytes(1000*(i+1)), 0o600))
	}
	for _, name := range []string{"a", "b", "none", "c", "d"} {
		got, err := vfstest.Get(t.Context(), f, files.Path{name}, 0)
		if name == "none" {
			require.True(t, fault.Is(err, fault.NotFound), "%v", err)
			continue
		}
		require.NoError(t, err)
		require.True(t, bytes.Equal(vfstest.Bytes(1000*int(name[0]-'a'+1)), got))
	}
	s.Mu.Lock()
	require.Contains(t, strings.Join(s.Commands, "\n"), "EPSV\nRETR a\nEPSV\nRETR b\nEPSV\nRETR none\nEPSV\n")
	require.True(t, strings.HasSuffix(strings.Join(s.Commands, "\n"), "\nRETR c\nEPSV\nRETR d\nEPSV"))
	s.Mu.Unlock()

	// Ended early, and something else.
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "big"), vfstest.Bytes(3_000_000), 0o600))
	for range 3 {
		r, err := f.Read(t.Context(), files.Path{"big"}, 0)
		require.NoError(t, err)
		_, err = io.ReadFull(r, make([]byte, 10))
		require.NoError(t, err)
		require.NoError(t, r.Close())
		_, err = f.Stat(t.Context(), files.Path{"e"})
		require.NoError(t, err)
	}
	require.NoError(t, vfstest.Put(t.Context(), f, files.Path{"up"}, []byte("x"), files.WriteOptions{}))
	all, _, err := vfstest.List(t.Context(), f, nil)
	require.NoError(t, err)
	require.Len(t, all, 7)
	require.Equal(t, 1, s.Logins)
}

// into is a target that lets the system move a connection's bytes.
type into struct{ bytes.Buffer }

// A download over TLS that goes on after the control connection died takes no
// bytes past TLS.
func TestGoingOnOverTLS(t *testing.T) {
	t.Parallel()
	data := vfstest.Bytes(spliceSize + 4<<20)
	for range 5 { // which goroutine comes first is chance
		s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.TLS, s.CutDataAt, s.Cuts, s.CutAll = true, spliceSize+1<<20, 1, true })
		require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "f"), data, 0o600))
		r, err := dial(t, s).Read(t.Context(), files.Path{"f"}, 0)
		require.NoError(t, err)
		var got into
		_, err = r.(io.WriterTo).WriteTo(&got)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		require.True(t, bytes.Equal(data, got.Bytes()), "%d bytes of %d", got.Len(), len(data))
	}
}

func TestKindsOfReplies(t *testing.T) {
	for _, c := range []struct {
		op   string
		code int
		text string
		want fault.Kind
	}{
		{"write", 451, "Failure writing to local file.", fault.Full},               // vsftpd
		{"write", 451, "Error during write to file\nTransfer aborted", fault.Full}, // Pure-FTPd
		{"write", 452, "Transfer aborted. No space left on device", fault.Full},    // ProFTPD
		{"write", 451, "Append/Restart not permitted, try again", fault.Unsupported},
		{"read", 451, "Failure reading local file.", fault.Protocol},
	} {
		require.Equal(t, c.want, kindOf(c.op, &textproto.Error{Code: c.code, Msg: c.text}), c.text)
	}
}

// ProFTPD takes nothing but RNTO after RNFR, also where the upload turns out to be
// damaged or the name to be taken only then.
func TestAConnectionThatWaitsForTheNewName(t *testing.T) {
	var mu sync.Mutex
	small := 0 // how many sizes are told wrong
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) {
		pending := map[*vfstest.FTPConn]bool{}
		s.Hook = func(c *vfstest.FTPConn, verb, _ string) bool {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case pending[c] && verb != "RNTO":
				c.Reply("501 Bad sequence of commands")
				return true
			case verb == "SIZE" && small > 0:
				small--
				c.Reply("213 0")
				return true
			}
			pending[c] = verb == "RNFR"
			return false
		}
	})
	f := dial(t, s)
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "taken"), nil, 0o600))
	put := func(name string) error {
		w, err := f.Write(t.Context(), files.Path{"part"}, files.WriteOptions{Size: 4})
		require.NoError(t, err)
		_, err = w.Write([]byte("data"))
		require.NoError(t, err)
		return w.(files.Finisher).CommitAs(t.Context(), files.Path{name}, false)
	}
	mu.Lock()
	small = 1
	mu.Unlock()
	require.True(t, fault.Is(put("a"), fault.Damaged))
	require.NoError(t, put("a"))
	require.True(t, fault.Is(put("taken"), fault.Exists))
	require.NoError(t, put("b"))
}
