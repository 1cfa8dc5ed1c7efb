package edit

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"guichet/services/fault"
	"guichet/services/files"
)

// programs are endings that systems run, install or obey instead of showing.
// None of them is opened, on any system: files wander.
var programs = words(`
	exe com bat cmd scr pif msi msp mst msix msixbundle appx cpl hta vb vbe vbs jse ws wsc wsf wsh ps1 ps1xml ps2 psm1 psc1
	lnk url scf reg inf ins isp gadget application appref-ms chm hlp jar jnlp msc msh sct shb shs settingcontent-ms library-ms
	desktop directory appimage run bin elf so ko out deb rpm snap flatpak flatpakref apk
	app command workflow action scpt scptd applescript terminal tool dmg pkg mpkg dylib bundle webloc inetloc fileloc
	iso img vhd vhdx sh bash zsh csh tcsh ksh fish`)

// windowsPrograms are those that Windows alone runs; elsewhere they are text.
var windowsPrograms = words(`js mjs py pyw pyc pyz pl rb tcl php`)

func words(text string) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(text) {
		all[w] = true
	}
	return all
}

// runs reports whether opening a file of that name would run it.
func runs(name string) bool { return runsOn(name, runtime.GOOS) }

func runsOn(name, goos string) bool {
	// Windows drops dots and blanks at the end before it looks at the ending.
	ext := strings.ToLower(strings.TrimPrefix(filepath.Ext(strings.TrimRight(name, ". ")), "."))
	return programs[ext] || goos == "windows" && windowsPrograms[ext]
}

// magic are the beginnings of programs: ELF, PE, Mach-O in its four orders and
// the fat one, a script's interpreter.
var magic = [][]byte{
	[]byte("\x7fELF"), []byte("MZ"), []byte("\xfe\xed\xfa\xce"), []byte("\xfe\xed\xfa\xcf"), []byte("\xce\xfa\xed\xfe"),
	[]byte("\xcf\xfa\xed\xfe"), []byte("\xca\xfe\xba\xbe"), []byte("#!"), []byte("[Desktop Entry]"),
}

// isProgram looks at how a copy begins.
func isProgram(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, 64)
	n, err := io.ReadFull(f, head)
	if err != nil && n == 0 {
		return false, nil //nolint:nilerr // an empty file
	}
	head = bytes.TrimPrefix(head[:n], []byte("\xef\xbb\xbf"))
	for _, m := range magic {
		if bytes.HasPrefix(head, m) {
			return true, nil
		}
	}
	return false, nil
}

// refused is the fault for a program.
func refused(name string) error {
	f := fault.Newf(fault.Unsupported, "edit", "", "%s is a program", files.Display(name))
	f.Step = "program"
	return f
}
