//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func owner(info os.FileInfo) (uid, gid int) {
	s := info.Sys().(*syscall.Stat_t) // this is Linux
	return int(s.Uid), int(s.Gid)
}

// roundTrip is the distance of the slow cases.
const roundTrip = 40 * time.Millisecond

// cases are all there is to be timed. end stops what they run on.
func (b *bench) cases(ctx context.Context) (list []trial, end func(), err error) {
	root := b.servers.files
	up := filepath.Join(root, "upload")
	if err := os.MkdirAll(filepath.Join(b.work, "home", ".ssh"), 0o700); err != nil {
		return nil, nil, err
	}
	at := func(name string) string { return filepath.Join(root, name) }
	for _, name := range []string{"vsftpd", "vsftpd-tls", "proftpd-tls", "pure-ftpd-tls", "openssh", "apache-tls"} {
		s, ok := b.servers.list[name]
		if !ok {
			return nil, nil, fmt.Errorf("no server %s", name)
		}
		p := b.peers(s)
		list = append(
			list,
			trial{name: name + ": 2 GiB down", bytes: bigSize, check: sizeIs(filepath.Join(b.out, "big.bin"), bigSize), entrants: p.get("big.bin")},
			trial{name: name + ": 2 GiB up", bytes: bigSize, upload: up, check: sizeIs(filepath.Join(up, "big.bin"), bigSize), entrants: p.put(at("big.bin"))},
			trial{name: name + ": 10,000 x 4 KiB down, 4 connections", bytes: small * smallSize, count: small, check: countIs(b.out, small, smallSize), entrants: p.mirror("small", 4)},
			trial{name: name + ": 10,000 x 4 KiB up, 4 connections", bytes: small * smallSize, count: small, upload: up, check: countIs(up, small, smallSize), entrants: p.mirrorUp(at("small"), 4)},
		)
	}
	for _, name := range []string{"vsftpd", "openssh", "apache-tls"} {
		p := b.peers(b.servers.list[name])
		list = append(
			list,
			trial{name: name + ": listing of 100,000", count: many, entrants: p.list("many")},
			trial{name: name + ": 100,000 empty files down, 8 connections", count: many, check: countIs(b.out, many, 0), entrants: p.mirror("many", 8)},
		)
	}
	// The far servers.
	ctx, end = context.WithCancel(ctx)
	for _, name := range []string{"vsftpd", "openssh"} {
		s := b.servers.list[name]
		port, err := relay(ctx, s.url.Host, roundTrip/2, strings.HasPrefix(s.url.Scheme, "ftp"))
		if err != nil {
			end()
			return nil, nil, err
		}
		far := *s.url
		far.Host = "127.0.0.1:" + port
		s.url = &far
		if name == "openssh" {
			out, err := exec.CommandContext(ctx, "ssh-keyscan", "-p", port, "127.0.0.1").Output()
			if err == nil {
				err = appendTo(b.servers.known, out)
			}
			if err != nil {
				end()
				return nil, nil, err
			}
		}
		p := b.peers(s)
		list = append(
			list,
			trial{name: name + " at 40 ms: 200 x 4 KiB down, 4 connections", bytes: few * smallSize, count: few, check: countIs(b.out, few, smallSize), entrants: p.mirror("few", 4)},
			trial{name: name + " at 40 ms: 200 x 4 KiB up, 4 connections", bytes: few * smallSize, count: few, upload: up, check: countIs(up, few, smallSize), entrants: p.mirrorUp(at("few"), 4)},
			trial{name: name + " at 40 ms: 32 MiB down", bytes: midSize, check: sizeIs(filepath.Join(b.out, "mid.bin"), midSize), entrants: p.get("mid.bin")},
			trial{name: name + " at 40 ms: 32 MiB up", bytes: midSize, upload: up, check: sizeIs(filepath.Join(up, "mid.bin"), midSize), entrants: p.put(at("mid.bin"))},
		)
	}
	list = append(list, trial{name: "idle: the program's version", entrants: []entrant{{name: "guichet", cmd: quote(b.guichet) + " version"}}})
	return list, end, nil
}

func appendTo(name string, text []byte) error {
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(old, text...), 0o644)
}

// peers writes the command lines of all programs for one server.
type peers struct {
	b *bench
	s server
	// top is what stands before a path of the server's files.
	top  string
	lftp string // the beginning of a script; "" if it cannot
	curl string
	rc   string // rclone's remote, with the colon
	env  []string
}

func (b *bench) peers(s server) *peers {
	u := *s.url
	u.User = nil
	host, port := u.Hostname(), u.Port()
	p := &peers{b: b, s: s, top: u.Path}
	ca, login := quote(s.ca), quote(s.user()+":"+s.password)
	p.env = []string{"GUICHET_PASSWORD=" + s.password, "SSL_CERT_FILE=" + s.ca, "RCLONE_CONFIG=" + filepath.Join(b.work, "rclone.conf")}
	obscured := "pass=$(rclone obscure -- " + quote(s.password) + ")"
	rc := func(kind, more string) string {
		return fmt.Sprintf("\":%s,host=%s,port=%s,user=%s,%s%s:\"", kind, host, port, s.user(), obscured, more)
	}
	open := func(scheme string) string {
		return fmt.Sprintf("open -u %s,%s %s://%s:%s; ", s.user(), s.password, scheme, host, port)
	}
	switch u.Scheme {
	case "ftp":
		p.lftp, p.curl, p.rc = open("ftp"), "curl -sS -u "+login+" ", rc("ftp", "")
	case "ftpes":
		p.lftp = "set ssl:ca-file " + s.ca + "; set ftp:ssl-force yes; set ftp:ssl-protect-data yes; " + open("ftp")
		p.curl = "curl -sS --ssl-reqd --cacert " + ca + " -u " + login + " "
		// With TLS 1.3 this rclone fails at servers that want sessions resumed.
		p.rc = rc("ftp", ",explicit_tls=true,disable_tls13=true")
	case "sftp":
		p.lftp = "set sftp:connect-program 'ssh -a -x -o UserKnownHostsFile=" + b.servers.known + "'; " + open("sftp")
		p.curl = "curl -sS -k -u " + login + " "
		p.rc = rc("sftp", ",known_hosts_file="+b.servers.known+",shell_type=none")
	case "davs":
		u.Scheme = "https"
		p.curl = "curl -sS --cacert " + ca + " -u " + login + " "
		p.rc = fmt.Sprintf("\":webdav,url='%s',vendor=other,user=%s,%s:\"", u.String(), s.user(), obscured)
		p.top = "/" // it is in the address
	}
	return p
}

// guichet is our own command line.
func (p *peers) guichet(verb, rest string) entrant {
	cmd := quote(p.b.guichet) + " --profile " + quote(filepath.Join(p.b.work, "profile")) + " --ca " + quote(p.s.ca) +
		" --known-hosts " + quote(p.b.servers.known) + " " + verb + " --quiet " + rest
	return entrant{"guichet", cmd, p.env}
}

// url is the address of a path for Guichet.
func (p *peers) url(path string) string {
	u := *p.s.url
	u.Path = strings.TrimSuffix(u.Path, "/") + "/" + path
	return quote(u.String())
}

// web is the address of a path for curl.
func (p *peers) web(path string) string {
	u := *p.s.url
	u.User = nil
	u.Path = strings.TrimSuffix(u.Path, "/") + "/" + path
	switch u.Scheme {
	case "ftpes":
		u.Scheme = "ftp"
	case "davs":
		u.Scheme = "https"
	}
	return quote(u.String())
}

// add keeps the entrants that can be run here.
func (p *peers) add(own entrant, others ...entrant) []entrant {
	list := []entrant{own}
	for _, o := range others {
		program, _, _ := strings.Cut(o.cmd, " ")
		if _, err := exec.LookPath(program); err == nil {
			o.env = p.env
			list = append(list, o)
		}
	}
	return list
}

func (p *peers) lftpRun(name, script string) entrant {
	if p.lftp == "" {
		return entrant{}
	}
	return entrant{name: name, cmd: "lftp -c " + quote(p.lftp+"cd "+p.top+"; "+script)}
}

func (p *peers) get(name string) []entrant {
	out := filepath.Join(p.b.out, name)
	list := []entrant{
		p.lftpRun("lftp get", "get "+name+" -o "+out),
		{name: "curl", cmd: p.curl + "-o " + quote(out) + " " + p.web(name)},
		{name: "rclone", cmd: "rclone copyto --multi-thread-streams 1 " + p.remote(name) + " " + quote(out)},
	}
	return p.add(p.guichet("get", "-o "+quote(out)+" "+p.url(name)), list...)
}

func (p *peers) put(file string) []entrant {
	name := filepath.Base(file)
	list := []entrant{
		p.lftpRun("lftp put", "cd upload; put "+file),
		{name: "curl", cmd: p.curl + "-T " + quote(file) + " " + p.web("upload/"+name)},
		{name: "rclone", cmd: "rclone copyto " + quote(file) + " " + p.remote("upload/"+name)},
	}
	return p.add(p.guichet("put", quote(file)+" "+p.url("upload/")), list...)
}

func (p *peers) mirror(dir string, n int) []entrant {
	list := []entrant{
		p.lftpRun(fmt.Sprintf("lftp mirror -P %d", n), fmt.Sprintf("mirror -P %d %s %s", n, dir, filepath.Join(p.b.out, dir))),
		{name: fmt.Sprintf("rclone, %d transfers", n), cmd: fmt.Sprintf("rclone copy --transfers %d --checkers %d %s %s", n, n, p.remote(dir), quote(filepath.Join(p.b.out, dir)))},
	}
	return p.add(p.guichet("mirror", p.connections(n)+p.url(dir)+" "+quote(filepath.Join(p.b.out, dir))), list...)
}

func (p *peers) mirrorUp(dir string, n int) []entrant {
	name := filepath.Base(dir)
	list := []entrant{
		p.lftpRun(fmt.Sprintf("lftp mirror -R -P %d", n), fmt.Sprintf("mirror -R -P %d %s upload/%s", n, dir, name)),
		{name: fmt.Sprintf("rclone, %d transfers", n), cmd: fmt.Sprintf("rclone copy --transfers %d --checkers %d %s %s", n, n, quote(dir), p.remote("upload/"+name))},
	}
	return p.add(p.guichet("mirror", p.connections(n)+quote(dir)+" "+p.url("upload/"+name)), list...)
}

// connections is the flag for n of them. SFTP needs none: Guichet has one
// connection and many requests on it, where the others open n.
func (p *peers) connections(n int) string {
	if p.s.url.Scheme == "sftp" {
		return ""
	}
	return fmt.Sprintf("--connections %d ", n)
}

func (p *peers) list(dir string) []entrant {
	list := []entrant{p.lftpRun("lftp ls", "ls "+dir), {name: "rclone lsl", cmd: "rclone lsl --max-depth 1 " + p.remote(dir)}}
	if p.s.url.Scheme == "ftp" {
		list = append(list, entrant{name: "curl", cmd: p.curl + p.web(dir+"/")})
	}
	own := p.guichet("ls", p.url(dir))
	own.cmd = strings.Replace(own.cmd, " --quiet", "", 1)
	return p.add(own, list...)
}

func (p *peers) remote(path string) string {
	return p.rc + quote(strings.TrimSuffix(p.top, "/")+"/"+path)
}

// quote makes one word of a text for the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
