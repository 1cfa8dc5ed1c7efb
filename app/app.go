// Package app is the program as its user meets it: the window with its tabs,
// its menus and its dialogs. It is handed the Fyne app that main made, so that
// all of it can be tested without a display.
package app

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver"
	"github.com/rymdport/portal/settings/appearance"

	"guichet/app/words"
	"guichet/services/fault"
	"guichet/services/publish"
)

// Params say what Run shows.
type Params struct {
	Window WindowParams
	// Open is the address to open at the start, "" for none.
	Open string
	// Started is called once the window is on the screen.
	Started func(*Window)
}

// ErrNoGraphics says that there is a display but no window could be made on
// it, which is what a missing or broken OpenGL looks like.
var ErrNoGraphics = errors.New("no window could be made: OpenGL does not work on this display")

// Run shows the window and returns when it is closed.
func Run(a fyne.App, p Params) (err error) {
	// Where DISPLAY names a screen that is not there or lets nobody in, Fyne logs
	// that GLFW did not start, goes on, and panics with GLFW's own error.
	defer func() {
		if r := recover(); r != nil {
			if !strings.Contains(fmt.Sprint(r), "GLFW library is not initialized") {
				panic(r)
			}
			err = fault.Newf(fault.Unsupported, "show window", "", "the display %s cannot be opened", os.Getenv("DISPLAY"))
		}
	}()
	publish.Through(fyne.Do)
	if p.Window.Desktop == nil {
		p.Window.Desktop = desktopColors()
	}
	w := NewWindow(a, p.Window)
	var failed error
	a.Lifecycle().SetOnStarted(func() {
		if !drawable(w.win) {
			failed = &fault.Fault{Kind: fault.Unsupported, Op: "show window", Step: "graphics", Err: ErrNoGraphics}
			fmt.Fprintln(os.Stderr, words.T("common.no_graphics"))
			slog.Error("no window", "err", failed)
			// A driver without a window may not end its loop by itself.
			time.AfterFunc(quitLimit, func() { os.Exit(1) })
			a.Quit()
			return
		}
		w.hideMenuBar()
		if p.Started != nil {
			p.Started(w)
		}
		if p.Open != "" {
			w.OpenText(p.Open)
		}
	})
	w.Present()
	a.Run()
	return failed
}

// desktopColors asks the portal of a free desktop, which Fyne asks too, but
// without telling whether there was an answer. Elsewhere Fyne knows.
func desktopColors() func() error {
	switch runtime.GOOS {
	case "windows", "darwin":
		return nil
	}
	if os.Getenv("FYNE_THEME") != "" {
		return nil
	}
	return func() error {
		_, err := appearance.GetColorScheme()
		return err
	}
}

const quitLimit = 2 * time.Second

// drawable reports whether the system really made a window.
func drawable(w fyne.Window) bool {
	native, ok := w.(driver.NativeWindow)
	if !ok {
		return true
	}
	made := true
	native.RunNative(func(ctx any) {
		switch c := ctx.(type) {
		case driver.X11WindowContext:
			made = c.WindowHandle != 0
		case driver.WindowsWindowContext:
			made = c.HWND != 0
		}
	})
	return made
}

// CheckDisplay reports, before a Fyne app is made, whether there is a display:
// Fyne ends with a stack trace where there is none. The fault is Unsupported.
func CheckDisplay() error {
	switch runtime.GOOS {
	case "windows", "darwin", "android", "ios":
		return nil
	}
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return fault.Newf(fault.Unsupported, "show window", "", "neither DISPLAY nor WAYLAND_DISPLAY is set")
	}
	// Guichet's driver speaks X11; under Wayland it needs XWayland, which sets
	// DISPLAY.
	if os.Getenv("DISPLAY") == "" {
		return fault.Newf(fault.Unsupported, "show window", "", "this desktop has no X11 display (XWayland)")
	}
	return nil
}
