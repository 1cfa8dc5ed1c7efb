package ftp

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
)

// SetTime implements files.FS by MFMT (draft-somers-ftp-mfxx), or MDTM with two
// arguments as vsftpd has it.
func (f *FS) SetTime(ctx context.Context, p files.Path, t time.Time) error {
	return f.with(ctx, "settime", true, func(c *conn) error {
		name, err := c.at("settime", p)
		if err != nil {
			return err
		}
		command := c.timeCommand(name, t)
		if command == "" {
			return f.refuse("settime", fault.Unsupported, "no command for it")
		}
		r, err := c.ctl.raw("%s", command)
		if err != nil {
			return err
		}
		return c.timeSet(command, r)
	})
}

// timeCommand sets the time of a file, "" where this server has no command for
// it.
func (c *conn) timeCommand(name string, t time.Time) string {
	c.fs.mu.Lock()
	refused := c.fs.noMFMT
	c.fs.mu.Unlock()
	stamp := t.UTC().Format("20060102150405")
	switch {
	case refused || !c.feat.sets || t.Year() < 1970 || t.Year() > 9999:
		return ""
	case c.feat.mfmt:
		return "MFMT " + stamp + " " + name
	case c.feat.mdtm:
		return "MDTM " + stamp + " " + name
	}
	return ""
}

// timeSet reads the reply to timeCommand and remembers that there is no use in
// asking again.
func (c *conn) timeSet(command string, r reply) error {
	if r.is(213, 200, 250, 253) {
		return nil
	}
	err := c.fs.fail("settime", r.err())
	if r.code/10 == 50 || strings.HasPrefix(command, "MDTM") && r.code == 550 {
		c.fs.mu.Lock()
		c.fs.noMFMT = true
		c.fs.mu.Unlock()
		err.Kind = fault.Unsupported
	}
	return err
}

// Chmod implements files.FS by SITE CHMOD.
func (f *FS) Chmod(ctx context.Context, p files.Path, mode fs.FileMode) error {
	return f.with(ctx, "chmod", true, func(c *conn) error {
		name, err := c.at("chmod", p)
		if err != nil {
			return err
		}
		_, err = c.expect(done, "SITE CHMOD %04o %s", mode.Perm(), name)
		return err
	})
}

// Raw sends a command that is none of the others, in a folder, and gives the
// code and text of its reply.
func (f *FS) Raw(ctx context.Context, dir files.Path, command string) (code int, text string, err error) {
	err = f.with(ctx, "command", false, func(c *conn) error {
		if err := c.enter("command", dir); err != nil {
			return err
		}
		r, err := c.ctl.raw("%s", command)
		code, text = r.code, r.text
		return err
	})
	return code, text, err
}

// checksums are the ways to have a checksum computed: the names of an algorithm
// here, in HASH (draft-bryan-ftpext-hash), and as commands of their own.
var checksums = []struct {
	algo, hash string
	commands   []string
	digits     int
}{
	{"sha256", "SHA-256", []string{"XSHA256", "SHA256"}, 64},
	{"sha512", "SHA-512", []string{"XSHA512", "SHA512"}, 128},
	{"sha1", "SHA-1", []string{"XSHA1", "XSHA", "SHA1"}, 40},
	{"md5", "MD5", []string{"XMD5", "MD5"}, 32},
	{"crc32", "CRC32", []string{"XCRC"}, 8},
}

// hashTime is how long a server may take to read a whole file.
const hashTime = 5 * time.Minute

// Hash implements files.Hasher by HASH or by XSHA256 and its kin.
func (f *FS) Hash(ctx context.Context, p files.Path, algo string) (string, error) {
	i := 0
	for i < len(checksums) && checksums[i].algo != algo {
		i++
	}
	if i == len(checksums) {
		return "", fault.Newf(fault.Unsupported, "hash", f.p.Site.Host, "algorithm %q", algo)
	}
	way := checksums[i]
	var sum string
	err := f.with(ctx, "hash", true, func(c *conn) error {
		name, err := c.at("hash", p)
		if err != nil {
			return err
		}
		command := c.feat.checksum(way.commands)
		switch {
		case c.feat.hashes[way.hash]:
			if c.hash != way.hash {
				if _, err := c.expect([]int{200}, "OPTS HASH %s", way.hash); err != nil {
					return err
				}
				c.hash = way.hash
			}
			command = "HASH"
		case command == "":
			return f.refuse("hash", fault.Unsupported, algo)
		case strings.Contains(name, " "):
			name = `"` + strings.ReplaceAll(name, `"`, `""`) + `"` // they take ranges after the name
		}
		c.ctl.wait(hashTime)
		r, err := c.expect([]int{213, 250, 251}, "%s %s", command, name)
		if err != nil {
			return err
		}
		if sum = findSum(strings.TrimSuffix(strings.TrimSpace(r.text), name), way.digits); sum == "" {
			return &fault.Fault{Kind: fault.Protocol, Op: "hash", Host: f.p.Site.Host, Said: fault.CleanLine(r.text), Err: errNoReply}
		}
		return nil
	})
	return sum, err
}

// findSum finds a checksum of so many digits in a reply.
func findSum(text string, digits int) string {
	for field := range strings.FieldsSeq(text) {
		field = strings.ToLower(strings.Trim(field, `"`))
		if digits == 8 && len(field) > 0 && len(field) < 8 {
			field = strings.Repeat("0", 8-len(field)) + field // some drop zeros in front
		}
		if _, err := hex.DecodeString(field); err == nil && len(field) == digits {
			return field
		}
	}
	return ""
}

// Free implements files.Spacer by AVBL (draft-peterson-streamlined-ftp).
func (f *FS) Free(ctx context.Context, p files.Path) (int64, error) {
	var n int64
	err := f.with(ctx, "free", true, func(c *conn) error {
		if !c.feat.avbl {
			return f.refuse("free", fault.Unsupported, "no AVBL")
		}
		if err := c.enter("free", p); err != nil {
			return err
		}
		r, err := c.expect([]int{213}, "AVBL")
		if err != nil {
			return err
		}
		if n, err = strconv.ParseInt(strings.TrimSpace(r.text), 10, 64); err != nil {
			return &fault.Fault{Kind: fault.Protocol, Op: "free", Host: f.p.Site.Host, Err: errors.Join(errNoReply, err)}
		}
		return nil
	})
	return n, err
}
