package sftp

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/sftp/wire"
)

const (
	// listAhead is how many requests for entries are under way at once; each
	// brings 100 with OpenSSH.
	listAhead = 24
	// linksAhead is how many links are followed at once.
	linksAhead = 64
	// emitMost is how many entries are handed over at once.
	emitMost = 2000
)

// List implements files.FS. Entries come as the server sends them; links come
// last, when it is known where they lead.
func (f *FS) List(ctx context.Context, dir files.Path, emit func([]files.Entry) error) (files.Report, error) {
	name, err := f.remote("list", dir)
	if err != nil {
		return files.Report{}, err
	}
	type opened struct {
		s *session
		h wire.Handle
	}
	o, err := call(ctx, f, "list", func(s *session) (opened, error) {
		h, err := s.wire.Opendir(ctx, name)
		return opened{s, h}, err
	})
	if err != nil {
		return files.Report{}, err
	}
	defer o.s.wire.Forget(o.h)
	l := &lister{fs: f, s: o.s, dir: dir, emit: emit, prefix: strings.TrimSuffix(name, "/") + "/"}
	if err := l.run(ctx, o.h); err != nil {
		return l.report, f.streamFault("list", ctx, o.s, err)
	}
	return l.report, nil
}

type lister struct {
	fs      *FS
	s       *session
	dir     files.Path
	prefix  string
	emit    func([]files.Entry) error
	report  files.Report
	entries []files.Entry
	links   []files.Entry
}

func (l *lister) run(ctx context.Context, h wire.Handle) error {
	var ahead []*wire.Call
	defer func() {
		for _, c := range ahead {
			c.Abandon(nil)
		}
	}()
	wanted := 2 // a small folder is done with these
	for {
		for len(ahead) < wanted {
			c, err := l.s.wire.StartReaddir(ctx, h)
			if err != nil {
				return err
			}
			ahead = append(ahead, c)
		}
		names, err := ahead[0].Names(ctx)
		ahead = ahead[1:]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if len(names) == 0 {
			return fault.Newf(fault.Protocol, "list", l.fs.host, "an answer without entries")
		}
		wanted = min(wanted*2, listAhead)
		for _, n := range names {
			if err := l.add(n); err != nil {
				return err
			}
		}
		// What has arrived meanwhile goes to the window together.
		more := false
		select {
		case <-ahead[0].Done():
			more = len(l.entries) < emitMost
		default:
		}
		if !more {
			if err := l.flush(); err != nil {
				return err
			}
		}
	}
	if err := l.flush(); err != nil {
		return err
	}
	for len(l.links) > 0 {
		some := l.links[:min(len(l.links), linksAhead)]
		l.links = l.links[len(some):]
		if err := l.fs.follow(ctx, l.s, l.dir, some); err != nil {
			return err
		}
		if err := l.emit(some); err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) flush() error {
	if len(l.entries) == 0 {
		return nil
	}
	all := l.entries
	l.entries = nil
	return l.emit(all)
}

func (l *lister) add(n wire.Name) error {
	if n.Name == "." || n.Name == ".." {
		return nil
	}
	if err := files.CheckName(n.Name); err != nil {
		l.report.Unread++
		if len(l.report.Samples) < 5 {
			l.report.Samples = append(l.report.Samples, fault.CleanLine(n.Name))
		}
		return nil
	}
	if l.report.Entries == files.MaxEntries {
		return fault.Newf(fault.TooBig, "list", l.fs.host, "more than %d entries", files.MaxEntries)
	}
	l.report.Entries++
	e := entry(n.Name, n.Attrs, n.Long)
	switch {
	case e.Type == files.LinkFile:
		l.links = append(l.links, e)
		return nil
	case e.Type == files.File && n.Attrs.Flags&wire.AttrMode != 0:
		l.fs.seen.add(l.prefix+n.Name, factOf(n.Attrs))
	}
	l.fs.owners.learn(n.Attrs, e)
	l.entries = append(l.entries, e)
	return nil
}

// follow completes links, all at once. One that leads nowhere stays a link.
func (f *FS) follow(ctx context.Context, s *session, dir files.Path, links []files.Entry) error {
	type pair struct{ target, stat *wire.Call }
	asked := make([]pair, len(links))
	for i := range links {
		name := dir.Join(links[i].Name).String()
		var err error
		if asked[i].target, err = s.wire.StartReadlink(ctx, name); err != nil {
			return err
		}
		if asked[i].stat, err = s.wire.StartStat(ctx, name); err != nil {
			return err
		}
	}
	for i := range links {
		e := &links[i]
		if target, err := asked[i].target.OneName(ctx); err == nil {
			e.Target = target
		}
		a, err := asked[i].stat.Attrs(ctx)
		if cerr := ctx.Err(); cerr != nil {
			return cerr
		}
		if err != nil {
			if cerr := s.wire.Err(); cerr != nil {
				return cerr
			}
			continue
		}
		if t := a.ModTime(); !t.IsZero() {
			e.ModTime, e.Precise = t, time.Second
		}
		if typeOf(a, "") == files.Dir {
			e.Type = files.LinkDir
		} else {
			e.Size = sizeOf(a)
		}
	}
	return nil
}

// Bits of the mode that hold the type, as stat(2) has them.
const (
	modeType   = 0o170000
	modeSocket = 0o140000
	modeLink   = 0o120000
	modeFile   = 0o100000
	modeDir    = 0o040000
)

// typeOf reads the type from the mode, or where the server does not tell it,
// from the line as of ls.
func typeOf(a wire.Attrs, long string) files.Type {
	if a.Flags&wire.AttrMode != 0 && a.Mode&modeType != 0 {
		switch a.Mode & modeType {
		case modeFile:
			return files.File
		case modeDir:
			return files.Dir
		case modeLink:
			return files.LinkFile
		}
		return files.Other
	}
	switch {
	case strings.HasPrefix(long, "d"):
		return files.Dir
	case strings.HasPrefix(long, "l"):
		return files.LinkFile
	}
	return files.File
}

// sizeOf is the size, -1 where the server did not say it.
func sizeOf(a wire.Attrs) int64 {
	if a.Flags&wire.AttrSize == 0 || a.Size > 1<<62 {
		return -1
	}
	return int64(a.Size)
}

func entry(name string, a wire.Attrs, long string) files.Entry {
	e := files.Entry{Name: name, Display: files.Display(name), Type: typeOf(a, long), Size: -1}
	if e.Type == files.File {
		e.Size = sizeOf(a)
	}
	if e.ModTime = a.ModTime(); !e.ModTime.IsZero() {
		e.Precise = time.Second
	}
	if a.Flags&wire.AttrMode != 0 {
		e.Mode, e.HasMode = fs.FileMode(a.Mode).Perm(), true
	}
	if a.Flags&wire.AttrOwner != 0 {
		e.Owner, e.Group = strconv.FormatUint(uint64(a.UID), 10), strconv.FormatUint(uint64(a.GID), 10)
	}
	if owner, group := ownersOf(long); owner != "" {
		e.Owner, e.Group = owner, group
	}
	return e
}

// ownersOf takes the names of owner and group out of a line as of ls -l; ""
// where it is none.
func ownersOf(long string) (owner, group string) {
	f := strings.Fields(long)
	if len(f) < 9 || len(f[0]) < 10 || !strings.ContainsRune("-dlbcpsD", rune(f[0][0])) {
		return "", ""
	}
	if _, err := strconv.Atoi(f[1]); err != nil && f[1] != "?" {
		return "", ""
	}
	return files.Display(f[2]), files.Display(f[3])
}
