package vfstest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"
)

func (c *FTPConn) listen(verb string) {
	if c.passive != nil {
		_ = c.passive.Close()
		c.passive = nil
	}
	if verb == "EPSV" && c.s.NoEPSV || c.s.NoPassive {
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
	d := c.connected()
	if d == nil {
		return nil, false
	}
	_ = d.SetDeadline(time.Now().Add(30 * time.Second))
	if !c.protect {
		return d, true
	}
	if c.s.countdown(&c.s.FreshTLS) {
		_ = d.Close()
		c.Reply("522 SSL connection failed: session reuse required")
		return nil, false
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

// countdown takes one of n, if there is any left.
func (s *FTPServer) countdown(n *int) bool {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if *n <= 0 {
		return false
	}
	*n--
	return true
}

// connected gives the data connection in clear, or has said why there is none.
func (c *FTPConn) connected() net.Conn {
	if at := c.active; at != "" {
		c.active = ""
		d, err := net.DialTimeout("tcp", at, 5*time.Second)
		if err != nil {
			c.Reply("425 cannot reach you")
			return nil
		}
		c.Reply("150 here it comes")
		return d
	}
	ln := c.passive
	if ln == nil {
		c.Reply("425 use PASV first")
		return nil
	}
	c.passive = nil
	defer ln.Close()
	for {
		_ = ln.(*net.TCPListener).SetDeadline(time.Now().Add(20 * time.Second))
		d, err := ln.Accept()
		if err != nil {
			c.Reply("425 nobody came")
			return nil
		}
		if c.s.countdown(&c.s.ResetData) {
			_ = d.(*net.TCPConn).SetLinger(0)
			_ = d.Close()
			continue
		}
		c.Reply("150 here it comes")
		return d
	}
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
	if c.s.ListEnd != "" {
		c.Reply("%s", c.s.ListEnd)
		return
	}
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
	if c.s.Lock {
		l, _ := c.s.locks.LoadOrStore(c.system(arg), &sync.Mutex{})
		mu := l.(*sync.Mutex)
		mu.Lock()
		defer mu.Unlock()
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
	if quota := c.s.QuotaAt; quota > 0 {
		if n, _ := io.Copy(f, io.LimitReader(d, quota+1)); n > quota {
			c.Reply("552 Quota exceeded")
			c.held = append(c.held, d) // unread, and open
			return true
		}
	}
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

// ServeNothing takes the data connection, closes it and says nothing more.
func (c *FTPConn) ServeNothing() {
	if d, ok := c.open(); ok {
		_ = d.Close()
	}
}

// Home goes to where the login was.
func (c *FTPConn) Home() { c.cwd = "/" }
