package demo

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net"
	"path"
	"strconv"
	"strings"
	"time"

	ftpserver "goftp.io/server/v2"
)

// ftpCommand is one command of our own in the library's table.
type ftpCommand struct {
	param, auth bool
	run         func(sess *ftpserver.Session, c *ftpConn, param string)
	owner       *ftpListener
}

// IsExtend reports whether FEAT names the command; our FEAT has its own list.
func (ftpCommand) IsExtend() bool { return false }

// RequireParam reports whether the command needs an argument.
func (f ftpCommand) RequireParam() bool { return f.param }

// RequireAuth reports whether the command needs a login.
func (f ftpCommand) RequireAuth() bool { return f.auth }

// Execute runs the command.
func (f ftpCommand) Execute(sess *ftpserver.Session, param string) {
	if c := f.owner.of(sess); c != nil {
		f.run(sess, c, param)
	}
}

type ftpRun = func(sess *ftpserver.Session, c *ftpConn, param string)

// commands are those that replace the library's or that it lacks.
func (s *ftpService) commands() map[string]ftpserver.Command {
	table := map[string]ftpserver.Command{}
	add := func(name string, param, auth bool, run ftpRun) {
		table[name] = ftpCommand{param: param, auth: auth, run: run, owner: s.listener}
	}
	refuse := func(code int, text string) ftpRun {
		return func(sess *ftpserver.Session, _ *ftpConn, _ string) { sess.WriteMessage(code, text) }
	}
	add("AUTH", true, false, s.auth)
	add("PBSZ", true, false, s.pbsz)
	add("PROT", true, false, s.protection)
	add("FEAT", false, false, s.feat)
	add("OPTS", true, false, s.opts)
	add("PWD", false, true, s.pwd)
	add("XPWD", false, true, s.pwd)
	add("PASV", false, true, s.pasv)
	add("EPSV", false, true, s.epsv)
	// A server that connects where a client says can be made to attack others.
	add("PORT", false, true, refuse(502, "Active mode is not offered; use PASV"))
	add("EPRT", false, true, refuse(502, "Active mode is not offered; use EPSV"))
	add("ABOR", false, true, refuse(226, "Nothing to abort"))
	add("REST", true, true, s.restart)
	add("SIZE", true, true, s.size)
	add("MDTM", true, true, s.mdtm)
	add("MFMT", true, true, s.mfmt)
	add("SITE", true, true, s.site)
	add("MLST", false, true, s.mlst)
	add("MLSD", false, true, s.mlsd)
	add("LIST", false, true, s.listLong)
	add("NLST", false, true, s.listNames)
	add("RETR", true, true, s.retr)
	add("STOR", true, true, s.stor)
	add("APPE", true, true, s.appe)
	add("RMD", true, true, s.rmd)
	add("XRMD", true, true, s.rmd)
	return table
}

func (s *ftpService) auth(sess *ftpserver.Session, c *ftpConn, param string) {
	if kind := strings.ToUpper(param); kind != "TLS" && kind != "TLS-C" || c.secure {
		sess.WriteMessage(504, "AUTH TLS is the only one, and only once")
		return
	}
	sess.WriteMessage(234, "Go ahead with TLS")
	if err := c.upgrade(s.tls); err != nil {
		_ = c.Close() // nothing can be said on a half-made TLS connection
	}
}

func (s *ftpService) pbsz(sess *ftpserver.Session, c *ftpConn, _ string) {
	if !c.secure {
		sess.WriteMessage(503, "AUTH TLS first")
		return
	}
	sess.WriteMessage(200, "PBSZ=0")
}

func (s *ftpService) protection(sess *ftpserver.Session, c *ftpConn, param string) {
	switch level := strings.ToUpper(param); {
	case !c.secure:
		sess.WriteMessage(503, "AUTH TLS first")
	case level == "P" || level == "C":
		c.prot = level == "P"
		sess.WriteMessage(200, "Data protection is "+level)
	default:
		sess.WriteMessage(536, "P and C are the only levels")
	}
}

// feat lists the extensions (RFC 2389 section 3.2).
func (s *ftpService) feat(_ *ftpserver.Session, c *ftpConn, _ string) {
	c.reply("211-Extensions:\r\n AUTH TLS\r\n EPSV\r\n MDTM\r\n MFMT\r\n MLST type*;size*;modify*;perm*;\r\n" +
		" PBSZ\r\n PROT\r\n REST STREAM\r\n SIZE\r\n TVFS\r\n UTF8\r\n211 End\r\n")
}

func (s *ftpService) opts(sess *ftpserver.Session, _ *ftpConn, param string) {
	f := strings.Fields(strings.ToUpper(param))
	if len(f) > 0 && (f[0] == "MLST" || f[0] == "UTF8" && f[len(f)-1] == "ON") {
		sess.WriteMessage(200, "OK")
		return
	}
	sess.WriteMessage(501, "Unknown option")
}

func (s *ftpService) pwd(sess *ftpserver.Session, _ *ftpConn, _ string) {
	sess.WriteMessage(257, `"`+strings.ReplaceAll(sess.BuildPath(""), `"`, `""`)+`" is the current directory`)
}

func (s *ftpService) pasv(sess *ftpserver.Session, c *ftpConn, _ string) {
	ip := c.LocalAddr().(*net.TCPAddr).IP.To4()
	if ip == nil {
		sess.WriteMessage(522, "Use EPSV")
		return
	}
	addr, err := c.openPassive()
	if err != nil {
		sess.WriteMessage(425, "No port for data")
		return
	}
	sess.WriteMessage(227, fmt.Sprintf("Entering Passive Mode (%d,%d,%d,%d,%d,%d)",
		ip[0], ip[1], ip[2], ip[3], addr.Port>>8, addr.Port&0xff))
}

func (s *ftpService) epsv(sess *ftpserver.Session, c *ftpConn, param string) {
	if strings.EqualFold(param, "ALL") {
		sess.WriteMessage(200, "OK")
		return
	}
	addr, err := c.openPassive()
	if err != nil {
		sess.WriteMessage(425, "No port for data")
		return
	}
	sess.WriteMessage(229, fmt.Sprintf("Entering Extended Passive Mode (|||%d|)", addr.Port))
}

func (s *ftpService) restart(sess *ftpserver.Session, c *ftpConn, param string) {
	n, err := strconv.ParseInt(param, 10, 64)
	if err != nil || n < 0 || n > maxFile {
		sess.WriteMessage(501, "Not a position")
		return
	}
	c.rest = n
	sess.WriteMessage(350, "Restarting at "+param)
}

func (s *ftpService) size(sess *ftpserver.Session, _ *ftpConn, param string) {
	info, err := s.stat(sess.BuildPath(param))
	if err != nil || info.IsDir() {
		sess.WriteMessage(550, "Not a file")
		return
	}
	sess.WriteMessage(213, strconv.FormatInt(info.Size(), 10))
}

// ftpTime is the form of times in RFC 3659 section 2.3, always in UTC.
const ftpTime = "20060102150405"

func (s *ftpService) mdtm(sess *ftpserver.Session, _ *ftpConn, param string) {
	info, err := s.stat(sess.BuildPath(param))
	if err != nil {
		sess.WriteMessage(550, "No such file")
		return
	}
	sess.WriteMessage(213, info.ModTime().UTC().Format(ftpTime))
}

// mfmt sets a file's time (draft-somers-ftp-mfxx).
func (s *ftpService) mfmt(sess *ftpserver.Session, _ *ftpConn, param string) {
	stamp, name, _ := strings.Cut(param, " ")
	at, err := time.Parse(ftpTime, stamp)
	if err != nil || name == "" {
		sess.WriteMessage(501, "MFMT time name")
		return
	}
	if err := s.chtimes(sess.BuildPath(name), at); err != nil {
		sess.WriteMessage(550, plain(err).Error())
		return
	}
	sess.WriteMessage(213, "Modify="+stamp+"; "+name)
}

func (s *ftpService) site(sess *ftpserver.Session, _ *ftpConn, param string) {
	f := strings.SplitN(param, " ", 3)
	if len(f) < 3 || !strings.EqualFold(f[0], "CHMOD") {
		sess.WriteMessage(504, "SITE CHMOD is the only one")
		return
	}
	mode, err := strconv.ParseUint(f[1], 8, 9)
	if err == nil {
		err = s.chmod(sess.BuildPath(f[2]), fs.FileMode(mode))
	}
	if err != nil {
		sess.WriteMessage(550, plain(err).Error())
		return
	}
	sess.WriteMessage(200, "Done")
}

// rmd removes a folder and stays where it is, as the library's does not.
func (s *ftpService) rmd(sess *ftpserver.Session, _ *ftpConn, param string) {
	if err := s.remove(sess.BuildPath(param), true); err != nil {
		sess.WriteMessage(550, plain(err).Error())
		return
	}
	sess.WriteMessage(250, "Directory deleted")
}

// fact is one line of MLSD (RFC 3659 section 7.2).
func fact(info fs.FileInfo, kind, name string) string {
	perm := "adfrw"
	if info.IsDir() {
		perm = "cdeflmp"
	}
	size := ""
	if kind == "file" {
		size = fmt.Sprintf("size=%d;", info.Size())
	}
	return fmt.Sprintf("type=%s;%smodify=%s;perm=%s; %s", kind, size, info.ModTime().UTC().Format(ftpTime), perm, name)
}

func kind(info fs.FileInfo) string {
	if info.IsDir() {
		return "dir"
	}
	return "file"
}

func (s *ftpService) mlst(sess *ftpserver.Session, c *ftpConn, param string) {
	p := sess.BuildPath(param)
	info, err := s.stat(p)
	if err != nil {
		sess.WriteMessage(550, plain(err).Error())
		return
	}
	c.reply("250-Facts:\r\n " + fact(info, kind(info), p) + "\r\n250 End\r\n")
}

func (s *ftpService) mlsd(sess *ftpserver.Session, c *ftpConn, param string) {
	s.sendList(sess, c, sess.BuildPath(param), true, func(b *bytes.Buffer, info fs.FileInfo, self bool) {
		if self {
			b.WriteString(fact(info, "cdir", sess.BuildPath(param)) + "\r\n")
			return
		}
		b.WriteString(fact(info, kind(info), info.Name()) + "\r\n")
	})
}

func (s *ftpService) listLong(sess *ftpserver.Session, c *ftpConn, param string) {
	s.sendList(sess, c, sess.BuildPath(listTarget(param)), false, func(b *bytes.Buffer, info fs.FileInfo, _ bool) {
		at := info.ModTime().UTC()
		stamp := at.Format("Jan _2 15:04")
		if time.Since(at) > 180*24*time.Hour || time.Until(at) > time.Hour {
			stamp = at.Format("Jan _2  2006")
		}
		fmt.Fprintf(b, "%s %3d anna     anna     %12d %s %s\r\n", info.Mode().String(), 1, info.Size(), stamp, info.Name())
	})
}

func (s *ftpService) listNames(sess *ftpserver.Session, c *ftpConn, param string) {
	s.sendList(sess, c, sess.BuildPath(listTarget(param)), false, func(b *bytes.Buffer, info fs.FileInfo, _ bool) {
		b.WriteString(info.Name() + "\r\n")
	})
}

// listTarget takes the options that clients put before a path away.
func listTarget(param string) string {
	for strings.HasPrefix(param, "-") {
		_, param, _ = strings.Cut(param, " ")
		param = strings.TrimLeft(param, " ")
	}
	return param
}

// sendList sends a folder's entries, written by line, over a data connection.
// With strict a file is refused, else it is its own only entry.
func (s *ftpService) sendList(sess *ftpserver.Session, c *ftpConn, p string, strict bool, line func(*bytes.Buffer, fs.FileInfo, bool)) {
	info, err := s.stat(p)
	if err != nil || strict && !info.IsDir() {
		sess.WriteMessage(550, "No such folder: "+path.Base(p))
		return
	}
	infos := []fs.FileInfo{info}
	if info.IsDir() {
		if infos, err = s.list(p); err != nil {
			sess.WriteMessage(550, plain(err).Error())
			return
		}
	}
	var b bytes.Buffer
	if strict {
		line(&b, info, true)
	}
	for _, i := range infos {
		line(&b, i, false)
	}
	s.transfer(sess, c, func(data net.Conn) error {
		_, err := data.Write(b.Bytes())
		return err
	})
}

func (s *ftpService) retr(sess *ftpserver.Session, c *ftpConn, param string) {
	from := max(0, c.takeRest())
	_, f, err := s.GetFile(nil, sess.BuildPath(param), from)
	if err != nil {
		sess.WriteMessage(550, plain(err).Error())
		return
	}
	defer f.Close()
	s.transfer(sess, c, func(data net.Conn) error { _, err := io.Copy(data, f); return err })
}

func (s *ftpService) stor(sess *ftpserver.Session, c *ftpConn, param string) {
	s.put(sess, c, param, c.takeRest())
}

func (s *ftpService) appe(sess *ftpserver.Session, c *ftpConn, param string) {
	c.takeRest()
	s.put(sess, c, param, appendFile)
}

func (s *ftpService) put(sess *ftpserver.Session, c *ftpConn, param string, at int64) {
	p := sess.BuildPath(param)
	if info, err := s.stat(path.Dir(p)); err != nil || !info.IsDir() {
		sess.WriteMessage(553, "No such folder")
		return
	}
	s.transfer(sess, c, func(data net.Conn) error {
		_, err := s.PutFile(nil, p, data, at)
		return err
	})
}

// transfer runs f with a data connection and tells the client how it went.
func (s *ftpService) transfer(sess *ftpserver.Session, c *ftpConn, f func(net.Conn) error) {
	if !c.announced() {
		sess.WriteMessage(425, "PASV or EPSV first")
		return
	}
	sess.WriteMessage(150, "Data follows")
	data, err := c.accept(s.tls)
	if err != nil {
		sess.WriteMessage(425, "No data connection")
		return
	}
	err = f(data)
	// The end of the connection is the end of the file: it must come before 226.
	if closeErr := data.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		sess.WriteMessage(ftpCode(err), "Transfer failed: "+plain(err).Error())
		return
	}
	sess.WriteMessage(226, "Done")
}

// takeRest gives the position of a REST and forgets it, -1 without one.
func (c *ftpConn) takeRest() int64 {
	n := c.rest
	c.rest = -1
	return n
}
