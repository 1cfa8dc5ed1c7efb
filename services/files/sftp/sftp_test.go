package sftp

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

func password(context.Context) (string, error) { return vfstest.Password, nil }

func params(t *testing.T, s *vfstest.SSHServer) Params {
	return Params{
		Network: s.Trust(t), Password: password, KeyDir: t.TempDir(), AgentSocket: "none",
		Site: files.Site{Protocol: files.ProtocolSFTP, Host: "127.0.0.1", Port: s.Port, User: vfstest.User},
	}
}

func TestConformance(t *testing.T) {
	home := t.TempDir()
	s := vfstest.StartSSH(t, home, nil)
	vfstest.Run(t, func(t *testing.T) files.FS {
		f, err := Dial(t.Context(), params(t, s))
		require.NoError(t, err)
		return f
	}, vfstest.Options{Base: files.ParsePath(home)})
}

func TestLogins(t *testing.T) {
	dir := t.TempDir()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	block, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("phrase"))
	require.NoError(t, err)
	key := filepath.Join(dir, "key")
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(block), 0o600))
	authorized, err := ssh.NewPublicKey(public)
	require.NoError(t, err)

	t.Run("key with passphrase", func(t *testing.T) {
		s := vfstest.StartSSH(t, dir, func(s *vfstest.SSHServer) { s.Key = authorized })
		p := params(t, s)
		p.Password = nil
		p.Site.KeyFile = key
		p.Passphrase = func(context.Context, string) (string, error) { return "phrase", nil }
		f, err := Dial(t.Context(), p)
		require.NoError(t, err)
		home, err := f.Home(t.Context())
		require.NoError(t, err)
		require.Equal(t, files.ParsePath(dir), home)
		require.True(t, f.Conn().Secure)
		require.NoError(t, f.Close())
	})
	t.Run("keyboard-interactive", func(t *testing.T) {
		s := vfstest.StartSSH(t, dir, func(s *vfstest.SSHServer) { s.Interactive = true })
		f, err := Dial(t.Context(), params(t, s))
		require.NoError(t, err)
		require.NoError(t, f.Close())
	})
	t.Run("wrong password", func(t *testing.T) {
		var mu sync.Mutex
		tries := map[string]int{}
		s := vfstest.StartSSH(t, dir, func(s *vfstest.SSHServer) {
			s.Logins = func(m string) { mu.Lock(); tries[m]++; mu.Unlock() }
		})
		p := params(t, s)
		p.Password = func(context.Context) (string, error) { return "wrong", nil }
		_, err := Dial(t.Context(), p)
		require.True(t, fault.Is(err, fault.Login), "%v", err)
		require.NotContains(t, err.Error(), "wrong")
		mu.Lock()
		defer mu.Unlock()
		require.LessOrEqual(t, tries["password"], 1, "servers ban who tries again and again")
	})
	t.Run("unknown host key", func(t *testing.T) {
		s := vfstest.StartSSH(t, dir, nil)
		p := params(t, s)
		p.Network = connect.New(connect.Params{})
		_, err := Dial(t.Context(), p)
		var f *fault.Fault
		require.ErrorAs(t, err, &f)
		require.Equal(t, fault.Certificate, f.Kind)
		require.IsType(t, &connect.HostKeyQuestion{}, f.Question)
	})
	t.Run("not SSH", func(t *testing.T) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer ln.Close()
		go func() {
			c, err := ln.Accept()
			if err == nil {
				_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n" + string(make([]byte, 600))))
				_, _ = io.Copy(io.Discard, c)
				_ = c.Close()
			}
		}()
		_, err = Dial(t.Context(), Params{
			Network: connect.New(connect.Params{}), Password: password, KeyDir: dir, AgentSocket: "none",
			Site: files.Site{Protocol: files.ProtocolSFTP, Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port},
		})
		require.True(t, fault.Is(err, fault.Protocol), "%v", err)
	})
}

func TestReconnects(t *testing.T) {
	home := t.TempDir()
	s := vfstest.StartSSH(t, home, nil)
	f, err := Dial(t.Context(), params(t, s))
	require.NoError(t, err)
	defer f.Close()
	base := files.ParsePath(home)
	require.NoError(t, vfstest.Put(t.Context(), f, base.Join("a"), []byte("x"), files.WriteOptions{}))
	s.Cut()
	require.Eventually(t, func() bool {
		got, err := vfstest.Get(t.Context(), f, base.Join("a"), 0)
		return err == nil && string(got) == "x"
	}, 5*time.Second, 10*time.Millisecond)
}

// cutReader ends in an error after n bytes.
type cutReader struct {
	r io.Reader
	n int
}

func (c *cutReader) Read(b []byte) (int, error) {
	if c.n <= 0 {
		return 0, io.ErrClosedPipe
	}
	n, err := c.r.Read(b[:min(len(b), c.n)])
	c.n -= n
	return n, err
}

func TestFailedUploadHasNoHoles(t *testing.T) {
	home := t.TempDir()
	s := vfstest.StartSSH(t, home, nil)
	f, err := Dial(t.Context(), params(t, s))
	require.NoError(t, err)
	defer f.Close()
	data := vfstest.Bytes(3_000_000)
	p := files.ParsePath(home).Join("f")
	w, err := f.Write(t.Context(), p, files.WriteOptions{Size: int64(len(data))})
	require.NoError(t, err)
	_, err = w.(io.ReaderFrom).ReadFrom(&cutReader{bytes.NewReader(data), 2_000_001})
	require.Error(t, err)
	require.NoError(t, w.Abort(false))
	got, err := os.ReadFile(filepath.Join(home, "f"))
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(data, got))
	require.LessOrEqual(t, len(got), 2_000_001)
}

func TestPipelined(t *testing.T) {
	home := t.TempDir()
	s := vfstest.StartSSH(t, home, nil)
	f, err := Dial(t.Context(), params(t, s))
	require.NoError(t, err)
	defer f.Close()
	data := vfstest.Bytes(3_000_000)
	p := files.ParsePath(home).Join("f")
	w, err := f.Write(t.Context(), p, files.WriteOptions{Size: int64(len(data))})
	require.NoError(t, err)
	n, err := w.(io.ReaderFrom).ReadFrom(bytes.NewReader(data))
	require.NoError(t, err)
	require.EqualValues(t, len(data), n)
	require.NoError(t, w.Commit(t.Context()))
	for _, offset := range []int64{0, 1_000_000} {
		r, err := f.Read(t.Context(), p, offset)
		require.NoError(t, err)
		var b bytes.Buffer
		_, err = r.(io.WriterTo).WriteTo(&b)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		require.True(t, bytes.Equal(data[offset:], b.Bytes()))
	}
}

func TestLinks(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(home, "d"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(home, "f"), []byte("abc"), 0o600))
	for name, to := range map[string]string{"ld": "d", "lf": "f", "gone": "nobody"} {
		require.NoError(t, os.Symlink(to, filepath.Join(home, name)))
	}
	s := vfstest.StartSSH(t, home, nil)
	f, err := Dial(t.Context(), params(t, s))
	require.NoError(t, err)
	defer f.Close()
	all, _, err := vfstest.List(t.Context(), f, files.ParsePath(home))
	require.NoError(t, err)
	got := map[string]files.Entry{}
	for _, e := range all {
		got[e.Name] = e
	}
	require.Equal(t, files.LinkDir, got["ld"].Type)
	require.Equal(t, files.LinkFile, got["lf"].Type)
	require.EqualValues(t, 3, got["lf"].Size)
	require.Equal(t, files.LinkFile, got["gone"].Type)
	require.Equal(t, "nobody", got["gone"].Target)
	require.NoError(t, f.Remove(t.Context(), files.ParsePath(home).Join("ld")))
	require.DirExists(t, filepath.Join(home, "d"))
}
