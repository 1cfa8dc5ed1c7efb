// Command smoketest starts the real window on the demo, uses it as a person
// would, and asks the servers whether everything has arrived.
//
//	smoketest build/guichet Xvfb_screen0 FOLDER-FOR-PICTURES
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/emersion/go-imap"
	"github.com/emersion/go-imap/client"
	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"guichet/scripts/internal/drive"
)

// patience is how long each result may take; a mail waits ten seconds for an
// Undo before it leaves.
const patience = 90 * time.Second

// primary is the colour of a view's one primary button, in the light theme.
var primary = color.RGBA{R: 0x17, G: 0x69, B: 0x8a, A: 0xff}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: smoketest PROGRAM SCREEN FOLDER")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "smoketest:", err)
		os.Exit(1)
	}
}

type test struct {
	*drive.App
	pictures string
	dir      string // of this computer, with a file to upload
	token    string // in everything that this run makes
}

func run(ctx context.Context, program, screen, pictures string) error {
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "guichet-smoke-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	app, err := drive.Start(ctx, drive.Params{Program: program, Screen: screen, Args: []string{"--lang", "en"}, Env: []string{"FYNE_THEME=light"}})
	if err != nil {
		return err
	}
	t := &test{App: app, pictures: pictures, dir: dir, token: fmt.Sprintf("smoke-%d", time.Now().UnixNano())}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"tabs", t.tabs}, {"web", t.web}, {"mail", t.mail}, {"files", t.files}, {"privacy", t.privacy},
	} {
		begin := time.Now()
		err := step.do()
		shot := filepath.Join(pictures, "smoke-"+step.name+".png")
		if err != nil {
			return errors.Join(fmt.Errorf("%s (see %s): %w\n%s", step.name, shot, err, t.Log()), t.Picture(shot), t.Kill())
		}
		if err := t.Picture(shot); err != nil {
			return errors.Join(err, t.Kill())
		}
		fmt.Printf("ok  %-8s %.1f s\n", step.name, time.Since(begin).Seconds())
	}
	return t.Quit()
}

// tabs visits all five and expects a different picture of each.
func (t *test) tabs() error {
	seen := map[string]string{}
	for _, key := range []string{"ctrl+1", "ctrl+2", "ctrl+3", "ctrl+4", "ctrl+comma"} {
		if err := t.Key(key); err != nil {
			return err
		}
		t.Settle()
		img, err := t.Screen()
		if err != nil {
			return err
		}
		// Without the rail, which marks the tab.
		var pix strings.Builder
		for y := range img.Rect.Dy() {
			pix.Write(img.Pix[img.PixOffset(90, y):img.PixOffset(img.Rect.Dx()-1, y)])
		}
		if other := seen[pix.String()]; other != "" {
			return fmt.Errorf("%s shows the same as %s", key, other)
		}
		seen[pix.String()] = key
	}
	return nil
}

// httpClient trusts the demo.
func (t *test) httpClient() (*http.Client, *tls.Config, error) {
	pem, err := os.ReadFile(t.Info.CA)
	if err != nil {
		return nil, nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, nil, errors.New("no certificate in the demo's CA file")
	}
	cfg := &tls.Config{RootCAs: pool}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: cfg}, Timeout: 10 * time.Second}, cfg, nil
}

// hits asks the web server how often a path was fetched.
func (t *test) hits(path string) (n int, err error) {
	c, _, err := t.httpClient()
	if err != nil {
		return 0, err
	}
	resp, err := c.Get(t.Info.HTTP + "hits?path=" + path)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = fmt.Fscan(resp.Body, &n)
	return n, err
}

// web types an address; the page and the picture in it are fetched, over TLS.
func (t *test) web() error {
	if err := t.Key("ctrl+1"); err != nil {
		return err
	}
	if err := t.Go(t.Info.HTTPS + "en/comet.html"); err != nil {
		return err
	}
	for _, path := range []string{"/en/comet.html", "/pictures/comet.jpg"} {
		err := t.Until(patience, path, func() error {
			n, err := t.hits(path)
			if err == nil && n == 0 {
				err = errors.New("never fetched")
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	t.Settle()
	return nil
}

// mail writes to its own address, and finds the mail in the inbox and in Sent.
func (t *test) mail() error {
	if err := t.Go("mailto:" + t.Info.User + "?subject=" + t.token + "&body=Hello%20me"); err != nil {
		return err
	}
	err := t.Until(patience, "the button Send", func() error {
		at, err := t.Find(primary, 1000)
		if err != nil {
			return err
		}
		return t.Click(at)
	})
	if err != nil {
		return err
	}
	for _, mailbox := range []string{"INBOX", "Sent"} {
		if err := t.Until(patience, "the mail in "+mailbox, func() error { return t.inMailbox(mailbox) }); err != nil {
			return err
		}
	}
	return nil
}

func (t *test) inMailbox(mailbox string) error {
	_, cfg, err := t.httpClient()
	if err != nil {
		return err
	}
	c, err := client.DialTLS(hostPort(t.Info.IMAPS), cfg)
	if err != nil {
		return err
	}
	defer c.Terminate()
	c.ErrorLog = log.New(io.Discard, "", 0) // it calls our own Terminate an error
	c.Timeout = 10 * time.Second
	if err := c.Login(t.Info.User, t.Info.Password); err != nil {
		return err
	}
	if _, err := c.Select(mailbox, true); err != nil {
		return err
	}
	criteria := imap.NewSearchCriteria()
	criteria.Header.Add("Subject", t.token)
	found, err := c.UidSearch(criteria)
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%d of them", len(found))
	}
	return err
}

func hostPort(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	return strings.TrimSuffix(rest, "/")
}

// files opens the server and a folder of this computer, and sends a file over.
func (t *test) files() error {
	name := t.token + ".txt"
	if err := os.WriteFile(filepath.Join(t.dir, name), []byte(t.token+"\n"), 0o644); err != nil {
		return err
	}
	if err := t.Key("ctrl+3"); err != nil {
		return err
	}
	before, err := t.Screen()
	if err != nil {
		return err
	}
	if err := t.Go(t.Info.SFTP + "concerts/2026-07/"); err != nil {
		return err
	}
	err = t.Until(patience, "the server's folder", func() error {
		now, err := t.Screen()
		if err == nil && rightHalf(before) == rightHalf(now) {
			err = errors.New("the right side has not changed")
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := t.Go(t.dir); err != nil {
		return err
	}
	t.Settle()
	tries := 0
	return t.Until(patience, "the file on the server", func() error {
		data, err := t.remote("concerts/2026-07/" + name)
		if err == nil {
			if data != t.token+"\n" {
				return fmt.Errorf("it holds %q", data)
			}
			return nil
		}
		// The only row on the left, a little lower each time, then the button in
		// the middle.
		tries++
		if clickErr := t.Click(image.Pt(200, 175+10*(tries%4))); clickErr != nil {
			return clickErr
		}
		at, findErr := t.Find(primary, 1000)
		if findErr != nil {
			return findErr
		}
		return errors.Join(err, t.Click(at))
	})
}

func rightHalf(img *image.RGBA) string {
	var pix strings.Builder
	w := img.Rect.Dx()
	for y := 60; y < img.Rect.Dy()*2/3; y++ {
		pix.Write(img.Pix[img.PixOffset(w*2/3, y):img.PixOffset(w-1, y)])
	}
	return pix.String()
}

// remote reads a file of the demo's SFTP server.
func (t *test) remote(name string) (string, error) {
	check, err := knownhosts.New(t.Info.KnownHosts)
	if err != nil {
		return "", err
	}
	conn, err := ssh.Dial("tcp", hostPort(t.Info.SFTP), &ssh.ClientConfig{
		User: t.Info.User, Auth: []ssh.AuthMethod{ssh.Password(t.Info.Password)}, HostKeyCallback: check, Timeout: 10 * time.Second,
	})
	if err != nil {
		return "", err
	}
	defer conn.Close()
	c, err := sftp.NewClient(conn)
	if err != nil {
		return "", err
	}
	defer c.Close()
	f, err := c.Open("/" + name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	return string(data), err
}

// privacy reads mails with trackers in them; none of those may have been
// fetched.
func (t *test) privacy() error {
	if err := t.Key("ctrl+2"); err != nil {
		return err
	}
	for range 6 {
		if err := t.Key("Down"); err != nil {
			return err
		}
	}
	n, err := t.hits("/track/")
	if err == nil && n > 0 {
		err = fmt.Errorf("%d trackers were fetched", n)
	}
	return err
}
