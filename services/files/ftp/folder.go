package ftp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/textproto"
	"strings"

	"guichet/services/fault"
	"guichet/services/files"
)

// check refuses names that could not be sent: a control character would end the
// command or be taken for one.
func (f *FS) check(op string, p files.Path) error {
	for _, name := range p {
		err := files.CheckName(name)
		for i := 0; err == nil && i < len(name); i++ {
			if name[i] < 0x20 || name[i] == 0x7f {
				err = files.BadName("the name holds a control character")
			}
		}
		if err != nil {
			return &fault.Fault{Kind: fault.Permission, Op: op, Host: f.p.Site.Host, Err: fmt.Errorf("%w: %w", err, errNoReply)}
		}
	}
	return nil
}

// enter goes to a folder, so that commands carry bare names: that is what all
// servers understand, whatever is in a name.
func (c *conn) enter(op string, dir files.Path) error {
	_, err := c.inFolder(op, dir)
	return err
}

// inFolder goes to a folder and asks for things there, in one go. The questions
// must do no harm in another folder: they are asked even if there is no such one.
func (c *conn) inFolder(op string, dir files.Path, questions ...string) ([]reply, error) {
	if err := c.fs.check(op, dir); err != nil {
		return nil, err
	}
	target := dir.String()
	switch {
	case c.cwd != nil && *c.cwd == target:
	case !c.rooted:
		if err := c.walk(dir); err != nil {
			return nil, err
		}
	case c.ctl.single || len(questions) == 0:
		if err := c.changeDir(target); err != nil {
			return nil, err
		}
		c.cwd = &target
	default:
		replies, err := c.ctl.ask(append([]string{"CWD " + target}, questions...)...)
		if err != nil {
			return nil, err
		}
		if replies[0].code/100 != 2 {
			return nil, replies[0].err()
		}
		c.cwd = &target
		return replies[1:], nil
	}
	if len(questions) == 0 {
		return nil, nil
	}
	return c.ctl.ask(questions...)
}

// changeDir takes any success for one: some servers say 200 for 250.
func (c *conn) changeDir(name string) error {
	err := c.lib.ChangeDir(name)
	var proto *textproto.Error
	if errors.As(err, &proto) && proto.Code/100 == 2 {
		return nil
	}
	return err
}

// walk enters a folder of a system without slashes, name by name from where the
// login was.
func (c *conn) walk(dir files.Path) error {
	depth := len(c.where)
	c.cwd, c.where = nil, nil
	if c.root != "" {
		if err := c.changeDir(c.root); err != nil {
			return err
		}
	} else {
		for ; depth > 0; depth-- {
			if r, err := c.ctl.raw("CDUP"); err != nil || r.code/100 != 2 {
				c.broken = true // nobody knows where this connection is
				return errors.Join(err, r.err())
			}
		}
	}
	for _, name := range dir {
		if err := c.changeDir(name); err != nil {
			return err
		}
		c.where = append(c.where, name)
	}
	target := dir.String()
	c.cwd = &target
	return nil
}

// at enters the folder of p and gives p's bare name.
func (c *conn) at(op string, p files.Path) (string, error) {
	if len(p) == 0 {
		return "", c.fs.refuse(op, fault.Permission, "the root")
	}
	if err := c.fs.check(op, p[len(p)-1:]); err != nil {
		return "", err
	}
	return c.argument(p), c.enter(op, p.Dir())
}

// argument writes p for a command in p's folder: the bare name, but for names
// that begin with a blank, whose blank Pure-FTPd turns into "_" otherwise.
func (c *conn) argument(p files.Path) string {
	if name := p.Base(); !c.rooted || name[0] != ' ' {
		return name
	}
	return p.String()
}

// expect sends a command and takes one of the given codes for success.
func (c *conn) expect(codes []int, format string, args ...any) (reply, error) {
	r, err := c.ctl.raw(format, args...)
	if err == nil && !r.is(codes...) {
		err = r.err()
	}
	return r, err
}

// done are the codes of commands that change something: servers mix them up.
var done = []int{200, 226, 250, 253, 257}

// Mkdir implements files.FS.
func (f *FS) Mkdir(ctx context.Context, p files.Path) error {
	return f.with(ctx, "mkdir", false, func(c *conn) error {
		name, err := c.at("mkdir", p)
		if err != nil {
			return err
		}
		_, err = c.expect(done, "MKD %s", name)
		if isReply(err) && c.entered(p) {
			fa := f.fail("mkdir", err)
			fa.Kind = fault.Exists
			return fa
		}
		return err
	})
}

// entered reports whether p is a folder, by going there.
func (c *conn) entered(p files.Path) bool {
	err := c.enter("stat", p)
	c.settle(err)
	return err == nil
}

// Remove implements files.FS.
func (f *FS) Remove(ctx context.Context, p files.Path) error {
	return f.with(ctx, "remove", false, func(c *conn) error {
		name, err := c.at("remove", p)
		if err != nil {
			return err
		}
		_, err = c.expect(done, "DELE %s", name)
		return err
	})
}

// RemoveDir implements files.FS.
func (f *FS) RemoveDir(ctx context.Context, p files.Path) error {
	return f.with(ctx, "rmdir", false, func(c *conn) error {
		name, err := c.at("rmdir", p)
		if err != nil {
			return err
		}
		_, err = c.expect(done, "RMD %s", name)
		return err
	})
}

// Rename implements files.FS. RNTO replaces on every server known; where it
// does not, the old file is set aside.
func (f *FS) Rename(ctx context.Context, from, to files.Path, replace bool) error {
	return f.with(ctx, "rename", false, func(c *conn) error { return c.renameTo(ctx, from, to, replace) })
}

func (c *conn) renameTo(ctx context.Context, from, to files.Path, replace bool) error {
	f := c.fs
	if len(to) == 0 {
		return f.refuse("rename", fault.Permission, "the root")
	}
	if err := f.check("rename", to); err != nil {
		return err
	}
	if !replace {
		switch there, err := c.exists(to); {
		case err != nil:
			return err
		case there:
			return &fault.Fault{Kind: fault.Exists, Op: "rename", Host: f.p.Site.Host, Err: errors.Join(fs.ErrExist, errNoReply)}
		}
	}
	return c.replaced(ctx, from, to, replace, c.rename(from, to))
}

// replaced deals with a server that refused to rename over an existing file.
func (c *conn) replaced(ctx context.Context, from, to files.Path, replace bool, err error) error {
	var proto *textproto.Error
	if err == nil {
		return c.kept(to)
	}
	if !replace || !errors.As(err, &proto) || proto.Code/100 != 5 {
		return err
	}
	if there, serr := c.exists(to); serr != nil || !there {
		return err // the reason is another one
	}
	return files.ReplaceAside(ctx, from, to,
		func(_ context.Context, from, to files.Path) error { return c.rename(from, to) },
		func(_ context.Context, p files.Path) error {
			name, err := c.at("remove", p)
			if err == nil {
				_, err = c.expect(done, "DELE %s", name)
			}
			return err
		})
}

// kept makes sure that a new name which ends in a blank was taken as it is:
// Pure-FTPd makes "_" of the blank and says nothing.
func (c *conn) kept(to files.Path) error {
	if !strings.HasSuffix(to.Base(), " ") {
		return nil
	}
	there, err := c.exists(to)
	if err == nil && !there {
		err = &fault.Fault{Kind: fault.Permission, Op: "rename", Host: c.fs.p.Site.Host, Err: errors.Join(errOtherName, errNoReply)}
	}
	return err
}

func (c *conn) rename(from, to files.Path) error {
	a, err := c.at("rename", from)
	if err != nil {
		return err
	}
	b := c.argument(to)
	if !from.Dir().Equal(to.Dir()) {
		if !c.rooted {
			return c.fs.refuse("rename", fault.Unsupported, "another folder")
		}
		b = to.String()
	}
	replies, err := c.ctl.ask("RNFR "+a, "RNTO "+b) // a refused RNFR makes RNTO fail (RFC 959 section 5.4)
	switch {
	case err != nil:
		return err
	case replies[0].code/100 > 3:
		return replies[0].err()
	case !replies[1].is(done...):
		return replies[1].err()
	}
	return nil
}
