package demo

import (
	"bytes"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jlaffaye/ftp"
	"github.com/pkg/sftp"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

func dialFTP(t *testing.T, d *Demo, opts ...ftp.DialOption) *ftp.ServerConn {
	t.Helper()
	opts = append([]ftp.DialOption{ftp.DialWithExplicitTLS(trust(t, d)), ftp.DialWithTimeout(10 * time.Second)}, opts...)
	c, err := ftp.Dial(address(d.Info().FTPES), opts...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Quit() })
	require.NoError(t, c.Login(User, Password))
	return c
}

func TestFTPTransfersOverTLS(t *testing.T) {
	for name, opts := range map[string][]ftp.DialOption{"EPSV": nil, "PASV": {ftp.DialWithDisabledEPSV(true)}} {
		t.Run(name, func(t *testing.T) {
			c := dialFTP(t, start(t, Params{}), opts...)
			payload := bytes.Repeat([]byte("0123456789"), 20000)
			require.NoError(t, c.Stor("inbox from members/up.bin", bytes.NewReader(payload)))
			size, err := c.FileSize("inbox from members/up.bin")
			require.NoError(t, err)
			require.Equal(t, int64(len(payload)), size)
			r, err := c.RetrFrom("inbox from members/up.bin", 100000)
			require.NoError(t, err)
			got, err := io.ReadAll(r)
			require.NoError(t, err)
			require.NoError(t, r.Close())
			require.Equal(t, payload[100000:], got)

			at := time.Date(2024, 2, 29, 12, 30, 0, 0, time.UTC)
			require.NoError(t, c.SetTime("inbox from members/up.bin", at))
			got2, err := c.GetTime("inbox from members/up.bin")
			require.NoError(t, err)
			require.True(t, at.Equal(got2))
		})
	}
}

func TestFTPRestWritesAtThePlace(t *testing.T) {
	c := dialFTP(t, start(t, Params{}))
	require.NoError(t, c.Stor("/a.txt", strings.NewReader("0123456789")))
	require.NoError(t, c.StorFrom("/a.txt", strings.NewReader("abc"), 5))
	require.NoError(t, c.Append("/a.txt", strings.NewReader("!")))
	r, err := c.Retr("/a.txt")
	require.NoError(t, err)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.Equal(t, "01234abc89!", string(got))
}

func TestFTPListsInUTC(t *testing.T) {
	d := start(t, Params{})
	c := dialFTP(t, d)
	require.NoError(t, c.ChangeDir("/odd names"))
	entries, err := c.List("")
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name)
		if e.Name == "empty.txt" {
			info, err := d.root.Stat("odd names/empty.txt")
			require.NoError(t, err)
			require.True(t, info.ModTime().Equal(e.Time), "%s, %s", info.ModTime(), e.Time)
		}
	}
	require.Contains(t, names, "日本語のファイル.txt")
	require.Contains(t, names, "caf\u00e9.txt")
	require.Contains(t, names, "cafe\u0301.txt")
}

func TestFTPFolders(t *testing.T) {
	c := dialFTP(t, start(t, Params{}))
	require.NoError(t, c.MakeDir("/new"))
	require.NoError(t, c.Stor("/new/x", strings.NewReader("x")))
	require.Error(t, c.RemoveDir("/new"), "not empty")
	require.Error(t, c.Delete("/new"), "not a file")
	require.NoError(t, c.Rename("/new/x", "/new/y"))
	require.NoError(t, c.Delete("/new/y"))
	require.NoError(t, c.RemoveDir("/new"))
	dir, err := c.CurrentDir()
	require.NoError(t, err)
	require.Equal(t, "/", dir, "removing a folder moves nobody")
	require.Error(t, c.Stor("/nowhere/x", strings.NewReader("x")))
	_, err = c.Retr("/../../../etc/hostname")
	require.Error(t, err)
}

// ftpTalk sends raw command lines and gives the replies' first lines.
func ftpTalk(t *testing.T, c net.Conn, lines ...string) []string {
	t.Helper()
	require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
	buf := make([]byte, 4096)
	var replies []string
	read := func() {
		n, err := c.Read(buf)
		require.NoError(t, err)
		replies = append(replies, string(buf[:n]))
	}
	read()
	for _, line := range lines {
		_, err := io.WriteString(c, line+"\r\n")
		require.NoError(t, err)
		read()
	}
	return replies
}

func TestFTPOddCommandsDoNoHarm(t *testing.T) {
	d := start(t, Params{})
	c, err := net.Dial("tcp", address(d.Info().FTP))
	require.NoError(t, err)
	defer c.Close()
	replies := ftpTalk(t, c, "FEAT", "USER anna", "PASS "+Password, "PORT 1", "PORT 10,0,0,1,0,22", "EPRT x", "LPRT 4", "OPTS  ", "SITE CHMOD",
		"REST -1", "PROT P", "RMD /", "DELE /", "MFMT x y", "RNTO x", "STAT", "RETR README.txt", "NOOP")
	require.Contains(t, replies[1], "MFMT\r\n")
	require.True(t, strings.HasSuffix(replies[1], "211 End\r\n"))
	require.Contains(t, replies[3], "230")
	for i, reply := range replies[4 : len(replies)-1] {
		require.Contains(t, []string{"4", "5"}, reply[:1], "%d: %s", i, reply)
	}
	require.Contains(t, replies[len(replies)-1], "200")
}

func TestFTPRefusesCommandsBeforeTheHandshake(t *testing.T) {
	d := start(t, Params{})
	c, err := net.Dial("tcp", address(d.Info().FTP))
	require.NoError(t, err)
	defer c.Close()
	_ = ftpTalk(t, c, "AUTH TLS\r\nUSER anna")
	require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.Copy(io.Discard, c)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the session ends")
}

func dialSFTP(t *testing.T, d *Demo) *sftp.Client {
	t.Helper()
	check, err := knownhosts.New(d.Info().KnownHosts)
	require.NoError(t, err)
	conn, err := ssh.Dial("tcp", address(d.Info().SFTP), &ssh.ClientConfig{
		User: User, Auth: []ssh.AuthMethod{ssh.Password(Password)}, HostKeyCallback: check, Timeout: 10 * time.Second,
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	c, err := sftp.NewClient(conn)
	require.NoError(t, err)
	return c
}

func TestSFTP(t *testing.T) {
	c := dialSFTP(t, start(t, Params{}))
	files := 0
	for w := c.Walk("/"); w.Step(); {
		require.NoError(t, w.Err())
		if !w.Stat().IsDir() {
			files++
		}
	}
	require.Greater(t, files, 110)
	require.NoError(t, c.MkdirAll("/up/load"))
	f, err := c.Create("/up/load/x.bin")
	require.NoError(t, err)
	payload := bytes.Repeat([]byte{1, 2, 3}, 100000)
	_, err = f.ReadFromWithConcurrency(bytes.NewReader(payload), 8)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	at := time.Unix(1700000000, 0)
	require.NoError(t, c.Chtimes("/up/load/x.bin", at, at))
	require.NoError(t, c.Chmod("/up/load/x.bin", 0o640))
	info, err := c.Stat("/up/load/x.bin")
	require.NoError(t, err)
	require.True(t, at.Equal(info.ModTime()))
	require.Equal(t, fs.FileMode(0o640), info.Mode())
	require.Equal(t, int64(len(payload)), info.Size())

	require.Error(t, c.Rename("/README.txt", "/members.csv"), "plain rename never replaces")
	require.NoError(t, c.PosixRename("/README.txt", "/members.csv"))
	require.ErrorIs(t, c.Remove("/README.txt"), fs.ErrNotExist)
	require.Error(t, c.RemoveDirectory("/up"), "not empty")
	require.Error(t, c.Symlink("/etc/passwd", "/link"))
	_, err = c.Open("/up")
	require.Error(t, err)
}

func TestSSHOffersNothingButSFTP(t *testing.T) {
	d := start(t, Params{})
	conf := &ssh.ClientConfig{User: "anna", Auth: []ssh.AuthMethod{ssh.Password(Password)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 10 * time.Second}
	conn, err := ssh.Dial("tcp", address(d.Info().SFTP), conf)
	require.NoError(t, err)
	defer conn.Close()
	sess, err := conn.NewSession()
	require.NoError(t, err)
	require.Error(t, sess.Run("id"))
	_, err = conn.Dial("tcp", "127.0.0.1:22")
	require.Error(t, err)
	conf.Auth = []ssh.AuthMethod{ssh.Password("wrong")}
	_, err = ssh.Dial("tcp", address(d.Info().SFTP), conf)
	require.Error(t, err)
}

func TestDAV(t *testing.T) {
	d := start(t, Params{})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trust(t, d)}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	base := strings.Replace(d.Info().DAV, "davs://", "https://", 1)
	do := func(method, p, body string, header ...string) (int, string, http.Header) {
		req, err := http.NewRequest(method, base+p, strings.NewReader(body))
		require.NoError(t, err)
		req.SetBasicAuth(User, Password)
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := client.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(data), resp.Header
	}
	resp, err := client.Get(base)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusUnauthorized, resp.StatusCode)

	status, body, _ := do("PROPFIND", "concerts/2026-07/", "", "Depth", "1")
	require.Equal(t, http.StatusMultiStatus, status)
	require.Contains(t, body, "programme.pdf")
	status, _, _ = do("PUT", "up.txt", "hello", "X-OC-Mtime", "1700000000")
	require.Equal(t, http.StatusCreated, status)
	status, body, header := do("GET", "up.txt", "", "Range", "bytes=1-2")
	require.Equal(t, http.StatusPartialContent, status)
	require.Equal(t, "el", body)
	require.Equal(t, time.Unix(1700000000, 0).UTC().Format(http.TimeFormat), header.Get("Last-Modified"))
	status, _, _ = do("PUT", "up.txt", "again", "If-None-Match", "*")
	require.Equal(t, http.StatusPreconditionFailed, status)
	status, _, _ = do("PUT", "up.txt", "again", "If-Match", `"other"`)
	require.Equal(t, http.StatusPreconditionFailed, status)
	status, _, _ = do("PUT", "up.txt", "again", "If-Match", header.Get("ETag"))
	require.Equal(t, http.StatusCreated, status)
	status, _, _ = do("MOVE", "up.txt", "", "Destination", base+"moved.txt")
	require.Equal(t, http.StatusCreated, status)
	status, _, _ = do("DELETE", "concerts", "")
	require.Equal(t, http.StatusNoContent, status)
	status, _, _ = do("DELETE", "", "")
	require.NotEqual(t, http.StatusNoContent, status, "the root stays")
}

func TestTreeIsPromised(t *testing.T) {
	d := start(t, Params{})
	count := 0
	require.NoError(t, fs.WalkDir(d.root.FS(), ".", func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			count++
		}
		return err
	}))
	require.InDelta(t, 125, count, 15)
	info, err := d.root.Stat("concerts/2026-07/finale.mp4")
	require.NoError(t, err)
	require.Equal(t, int64(bigFile), info.Size())
	require.True(t, slices.Contains(scenes, "choir"))
}

func TestFileLimit(t *testing.T) {
	d := start(t, Params{})
	s := store{d.root}
	f, err := s.open("/big", os.O_WRONLY|os.O_CREATE)
	require.NoError(t, err)
	defer f.Close()
	_, err = f.WriteAt([]byte("xx"), maxFile-1)
	require.Error(t, err)
	require.Error(t, f.Truncate(maxFile+1))
	_, err = f.Seek(maxFile-1, io.SeekStart)
	require.NoError(t, err)
	_, err = io.Copy(f, strings.NewReader("xx"))
	require.Error(t, err)
}
