// Guichet is a desktop client for the whole network: web pages, mail and files
// in one window, and the same work on the command line.
package main

import (
	"context"
	"os"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"

	"guichet/app"
	_ "guichet/app/cleanlocale" // before Fyne looks at the language
	"guichet/app/commands"
)

func main() {
	os.Exit(commands.Main(commands.Params{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Window: func(ctx context.Context, w commands.Window) error {
			return app.Open(ctx, app.Launch(w), func(id string) fyne.App { return fyneapp.NewWithID(id) })
		},
	}))
}
