//go:build !linux

// Command startbench needs Linux's /proc and Xvfb.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "startbench measures on Linux only")
	os.Exit(1)
}
