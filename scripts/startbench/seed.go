//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// seed makes a home and puts into it what keeps a peer's first-run assistant
// away, so that its main window is what is timed. No server but loopback is
// named.
func seed(name, home string) error {
	files := map[string]string{}
	account := func(dir, inbox string) {
		files[dir+"/accountrc"] = "[Account: 1]\naccount_name=bench\nis_default=1\nname=Bench\naddress=bench@localhost\nprotocol=0\n" +
			"receive_server=127.0.0.1\nsmtp_server=127.0.0.1\nuser_id=bench\ninbox=" + inbox + "\nreceive_at_get_all=0\n"
		var b strings.Builder
		b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<folderlist>\n<folder type=\"mh\" name=\"Mailbox\" path=\"Mail\">\n")
		for _, f := range [][2]string{{"inbox", "inbox"}, {"sent", "outbox"}, {"draft", "draft"}, {"queue", "queue"}, {"trash", "trash"}} {
			fmt.Fprintf(&b, "<folderitem name=%q path=%q type=%q />\n", f[0], f[0], f[1])
			files["Mail/"+f[0]+"/.keep"] = ""
		}
		b.WriteString("</folder>\n</folderlist>\n")
		files[dir+"/folderlist.xml"] = b.String()
	}
	switch name {
	case "claws-mail":
		account(".claws-mail", "#mh/Mailbox/inbox")
		files[".claws-mail/clawsrc"] = "[Common]\nconfig_version=4\ncheck_on_startup=0\nautochk_newmail=0\n"
	case "sylpheed":
		account(".sylpheed-2.0", "inbox")
	case "filezilla":
		files[".config/filezilla/filezilla.xml"] = `<?xml version="1.0"?><FileZilla3><Settings><Setting name="Greeting version">99.0.0</Setting>` +
			`<Setting name="Update Check">0</Setting></Settings></FileZilla3>`
	}
	for _, dir := range []string{"", "run"} {
		if err := os.MkdirAll(filepath.Join(home, dir), 0o700); err != nil {
			return err
		}
	}
	for path, text := range files {
		path = filepath.Join(home, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
