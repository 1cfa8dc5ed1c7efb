package vfstest

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/connect"
)

// FTPServer is an FTP server in this process on a folder, with the habits and
// faults of real ones as switches. Change it before the first connection, or
// hold Mu.
type FTPServer struct {
	Mu   sync.Mutex
	Port int
	Dir  string

	TLS         bool // AUTH TLS is understood
	Implicit    bool
	MaxTLS      uint16
	NeedReuse   bool // data connections must resume the control connection's session
	NoMLSD      bool
	NoEPSV      bool
	EPSVDead    bool // EPSV names a port that nobody listens to
	NoMFMT      bool
	NoREST      bool // 451 to uploads that restart, as ProFTPD by default
	XSHA256     bool
	Zone        time.Duration // LIST shows times of this offset from UTC
	MaxConns    int           // 421 beyond; 0: no limit
	NoReplace   bool          // 553 to RNTO over a file
	BlankToBar  bool          // RNTO turns a blank at a name's end into "_" (Pure-FTPd)
	Home        string        // PWD after the login; "" is /
	Banner      string
	Listing     string // raw bytes instead of the true LIST or MLSD
	CutDataAt   int64  // close the data connection of RETR and STOR there, with 426
	CutAll      bool   // and the control connection with it
	Cuts        int    // how often; it counts down
	TinyChunks  bool   // replies byte by byte
	DieAfterGet bool   // over TLS 1.3 the session dies at the end of RETR (ProFTPD 1.3.8)
	NoMDTM      bool
	NoPassive   bool     // PORT and EPRT only
	Features    []string // more lines of FEAT
	Forgetful   bool     // commands that come before the answer to the last are lost
	ListEnd     string   // said after a listing; "": 226
	// ResetData is how many data connections are taken and reset, as walls do it,
	// before one is let through to the server, which waits for it.
	ResetData int
	Lock      bool  // a file that is being stored is locked for others (vsftpd)
	QuotaAt   int64 // uploads are not read beyond, with 552; 0: no quota
	MaxLogins int   // 530 beyond so many connections, as for a wrong password
	FreshTLS  int   // so many data connections are refused with 522
	// Hook sees each command first; true: it has answered.
	Hook func(c *FTPConn, verb, arg string) bool

	Commands []string // all that came, passwords too
	Conns    int      // open now
	Logins   int

	locks sync.Map // path -> *sync.Mutex

	ln   net.Listener
	cert tls.Certificate
	Pool *x509.CertPool
}

// StartFTP starts a server that ends with the test.
func StartFTP(t testing.TB, change func(*FTPServer)) *FTPServer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &FTPServer{ln: ln, Port: port(ln), Dir: t.TempDir()}
	s.cert, s.Pool = Certificate(t)
	if change != nil {
		change(s)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			wg.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return s
}

// Network trusts the server's certificate.
func (s *FTPServer) Network() *connect.Network {
	return connect.New(connect.Params{Roots: s.Pool})
}

// Count tells how often a verb came.
func (s *FTPServer) Count(verb string) int {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	n := 0
	for _, c := range s.Commands {
		if strings.Split(c, " ")[0] == verb {
			n++
		}
	}
	return n
}

// FTPConn is one control connection.
type FTPConn struct {
	s       *FTPServer
	Conn    net.Conn
	r       *bufio.Reader
	config  *tls.Config
	state   *tls.ConnectionState
	protect bool
	cwd     string
	rest    int64
	from    string
	passive net.Listener
	active  string // where to call instead
	hash    string // the algorithm of HASH
	held    []net.Conn
}

// Reply sends a reply.
func (c *FTPConn) Reply(format string, args ...any) {
	text := fmt.Sprintf(format, args...) + "\r\n"
	if c.s.TinyChunks {
		for i := range len(text) {
			_, _ = io.WriteString(c.Conn, text[i:i+1])
		}
		return
	}
	_, _ = io.WriteString(c.Conn, text)
}

func (s *FTPServer) serve(raw net.Conn) {
	defer raw.Close()
	s.Mu.Lock()
	s.Conns++
	over := s.MaxConns > 0 && s.Conns > s.MaxConns
	s.Mu.Unlock()
	defer func() { s.Mu.Lock(); s.Conns--; s.Mu.Unlock() }()
	c := &FTPConn{s: s, Conn: raw, cwd: "/"}
	if s.Home != "" {
		c.cwd = s.Home
	}
	c.config = &tls.Config{Certificates: []tls.Certificate{s.cert}, MinVersion: tls.VersionTLS12, MaxVersion: s.MaxTLS}
	if s.Implicit && !c.secure() {
		return
	}
	c.r = bufio.NewReader(c.Conn)
	defer func() {
		if c.passive != nil {
			_ = c.passive.Close()
		}
		for _, d := range c.held {
			_ = d.Close()
		}
	}()
	if over {
		c.Reply("421 too many connections from your address")
		return
	}
	banner := s.Banner
	if banner == "" {
		banner = "220-Welcome\r\n220 test server"
	}
	c.Reply("%s", banner)
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, arg, _ := strings.Cut(line, " ")
		s.Mu.Lock()
		s.Commands = append(s.Commands, line)
		hook := s.Hook
		s.Mu.Unlock()
		if (hook == nil || !hook(c, verb, arg)) && !c.handle(verb, arg) {
			return
		}
		if s.Forgetful {
			_, _ = c.r.Discard(c.r.Buffered())
		}
	}
}

func (c *FTPConn) secure() bool {
	t := tls.Server(c.Conn, c.config)
	if t.Handshake() != nil {
		return false
	}
	state := t.ConnectionState()
	c.state = &state
	c.Conn = t
	c.r = bufio.NewReader(t)
	return true
}
