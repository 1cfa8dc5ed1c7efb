//go:build !linux

// Command filesbench needs Debian's servers.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "filesbench measures on Linux only")
	os.Exit(1)
}
