package hostile

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/sftp"
	"guichet/services/files/transfer"
	"guichet/services/files/vfstest"
)

// Packets of draft-ietf-secsh-filexfer-02.
const (
	sshInit = 1 + iota
	sshVersion
	sshOpen
	sshClose
	sshRead
	sshWrite
	sshLstat
	sshFstat
	sshSetstat
	sshFsetstat
	sshOpendir
	sshReaddir
)

const (
	sshRealpath = 16
	sshStat     = 17
	sshStatus   = 101
	sshHandle   = 102
	sshData     = 103
	sshName     = 104
	sshAttrs    = 105
)

func u32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

func str(s string) []byte { return append(u32(uint32(len(s))), s...) }

// attrs are those of a file of size bytes, or of a folder if size is negative.
func attrs(size int64) []byte {
	mode := uint32(0o100644)
	if size < 0 {
		mode, size = 0o040755, 4096
	}
	b := u32(1 | 4) // size and mode
	b = binary.BigEndian.AppendUint64(b, uint64(size))
	return append(b, u32(mode)...)
}

// name is one entry of an answer to READDIR.
func name(n string, size int64) []byte {
	return append(append(str(n), str("-rw-r--r-- 1 a b 4 Jan 1 2020 "+n)...), attrs(size)...)
}

func names(n int, all []byte) []byte { return append(u32(uint32(n)), all...) }

// answer is what a server says to a request: a packet's type and body behind
// the id; 0: the usual.
type answer func(kind byte, body []byte) (byte, []byte)

// hostileSFTP starts an SSH server whose SFTP says what answer wants and
// otherwise that there is one empty folder, in which every name is a file of
// four bytes.
func hostileSFTP(t *testing.T, say answer) sftp.Params {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(private)
	require.NoError(t, err)
	config := &ssh.ServerConfig{PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, nil }}
	config.AddHostKey(signer)
	site := raw(t, func(c net.Conn) {
		_, channels, requests, err := ssh.NewServerConn(c, config)
		if err != nil {
			return
		}
		go ssh.DiscardRequests(requests)
		for ch := range channels {
			channel, in, err := ch.Accept()
			if err != nil {
				return
			}
			go func() {
				for r := range in {
					_ = r.Reply(r.Type == "subsystem", nil)
				}
			}()
			go serveSFTP(channel, say)
		}
	})
	site.Protocol = files.ProtocolSFTP
	trust := connect.NewTrust()
	require.NoError(t, trust.TrustHostKey(&connect.HostKeyQuestion{
		Host: site.Host, Port: site.Port, Type: signer.PublicKey().Type(), Fingerprint: ssh.FingerprintSHA256(signer.PublicKey()), Key: signer.PublicKey().Marshal(),
	}))
	return sftp.Params{Network: connect.New(connect.Params{Trust: trust}), Site: site, Password: password, KeyDir: t.TempDir(), AgentSocket: "none"}
}

func serveSFTP(c ssh.Channel, say answer) {
	defer c.Close()
	for {
		var head [5]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[:4])-1)
		if _, err := io.ReadFull(c, body); err != nil {
			return
		}
		kind, id := head[4], []byte(nil)
		if kind != sshInit {
			id, body = body[:4], body[4:]
		}
		k, b := say(kind, body)
		if k == 0 {
			k, b = usual(kind, body)
		}
		if kind == sshInit {
			id = nil
		}
		packet := append([]byte{k}, append(append([]byte(nil), id...), b...)...)
		if _, err := c.Write(append(u32(uint32(len(packet))), packet...)); err != nil {
			return
		}
	}
}

func status(code uint32) []byte { return append(append(u32(code), str("")...), str("")...) }

func usual(kind byte, body []byte) (byte, []byte) {
	switch kind {
	case sshInit:
		return sshVersion, u32(3)
	case sshRealpath:
		return sshName, names(1, name("/", -1))
	case sshStat, sshLstat:
		if p := string(body[4:]); p == "/" || p == "." || p == "" {
			return sshAttrs, attrs(-1)
		}
		return sshAttrs, attrs(4)
	case sshFstat:
		return sshAttrs, attrs(4)
	case sshOpen, sshOpendir:
		return sshHandle, str("h")
	case sshRead:
		offset := binary.BigEndian.Uint64(body[4+binary.BigEndian.Uint32(body):])
		if offset >= 4 {
			return sshStatus, status(1)
		}
		return sshData, str("evil"[offset:])
	case sshReaddir:
		return sshStatus, status(1)
	case sshClose, sshSetstat, sshFsetstat:
		return sshStatus, status(0)
	}
	return sshStatus, status(8)
}

func dialSFTP(t *testing.T, p sftp.Params) *sftp.FS {
	t.Helper()
	f, err := sftp.Dial(soon(t), p)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestNamesFromSFTP(t *testing.T) {
	var all []byte
	all = append(all, name("good", 4)...)
	for _, n := range ways {
		all = append(all, name(n, 4)...)
	}
	var given atomic.Int32
	f := dialSFTP(t, hostileSFTP(t, func(kind byte, _ []byte) (byte, []byte) {
		switch {
		case kind == sshOpendir:
			given.Store(0)
		case kind == sshReaddir && given.Add(1) == 1:
			return sshName, names(1+len(ways), all)
		}
		return 0, nil
	}))
	r, made := newBattlefield(t).attacked(f, nil)
	require.Contains(t, made, "good")
	require.NotZero(t, r.Unread)
}

// TestSFTPLies: packets that lie about lengths, counts and identities end in a
// fault and cost neither memory nor time.
func TestSFTPLies(t *testing.T) {
	list := func(ctx context.Context, f *sftp.FS) error {
		_, err := f.List(ctx, nil, func([]files.Entry) error { return nil })
		return err
	}
	read := func(ctx context.Context, f *sftp.FS) error { _, err := get(ctx, f, files.Path{"x"}); return err }
	for what, c := range map[string]struct {
		on   byte
		kind byte
		body []byte
		do   func(context.Context, *sftp.FS) error
	}{
		"more names than bytes":   {sshReaddir, sshName, names(1<<31-1, name("x", 4)), list},
		"a name longer than all":  {sshReaddir, sshName, append(u32(1), u32(1<<31)...), list},
		"data for names":          {sshReaddir, sshData, str("x"), list},
		"a handle without an end": {sshOpendir, sshHandle, u32(1 << 31), list},
		"a handle of a megabyte":  {sshOpendir, sshHandle, str(strings.Repeat("h", 1<<20)), list},
		"data longer than asked":  {sshRead, sshData, str(strings.Repeat("x", 200<<10)), read},
		"data longer than it is":  {sshRead, sshData, append(u32(1<<30), "short"...), read},
		"an unknown kind":         {sshRead, 250, []byte("x"), read},
		"names for data":          {sshRead, sshName, names(1, name("x", 4)), read},
		"OK for data":             {sshRead, sshStatus, status(0), read},
		"an empty answer":         {sshRead, sshData, nil, read},
		"no data for ever": {sshRead, sshData, str(""), func(ctx context.Context, f *sftp.FS) error {
			_, err := transfer.Copy(ctx, f, files.Path{"x"}, confined(t, t.TempDir()), files.Path{"x"}, transfer.Options{Tries: 1, NoTimes: true})
			return err
		}},
		"attributes without bytes": {sshLstat, sshAttrs, u32(0xffffffff), func(ctx context.Context, f *sftp.FS) error { _, err := f.Stat(ctx, files.Path{"x"}); return err }},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := dialSFTP(t, hostileSFTP(t, func(kind byte, _ []byte) (byte, []byte) {
				if kind == c.on {
					return c.kind, c.body
				}
				return 0, nil
			}))
			ctx := soon(t)
			ended(t, ctx, c.do(ctx, f))
		})
	}
}

// TestSFTPHugePacket: the length of a packet is not believed.
func TestSFTPHugePacket(t *testing.T) {
	for _, length := range []uint32{0, 1, 1 << 24, 1<<31 - 1, 1<<32 - 1} {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		require.NoError(t, err)
		signer, err := ssh.NewSignerFromKey(private)
		require.NoError(t, err)
		p := hostileSFTP(t, nil)
		config := &ssh.ServerConfig{PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, nil }}
		config.AddHostKey(signer)
		site := raw(t, func(c net.Conn) {
			_, channels, requests, err := ssh.NewServerConn(c, config)
			if err != nil {
				return
			}
			go ssh.DiscardRequests(requests)
			for ch := range channels {
				channel, in, err := ch.Accept()
				if err != nil {
					return
				}
				go func() {
					for r := range in {
						_ = r.Reply(r.Type == "subsystem", nil)
					}
				}()
				_, _ = channel.Write(append(u32(length), 2))
				_, _ = io.Copy(io.Discard, channel)
			}
		})
		site.Protocol = files.ProtocolSFTP
		trust := connect.NewTrust()
		require.NoError(t, trust.TrustHostKey(&connect.HostKeyQuestion{
			Host: site.Host, Port: site.Port, Type: signer.PublicKey().Type(), Fingerprint: ssh.FingerprintSHA256(signer.PublicKey()), Key: signer.PublicKey().Marshal(),
		}))
		p.Network, p.Site = connect.New(connect.Params{Trust: trust}), site
		ctx := soon(t)
		_, err = sftp.Dial(ctx, p)
		if length != 1 { // that one is only short: more may come
			ended(t, ctx, err)
		}
	}
}

// TestSFTPWithoutEnd: folders and files that never end.
func TestSFTPWithoutEnd(t *testing.T) {
	var page []byte
	for range 500 {
		page = append(page, name("x", 4)...)
	}
	f := dialSFTP(t, hostileSFTP(t, func(kind byte, body []byte) (byte, []byte) {
		switch kind {
		case sshReaddir:
			return sshName, names(500, page)
		case sshRead: // as much as is asked for, always
			return sshData, str(strings.Repeat("x", min(256<<10, int(binary.BigEndian.Uint32(body[len(body)-4:])))))
		}
		return 0, nil
	}))
	ctx := longer(t)
	_, err := f.List(ctx, nil, func([]files.Entry) error { return nil })
	ended(t, ctx, err)
	require.True(t, fault.Is(err, fault.TooBig), "%v", err)

	// A file said to have four bytes: no more of it is stored than the disk and
	// the person can bear.
	dir := t.TempDir()
	ctx = soon(t)
	_, err = transfer.Copy(ctx, f, files.Path{"x"}, confined(t, dir), files.Path{"x"}, transfer.Options{Tries: 1, NoTimes: true})
	ended(t, ctx, err)
	require.NoFileExists(t, dir+"/x")
}

// TestSFTPHostKey: an unknown key is asked about, a changed one is an attack,
// and nothing is sent before.
func TestSFTPHostKey(t *testing.T) {
	var logins atomic.Int32
	start := func() *vfstest.SSHServer {
		return vfstest.StartSSH(t, t.TempDir(), func(s *vfstest.SSHServer) { s.Logins = func(string) { logins.Add(1) } })
	}
	a, b := start(), start()
	trust := connect.NewTrust()
	p := sftp.Params{
		Network: connect.New(connect.Params{Trust: trust}), Password: password, KeyDir: t.TempDir(), AgentSocket: "none",
		Site: files.Site{Protocol: files.ProtocolSFTP, Host: "127.0.0.1", Port: a.Port, User: vfstest.User},
	}
	_, err := sftp.Dial(soon(t), p)
	var fa *fault.Fault
	require.True(t, errors.As(err, &fa))
	require.Equal(t, fault.CheckUnknownKey, fa.Check)
	question, ok := fa.Question.(*connect.HostKeyQuestion)
	require.True(t, ok)
	question.Port = b.Port
	require.NoError(t, trust.TrustHostKey(question))
	p.Site.Port = b.Port
	_, err = sftp.Dial(soon(t), p)
	require.True(t, errors.As(err, &fa))
	require.Equal(t, fault.CheckChangedKey, fa.Check, "%v", err)
	require.Zero(t, logins.Load(), "no login was tried")
}
