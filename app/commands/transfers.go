package commands

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/transfer"
)

// moved is what get and put print for each file.
type moved struct {
	URL      string  `json:"url"`
	Path     string  `json:"path"`
	Bytes    int64   `json:"bytes"`
	Seconds  float64 `json:"seconds"`
	Resumed  bool    `json:"resumed"`
	Verified string  `json:"verified"` // none, size, checksum
	Checksum string  `json:"checksum,omitempty"`
	Skipped  bool    `json:"skipped,omitempty"`
}

// movedBy is what became of a transfer.
func movedBy(url, path string, r transfer.Result) moved {
	return moved{url, path, r.Bytes, seconds(r.Time), r.Resumed > 0, string(r.Verified), r.Checksum, r.Skipped}
}

func (c *cli) report(m moved) error {
	switch {
	case c.json:
		return c.print(m)
	case c.quiet:
		return nil
	case m.Skipped:
		c.printf("%s\n", words.T("cli.same", "Path", m.Path))
	default:
		c.printf("%s  %s  %s\n", m.Path, words.Size(m.Bytes), words.T("cli.verified."+m.Verified))
	}
	return nil
}

// renew lets a copy take the place of an older file and passes over one that is
// the same already, so that a cut -r can simply be run again.
func renew(_ context.Context, x transfer.Conflict) (transfer.Answer, error) {
	slack := max(2*time.Second, x.Source.Precise, x.Target.Precise)
	if !x.Target.Type.IsDir() && x.Source.Size >= 0 && x.Target.Size >= 0 && files.SameSize(x.Source, x.Target) &&
		!x.Source.ModTime.IsZero() && x.Source.ModTime.Sub(x.Target.ModTime).Abs() <= slack {
		return transfer.Skip, nil
	}
	return transfer.Replace, nil
}

func (c *cli) get() *cobra.Command {
	var (
		out         string
		recursive   bool
		connections int
	)
	cmd := &cobra.Command{
		Use: "get URL...", Short: words.T("cli.get.short"), Long: words.T("cli.get.long"), Example: words.T("cli.get.example"),
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var errs []error
			for _, address := range args {
				if err := refuseSecret(address); err != nil {
					return err
				}
				if !isURL(address) {
					return misuse(words.T("cli.bad.address", "Address", address))
				}
			}
			for _, address := range args {
				err := c.getOne(cmd.Context(), address, out, len(args) > 1, recursive, connections)
				var m misuse
				if errors.As(err, &m) {
					return err
				}
				errs = append(errs, err)
			}
			return errors.Join(errs...)
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", words.T("cli.get.flag.output"))
	cmd.Flags().BoolVarP(&recursive, "recursive", "r", false, words.T("cli.flag.recursive"))
	cmd.Flags().IntVar(&connections, "connections", 0, words.T("cli.flag.connections"))
	return cmd
}

func (c *cli) getOne(ctx context.Context, address, out string, many, recursive bool, connections int) error {
	if strings.HasPrefix(address, "http://") || strings.HasPrefix(address, "https://") {
		return c.failed(c.getWeb(ctx, address, out, many))
	}
	from, err := c.remote(ctx, address)
	if err != nil {
		return err
	}
	err = c.getFrom(ctx, from, out, many, recursive, connections)
	return c.failed(errors.Join(err, from.close()))
}

func (c *cli) getFrom(ctx context.Context, from place, out string, many, recursive bool, connections int) (err error) {
	if recursive {
		if out == "" {
			out = "."
		}
		to, err := here(out, true)
		if err != nil {
			return err
		}
		return errors.Join(c.tree(ctx, from, to, out, connections, true), to.close())
	}
	name := files.ExportName(from.fs, from.path.Base())
	if name == "" {
		return fault.Newf(fault.NotFound, "get", from.site.Host, "the address names no file")
	}
	dir, base, err := target(out, name, many)
	if err != nil {
		return err
	}
	to, err := here(dir, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.close()) }()
	m := c.meter(name)
	r, err := transfer.Copy(ctx, from.fs, from.path, to.fs, files.Path{files.ImportName(to.fs, base)},
		transfer.Options{Resume: true, OnExists: replace, Progress: m.set})
	m.end()
	if err != nil {
		return err
	}
	return c.report(movedBy(from.fs.URL(from.path), filepath.Join(dir, r.Path.Base()), r))
}

// replace is for a file that was asked for by name.
func replace(context.Context, transfer.Conflict) (transfer.Answer, error) {
	return transfer.Replace, nil
}

// tree copies a folder and reports each file; shown is the local side's folder
// as it was typed, and down tells which side that is.
func (c *cli) tree(ctx context.Context, from, to place, shown string, connections int, down bool) error {
	m := c.meter(shown)
	var total, done int64
	failed := false
	r, err := transfer.CopyTree(ctx, from.fs, from.path, to.fs, to.path, transfer.TreeOptions{
		Options:     transfer.Options{Resume: true, OnExists: renew},
		Connections: connections,
		Totals:      func(_ int, bytes int64, _ bool) { total = bytes },
		OnFile: func(p files.Path, r transfer.Result, err error) error {
			if err != nil {
				m.end()
				name := filepath.Join(shown, filepath.Join(p...))
				if down {
					name = p.String()
				}
				c.sayFaultOf(name, err)
				failed = true
				return nil
			}
			done += r.Bytes
			m.set(done, total)
			if down {
				return c.report(movedBy(from.fs.URL(p), filepath.Join(shown, filepath.Join(r.Path...)), r))
			}
			return c.report(movedBy(to.fs.URL(r.Path), filepath.Join(shown, filepath.Join(p...)), r))
		},
	})
	m.end()
	c.sayLeft(r)
	if err != nil && failed {
		return said{err}
	}
	return err
}

// sayLeft tells on standard error what a folder holds that was not copied.
func (c *cli) sayLeft(r transfer.TreeResult) {
	if r.Unread > 0 {
		fmt.Fprintln(c.p.Stderr, words.N("cli.ls.unread", r.Unread))
	}
	if r.Links > 0 {
		fmt.Fprintln(c.p.Stderr, words.N("cli.tree.links", r.Links))
	}
}

func (c *cli) put() *cobra.Command {
	var (
		recursive   bool
		connections int
	)
	cmd := &cobra.Command{
		Use: "put " + words.T("cli.arg.FILE") + "... URL/", Short: words.T("cli.put.short"), Long: words.T("cli.put.long"),
		Example: words.T("cli.put.example"), Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			address := args[len(args)-1]
			if !isURL(address) {
				return misuse(words.T("cli.bad.address", "Address", address))
			}
			to, err := c.remote(cmd.Context(), address)
			if err != nil {
				return err
			}
			var errs []error
			folder := strings.HasSuffix(address, "/") || len(args) > 2 || recursive || !to.site.Rooted
			if folder {
				if err := files.MakeFolders(cmd.Context(), to.fs, to.path); err != nil {
					return c.failed(errors.Join(err, to.close()))
				}
			}
			for _, name := range args[:len(args)-1] {
				errs = append(errs, c.putOne(cmd.Context(), name, to, folder, recursive, connections))
			}
			return c.failed(errors.Join(append(errs, to.close())...))
		},
	}
	cmd.Flags().BoolVarP(&recursive, "recursive", "r", false, words.T("cli.flag.recursive"))
	cmd.Flags().IntVar(&connections, "connections", 0, words.T("cli.flag.connections"))
	return cmd
}

func (c *cli) putOne(ctx context.Context, name string, to place, folder, recursive bool, connections int) (err error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return fault.From("put", "", err)
	}
	s, err := os.Stat(abs)
	if err != nil {
		return fault.From("put", "", err)
	}
	if s.IsDir() {
		if !recursive {
			return fault.Newf(fault.Unsupported, "put", "", "%s is a folder; -r copies folders", name)
		}
		from, err := here(abs, false)
		if err != nil {
			return err
		}
		// Like cp -r: the folder itself appears in the target, unless "." is meant.
		inside := to
		if base := filepath.Base(filepath.Clean(name)); base != "." && base != ".." {
			inside.path = to.path.Join(files.ImportName(to.fs, base))
		}
		return errors.Join(c.tree(ctx, from, inside, name, connections, false), from.close())
	}
	from, err := here(filepath.Dir(abs), false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.close()) }()
	path := to.path
	if folder {
		path = path.Join(files.ImportName(to.fs, filepath.Base(abs)))
	}
	m := c.meter(name)
	r, err := transfer.Copy(ctx, from.fs, files.Path{files.ImportName(from.fs, filepath.Base(abs))}, to.fs, path,
		transfer.Options{Resume: true, OnExists: replace, Progress: m.set})
	m.end()
	if err != nil {
		return err
	}
	return c.report(movedBy(to.fs.URL(r.Path), name, r))
}

// listed is one line of ls.
type listed struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Size     int64  `json:"size"`
	Modified string `json:"modified,omitempty"` // RFC 3339
	Mode     string `json:"mode,omitempty"`     // octal
	Target   string `json:"target,omitempty"`
}

func (c *cli) ls() *cobra.Command {
	return &cobra.Command{
		Use: "ls URL", Short: words.T("cli.ls.short"), Long: words.T("cli.ls.long"), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := c.folder(cmd.Context(), args[0], false)
			if err != nil {
				return err
			}
			return c.failed(errors.Join(c.list(cmd.Context(), p), p.close()))
		},
	}
}

func (c *cli) list(ctx context.Context, p place) error {
	out := []any{}
	report, err := p.fs.List(ctx, p.path, func(entries []files.Entry) error {
		for _, e := range entries {
			if !c.json {
				c.printEntry(e)
				continue
			}
			l := listed{Name: e.Name, Type: e.Type.String(), Size: e.Size, Target: e.Target}
			if !e.ModTime.IsZero() {
				l.Modified = e.ModTime.UTC().Format(time.RFC3339)
			}
			if e.HasMode {
				l.Mode = octal(e.Mode)
			}
			out = append(out, l)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if report.Unread > 0 {
		out = append(out, map[string]int{"unread": report.Unread})
	}
	if c.json {
		return c.print(out)
	}
	if report.Unread > 0 {
		c.printf("%s\n", words.N("cli.ls.unread", report.Unread))
	}
	return nil
}

func (c *cli) printEntry(e files.Entry) {
	name := e.Display
	if e.Type.IsDir() {
		name += "/"
	}
	size := words.Size(e.Size)
	if e.Type.IsDir() {
		size = ""
	}
	c.printf("%10s  %-18s  %s\n", size, words.DateTime(e.ModTime.Local(), time.Now()), name)
}

func octal(m fs.FileMode) string {
	const digits = "01234567"
	p := m.Perm()
	return string([]byte{'0', digits[p>>6&7], digits[p>>3&7], digits[p&7]})
}
