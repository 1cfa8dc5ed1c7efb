package filespanel

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"github.com/stretchr/testify/require"

	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/services/files/edit"
	"guichet/services/files/ops"
	"guichet/services/files/ops/trash"
	"guichet/services/files/sitesio"
	"guichet/services/files/transfer"
	"guichet/widgets/filetable"
)

// TestMain keeps the tests away from the trash of whoever runs them.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "guichet-trash")
	if err == nil {
		err = os.Setenv("XDG_DATA_HOME", dir)
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// toast waits for a toast that says something of that kind.
func (b *bench) toast(part string) panel.Toast {
	b.t.Helper()
	var found panel.Toast
	b.Until("toast "+part, func() bool {
		for _, t := range b.Toasts {
			if strings.Contains(t.Text, part) {
				found = t
				return true
			}
		}
		return false
	})
	b.Toasts = nil
	return found
}

func TestDeleteHereGoesToTheTrashAndBack(t *testing.T) {
	if !trash.Here {
		t.Skip("this system keeps its trash itself")
	}
	b := newBench(t)
	b.active = b.here
	b.choose(b.here, "Zoo")
	b.Run(b.Panel, "files.delete")
	require.Contains(t, b.Asked[len(b.Asked)-1].Text, "put it back")
	b.Answer("yes", false)
	undo := b.toast("Zoo is in the trash")
	b.Until("gone", func() bool { return !slices.Contains(names(b.here), "Zoo") })
	require.NoDirExists(t, filepath.Join(b.dir, "Zoo"))
	undo.Do()
	b.Until("back", func() bool { return slices.Contains(names(b.here), "Zoo") })
	require.FileExists(t, filepath.Join(b.dir, "Zoo", "lion.txt"))
	require.Empty(t, b.Troubles)
}

func TestRenameAndMkdirUndone(t *testing.T) {
	b := newBench(t)
	b.active = b.here
	b.choose(b.here, "a.txt")
	b.Run(b.Panel, "files.rename")
	b.fill("c.txt")
	undo := b.toast("Renamed to c.txt")
	b.Until("renamed", func() bool { return slices.Contains(names(b.here), "c.txt") })
	undo.Do()
	b.Until("named as before", func() bool { return slices.Contains(names(b.here), "a.txt") })
	b.Run(b.Panel, "files.mkdir")
	b.fill("Fresh")
	undo = b.toast("Fresh")
	b.Until("made", func() bool { return slices.Contains(names(b.here), "Fresh") })
	undo.Do()
	b.Until("gone again", func() bool { return !slices.Contains(names(b.here), "Fresh") })
	require.Empty(t, b.Troubles)
}

// trashing connects to the first server, with a trash.
func trashing(t *testing.T) *bench {
	b := newBench(t)
	site := b.sites()[0]
	site.Trash = true
	b.there.use(b.p.Files.Open(site, nil))
	b.there.build()
	b.layout()
	b.Until("the server", func() bool { return ready(b.there) && len(b.there.entries) > 0 })
	b.active = b.there
	return b
}

func TestServerTrashPage(t *testing.T) {
	b := trashing(t)
	b.Run(b.Panel, "files.mkdir")
	b.fill("Old things")
	b.Until("made", func() bool { return slices.Contains(names(b.there), "Old things") })
	b.choose(b.there, "Old things")
	b.Run(b.Panel, "files.delete")
	b.Answer("yes", false)
	b.toast("Old things is in the trash")
	b.Until("gone", func() bool { return !slices.Contains(names(b.there), "Old things") })

	b.Run(b.Panel, "files.trash")
	b.Until("listed", func() bool {
		return strings.Contains(texts(b.root), "Old things") && strings.Contains(texts(b.root), "1 item")
	})
	page := b.cover
	words.SetLanguage("fr")
	b.Present(b.Panel)
	words.SetLanguage("en")
	require.NotEqual(t, page, b.cover, "made anew in another language")
	b.Present(b.Panel)

	f, err := b.there.session.Connected(t.Context())
	require.NoError(t, err)
	items, _, err := trash.List(t.Context(), f)
	require.NoError(t, err)
	require.Len(t, items, 1)
	b.closePage()
	b.putBack(b.there.session, items)
	b.toast("back in its place")
	b.Until("back", func() bool { return slices.Contains(names(b.there), "Old things") })
	require.Empty(t, b.Troubles)
}

func TestDeleteForGoodIsAJob(t *testing.T) {
	b := connected(t)
	b.active = b.there
	b.Run(b.Panel, "files.mkdir")
	b.fill("Heap")
	b.Until("made", func() bool { return slices.Contains(names(b.there), "Heap") })
	b.choose(b.there, "Heap")
	b.Run(b.Panel, "files.delete")
	require.Contains(t, b.Asked[len(b.Asked)-1].Text, "cannot be undone")
	b.Answer("yes", false)
	b.Until("gone", func() bool { return !slices.Contains(names(b.there), "Heap") })
	b.Until("on a line", func() bool { return strings.Contains(texts(b.root), "Delete Heap") })
}

func TestPropertiesChangePermissions(t *testing.T) {
	b := newBench(t)
	b.active = b.here
	b.choose(b.here, "Zoo")
	b.properties()
	require.NotEmpty(t, b.Asked)
	q := b.Asked[len(b.Asked)-1]
	require.Equal(t, "Zoo", q.Title)
	b.Until("counted", func() bool { return strings.Contains(texts(q.Content), "1 file") })
	require.Contains(t, texts(q.Content), "700")
	b.Answer("", false)

	p := &properties{f: b.Panel, s: b.here, session: b.here.session, dir: b.here.listing().Path, entries: b.here.selectedEntries(), folders: true, stop: func() {}}
	require.True(t, p.build(t.Context()))
	p.boxes[3].SetChecked(true) // the group may read
	p.inside.SetChecked(true)
	require.Equal(t, "740", p.octal.Text())
	p.apply()
	b.Until("changed", func() bool {
		info, err := os.Stat(filepath.Join(b.dir, "Zoo", "lion.txt"))
		return err == nil && info.Mode().Perm() == fs.FileMode(0o640)
	})
}

func TestSearchPage(t *testing.T) {
	b := newBench(t)
	b.active = b.here
	b.Run(b.Panel, "files.search")
	require.NotNil(t, b.cover)
	var p *search
	for _, dir := range []string{b.dir} {
		p = &search{f: b.Panel, s: b.here, session: b.here.session, dir: b.here.listing().Path}
		require.Equal(t, dir, b.here.pathText(p.dir))
	}
	p.build()
	p.name.SetText("*.txt")
	p.start()
	b.Until("found", func() bool { return p.results.Ended })
	require.Len(t, p.results.Found, 3)
	require.Contains(t, p.status.Text(), "3 found")
	p.sortBy(filetable.Size)
	require.Equal(t, "b.txt", p.shown[0].Entry.Name)
	i := slices.IndexFunc(p.shown, func(f ops.Found) bool { return f.Entry.Name == "lion.txt" })
	p.show(i)
	require.Nil(t, b.cover)
	b.Until("in its folder", func() bool { return ready(b.here) && slices.Equal(names(b.here), []string{"lion.txt"}) })
}

func TestCopyAndPaste(t *testing.T) {
	b := connected(t)
	b.active = b.here
	b.choose(b.here, "a.txt")
	b.Run(b.Panel, "files.copy")
	b.active = b.there
	b.Run(b.Panel, "files.paste")
	b.Until("there", func() bool { return slices.Contains(names(b.there), "a.txt") })
	require.FileExists(t, filepath.Join(b.dir, "a.txt"))

	b.active = b.here
	b.choose(b.here, "b.txt")
	b.Run(b.Panel, "files.cut")
	b.active = b.there
	b.Run(b.Panel, "files.paste")
	b.Until("moved", func() bool {
		_, err := os.Stat(filepath.Join(b.dir, "b.txt"))
		return slices.Contains(names(b.there), "b.txt") && os.IsNotExist(err)
	})
	require.False(t, b.Enabled(b.Panel, "files.paste"), "moved once")

	b.choose(b.there, "b.txt")
	b.Run(b.Panel, "files.move_to")
	dir := b.there.listing().Path.Join("Sub")
	b.there.session.Act("mkdir", func(ctx ctx, f files.FS, _ func(int)) error { return f.Mkdir(ctx, dir) })
	b.Until("folder", func() bool { return slices.Contains(names(b.there), "Sub") })
	b.fill(b.there.pathText(dir))
	b.Until("in the folder", func() bool { return !slices.Contains(names(b.there), "b.txt") })
	require.Empty(t, b.Troubles)
}

func TestEditComesBack(t *testing.T) {
	b := connected(t)
	service, err := edit.New(edit.Params{Group: b.demo.Tasks, Dialer: b.demo.Dialer(), Dir: filepath.Join(t.TempDir(), "edit")})
	require.NoError(t, err)
	opened := make(chan string, 1)
	b.p.OpenFile = func(path string) error { opened <- path; return nil }
	b.UseEdits(service)
	b.watchEdits()
	b.choose(b.here, "a.txt")
	require.NoError(t, b.p.Files.Transfer(b.here.session, b.here.selectedEntries(), b.there.session, transfer.Replace))
	b.transfers.expect(b.there.session)
	b.Until("there", func() bool { return slices.Contains(names(b.there), "a.txt") })
	b.active = b.there
	b.choose(b.there, "a.txt")
	b.Run(b.Panel, "files.edit")
	var path string
	b.Until("opened", func() bool {
		select {
		case path = <-opened:
			return true
		default:
			return false
		}
	})
	require.NoError(t, os.WriteFile(path, []byte("edited here"), 0o600))
	b.toast("a.txt: saved")
	b.Run(b.Panel, "files.edited")
	require.Contains(t, texts(b.root), "a.txt: saved")
	require.True(t, b.escape(&fyne.KeyEvent{Name: fyne.KeyEscape}))
	require.Nil(t, b.cover)

	f, err := b.there.session.Connected(t.Context())
	require.NoError(t, err)
	e, err := f.Stat(t.Context(), b.there.listing().Path.Join("a.txt"))
	require.NoError(t, err)
	require.Equal(t, int64(len("edited here")), e.Size)
	service.End()
}

func TestImportAndExport(t *testing.T) {
	b := newBench(t)
	before := len(b.sites())
	path := filepath.Join(t.TempDir(), "sitemanager.xml")
	require.NoError(t, os.WriteFile(path, []byte(`<FileZilla3><Servers><Server><Host>club.example</Host><Port>21</Port><Protocol>4</Protocol>
		<User>anna</User><Pass encoding="base64">c2VjcmV0</Pass><Logontype>1</Logontype><Name>Club</Name></Server>
		<Server><Host>drive.example</Host><Protocol>14</Protocol><Name>Drive</Name></Server></Servers></FileZilla3>`), 0o600))
	b.readLists([]sitesio.Source{{Path: path}})
	b.Until("asked", func() bool { return len(b.Asked) > 0 })
	q := b.Asked[0]
	require.Equal(t, "1 server found", q.Title)
	require.Contains(t, texts(q.Content), "Club")
	require.Contains(t, texts(q.Content), "1 is left out")
	b.Answer("yes", false)
	b.toast("1 server added.")
	require.Len(t, b.sites(), before+1)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), "c2VjcmV0", "nothing is taken away without a word")

	out := filepath.Join(t.TempDir(), "list.json")
	b.writeList(sitesio.Guichet, out)
	b.toast("written, without passwords")
	l, err := sitesio.ReadFile(out)
	require.NoError(t, err)
	require.Len(t, l.Entries, before+1)
}

func TestPathsAsTyped(t *testing.T) {
	b := connected(t)
	p, ok := b.there.textPath("/a/b c/../d")
	require.True(t, ok)
	require.Equal(t, files.Path{"a", "d"}, p)
	_, ok = b.there.textPath("")
	require.False(t, ok)
	p, ok = b.there.textPath("sub")
	require.True(t, ok)
	require.True(t, p.Equal(b.there.listing().Path.Join("sub")))
	p, ok = b.here.textPath(b.dir)
	require.True(t, ok)
	require.Equal(t, b.dir, b.here.pathText(p))
	require.Equal(t, browse.Ready, b.here.listing().State)
}
