//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// relay passes on what it gets after a while, so that a server on this computer
// is as far away as one in the world. An FTP server's passive ports get relays
// of their own.
func relay(ctx context.Context, to string, delay time.Duration, ftp bool) (port string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	context.AfterFunc(ctx, func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go join(ctx, in, to, delay, ftp)
		}
	}()
	_, port, err = net.SplitHostPort(l.Addr().String())
	return port, err
}

func join(ctx context.Context, in net.Conn, to string, delay time.Duration, ftp bool) {
	defer in.Close()
	time.Sleep(2 * delay) // a connection costs a round trip
	out, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer out.Close()
	done := make(chan struct{})
	go func() {
		late(out, in, delay)
		close(done)
	}()
	var back io.Reader = out
	if ftp {
		back = passive(ctx, out, delay)
	}
	late(in, back, delay)
	<-done
}

// late copies with a delay; the rate has no bound.
func late(to net.Conn, from io.Reader, delay time.Duration) {
	type block struct {
		at   time.Time
		data []byte
	}
	line := make(chan block, 4096)
	go func() {
		defer close(line)
		for {
			b := make([]byte, 64<<10)
			n, err := from.Read(b)
			if n > 0 {
				line <- block{time.Now().Add(delay), b[:n]}
			}
			if err != nil {
				return
			}
		}
	}()
	for b := range line {
		time.Sleep(time.Until(b.at))
		if _, err := to.Write(b.data); err != nil {
			to.Close()
			for range line { // let the reader end
			}
			return
		}
	}
	if c, ok := to.(*net.TCPConn); ok {
		c.CloseWrite() //nolint:errcheck // it may be gone
	}
}

var (
	extended = regexp.MustCompile(`^229 .*\(\|\|\|(\d+)\|\)`)
	plain    = regexp.MustCompile(`^227 .*?(\d+),(\d+),(\d+),(\d+),(\d+),(\d+)`)
)

// passive rewrites the answers that name a data port (RFC 959, RFC 2428).
func passive(ctx context.Context, from io.Reader, delay time.Duration) io.Reader {
	r, w := io.Pipe()
	go func() {
		lines := bufio.NewReader(from)
		for {
			text, err := lines.ReadString('\n')
			port := ""
			if m := extended.FindStringSubmatch(text); m != nil {
				port = m[1]
			} else if m := plain.FindStringSubmatch(text); m != nil {
				high, _ := strconv.Atoi(m[5])
				low, _ := strconv.Atoi(m[6])
				port = strconv.Itoa(high<<8 + low)
			}
			if port != "" {
				if mine, rerr := relay(ctx, "127.0.0.1:"+port, delay, false); rerr == nil {
					if strings.HasPrefix(text, "229") {
						text = fmt.Sprintf("229 Extended passive mode (|||%s|)\r\n", mine)
					} else {
						n, _ := strconv.Atoi(mine)
						text = fmt.Sprintf("227 Passive mode (127,0,0,1,%d,%d)\r\n", n>>8, n&255)
					}
				}
			}
			if _, werr := io.WriteString(w, text); werr != nil {
				return
			}
			if err != nil {
				w.CloseWithError(err)
				return
			}
		}
	}()
	return r
}
