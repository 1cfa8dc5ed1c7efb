package hostile

import (
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/connect/connecttest"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/ftp"
	"guichet/services/files/local"
	"guichet/services/files/vfstest"
)

func password(context.Context) (string, error) { return vfstest.Password, nil }

func params(s *vfstest.FTPServer) ftp.Params {
	site := files.Site{Protocol: files.ProtocolFTP, Host: "127.0.0.1", Port: s.Port, User: vfstest.User, AllowClear: true}
	if s.TLS {
		site.Protocol, site.AllowClear = files.ProtocolFTPES, false
	}
	return ftp.Params{Network: s.Network(), Site: site, Password: password, Memory: &ftp.Memory{}}
}

func dial(t *testing.T, s *vfstest.FTPServer) *ftp.FS {
	t.Helper()
	f, err := ftp.Dial(t.Context(), params(s))
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// longer is for listings of a million entries.
func longer(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// soon gives a context that a test's attack must be over in.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func get(ctx context.Context, f files.FS, p files.Path) (string, error) {
	b, err := vfstest.Get(ctx, f, p, 0)
	return string(b), err
}

// ended requires that err is a fault which does not blame Guichet, and that the
// attack did not last until the test gave up.
func ended(t *testing.T, ctx context.Context, err error) {
	t.Helper()
	var fa *fault.Fault
	require.ErrorAs(t, err, &fa)
	require.NotEqual(t, fault.Internal, fa.Kind, "%v", err)
	require.NoError(t, ctx.Err(), "only giving up ended it: %v", err)
}

// answers are what verbs with data write to their data connection.
type answers map[string]func(w io.Writer, arg string)

// data is how a server of dataHook makes its data connections.
type data struct {
	pasv  string      // EPSV is refused, PASV answered with this address
	tls   *tls.Config // nil: none
	final string      // reply, "": 226
}

// dataHook answers EPSV or PASV with a port of its own and the verbs of answers
// with what they write to it.
func dataHook(t *testing.T, o data, answers answers) func(*vfstest.FTPConn, string, string) bool {
	var mu sync.Mutex
	waiting := map[*vfstest.FTPConn]*net.TCPListener{}
	swap := func(c *vfstest.FTPConn, ln *net.TCPListener) *net.TCPListener {
		mu.Lock()
		defer mu.Unlock()
		old := waiting[c]
		waiting[c] = ln
		return old
	}
	t.Cleanup(func() {
		for _, ln := range waiting {
			if ln != nil {
				_ = ln.Close()
			}
		}
	})
	return func(c *vfstest.FTPConn, verb, arg string) bool {
		switch {
		case verb == "EPSV" && o.pasv != "":
			c.Reply("500 what")
			return true
		case verb == "EPSV", verb == "PASV" && o.pasv != "":
			ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				return false
			}
			if old := swap(c, ln); old != nil {
				_ = old.Close()
			}
			port := ln.Addr().(*net.TCPAddr).Port
			if verb == "EPSV" {
				c.Reply("229 Entering Extended Passive Mode (|||%d|)", port)
			} else {
				c.Reply("227 Entering Passive Mode (%s,%d,%d)", o.pasv, port>>8, port&255)
			}
			return true
		}
		answer, ok := answers[verb]
		if !ok {
			return false
		}
		ln := swap(c, nil)
		if ln == nil {
			c.Reply("425 no port")
			return true
		}
		c.Reply("150 here it comes")
		_ = ln.SetDeadline(time.Now().Add(5 * time.Second))
		d, err := ln.Accept()
		_ = ln.Close()
		if err != nil {
			c.Reply("425 nobody came")
			return true
		}
		_ = d.SetDeadline(time.Now().Add(20 * time.Second))
		if o.tls != nil {
			d = tls.Server(d, o.tls)
		}
		answer(d, arg)
		_ = d.Close()
		c.Reply("%s", cmp.Or(o.final, "226 done"))
		return true
	}
}

// says is an answer of always the same bytes.
func says(text string) func(io.Writer, string) {
	return func(w io.Writer, _ string) { _, _ = io.WriteString(w, text) }
}

// raw starts a listener that does as serve says with every connection.
func raw(t *testing.T, serve func(c net.Conn)) files.Site {
	t.Helper()
	port := connecttest.Listen(t, serve)
	return files.Site{Protocol: files.ProtocolFTP, Host: "127.0.0.1", Port: port, User: vfstest.User, AllowClear: true}
}

// repeat writes text until nobody takes it.
func repeat(w io.Writer, text string, gap time.Duration) {
	b := []byte(text)
	if gap == 0 {
		b = []byte(strings.Repeat(text, (64<<10)/len(text)))
	}
	for {
		if _, err := w.Write(b); err != nil {
			return
		}
		if gap > 0 {
			time.Sleep(gap) // the attack itself
		}
	}
}

func confined(t *testing.T, dir string) *local.FS {
	t.Helper()
	f, err := local.New(dir, local.Options{Confined: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}
