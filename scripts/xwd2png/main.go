// Command xwd2png turns an X window dump into a PNG file. Xvfb keeps one of its
// screen with -fbdir, so a machine with nothing but Xvfb can take a picture.
//
//	xwd2png Xvfb_screen0 picture.png
package main

import (
	"errors"
	"fmt"
	"image/png"
	"os"

	"guichet/scripts/internal/xwd"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: xwd2png DUMP PICTURE.png")
		os.Exit(2)
	}
	if err := convert(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "xwd2png:", err)
		os.Exit(1)
	}
}

func convert(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	img, err := xwd.Decode(data)
	if err != nil {
		return err
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, img), f.Close())
}
