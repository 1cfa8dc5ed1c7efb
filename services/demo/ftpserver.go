package demo

import (
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"syscall"

	ftpserver "goftp.io/server/v2"
)

// ftpService is the FTP server: goftp.io/server for the command loop, login
// and folders, and commands of our own where that library departs from the
// RFCs or would open ports beyond the loopback interface.
type ftpService struct {
	store
	listener *ftpListener
	tls      *tls.Config
}

// serveFTP starts the FTP server with explicit TLS (RFC 4217).
func (d *Demo) serveFTP(ip string, lim limits, id *identity) error {
	l, err := d.listen(ip, lim)
	if err != nil {
		return err
	}
	cfg := id.tls.Clone()
	cfg.NextProtos = []string{"ftp"}
	s := &ftpService{
		store:    store{d.root},
		listener: &ftpListener{listener: l, conns: map[string]*ftpConn{}},
		tls:      cfg,
	}
	commands := maps.Clone(ftpserver.DefaultCommands())
	// STAT and LPRT crash on odd input, the rest is only ever refused.
	for _, name := range []string{"STAT", "LPRT", "ADAT", "CCC", "CONF", "ENC", "MIC"} {
		delete(commands, name)
	}
	maps.Copy(commands, s.commands())
	srv, err := ftpserver.NewServer(&ftpserver.Options{
		Driver: s, Auth: s, Perm: ftpserver.NewSimplePerm("anna", "anna"),
		Commands: commands, Hostname: ip, Port: l.Addr().(*net.TCPAddr).Port,
		Name: "Guichet demo", WelcomeMessage: "Guichet demo, hello", Logger: &ftpserver.DiscardLogger{},
	})
	if err != nil {
		return err
	}
	d.info.FTP, d.info.FTPES = serverURL("ftp", l), serverURL("ftpes", l)
	d.serve("ftp", s.listener, srv.Serve)
	return nil
}

// CheckPasswd tells whether a login is right.
func (s *ftpService) CheckPasswd(_ *ftpserver.Context, name, password string) (bool, error) {
	return checkLogin(name, password), nil
}

// Stat describes a file for CWD and RNFR.
func (s *ftpService) Stat(_ *ftpserver.Context, p string) (os.FileInfo, error) { return s.stat(p) }

// ListDir hands the entries of a folder to f.
func (s *ftpService) ListDir(_ *ftpserver.Context, p string, f func(os.FileInfo) error) error {
	infos, err := s.list(p)
	for _, info := range infos {
		if err := f(info); err != nil {
			return err
		}
	}
	return err
}

// DeleteDir removes an empty folder.
func (s *ftpService) DeleteDir(_ *ftpserver.Context, p string) error {
	return plain(s.remove(p, true))
}

// DeleteFile removes a file.
func (s *ftpService) DeleteFile(_ *ftpserver.Context, p string) error {
	return plain(s.remove(p, false))
}

// Rename moves a file or folder, over an existing file if need be.
func (s *ftpService) Rename(_ *ftpserver.Context, from, to string) error {
	if from == "" {
		return errors.New("RNFR first")
	}
	return plain(s.rename(from, to, true))
}

// MakeDir makes a folder.
func (s *ftpService) MakeDir(_ *ftpserver.Context, p string) error { return plain(s.mkdir(p)) }

// GetFile opens a file for reading from offset on and gives what is left.
func (s *ftpService) GetFile(_ *ftpserver.Context, p string, offset int64) (int64, io.ReadCloser, error) {
	f, err := s.open(p, os.O_RDONLY)
	if err != nil {
		return 0, nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = syscall.EISDIR
	}
	if err == nil {
		_, err = f.Seek(offset, io.SeekStart)
	}
	if err != nil {
		_ = f.Close() // the first error tells more
		return 0, nil, err
	}
	return max(0, info.Size()-offset), f, nil
}

// appendFile as PutFile's offset writes behind what is there.
const appendFile = -2

// PutFile writes r into a file: from offset on, whole with -1, at the end with
// appendFile. Bytes behind the last one written stay, as vsftpd does it.
func (s *ftpService) PutFile(_ *ftpserver.Context, p string, r io.Reader, offset int64) (n int64, err error) {
	flag := os.O_WRONLY | os.O_CREATE
	if offset == -1 {
		flag |= os.O_TRUNC
	}
	f, err := s.open(p, flag)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	switch {
	case offset == appendFile:
		_, err = f.Seek(0, io.SeekEnd)
	case offset > 0:
		_, err = f.Seek(offset, io.SeekStart)
	}
	if err != nil {
		return 0, err
	}
	return io.Copy(f, r)
}

// plain takes the path of this computer out of an error that is sent to a
// client.
func plain(err error) error {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		return p.Err
	case errors.As(err, &l):
		return l.Err
	}
	return err
}

// code is the FTP reply code of a file error (RFC 959 section 4.2.2).
func ftpCode(err error) int {
	switch {
	case errors.Is(err, syscall.EFBIG), errors.Is(err, syscall.ENOSPC):
		return 552
	case errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrDeadlineExceeded),
		errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return 426
	}
	return 550
}
