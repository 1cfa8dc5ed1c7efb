//go:build linux

// Command filesbench times Guichet's file transfers beside those of lftp, curl,
// rclone and OpenSSH's sftp, in turn, against real servers on this computer
// that it starts itself.
//
//	filesbench [-rounds 3] [-only REGEXP] -guichet build/guichet -work DIR SERVERS.sh
//
// It prints figures and judges none. Programs that are not installed are passed
// over. DIR must be reachable by other accounts; 12 GB are used in it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 3, "runs of each program in each case")
	only := flag.String("only", "", "regular expression for the names of cases")
	list := flag.Bool("list", false, "name the cases and do nothing")
	guichet := flag.String("guichet", "build/guichet", "the program")
	work := flag.String("work", "", "folder for everything")
	flag.Parse()
	wanted, err := regexp.Compile(*only)
	if err != nil || flag.NArg() != 1 || *work == "" || *rounds < 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *work, flag.Arg(0), *guichet, wanted, *rounds, *list); err != nil {
		fmt.Fprintln(os.Stderr, "filesbench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, work, script, guichet string, wanted *regexp.Regexp, rounds int, list bool) (err error) {
	work, err = filepath.Abs(work)
	if err != nil {
		return err
	}
	if guichet, err = filepath.Abs(guichet); err != nil {
		return err
	}
	b := &bench{work: work, out: filepath.Join(work, "out"), guichet: guichet}
	if b.servers, err = startServers(ctx, script, filepath.Join(work, "servers")); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.servers.stop()) }()
	if err := b.makeData(); err != nil {
		return err
	}
	cases, end, err := b.cases(ctx)
	if err != nil {
		return err
	}
	defer end()
	fmt.Println("The best of the runs of each program, in turn; seconds by the clock, with the program's start. The ratio is Guichet's to this program's.")
	for _, c := range cases {
		if !wanted.MatchString(c.name) {
			continue
		}
		if list {
			fmt.Println(c.name)
			continue
		}
		if err := b.time(ctx, c, rounds); err != nil {
			return err
		}
	}
	return nil
}

// bench is what all cases share.
type bench struct {
	work, out, guichet string
	servers            *servers
}

// trial is one thing that several programs do.
type trial struct {
	name     string
	bytes    int64  // that travel
	count    int    // files
	upload   string // folder of the server's that is emptied before each run
	check    func() error
	entrants []entrant // Guichet first
}

// entrant is a program's way to do it.
type entrant struct {
	name string
	cmd  string // for bash
	env  []string
}

// figures are what one run cost.
type figures struct {
	wall, cpu, first time.Duration // first: to the first byte of output
	rss              int64         // bytes, the largest
}

const runLimit = 10 * time.Minute

// time runs the entrants in turn and prints a table.
func (b *bench) time(ctx context.Context, c trial, rounds int) error {
	runs := make([][]figures, len(c.entrants))
	failed := make([]string, len(c.entrants))
	for range rounds {
		for i, e := range c.entrants {
			if failed[i] != "" {
				continue
			}
			if err := b.prepare(c); err != nil {
				return err
			}
			f, err := b.once(ctx, e)
			if err == nil && c.check != nil {
				err = c.check()
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				failed[i] = strings.Join(strings.Fields(err.Error()), " ")
				continue
			}
			runs[i] = append(runs[i], f)
		}
	}
	fmt.Printf("\n%s\n", c.name)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tbest s\tmedian s\trate\tfirst s\tCPU s\tMB\tratio\t")
	for i, e := range c.entrants {
		if len(runs[i]) == 0 {
			fmt.Fprintf(w, "%s\tfailed: %.100s\t\n", e.name, failed[i])
			continue
		}
		best := least(runs[i], func(f figures) time.Duration { return f.wall })
		ratio := ""
		if i > 0 && len(runs[0]) > 0 {
			ratio = fmt.Sprintf("%.2f", least(runs[0], func(f figures) time.Duration { return f.wall }).Seconds()/best.Seconds())
		}
		rate := fmt.Sprintf("%.0f/s", float64(c.count)/best.Seconds())
		if c.bytes > 100<<20 || c.count == 0 {
			rate = fmt.Sprintf("%.0f MB/s", float64(c.bytes)/1e6/best.Seconds())
		}
		var rss int64
		for _, f := range runs[i] {
			rss = max(rss, f.rss)
		}
		fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%s\t%.2f\t%.2f\t%.0f\t%s\t\n", e.name, best.Seconds(), middle(runs[i]).Seconds(), rate,
			least(runs[i], func(f figures) time.Duration { return f.first }).Seconds(),
			least(runs[i], func(f figures) time.Duration { return f.cpu }).Seconds(), float64(rss)/1e6, ratio)
	}
	return w.Flush()
}

func least(runs []figures, of func(figures) time.Duration) time.Duration {
	v := of(runs[0])
	for _, f := range runs[1:] {
		v = min(v, of(f))
	}
	return v
}

func middle(runs []figures) time.Duration {
	v := make([]time.Duration, len(runs))
	for i, f := range runs {
		v[i] = f.wall
	}
	slices.Sort(v)
	return v[len(v)/2]
}

func (b *bench) prepare(c trial) error {
	err := errors.Join(os.RemoveAll(b.out), os.RemoveAll(filepath.Join(b.work, "profile")), os.MkdirAll(b.out, 0o777))
	if c.upload != "" {
		err = errors.Join(err, os.RemoveAll(c.upload), os.MkdirAll(c.upload, 0o777), os.Chmod(c.upload, 0o777))
	}
	return err
}

// once runs a program to its end.
func (b *bench) once(ctx context.Context, e entrant) (f figures, err error) {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", "exec "+e.cmd)
	cmd.Dir = b.out
	cmd.Env = append(os.Environ(), append([]string{"HOME=" + filepath.Join(b.work, "home"), "LC_ALL=C.UTF-8"}, e.env...)...)
	began := time.Now()
	out := &firstByte{began: began}
	said := &tail{}
	cmd.Stdout, cmd.Stderr = out, said
	if err := cmd.Start(); err != nil {
		return f, err
	}
	ended := make(chan struct{})
	peak := make(chan int64)
	go func() { peak <- watchMemory(cmd.Process.Pid, ended) }()
	err = cmd.Wait()
	f.wall, f.first = time.Since(began), out.first
	close(ended)
	f.rss = <-peak
	f.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if err != nil {
		return f, fmt.Errorf("%w: %s", err, said.text)
	}
	return f, nil
}

// watchMemory reads a process's largest resident size until it has ended, in
// bytes. The figure that wait4 gives counts what this process held when it
// started the other.
func watchMemory(pid int, ended <-chan struct{}) int64 {
	var peak int64
	t := time.NewTicker(50 * time.Millisecond)
	defer t.Stop()
	for {
		if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil {
			if _, rest, ok := strings.Cut(string(text), "VmHWM:"); ok {
				var kb int64
				if _, err := fmt.Sscan(rest, &kb); err == nil {
					peak = max(peak, kb<<10)
				}
			}
		}
		select {
		case <-ended:
			return peak
		case <-t.C:
		}
	}
}

// firstByte notes when the first byte comes and forgets what it says.
type firstByte struct {
	began time.Time
	first time.Duration
}

func (w *firstByte) Write(p []byte) (int, error) {
	if w.first == 0 {
		w.first = time.Since(w.began)
	}
	return len(p), nil
}

// tail keeps the end of what is written.
type tail struct{ text []byte }

func (w *tail) Write(p []byte) (int, error) {
	w.text = append(w.text, p...)
	w.text = w.text[max(0, len(w.text)-200):]
	return len(p), nil
}
