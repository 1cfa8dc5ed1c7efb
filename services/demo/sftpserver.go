package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"guichet/services/task"
)

const (
	sshHandshake = 20 * time.Second
	sshIdle      = 10 * time.Minute
	sshChannels  = 8 // open at once in one connection
)

// serveSFTP starts an SSH server whose only service is SFTP on the file tree.
func (d *Demo) serveSFTP(ip string, lim limits, id *identity) error {
	l, err := d.listen(ip, lim)
	if err != nil {
		return err
	}
	d.info.SFTP = serverURL("sftp", l)
	line := knownhosts.Line([]string{
		knownhosts.Normalize(l.Addr().String()),
		knownhosts.Normalize(net.JoinHostPort("localhost", port(l))),
	}, id.hostKey.PublicKey())
	if err := os.WriteFile(d.info.KnownHosts, []byte(line+"\n"), 0o644); err != nil {
		return err
	}
	cfg := &ssh.ServerConfig{
		MaxAuthTries:  3,
		ServerVersion: "SSH-2.0-GuichetDemo",
		PasswordCallback: func(c ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if !checkLogin(c.User(), string(password)) {
				return nil, errors.New("wrong name or password")
			}
			return nil, nil
		},
	}
	cfg.AddHostKey(id.hostKey)
	d.serve("sftp", l, func(net.Listener) error {
		for {
			c, err := l.Accept()
			if err != nil {
				return err
			}
			d.group.Go("demo sftp connection", func(context.Context) { d.serveSSH(c.(*conn), cfg) })
		}
	})
	return nil
}

// serveSSH runs one SSH connection to its end.
func (d *Demo) serveSSH(c *conn, cfg *ssh.ServerConfig) {
	defer c.Close()
	c.idle = sshIdle
	late := time.AfterFunc(sshHandshake, func() { _ = c.Close() }) // login included
	conn, channels, requests, err := ssh.NewServerConn(c, cfg)
	if err != nil {
		quiet{"sftp"}.Printf("handshake: %v", err)
		return
	}
	late.Stop()
	defer conn.Close()
	g := d.group.Child()
	defer g.Cancel()
	g.Go("demo sftp requests", func(context.Context) {
		for r := range requests { // keep-alives and port forwarding, which is refused
			if r.WantReply {
				_ = r.Reply(false, nil) // a broken connection ends the loop
			}
		}
	})
	free := make(chan struct{}, sshChannels)
	for ch := range channels {
		select {
		case free <- struct{}{}:
		default:
			_ = ch.Reject(ssh.ResourceShortage, "too many channels")
			continue
		}
		if ch.ChannelType() != "session" {
			_ = ch.Reject(ssh.UnknownChannelType, "only SFTP")
			<-free
			continue
		}
		channel, requests, err := ch.Accept()
		if err != nil {
			<-free
			continue
		}
		d.serveChannel(g, channel, requests, func() { <-free })
	}
}

// serveChannel waits for the client to ask for SFTP and serves it; shells and
// commands are refused.
func (d *Demo) serveChannel(g *task.Group, channel ssh.Channel, requests <-chan *ssh.Request, done func()) {
	g.Go("demo sftp channel", func(context.Context) {
		defer done()
		defer channel.Close()
		started := false
		for r := range requests {
			ok := r.Type == "subsystem" && len(r.Payload) > 4 && string(r.Payload[4:]) == "sftp" && !started
			if r.WantReply {
				if err := r.Reply(ok, nil); err != nil {
					return
				}
			}
			if !ok {
				continue
			}
			started = true
			h := &sftpHandler{store{d.root}}
			srv := sftp.NewRequestServer(channel, sftp.Handlers{FileGet: h, FilePut: h, FileCmd: h, FileList: h})
			g.Go("demo sftp session", func(context.Context) {
				defer channel.Close() // ends the loop over requests above
				if err := srv.Serve(); err != nil && !errors.Is(err, io.EOF) {
					quiet{"sftp"}.Printf("session: %v", err)
				}
			})
		}
	})
}

// sftpHandler answers SFTP requests (draft-ietf-secsh-filexfer-02) from the
// store.
type sftpHandler struct{ store }

// sftpError keeps the kind of an error and drops this computer's paths.
func sftpError(err error) error {
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return sftp.ErrSSHFxNoSuchFile
	case errors.Is(err, fs.ErrPermission):
		return sftp.ErrSSHFxPermissionDenied
	}
	return plain(err)
}

// Fileread opens a file for reading.
func (h *sftpHandler) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	f, err := h.open(r.Filepath, os.O_RDONLY)
	if err != nil {
		return nil, sftpError(err)
	}
	if info, err := f.Stat(); err != nil || info.IsDir() {
		_ = f.Close() // read-only, nothing to lose
		return nil, sftpError(errors.Join(err, syscall.EISDIR))
	}
	return f, nil
}

// Filewrite opens a file for writing.
func (h *sftpHandler) Filewrite(r *sftp.Request) (io.WriterAt, error) { return h.OpenFile(r) }

// OpenFile opens a file as the client's flags say.
func (h *sftpHandler) OpenFile(r *sftp.Request) (sftp.WriterAtReaderAt, error) {
	flags := r.Pflags()
	mode := os.O_WRONLY
	if flags.Read {
		mode = os.O_RDWR
	}
	if flags.Creat {
		mode |= os.O_CREATE
	}
	if flags.Trunc {
		mode |= os.O_TRUNC
	}
	if flags.Excl {
		mode |= os.O_EXCL
	}
	f, err := h.open(r.Filepath, mode)
	if err != nil {
		return nil, sftpError(err)
	}
	return f, nil
}

// Filecmd changes names and attributes.
func (h *sftpHandler) Filecmd(r *sftp.Request) error {
	switch r.Method {
	case "Setstat":
		return sftpError(h.setstat(r))
	case "Rename":
		return sftpError(h.rename(r.Filepath, r.Target, false))
	case "Rmdir":
		return sftpError(h.remove(r.Filepath, true))
	case "Remove":
		return sftpError(h.remove(r.Filepath, false))
	case "Mkdir":
		return sftpError(h.mkdir(r.Filepath))
	}
	return sftp.ErrSSHFxOpUnsupported
}

// PosixRename renames over an existing file (posix-rename@openssh.com).
func (h *sftpHandler) PosixRename(r *sftp.Request) error {
	return sftpError(h.rename(r.Filepath, r.Target, true))
}

func (h *sftpHandler) setstat(r *sftp.Request) error {
	flags, attrs := r.AttrFlags(), r.Attributes()
	if flags.Size {
		f, err := h.open(r.Filepath, os.O_WRONLY)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Truncate(int64(min(attrs.Size, maxFile+1))), f.Close()); err != nil {
			return err
		}
	}
	if flags.Permissions {
		if err := h.chmod(r.Filepath, attrs.FileMode()); err != nil {
			return err
		}
	}
	if flags.Acmodtime {
		return h.chtimes(r.Filepath, time.Unix(int64(attrs.Mtime), 0))
	}
	return nil
}

// infos is a listing as the library reads it, in slices.
type infos []fs.FileInfo

// ListAt copies entries from position at on.
func (l infos) ListAt(out []fs.FileInfo, at int64) (int, error) {
	if at >= int64(len(l)) {
		return 0, io.EOF
	}
	n := copy(out, l[at:])
	if n < len(out) {
		return n, io.EOF
	}
	return n, nil
}

// Filelist lists a folder or describes one file.
func (h *sftpHandler) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	switch r.Method {
	case "List":
		l, err := h.list(r.Filepath)
		return infos(l), sftpError(err)
	case "Stat":
		info, err := h.stat(r.Filepath)
		return infos{info}, sftpError(err)
	}
	return nil, fmt.Errorf("%s: %w", r.Method, sftp.ErrSSHFxOpUnsupported)
}

// LookupUserName names the owner in the long form of a listing.
func (h *sftpHandler) LookupUserName(string) string { return "anna" }

// LookupGroupName names the group in the long form of a listing.
func (h *sftpHandler) LookupGroupName(string) string { return "anna" }
