// Package drive runs the real program in its real window on an X display, with
// xdotool as its hands and Xvfb's screen as its eyes.
package drive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"guichet/scripts/internal/xwd"
	"guichet/services/demo"
)

// Params say what to start and where.
type Params struct {
	Program string   // path of the guichet binary
	Screen  string   // the file in which Xvfb keeps its screen
	Args    []string // of `guichet demo --window`, before those words
	Env     []string // in addition to this process's
}

// App is a running window on the demo.
type App struct {
	Info   demo.Info
	p      Params
	cmd    *exec.Cmd
	dir    string // TMPDIR of the program
	log    bytes.Buffer
	window string
	ended  chan error
}

// Start runs the demo and waits for its window and its servers.
func Start(ctx context.Context, p Params) (*App, error) {
	dir, err := os.MkdirTemp("", "guichet-drive-")
	if err != nil {
		return nil, err
	}
	a := &App{p: p, dir: dir, ended: make(chan error, 1)}
	a.cmd = exec.CommandContext(ctx, p.Program, append(p.Args, "demo", "--window")...)
	a.cmd.Env = append(append(os.Environ(), "TMPDIR="+dir, "HOME="+dir, "XDG_RUNTIME_DIR="+dir,
		"XDG_CONFIG_HOME="+dir+"/config", "XDG_CACHE_HOME="+dir+"/cache", "XDG_DATA_HOME="+dir+"/data"), p.Env...)
	a.cmd.Stdout, a.cmd.Stderr = &a.log, &a.log
	if err := a.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	go func() { a.ended <- a.cmd.Wait() }()
	err = a.Until(time.Minute, "the window", func() error {
		out, err := exec.CommandContext(ctx, "xdotool", "search", "--onlyvisible", "--class", "Guichet").Output()
		if err != nil {
			return err
		}
		a.window = strings.Fields(string(out))[0]
		return nil
	})
	if err == nil {
		err = a.Until(time.Minute, "the demo's servers", a.readInfo)
	}
	if err != nil {
		return nil, errors.Join(err, a.Kill())
	}
	return a, nil
}

func (a *App) readInfo() error {
	var data []byte
	for _, pattern := range []string{"*/*/" + demo.InfoFile, "*/" + demo.InfoFile} {
		names, err := filepath.Glob(filepath.Join(a.dir, pattern))
		if err != nil {
			return err
		}
		if len(names) > 0 {
			if data, err = os.ReadFile(names[0]); err != nil {
				return err
			}
		}
	}
	return json.Unmarshal(data, &a.Info)
}

// ErrEnded says that the program is gone before its time.
var ErrEnded = errors.New("guichet has ended")

// Until tries f four times a second until it succeeds, limit at most.
func (a *App) Until(limit time.Duration, what string, f func() error) error {
	deadline := time.Now().Add(limit)
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case end := <-a.ended:
			a.ended <- end
			return fmt.Errorf("waiting for %s: %w: %v\n%s", what, ErrEnded, end, a.log.String())
		case <-time.After(250 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
	}
}

func (a *App) xdotool(args ...string) error {
	out, err := exec.Command("xdotool", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("xdotool %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

// Key presses a key such as ctrl+1 or Return.
func (a *App) Key(name string) error {
	// Without a window manager nobody gives the window the keyboard.
	if err := a.xdotool("windowfocus", "--sync", a.window); err != nil {
		return err
	}
	err := a.xdotool("key", "--clearmodifiers", name)
	a.Settle()
	return err
}

// Go types an address into the address box.
func (a *App) Go(address string) error {
	err := errors.Join(a.Key("ctrl+l"), a.Key("ctrl+a"), a.xdotool("type", "--delay", "15", address))
	a.Settle()
	return errors.Join(err, a.Key("Return"))
}

// Click presses the left button at a place of the screen.
func (a *App) Click(at image.Point) error {
	err := a.xdotool("mousemove", strconv.Itoa(at.X), strconv.Itoa(at.Y), "click", "1")
	a.Settle()
	return err
}

// Settle gives the window the time of a few frames.
func (a *App) Settle() { time.Sleep(300 * time.Millisecond) }

// Screen is what is on the screen now.
func (a *App) Screen() (*image.RGBA, error) {
	data, err := os.ReadFile(a.p.Screen)
	if err != nil {
		return nil, err
	}
	return xwd.Decode(data)
}

// Picture writes the screen into a PNG file, with the pointer out of the way.
func (a *App) Picture(file string) error {
	if err := a.xdotool("mousemove", "1279", "819"); err != nil {
		return err
	}
	a.Settle()
	img, err := a.Screen()
	if err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, img), f.Close())
}

// Find gives the middle of the largest patch of a colour below the bar at the
// top: a primary button.
func (a *App) Find(colour color.RGBA, least int) (image.Point, error) {
	img, err := a.Screen()
	if err != nil {
		return image.Point{}, err
	}
	const bar = 60 // pixels: the bar has primary buttons of its own
	best, size := image.Rectangle{}, 0
	seen := map[image.Point]bool{}
	for y := bar; y < img.Rect.Dy(); y++ {
		for x := range img.Rect.Dx() {
			if p := image.Pt(x, y); !seen[p] && img.RGBAAt(x, y) == colour {
				if box, n := patch(img, p, seen); n > size {
					best, size = box, n
				}
			}
		}
	}
	if size < least {
		return image.Point{}, fmt.Errorf("no button in %v: the largest patch has %d pixels", colour, size)
	}
	return best.Min.Add(best.Size().Div(2)), nil
}

// patch measures the connected pixels of one colour.
func patch(img *image.RGBA, from image.Point, seen map[image.Point]bool) (box image.Rectangle, n int) {
	colour := img.RGBAAt(from.X, from.Y)
	box = image.Rectangle{Min: from, Max: from}
	todo := []image.Point{from}
	seen[from] = true
	for len(todo) > 0 {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		n++
		box = box.Union(image.Rectangle{Min: p, Max: p.Add(image.Pt(1, 1))})
		for _, d := range []image.Point{{X: 1}, {X: -1}, {Y: 1}, {Y: -1}} {
			if q := p.Add(d); q.In(img.Rect) && !seen[q] && img.RGBAAt(q.X, q.Y) == colour {
				seen[q] = true
				todo = append(todo, q)
			}
		}
	}
	return box, n
}

// Log is what the program has written on its standard streams.
func (a *App) Log() string { return a.log.String() }

// Quit asks the program to end by its own shortcut and reports whether it did
// so in order, with nothing of the demo left behind.
func (a *App) Quit() error {
	defer os.RemoveAll(a.dir)
	if err := a.Key("ctrl+q"); err != nil {
		return errors.Join(err, a.Kill())
	}
	select {
	case err := <-a.ended:
		if err != nil {
			return fmt.Errorf("quitting: %w\n%s", err, a.log.String())
		}
	case <-time.After(20 * time.Second):
		return errors.Join(errors.New("guichet did not quit"), a.Kill())
	}
	left, err := filepath.Glob(filepath.Join(a.dir, "guichet-demo-*"))
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("left behind: %v", left)
	}
	return err
}

// Kill ends the program at once.
func (a *App) Kill() error {
	err := a.cmd.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	return errors.Join(err, os.RemoveAll(a.dir))
}
