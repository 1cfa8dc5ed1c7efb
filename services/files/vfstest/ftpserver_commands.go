package vfstest

import (
	"crypto"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

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
		s.Mu.Lock()
		full := s.MaxLogins > 0 && s.Conns > s.MaxLogins
		s.Mu.Unlock()
		if full || arg != Password && arg != "guichet@" {
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
		lines := []string{" SIZE", " REST STREAM", " EPSV"}
		if !s.NoMDTM {
			lines = append(lines, " MDTM")
		}
		for _, line := range s.Features {
			lines = append(lines, " "+line)
		}
		if !slices.Contains(s.Features, "no UTF8") {
			lines = append(lines, " UTF8")
		}
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
	case "OPTS":
		if algo, ok := strings.CutPrefix(arg, "HASH "); ok {
			c.hash = algo
		}
		c.Reply("200 fine")
	case "HASH":
		c.checksum(c.hash, arg, "213 "+c.hash+" 0-1 %s "+arg)
	case "MD5":
		c.checksum("MD5", arg, `251 "`+arg+`" %s`)
	case "AVBL":
		c.Reply("213 123456789")
	case "PORT", "EPRT":
		c.call(verb, arg)
	case "CDUP":
		c.cwd = path.Dir(c.cwd)
		c.Reply("250 up")
	case "TYPE", "NOOP", "CLNT", "PRET":
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
		if s.NoMDTM {
			c.Reply("500 what")
			break
		}
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
		c.checksum("SHA-256", arg, "250 %s")
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
		if bare := strings.TrimRight(arg, " "); s.BlankToBar && bare != arg {
			arg = bare + "_"
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

// checksum answers with one, in capitals as some do.
func (c *FTPConn) checksum(algo, name, format string) {
	h := crypto.SHA256.New()
	if algo == "MD5" {
		h = md5.New() //nolint:gosec // servers offer it
	}
	b, err := os.ReadFile(c.system(strings.Trim(name, `"`)))
	if err != nil {
		c.refuse(err)
		return
	}
	h.Write(b)
	c.Reply(format, strings.ToUpper(hex.EncodeToString(h.Sum(nil))))
}

// call notes where an active client waits.
func (c *FTPConn) call(verb, arg string) {
	fields := strings.FieldsFunc(arg, func(r rune) bool { return r == ',' || r == '|' })
	switch {
	case verb == "PORT" && len(fields) == 6:
		high, _ := strconv.Atoi(fields[4])
		low, _ := strconv.Atoi(fields[5])
		c.active = net.JoinHostPort(strings.Join(fields[:4], "."), strconv.Itoa(high<<8|low))
	case verb == "EPRT" && len(fields) == 3:
		c.active = net.JoinHostPort(fields[1], fields[2])
	default:
		c.Reply("501 what")
		return
	}
	c.Reply("200 fine")
}
