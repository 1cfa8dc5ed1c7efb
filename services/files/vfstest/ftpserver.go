package vfstest

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strconv"
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
	Home        string        // PWD after the login; "" is /
	Banner      string
	Listing     string // raw bytes instead of the true LIST or MLSD
	CutDataAt   int64  // close the data connection of RETR and STOR there, with 426
	CutAll      bool   // and the control connection with it
	Cuts        int    // how often; it counts down
	TinyChunks  bool   // replies byte by byte
	DieAfterGet bool   // over TLS 1.3 the session dies at the end of RETR (ProFTPD 1.3.8)
	// Hook sees each command first; true: it has answered.
	Hook func(c *FTPConn, verb, arg string) bool

	Commands []string // all that came, passwords too
	Conns    int      // open now
	Logins   int

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
		if hook != nil && hook(c, verb, arg) {
			continue
		}
		if !c.handle(verb, arg) {
			return
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

// system gives the path of the system for an argument.
func (c *FTPConn) system(arg string) string {
	return filepath.Join(c.s.Dir, c.absolute(arg))
}

func (c *FTPConn) absolute(arg string) string {
	if !strings.HasPrefix(arg, "/") {
		arg = c.cwd + "/" + arg
	}
	return path.Clean("/" + arg)
}

// refuse answers with what went wrong.
func (c *FTPConn) refuse(err error) {
	switch {
	case os.IsNotExist(err):
		c.Reply("550 No such file or directory")
	case os.IsExist(err):
		c.Reply("550 File exists")
	case os.IsPermission(err):
		c.Reply("550 Permission denied")
	default:
		c.Reply("550 Operation failed")
	}
}

func (c *FTPConn) handle(verb, arg string) bool {
	s := c.s
	done := func(err error, format string, args ...any) {
		if err != nil {
			c.refuse(err)
			return
		}
		c.Reply(format, args...)
	}
	switch verb {
	case "USER":
		c.Reply("331 password please")
	case "PASS":
		if arg != Password && arg != "guichet@" {
			c.Reply("530 Login incorrect.")
			break
		}
		s.Mu.Lock()
		s.Logins++
		s.Mu.Unlock()
		c.Reply("230 in")
	case "AUTH":
		if !s.TLS {
			c.Reply("502 not here")
			break
		}
		c.Reply("234 go")
		return c.secure()
	case "PBSZ":
		c.Reply("200 fine")
	case "PROT":
		c.protect = arg == "P"
		c.Reply("200 fine")
	case "FEAT":
		lines := []string{" UTF8", " SIZE", " MDTM", " REST STREAM", " EPSV"}
		if !s.NoMLSD {
			lines = append(lines, " MLST type*;size*;modify*;UNIX.mode*;")
		}
		if !s.NoMFMT {
			lines = append(lines, " MFMT")
		}
		if s.XSHA256 {
			lines = append(lines, " XSHA256")
		}
		c.Reply("211-Features:\r\n%s\r\n211 End", strings.Join(lines, "\r\n"))
	case "OPTS", "TYPE", "NOOP":
		c.Reply("200 fine")
	case "PWD":
		c.Reply(`257 "%s" is here`, strings.ReplaceAll(c.cwd, `"`, `""`))
	case "CWD":
		info, err := os.Stat(c.system(arg))
		if err == nil && !info.IsDir() {
			c.Reply("550 Not a directory")
			break
		}
		if err == nil {
			c.cwd = c.absolute(arg)
		}
		done(err, "250 there")
	case "EPSV", "PASV":
		c.listen(verb)
	case "REST":
		c.rest, _ = strconv.ParseInt(arg, 10, 64)
		c.Reply("350 restarting")
	case "LIST", "MLSD":
		c.list(verb, arg)
	case "RETR":
		return c.retrieve(arg)
	case "STOR":
		return c.store(arg)
	case "SIZE":
		info, err := os.Stat(c.system(arg))
		if err == nil && !info.Mode().IsRegular() {
			c.Reply("550 not a plain file.")
			break
		}
		if err != nil {
			c.refuse(err)
			break
		}
		c.Reply("213 %d", info.Size())
	case "MDTM":
		if when, name, ok := strings.Cut(arg, " "); ok && s.NoMFMT && len(when) == 14 {
			c.setTime(when, name)
			break
		}
		info, err := os.Stat(c.system(arg))
		if err != nil {
			c.refuse(err)
			break
		}
		c.Reply("213 %s", info.ModTime().UTC().Format("20060102150405"))
	case "MFMT":
		when, name, _ := strings.Cut(arg, " ")
		c.setTime(when, name)
	case "MLST":
		if s.NoMLSD {
			c.Reply("500 what")
			break
		}
		info, err := os.Lstat(c.system(arg))
		if err != nil {
			c.refuse(err)
			break
		}
		c.Reply("250-here\r\n %s\r\n250 End", facts(info, arg))
	case "SITE":
		var mode uint32
		var name string
		if n, err := fmt.Sscanf(arg, "CHMOD %o", &mode); n != 1 || err != nil {
			c.Reply("500 what")
			break
		}
		name = arg[strings.Index(arg[6:], " ")+7:]
		done(os.Chmod(c.system(name), os.FileMode(mode)), "200 fine")
	case "XSHA256":
		b, err := os.ReadFile(c.system(arg))
		sum := sha256.Sum256(b)
		done(err, "250 %s", strings.ToUpper(hex.EncodeToString(sum[:])))
	case "MKD":
		done(os.Mkdir(c.system(arg), 0o777), `257 "%s" made`, arg)
	case "RMD":
		info, err := os.Lstat(c.system(arg))
		if err == nil && !info.IsDir() {
			c.Reply("550 Not a directory")
			break
		}
		if err == nil {
			err = os.Remove(c.system(arg))
		}
		done(err, "250 gone")
	case "DELE":
		info, err := os.Lstat(c.system(arg))
		if err == nil && info.IsDir() {
			c.Reply("550 Is a directory")
			break
		}
		if err == nil {
			err = os.Remove(c.system(arg))
		}
		done(err, "250 gone")
	case "RNFR":
		_, err := os.Lstat(c.system(arg))
		c.from = c.system(arg)
		done(err, "350 to what")
	case "RNTO":
		if _, err := os.Lstat(c.system(arg)); err == nil && s.NoReplace {
			c.Reply("553 File exists")
			break
		}
		done(os.Rename(c.from, c.system(arg)), "250 renamed")
	case "QUIT":
		c.Reply("221 bye")
		return false
	default:
		c.Reply("500 what")
	}
	return true
}

func (c *FTPConn) setTime(when, name string) {
	t, err := time.Parse("20060102150405", when)
	if err == nil {
		err = os.Chtimes(c.system(name), t, t)
	}
	if err != nil {
		c.refuse(err)
		return
	}
	c.Reply("213 Modify=%s; %s", when, name)
}

func (c *FTPConn) listen(verb string) {
	if c.passive != nil {
		_ = c.passive.Close()
		c.passive = nil
	}
	if verb == "EPSV" && c.s.NoEPSV {
		c.Reply("500 what")
		return
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.Reply("425 no port")
		return
	}
	p := port(ln)
	if verb == "EPSV" && c.s.EPSVDead {
		_ = ln.Close()
	} else {
		c.passive = ln
	}
	if verb == "EPSV" {
		c.Reply("229 Entering Extended Passive Mode (|||%d|)", p)
		return
	}
	// The address is a lie, as behind many routers.
	c.Reply("227 Entering Passive Mode (10,9,8,7,%d,%d).", p>>8, p&255)
}

// open takes the data connection after its command.
func (c *FTPConn) open() (net.Conn, bool) {
	if c.passive == nil {
		c.Reply("425 use PASV first")
		return nil, false
	}
	ln := c.passive
	c.passive = nil
	defer ln.Close()
	c.Reply("150 here it comes")
	_ = ln.(*net.TCPListener).SetDeadline(time.Now().Add(5 * time.Second))
	d, err := ln.Accept()
	if err != nil {
		c.Reply("425 nobody came")
		return nil, false
	}
	_ = d.SetDeadline(time.Now().Add(30 * time.Second))
	if !c.protect {
		return d, true
	}
	t := tls.Server(d, c.config)
	if err := t.Handshake(); err != nil {
		_ = d.Close()
		c.Reply("426 no TLS")
		return nil, false
	}
	if c.s.NeedReuse && !t.ConnectionState().DidResume {
		_ = d.Close()
		c.Reply("522 SSL connection failed: session reuse required")
		return nil, false
	}
	return t, true
}

func facts(info os.FileInfo, name string) string {
	kind := "file"
	switch {
	case info.IsDir():
		kind = "dir"
	case info.Mode()&os.ModeSymlink != 0:
		kind = "OS.unix=slink"
	}
	size := ""
	if kind == "file" {
		size = fmt.Sprintf("size=%d;", info.Size())
	}
	return fmt.Sprintf("type=%s;%smodify=%s;UNIX.mode=%04o; %s", kind, size, info.ModTime().UTC().Format("20060102150405"), info.Mode().Perm(), name)
}

func (c *FTPConn) list(verb, arg string) {
	if verb == "MLSD" && c.s.NoMLSD {
		c.Reply("500 what")
		return
	}
	hidden := verb == "MLSD"
	if rest, ok := strings.CutPrefix(arg, "-a"); ok {
		hidden, arg = true, strings.TrimSpace(rest)
	}
	found, err := os.ReadDir(c.system(arg))
	if err != nil {
		c.refuse(err)
		return
	}
	d, ok := c.open()
	if !ok {
		return
	}
	w := bufio.NewWriter(d)
	if c.s.Listing != "" {
		found = nil
		_, _ = w.WriteString(c.s.Listing)
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Name() < found[j].Name() })
	for _, e := range found {
		info, err := e.Info()
		if err != nil || strings.HasPrefix(e.Name(), ".") && !hidden {
			continue
		}
		if verb == "MLSD" {
			_, _ = w.WriteString(facts(info, e.Name()) + "\r\n")
			continue
		}
		at := info.ModTime().UTC().Add(c.s.Zone)
		stamp := at.Format("Jan _2 15:04")
		if time.Since(at) > 180*24*time.Hour {
			stamp = at.Format("Jan _2  2006")
		}
		name, mode := e.Name(), info.Mode().String()
		if info.Mode()&os.ModeSymlink != 0 {
			to, _ := os.Readlink(filepath.Join(c.system(arg), name))
			name, mode = name+" -> "+to, "lrwxrwxrwx"
		}
		_, _ = fmt.Fprintf(w, "%s   1 ada      ada      %8d %s %s\r\n", mode, info.Size(), stamp, name)
	}
	_ = w.Flush()
	_ = d.Close()
	c.Reply("226 done")
}

// cut reports whether the transfer is to break off now.
func (c *FTPConn) cut() (int64, bool) {
	c.s.Mu.Lock()
	defer c.s.Mu.Unlock()
	if c.s.CutDataAt > 0 && c.s.Cuts > 0 {
		c.s.Cuts--
		return c.s.CutDataAt, true
	}
	return 1 << 62, false
}

func (c *FTPConn) retrieve(arg string) bool {
	offset := c.rest
	c.rest = 0
	f, err := os.Open(c.system(arg))
	if err != nil {
		c.refuse(err)
		return true
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		c.Reply("550 not a plain file.")
		return true
	}
	_, _ = f.Seek(offset, io.SeekStart)
	d, ok := c.open()
	if !ok {
		return true
	}
	limit, cut := c.cut()
	_, err = io.Copy(d, io.LimitReader(f, limit))
	if c.s.DieAfterGet && c.state != nil && c.state.Version == tls.VersionTLS13 {
		_ = d.Close()
		return false
	}
	_ = d.Close()
	switch {
	case cut && c.s.CutAll:
		return false
	case cut || err != nil:
		c.Reply("426 Failure writing network stream.")
	default:
		c.Reply("226 done")
	}
	return true
}

func (c *FTPConn) store(arg string) bool {
	offset := c.rest
	c.rest = 0
	if offset > 0 && c.s.NoREST {
		c.Reply("451 %s: Append/Restart not permitted, try again", arg)
		return true
	}
	flags := os.O_WRONLY | os.O_CREATE
	if offset == 0 {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(c.system(arg), flags, 0o666)
	if err != nil {
		c.refuse(err)
		return true
	}
	defer f.Close()
	_, _ = f.Seek(offset, io.SeekStart)
	d, ok := c.open()
	if !ok {
		return true
	}
	limit, cut := c.cut()
	_, err = io.Copy(f, io.LimitReader(d, limit))
	_ = d.Close()
	switch {
	case cut && c.s.CutAll:
		return false
	case cut || err != nil:
		c.Reply("426 Failure reading network stream.")
	default:
		c.Reply("226 done")
	}
	return true
}
