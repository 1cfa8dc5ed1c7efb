package commands

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2/data/binding"
	"github.com/spf13/cobra"

	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files/compare"
	"guichet/services/files/filter"
	"guichet/services/files/watch"
)

// watched is what watch prints at every change.
type watched struct {
	State   watch.State `json:"state"`
	Checked string      `json:"checked,omitempty"` // RFC 3339
	Pending int         `json:"pending,omitempty"`
	Error   string      `json:"error,omitempty"`
	Polling bool        `json:"polling,omitempty"`
}

func (c *cli) watch() *cobra.Command {
	var (
		remove bool
		f      filter.Filter
	)
	cmd := &cobra.Command{
		Use: "watch " + words.T("cli.arg.HERE_THERE"), Short: words.T("cli.watch.short"), Long: words.T("cli.watch.long"),
		Example: words.T("cli.watch.example"), Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := f.Compile(); err != nil {
				return misuse(words.T("cli.bad.mask"))
			}
			if isURL(args[0]) || !isURL(args[1]) {
				return misuse(words.T("cli.bad.watch"))
			}
			// The login is proved, and what a person must decide is asked, before
			// anything goes on by itself.
			to, err := c.remote(cmd.Context(), args[1])
			if err != nil {
				return err
			}
			rule := watch.Rule{Folder: args[0], Target: to.saved(), Delete: remove, Filter: f}
			return c.failed(errors.Join(to.close(), c.keepWatch(cmd.Context(), rule)))
		},
	}
	cmd.Flags().BoolVar(&remove, "delete", false, words.T("cli.watch.flag.delete"))
	filterFlags(cmd, &f)
	return cmd
}

// keepWatch keeps one folder up to date until ctx ends. Its jobs are of no
// concern to a window that may run on the same profile, so they have a list of
// their own; what was sent is remembered in the profile.
func (c *cli) keepWatch(ctx context.Context, rule watch.Rule) (err error) {
	h, err := c.house(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "guichet-watch-")
	if err != nil {
		return fault.From("watch", "", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := activity.Open(filepath.Join(dir, "jobs.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tasks := h.Tasks.Child()
	defer tasks.Close(2 * time.Second)
	jobs, err := activity.New(activity.Params{DB: db, Tasks: tasks})
	if err != nil {
		return err
	}
	alike, err := h.SyncFor(jobs)
	if err != nil {
		return err
	}
	defer func() { tasks.Close(2 * time.Second); err = errors.Join(err, alike.Close()) }()
	jobs.Register(compare.Kind, alike)
	jobs.Start()
	w, err := watch.Open(watch.Params{Path: filepath.Join(dir, "watch.json"), Sync: alike, Jobs: jobs, Tasks: tasks})
	if err != nil {
		return err
	}
	said := make(chan error, 1)
	var last watched
	w.Rules.AddListener(binding.NewDataListener(func() {
		s, err := w.Rules.Get()
		if err != nil || len(s.Rules) == 0 {
			return
		}
		now := watchedOf(s.Rules[0])
		if now == last {
			return
		}
		last = now
		if err := c.sayWatched(s.Rules[0], now); err != nil {
			select {
			case said <- err:
			default:
			}
		}
	}))
	w.Start()
	if _, err := w.Add(ctx, rule); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil // the person ended it
	case err := <-said:
		return err
	}
}

func watchedOf(r watch.Status) watched {
	w := watched{State: r.State, Pending: r.Pending, Polling: r.Polling}
	if !r.Checked.IsZero() {
		w.Checked = r.Checked.UTC().Format(time.RFC3339)
	}
	if r.Fault != nil {
		w.Error = r.Fault.Error()
	}
	return w
}

func (c *cli) sayWatched(r watch.Status, w watched) error {
	switch {
	case c.json:
		return c.print(w)
	case c.quiet || r.State == watch.Checking:
		return nil
	}
	text := ""
	switch r.State {
	case watch.UpToDate:
		text = words.T("compare.kept.up_to_date", "Time", words.Date(r.Checked.Local(), time.Now()))
	case watch.Sending:
		text = words.N("compare.kept.sending", r.Pending)
	case watch.NeedsYes:
		text = words.N("cli.watch.many", r.Deletes)
	default:
		text = words.Fault(r.Fault, "files").Title
	}
	c.printf("%s\n", text)
	return nil
}
