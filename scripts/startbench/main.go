//go:build linux

// Command startbench times how desktop programs start on an X display whose
// screen Xvfb keeps in a file (-fbdir), and what they use once they are quiet.
//
//	startbench -screen Xvfb_screen0 build/guichet [claws-mail dillo ...]
//
// It prints figures and judges none. Programs that are not installed are named
// and passed over.
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
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

func main() {
	screen := flag.String("screen", "", "the file in which Xvfb keeps its screen")
	rounds := flag.Int("rounds", 5, "starts of each program after its first")
	idle := flag.Duration("idle", 10*time.Second, "how long a settled window is watched")
	flag.Parse()
	if flag.NArg() == 0 || *screen == "" || *rounds < 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *screen, *rounds, *idle, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "startbench:", err)
		os.Exit(1)
	}
}

// program is one that is started again and again.
type program struct {
	name string
	path string
	args []string
	home string
	runs []figures
}

func run(ctx context.Context, file string, rounds int, idle time.Duration, names []string) (err error) {
	s, err := openScreen(file)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "startbench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	var list []*program
	for i, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			fmt.Fprintln(os.Stderr, "not installed, passed over:", name)
			continue
		}
		if path, err = filepath.Abs(path); err != nil {
			return err
		}
		p := &program{name: filepath.Base(name), path: path, home: filepath.Join(work, filepath.Base(name))}
		if i == 0 {
			p.args = []string{"--profile", filepath.Join(p.home, "profile")}
		}
		if err := seed(p.name, p.home); err != nil {
			return err
		}
		list = append(list, p)
	}
	// The first start makes the profile and is not counted; the rounds spread
	// what the neighbours do over all programs alike.
	for round := range rounds + 1 {
		for _, p := range list {
			f, err := p.start(ctx, s, idle)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				fmt.Fprintf(os.Stderr, "%s: %v\n", p.name, err)
			} else if round > 0 {
				p.runs = append(p.runs, f)
			}
		}
	}
	table(list)
	return nil
}

// column is one figure of the table; smaller is better in each.
type column struct {
	title, form string
	of          func(figures) float64
}

var columns = []column{
	{"painted s", "%.2f", func(f figures) float64 { return f.painted.Seconds() }},
	{"settled s", "%.2f", func(f figures) float64 { return f.settled.Seconds() }},
	{"CPU s", "%.2f", func(f figures) float64 { return f.busy.Seconds() }},
	{"PSS MB", "%.0f", func(f figures) float64 { return f.pss / 1e6 }},
	{"RSS MB", "%.0f", func(f figures) float64 { return f.rss / 1e6 }},
	{"idle CPU %", "%.2f", func(f figures) float64 { return f.idle * 100 }},
}

// table prints the medians, and those of the first program divided by each
// peer's.
func table(list []*program) {
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		load = []byte("unknown")
	}
	fmt.Printf("median of the starts after the first; seconds from exec; load now %s\n", strings.Join(strings.Fields(string(load))[:min(3, len(strings.Fields(string(load))))], " "))
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "program\tstarts\t")
	for _, c := range columns {
		fmt.Fprint(w, c.title, "\t")
	}
	fmt.Fprintln(w)
	for _, p := range list {
		fmt.Fprintf(w, "%s\t%d\t", p.name, len(p.runs))
		for _, c := range columns {
			if len(p.runs) == 0 {
				fmt.Fprint(w, "-\t")
				continue
			}
			fmt.Fprintf(w, c.form+"\t", p.median(c.of))
		}
		fmt.Fprintln(w)
	}
	for _, p := range list[min(1, len(list)):] {
		if len(p.runs) == 0 || len(list[0].runs) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s / %s\t\t", list[0].name, p.name)
		for _, c := range columns {
			if peer := p.median(c.of); peer > 0 {
				fmt.Fprintf(w, "%.2f\t", list[0].median(c.of)/peer)
			} else {
				fmt.Fprint(w, "-\t")
			}
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "startbench:", err)
	}
}

func (p *program) median(of func(figures) float64) float64 {
	v := make([]float64, len(p.runs))
	for i, f := range p.runs {
		v[i] = of(f)
	}
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// figures are what one start measured.
type figures struct {
	painted time.Duration // from exec to the first picture of the window
	settled time.Duration // to the last large change before a second of quiet
	busy    time.Duration // processor time up to then
	pss     float64       // bytes, of the whole tree of processes, at the end of the watch
	rss     float64
	idle    float64 // share of one processor during the watch
}

const (
	startLimit = time.Minute
	quiet      = time.Second
	lookEvery  = 4 * time.Millisecond
)

var errNoWindow = errors.New("no window in time")

// start runs the program once and ends it.
func (p *program) start(ctx context.Context, s *screen, idle time.Duration) (f figures, err error) {
	if err := s.waitQuiet(ctx); err != nil {
		return f, err
	}
	before := s.sample()
	cmd := exec.Command(p.path, p.args...)
	cmd.Dir = p.home
	cmd.Env = p.environ()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return f, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() {
		// What it started is in its process group, or a child of such.
		// A process that has ended meanwhile is what is wanted: errors do not matter.
		tree := treeOf(cmd.Process.Pid)
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(3 * time.Second):
		}
		for _, pid := range tree {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}()
	last := before
	var changed time.Time
	for {
		select {
		case err := <-ended:
			ended <- err
			return f, fmt.Errorf("ended before its window: %v", err)
		case <-ctx.Done():
			return f, ctx.Err()
		case <-time.After(lookEvery):
		}
		now := time.Now()
		shot := s.sample()
		if f.painted == 0 && shot.isWindow(before) {
			f.painted, changed, last = now.Sub(began), now, shot
		}
		if f.painted > 0 && shot.differs(last) {
			changed, last = now, shot
		}
		if f.painted > 0 && now.Sub(changed) > quiet {
			break
		}
		if now.Sub(began) > startLimit {
			if f.painted == 0 {
				return f, errNoWindow
			}
			break
		}
	}
	f.settled = changed.Sub(began)
	tree := treeOf(cmd.Process.Pid)
	f.busy = busyTime(tree)
	from, at := busyTime(treeOf(cmd.Process.Pid)), time.Now()
	select {
	case <-ctx.Done():
		return f, ctx.Err()
	case <-time.After(idle):
	}
	tree = treeOf(cmd.Process.Pid)
	f.idle = float64(busyTime(tree)-from) / float64(time.Since(at))
	f.pss, f.rss = memory(tree)
	return f, nil
}

// environ is a plain session: English, no accessibility bus, a home of its own.
func (p *program) environ() []string {
	env := []string{
		"HOME=" + p.home, "XDG_RUNTIME_DIR=" + filepath.Join(p.home, "run"), "LANG=C.UTF-8", "LC_ALL=C.UTF-8",
		"NO_AT_BRIDGE=1", "GTK_A11Y=none", "MOZ_CRASHREPORTER_DISABLE=1",
	}
	for _, name := range []string{"PATH", "DISPLAY", "XAUTHORITY", "LIBGL_ALWAYS_SOFTWARE", "TMPDIR"} {
		if v := os.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// treeOf lists a process, its descendants and its process group: some peers
// start helpers that outlive the shell script they came from.
func treeOf(root int) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return []int{root}
	}
	parent, group := map[int]int{}, map[int]int{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if f := stat(pid); len(f) > 2 {
			parent[pid], _ = strconv.Atoi(f[1])
			group[pid], _ = strconv.Atoi(f[2])
		}
	}
	var list []int
	for pid := range parent {
		for q := pid; q > 1; q = parent[q] {
			if q == root || group[q] == root {
				list = append(list, pid)
				break
			}
		}
	}
	return list
}

// stat gives the fields of /proc/PID/stat from the state on (proc(5)).
func stat(pid int) []string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	text := string(data)
	return strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
}

// busyTime adds up the processor time of live processes, at 100 ticks a second
// as on every Linux of today.
func busyTime(tree []int) (d time.Duration) {
	for _, pid := range tree {
		if f := stat(pid); len(f) > 12 {
			user, _ := strconv.Atoi(f[11])
			system, _ := strconv.Atoi(f[12])
			d += time.Duration(user+system) * 10 * time.Millisecond
		}
	}
	return d
}

// memory adds up the proportional and resident sizes in bytes.
func memory(tree []int) (pss, rss float64) {
	for _, pid := range tree {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			continue
		}
		for _, line := range strings.Split(string(data), "\n") {
			f := strings.Fields(line)
			if len(f) < 2 {
				continue
			}
			kb, _ := strconv.ParseFloat(f[1], 64)
			switch f[0] {
			case "Pss:":
				pss += kb * 1024
			case "Rss:":
				rss += kb * 1024
			}
		}
	}
	return pss, rss
}
