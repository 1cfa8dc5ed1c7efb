package ftp

import (
	"context"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/listing"
)

// Stat implements files.FS.
func (f *FS) Stat(ctx context.Context, p files.Path) (files.Entry, error) {
	if len(p) == 0 {
		return files.Entry{Type: files.Dir, Size: -1}, nil
	}
	var e files.Entry
	err := f.with(ctx, "stat", true, func(c *conn) error {
		var err error
		e, err = c.stat(p)
		return err
	})
	return e, err
}

// exists tells whether something is there.
func (c *conn) exists(p files.Path) (bool, error) {
	_, err := c.stat(p)
	if err == nil {
		return true, nil
	}
	if c.fs.fail("stat", err).Kind == fault.NotFound {
		return false, nil
	}
	return false, err
}

func (c *conn) stat(p files.Path) (files.Entry, error) {
	f := c.fs
	if len(p) == 0 {
		return files.Entry{Type: files.Dir, Size: -1}, nil
	}
	if err := f.check("stat", p); err != nil {
		return files.Entry{}, err
	}
	name := c.argument(p)
	named := func(e files.Entry) files.Entry {
		e.Name, e.Display = p.Base(), files.Display(f.Export(p.Base()))
		return e
	}
	if c.feat.mlst && !c.noMLST {
		replies, err := c.inFolder("stat", p.Dir(), "MLST "+name)
		if err != nil {
			return files.Entry{}, err
		}
		e, err := readMLST(replies[0])
		if err == nil {
			e = named(e)
			if e.Type == files.LinkFile {
				err = c.behind(p, &e, name)
			}
			return e, err
		}
		if !isCode(err, 500, 509) {
			return e, err
		}
		c.noMLST = true
	}
	e, err := c.sizeAndTime(p.Dir(), name)
	if e = named(e); err == nil || !isReply(err) {
		return e, err
	}
	if c.entered(p) {
		return named(files.Entry{Type: files.Dir, Size: -1}), nil
	}
	if c.broken || !isCode(err, 500, 509) {
		return e, err
	}
	// A server without SIZE: the name is there or not.
	found := false
	_, err = c.list(p.Dir(), func(entries []files.Entry) error {
		for _, one := range entries {
			if one.Name == p.Base() {
				e, found = one, true
			}
		}
		return nil
	})
	if err == nil && !found {
		err = &fault.Fault{Kind: fault.NotFound, Op: "stat", Host: f.p.Site.Host, Err: errNoReply}
	}
	return e, err
}

// behind looks behind a link: is it a folder, and what file is there?
func (c *conn) behind(p files.Path, e *files.Entry, name string) error {
	one := []files.Entry{*e}
	c.probe(p.Dir(), one)
	if *e = one[0]; e.Type == files.LinkDir {
		return nil
	}
	target, err := c.sizeAndTime(p.Dir(), name)
	if err == nil {
		e.Size, e.ModTime, e.Precise = target.Size, target.ModTime, target.Precise
	}
	if isReply(err) {
		err = nil // a link to nothing is one all the same
	}
	return err
}

// readMLST reads the facts of one name (RFC 3659 section 7.2).
func readMLST(r reply) (files.Entry, error) {
	if r.code != 250 {
		return files.Entry{}, r.err()
	}
	for line := range strings.SplitSeq(r.text, "\n") {
		facts := strings.TrimLeft(line, " ")
		head, _, ok := strings.Cut(facts, " ")
		if !ok || !strings.Contains(head, "=") {
			continue
		}
		e, _, ok := listing.ParseFacts(facts)
		if ok {
			return e, nil
		}
	}
	return files.Entry{}, &textproto.Error{Code: 502, Msg: "MLST without facts"}
}

// sizeAndTime asks for both in one go.
func (c *conn) sizeAndTime(dir files.Path, name string) (files.Entry, error) {
	e := files.Entry{Size: -1}
	lines := []string{"SIZE " + name}
	if c.feat.mdtm {
		lines = append(lines, "MDTM "+name)
	}
	replies, err := c.inFolder("stat", dir, lines...)
	if err != nil {
		return e, err
	}
	if replies[0].code != 213 {
		return e, replies[0].err()
	}
	if e.Size, err = strconv.ParseInt(strings.TrimSpace(replies[0].text), 10, 64); err != nil || e.Size < 0 {
		return e, &textproto.Error{Code: 502, Msg: "SIZE without a number"}
	}
	if len(replies) > 1 && replies[1].code == 213 {
		if t, ok := listing.ParseTime(strings.TrimSpace(replies[1].text)); ok {
			e.ModTime, e.Precise = t, time.Second
		}
	}
	return e, nil
}

// existsCommand asks whether a name is taken.
func (c *conn) existsCommand(name string) string {
	if c.feat.mlst && !c.noMLST {
		return "MLST " + name
	}
	return "SIZE " + name
}

// existsReply reads the answer. A folder that SIZE does not know is not harmed
// by a file's being renamed to it.
func (c *conn) existsReply(p files.Path, r reply) (bool, error) {
	switch {
	case r.code/100 == 2:
		return true, nil
	case r.code/10 == 50:
		return c.exists(p)
	case c.fs.fail("stat", r.err()).Kind == fault.NotFound:
		return false, nil
	}
	return false, r.err()
}
