package ftpcases

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// script is what a server does differently from a plain one.
type script struct {
	files   map[string]string        // by name; folders do not matter
	replies map[string]string        // by verb, "welcome" for the banner: sent as it is, with a line end
	counts  map[string]int           // how often a reply of replies is used; then the usual one
	delays  map[string]time.Duration // before the reply to a verb
	endless string                   // the verb that is answered with a reply that never ends
	cut     string                   // the verb at which the control connection is closed
	slow    time.Duration            // between the bytes of replies
	trickle time.Duration            // between the bytes of data
	badIP   bool                     // PASV names another host
	deadEP  bool                     // EPSV names a port at which nobody listens
	weird   bool                     // 150 and 226 in one go, before the data (curl's RETRWEIRDO)
	cutData int                      // close the data connection after that many bytes, yet say 226
	listing string
	noREST  bool
}

// server is a scripted FTP server that speaks clear text.
type server struct {
	script
	t    *testing.T
	ln   net.Listener
	done chan struct{}

	mu       sync.Mutex
	commands []string
	conns    []net.Conn
}

// start starts a server that ends with the test.
func start(t *testing.T, sc script) *server {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{script: sc, t: t, ln: ln, done: make(chan struct{})}
	if s.files == nil {
		s.files = map[string]string{}
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			s.keep(c)
			wg.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		close(s.done)
		_ = ln.Close()
		s.mu.Lock()
		for _, c := range s.conns {
			_ = c.Close()
		}
		s.mu.Unlock()
		wg.Wait()
	})
	return s
}

func (s *server) port() int { return s.ln.Addr().(*net.TCPAddr).Port }

func (s *server) keep(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, c)
}

// sent gives the commands that came, those of a verb or all.
func (s *server) sent(verb string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, c := range s.commands {
		if v, _, _ := strings.Cut(c, " "); verb == "" || v == verb {
			out = append(out, c)
		}
	}
	return out
}

func (s *server) file(name string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, ok := s.files[name[strings.LastIndexByte(name, '/')+1:]]
	return text, ok
}

func (s *server) setFile(name, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[name[strings.LastIndexByte(name, '/')+1:]] = text
}

// pause waits, but not longer than the test.
func (s *server) pause(d time.Duration) bool {
	if d == 0 {
		return true
	}
	select {
	case <-time.After(d):
		return true
	case <-s.done:
		return false
	}
}

// write writes text, byte by byte if gap is not 0.
func (s *server) write(w io.Writer, text string, gap time.Duration) bool {
	if gap == 0 {
		_, err := io.WriteString(w, text)
		return err == nil
	}
	for i := range len(text) {
		if _, err := io.WriteString(w, text[i:i+1]); err != nil || !s.pause(gap) {
			return false
		}
	}
	return true
}

// session is one control connection.
type session struct {
	*server
	c       net.Conn
	passive net.Listener
	rest    int
}

func (s *server) serve(c net.Conn) {
	defer c.Close()
	ss := &session{server: s, c: c}
	defer ss.close()
	welcome, ok := s.replies["welcome"]
	if !ok {
		welcome = "220 scripted"
	}
	if !ss.reply("%s", welcome) {
		return
	}
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, arg, _ := strings.Cut(line, " ")
		s.mu.Lock()
		s.commands = append(s.commands, line)
		text, scripted := s.replies[verb]
		if n, counted := s.counts[verb]; counted && scripted {
			if scripted = n > 0; scripted {
				s.counts[verb] = n - 1
			}
		}
		s.mu.Unlock()
		if !s.pause(s.delays[verb]) || verb == s.cut {
			return
		}
		switch {
		case verb == s.endless:
			for s.write(c, "250-"+strings.Repeat("and on ", 100)+"\r\n", 0) {
			}
			return
		case scripted:
			if !ss.reply("%s", text) {
				return
			}
		case !ss.handle(verb, arg):
			return
		}
	}
}

func (ss *session) reply(format string, args ...any) bool {
	return ss.write(ss.c, fmt.Sprintf(format, args...)+"\r\n", ss.slow)
}

func (ss *session) close() {
	if ss.passive != nil {
		_ = ss.passive.Close()
		ss.passive = nil
	}
}

func (ss *session) handle(verb, arg string) bool {
	switch verb {
	case "USER":
		return ss.reply("331 password")
	case "PASS":
		return ss.reply("230 in")
	case "PWD":
		return ss.reply(`257 "/"`)
	case "FEAT":
		if ss.noREST {
			return ss.reply("500 what")
		}
		return ss.reply("211-Features\r\n SIZE\r\n REST STREAM\r\n211 End")
	case "CWD":
		return ss.reply("250 there")
	case "TYPE", "OPTS", "NOOP":
		return ss.reply("200 fine")
	case "SIZE":
		if text, ok := ss.file(arg); ok {
			return ss.reply("213 %d", len(text))
		}
		return ss.reply("550 no such file")
	case "REST":
		ss.rest, _ = strconv.Atoi(arg)
		return ss.reply("350 from there")
	case "EPSV", "PASV":
		return ss.listen(verb)
	case "RETR":
		text, ok := ss.file(arg)
		if !ok {
			return ss.reply("550 no such file")
		}
		if ss.rest > len(text) {
			ss.rest = 0
			return ss.reply("554 beyond the end")
		}
		text = text[ss.rest:]
		ss.rest = 0
		return ss.data(text)
	case "LIST":
		return ss.data(ss.listing)
	case "STOR", "APPE":
		return ss.store(verb, arg)
	case "DELE":
		return ss.reply("250 gone")
	case "QUIT":
		ss.reply("221 bye")
		return false
	}
	return ss.reply("500 what")
}

func (ss *session) listen(verb string) bool {
	ss.close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return false
	}
	ss.passive = ln
	p := ln.Addr().(*net.TCPAddr).Port
	switch {
	case verb == "EPSV" && ss.deadEP:
		ss.close()
		return ss.reply("229 Entering Passive Mode (|||%d|)", p)
	case verb == "EPSV":
		return ss.reply("229 Entering Passive Mode (|||%d|)", p)
	case ss.badIP:
		return ss.reply("227 Entering Passive Mode (192,0,2,127,%d,%d)", p>>8, p&255)
	}
	return ss.reply("227 Entering Passive Mode (127,0,0,1,%d,%d)", p>>8, p&255)
}

func (ss *session) open() net.Conn {
	if ss.passive == nil {
		return nil
	}
	_ = ss.passive.(*net.TCPListener).SetDeadline(time.Now().Add(5 * time.Second))
	d, err := ss.passive.Accept()
	ss.close()
	if err != nil {
		return nil
	}
	ss.keep(d)
	return d
}

func (ss *session) data(text string) bool {
	begin, end := "150 here it comes", "226 done"
	if ss.weird {
		begin, end = begin+"\r\n"+end, ""
	}
	if !ss.reply("%s", begin) {
		return false
	}
	d := ss.open()
	if d == nil {
		return ss.reply("425 nobody came")
	}
	if ss.cutData > 0 {
		text = text[:min(len(text), ss.cutData)]
	}
	ok := ss.write(d, text, ss.trickle)
	_ = d.Close()
	if !ok {
		return false
	}
	return end == "" || ss.reply("%s", end)
}

func (ss *session) store(verb, name string) bool {
	if !ss.reply("150 go on") {
		return false
	}
	d := ss.open()
	if d == nil {
		return ss.reply("425 nobody came")
	}
	b, err := io.ReadAll(d)
	_ = d.Close()
	if err != nil {
		return ss.reply("426 broken")
	}
	old, _ := ss.file(name)
	switch {
	case verb == "APPE":
	case ss.rest <= len(old):
		old = old[:ss.rest]
	}
	ss.rest = 0
	ss.setFile(name, old+string(b))
	return ss.reply("226 stored")
}
