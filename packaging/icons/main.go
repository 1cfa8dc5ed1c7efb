// Command icons renders the program's one SVG into the sizes that desktops
// want, as hicolor PNG files: no outside program, nothing checked in twice.
//
//	icons guichet.svg OUTDIR org.guichet.Guichet
package main

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"

	"github.com/fyne-io/oksvg"
	"github.com/srwiley/rasterx"
)

// sizes are the pixels of the hicolor theme's folders.
var sizes = []int{16, 24, 32, 48, 64, 128, 256, 512}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: icons PICTURE.svg FOLDER NAME")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "icons:", err)
		os.Exit(1)
	}
}

func run(svg, out, name string) error {
	for _, n := range sizes {
		img, err := render(svg, n)
		if err != nil {
			return err
		}
		file := filepath.Join(out, fmt.Sprintf("%dx%d", n, n), "apps", name+".png")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		f, err := os.Create(file)
		if err != nil {
			return err
		}
		if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
			return err
		}
	}
	data, err := os.ReadFile(svg)
	if err != nil {
		return err
	}
	file := filepath.Join(out, "scalable", "apps", name+".svg")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644)
}

// render draws the SVG as a square of n pixels.
func render(svg string, n int) (*image.RGBA, error) {
	icon, err := oksvg.ReadIcon(svg, oksvg.StrictErrorMode)
	if err != nil {
		return nil, err
	}
	icon.SetTarget(0, 0, float64(n), float64(n))
	img := image.NewRGBA(image.Rect(0, 0, n, n))
	icon.Draw(rasterx.NewDasher(n, n, rasterx.NewScannerGV(n, n, img, img.Bounds())), 1)
	return img, nil
}
