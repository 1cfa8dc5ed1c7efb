// Package cleanlocale gives a program without a language one. With LANG=C Fyne's
// package for translations complains on standard error before main begins,
// whatever the program does; being initialised earlier, this package keeps it
// from seeing that.
//
// Packages are initialised in the order of their import paths as soon as all
// that they import is (Go specification, "Program initialization"). This one
// imports os only, so it is always ready before Fyne's, which needs
// text/template and more. A test of package main's command line fails if that
// ever changes.
package cleanlocale

import "os"

func init() {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		switch v := os.Getenv(name); v {
		case "":
			continue
		case "C", "POSIX", "C.UTF-8", "C.utf8":
			if err := os.Setenv(name, "en_US.UTF-8"); err != nil {
				return // the complaint is harmless
			}
		}
		return // the first one set decides
	}
	if os.Getenv("LANGUAGE") == "" {
		if err := os.Setenv("LANG", "en_US.UTF-8"); err != nil {
			return
		}
	}
}
