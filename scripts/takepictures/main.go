// Command takepictures takes the pictures of every screen for the docs, in one
// language and one theme.
//
//	takepictures build/guichet Xvfb_screen0 FOLDER en light
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"guichet/scripts/internal/drive"
)

func main() {
	if len(os.Args) != 6 {
		fmt.Fprintln(os.Stderr, "usage: takepictures PROGRAM SCREEN FOLDER en|fr light|dark")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]); err != nil {
		fmt.Fprintln(os.Stderr, "takepictures:", err)
		os.Exit(1)
	}
}

// loading is how long a view may need until nothing moves in it any more.
const loading = 3 * time.Second

func run(ctx context.Context, program, screen, folder, lang, theme string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	app, err := drive.Start(ctx, drive.Params{
		Program: program, Screen: screen, Args: []string{"--lang", lang}, Env: []string{"FYNE_THEME=" + theme},
	})
	if err != nil {
		return err
	}
	key := func(name string) func() error { return func() error { return app.Key(name) } }
	address := func(text string) func() error { return func() error { return app.Go(text) } }
	for _, view := range []struct {
		name string
		do   []func() error
	}{
		{"start", []func() error{key("ctrl+1")}},
		{"web", []func() error{key("ctrl+1"), address(app.Info.HTTPS + lang + "/library-hours.html")}},
		{"mail", []func() error{key("ctrl+2"), key("Down")}},
		{"write", []func() error{key("ctrl+2"), address("mailto:marie@orchestra.example?subject=Programme")}},
		{"files", []func() error{key("ctrl+3"), address(app.Info.SFTP + "concerts/2026-07/")}},
		{"compare", []func() error{key("ctrl+shift+d")}},
		{"photos", []func() error{key("Escape"), key("F6"), key("ctrl+g")}},
		{"activity", []func() error{key("ctrl+4")}},
		{"settings", []func() error{key("ctrl+comma")}},
		{"trouble", []func() error{key("ctrl+1"), address("https://127.0.0.1:9/")}},
	} {
		for _, do := range view.do {
			if err := do(); err != nil {
				return errors.Join(fmt.Errorf("%s: %w", view.name, err), app.Kill())
			}
		}
		time.Sleep(loading)
		if err := app.Picture(filepath.Join(folder, fmt.Sprintf("%s-%s-%s.png", view.name, lang, theme))); err != nil {
			return errors.Join(err, app.Kill())
		}
	}
	return app.Quit()
}
