package commands

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"guichet/app/words"
	"guichet/services/files"
	"guichet/services/files/checksum"
	"guichet/services/files/ops"
)

// chmod changes permissions on servers.
func (c *cli) chmod() *cobra.Command {
	var recursive bool
	var folders string
	cmd := &cobra.Command{
		Use: "chmod " + words.T("cli.arg.MODE") + " URL...", Short: words.T("cli.chmod.short"), Long: words.T("cli.chmod.long"),
		Example: words.T("cli.chmod.example"), Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			change := ops.Change{Inside: recursive}
			var ok bool
			if change.Files, ok = parseMode(args[0]); !ok {
				return misuse(words.T("cli.bad.mode", "Mode", args[0]))
			}
			change.Folders = enterable(change.Files)
			if folders != "" {
				if change.Folders, ok = parseMode(folders); !ok {
					return misuse(words.T("cli.bad.mode", "Mode", folders))
				}
			} else if !recursive {
				change.Folders = change.Files
			}
			if err := needURLs(args[1:]); err != nil {
				return err
			}
			return c.eachURL(cmd.Context(), args[1:], func(ctx context.Context, p place) error {
				targets, err := ops.Targets(ctx, p.fs, []files.Path{p.path}, false)
				if err != nil {
					return err
				}
				m := c.meter(files.Display(p.path.Base()))
				r, err := ops.SetPermissions(ctx, p.fs, targets, change, ops.Options{Progress: func(done, found int) { m.count("", done, found) }})
				m.end()
				return errors.Join(err, c.tellChanged(changed{URL: p.site.URL(p.path), Result: r}))
			})
		},
	}
	cmd.Flags().BoolVarP(&recursive, "recursive", "r", false, words.T("cli.flag.recursive"))
	cmd.Flags().StringVar(&folders, "folders", "", words.T("cli.chmod.flag.folders"))
	return cmd
}

// enterable lets those who may read a folder enter it.
func enterable(b ops.Bits) ops.Bits {
	b.Set |= b.Set & 0o444 >> 2
	b.Clear = b.Clear&^b.Set | b.Clear&0o444>>2
	return b
}

// parseMode reads permissions as chmod does: an octal number, or changes such
// as u+w,go-rwx.
func parseMode(text string) (b ops.Bits, ok bool) {
	if n, err := strconv.ParseUint(text, 8, 16); err == nil {
		return ops.Exactly(fs.FileMode(n)), n <= 0o777
	}
	for part := range strings.SplitSeq(text, ",") {
		i := strings.IndexAny(part, "+-=")
		if i < 0 {
			return b, false
		}
		var who, what fs.FileMode
		for _, c := range part[:i] {
			mask, known := map[rune]fs.FileMode{'u': 0o700, 'g': 0o070, 'o': 0o007, 'a': 0o777}[c]
			if !known {
				return b, false
			}
			who |= mask
		}
		if i == 0 {
			who = 0o777
		}
		for _, c := range part[i+1:] {
			mask, known := map[rune]fs.FileMode{'r': 0o444, 'w': 0o222, 'x': 0o111}[c]
			if !known {
				return b, false
			}
			what |= mask
		}
		if part[i] != '=' && what == 0 {
			return b, false
		}
		set, clear := who&what, fs.FileMode(0)
		switch part[i] {
		case '-':
			set, clear = 0, who&what
		case '=':
			clear = who &^ what
		}
		b.Set, b.Clear = b.Set&^clear|set, b.Clear&^set|clear
	}
	return b, true
}

// hashed is what hash prints for each address.
type hashed struct {
	URL       string `json:"url"`
	Algorithm string `json:"algorithm"`
	Checksum  string `json:"checksum"`
	Server    bool   `json:"by_server"`
}

// hash prints checksums of files, by the server where it can.
func (c *cli) hash() *cobra.Command {
	algo := "sha256"
	cmd := &cobra.Command{
		Use: "hash URL...", Short: words.T("cli.hash.short"), Long: words.T("cli.hash.long"), Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(checksum.Algorithms, algo) {
				return misuse(words.T("cli.bad.algorithm", "Algorithm", algo, "Known", strings.Join(checksum.Algorithms, ", ")))
			}
			if err := needURLs(args); err != nil {
				return err
			}
			return c.eachURL(cmd.Context(), args, func(ctx context.Context, p place) error {
				m := c.meter(files.Display(p.path.Base()))
				sum, err := checksum.Of(ctx, p.fs, p.path, algo, func(done int64) { m.set(done, -1) })
				m.end()
				if err != nil {
					return err
				}
				if c.json {
					return c.print(hashed{p.site.URL(p.path), algo, sum.Hex, sum.There})
				}
				c.printf("%s  %s\n", sum.Hex, p.site.URL(p.path))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&algo, "algorithm", algo, words.T("cli.hash.flag.algorithm"))
	return cmd
}
