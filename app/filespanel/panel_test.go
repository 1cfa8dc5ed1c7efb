package filespanel

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/app/house"
	"guichet/app/paneltest"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/address"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/services/files/preview"
	"guichet/widgets/filetable"
	"guichet/widgets/kit"
)

// bench is the panel on the demo's real servers; this computer shows dir.
type bench struct {
	*Panel
	*paneltest.Host
	t    *testing.T
	demo *house.Demo
	jobs *activity.Center
	dir  string
	// limits are those that the panel set last.
	limits [2]int64
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, Host: paneltest.New(t), dir: t.TempDir()}
	var err error
	b.demo, err = house.OpenDemo(t.Context(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = b.demo.Close() }) // the test's context ends what runs
	service, err := b.demo.Browse()
	require.NoError(t, err)
	require.NoError(t, b.demo.StartJobs())
	b.jobs, err = b.demo.Activity()
	require.NoError(t, err)
	b.Panel = New(Params{
		Host: b.Host, Files: service, Tasks: b.demo.Tasks.Child(), Jobs: b.jobs, Activity: b.jobs.Jobs, Settings: b.demo.Profile.Settings,
		Previews: preview.New(preview.Params{}), Downloads: b.demo.Profile.Downloads, SetLimits: func(down, up int64) { b.limits = [2]int64{down, up} },
	})
	for name, text := range map[string]string{"b.txt": "bb", "a.txt": "aaaa", ".hidden": "x"} {
		require.NoError(t, os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600))
	}
	require.NoError(t, os.Mkdir(filepath.Join(b.dir, "Zoo"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(b.dir, "Zoo", "lion.txt"), []byte("roar"), 0o600))
	b.Present(b.Panel)
	b.Panel.Open(address.Target{Kind: address.Path, Text: b.dir})
	b.Until("this computer", func() bool { return ready(b.here) && len(b.here.entries) == 3 })
	return b
}

func ready(s *side) bool {
	l := s.listing()
	return l != nil && l.State == browse.Ready && !l.Loading
}

// connected opens the first saved server.
func connected(t *testing.T) *bench {
	b := newBench(t)
	b.connect(b.sites()[0], nil)
	b.Until("the server", func() bool { return ready(b.there) && len(b.there.entries) > 0 })
	return b
}

func names(s *side) []string {
	out := make([]string, len(s.entries))
	for i, e := range s.entries {
		out[i] = e.Name
	}
	return out
}

func (b *bench) choose(s *side, name string) {
	b.t.Helper()
	i := slices.Index(names(s), name)
	require.GreaterOrEqual(b.t, i, 0, name)
	s.table.List.Select(i)
	b.Settle()
}

func texts(o fyne.CanvasObject) string {
	var out []string
	for _, x := range test.LaidOutObjects(o) {
		switch x := x.(type) {
		case *kit.Text:
			out = append(out, x.Text())
		case *kit.Paragraph:
			out = append(out, x.Text())
		}
	}
	return strings.Join(out, "\n")
}

// fill answers the newest question, after filling its one field.
func (b *bench) fill(text string) {
	b.t.Helper()
	require.NotEmpty(b.t, b.Asked)
	b.Asked[len(b.Asked)-1].Content.(*kit.Entry).SetText(text)
	b.Answer("yes", false)
}

func TestSortAndHidden(t *testing.T) {
	b := newBench(t)
	require.Equal(t, []string{"Zoo", "a.txt", "b.txt"}, names(b.here), "folders first")
	b.choose(b.here, "a.txt")
	b.here.sortBy(filetable.Size)
	require.Equal(t, []string{"Zoo", "b.txt", "a.txt"}, names(b.here))
	require.Equal(t, "a.txt", b.here.selectedEntries()[0].Name, "what was chosen stays so")
	b.here.sortBy(filetable.Size)
	require.Equal(t, "a.txt", names(b.here)[1])
	b.here.sortBy(filetable.Name)
	b.Run(b.Panel, "files.hidden")
	require.Equal(t, []string{"Zoo", ".hidden", "a.txt", "b.txt"}, names(b.here))
}

func TestWalkFolders(t *testing.T) {
	b := newBench(t)
	list := b.here.table.List
	b.choose(b.here, "Zoo")
	list.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	b.Until("in the folder", func() bool { return ready(b.here) && slices.Equal(names(b.here), []string{"lion.txt"}) })
	list.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyBackspace})
	b.Until("back up", func() bool { return ready(b.here) && len(b.here.entries) == 3 })
	require.Equal(t, "Zoo", b.here.currentName(), "the keyboard stands on the folder one came from")
	b.Run(b.Panel, "files.back")
	b.Until("back", func() bool { return ready(b.here) && len(b.here.entries) == 1 })
}

func TestMakeRenameDelete(t *testing.T) {
	for _, remote := range []bool{false, true} {
		b := connected(t)
		s := b.here
		if remote {
			s = b.there
		}
		b.active = s
		b.Run(b.Panel, "files.mkdir")
		b.fill("New one")
		b.Until("made", func() bool { return slices.Contains(names(s), "New one") })
		b.choose(s, "New one")
		b.Run(b.Panel, "files.rename")
		b.fill("Renamed")
		b.Until("renamed", func() bool { return slices.Contains(names(s), "Renamed") && !slices.Contains(names(s), "New one") })
		b.choose(s, "Renamed")
		s.table.List.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyDelete})
		require.Contains(t, b.Asked[len(b.Asked)-1].Title, "Renamed")
		b.Answer("", false)
		require.Contains(t, names(s), "Renamed", "Escape deletes nothing")
		b.Run(b.Panel, "files.delete")
		b.Answer("yes", false)
		b.Until("deleted", func() bool { return !slices.Contains(names(s), "Renamed") })
		require.Empty(t, b.Troubles)
	}
}

func (b *bench) jobsIn(state activity.State) int {
	s, err := b.jobs.Jobs.Get()
	require.NoError(b.t, err)
	n := 0
	for _, j := range s.Jobs {
		if j.State == state {
			n++
		}
	}
	return n
}

func TestUploadDownloadAndTheQuestion(t *testing.T) {
	b := connected(t)
	require.Equal(t, fyne.CanvasObject(b.transfers.folded), b.transfers.object.Objects[1])
	b.choose(b.here, "a.txt")
	b.Run(b.Panel, "files.upload")
	b.Until("uploaded", func() bool { return slices.Contains(names(b.there), "a.txt") })
	require.Equal(t, b.transfers.strip, b.transfers.object.Objects[1])
	require.Contains(t, texts(b.root), "→ "+b.sites()[0].Title())

	// The panel sees that the name is taken and asks before there is a job.
	b.Run(b.Panel, "files.upload")
	require.Len(t, b.Asked, 1)
	require.Contains(t, b.Asked[0].Title, "a.txt is there already.")
	b.Answer("", false)
	require.Zero(t, b.jobsIn(activity.Running)+b.jobsIn(activity.Waiting))

	// A name that is taken behind the panel's back is asked about by the job.
	require.NoError(t, b.p.Files.TransferTo(t.Context(), b.here.session, b.here.selectedEntries(), b.there.session, b.there.listing().Path, ""))
	b.transfers.expect(b.there.session)
	b.Until("asked", func() bool { return b.jobsIn(activity.NeedsAnswer) == 1 })
	b.Until("on the line", func() bool { return strings.Contains(texts(b.root), "a.txt is there already.") })
	s, err := b.jobs.Jobs.Get()
	require.NoError(t, err)
	b.askJob(s.Jobs[0])
	require.Contains(t, texts(b.Asked[0].Content), "4\u00a0B")
	b.Answer("keep_both", false)
	b.Until("both are there", func() bool {
		return b.jobsIn(activity.Done) == 2 && len(b.there.entries) > 0 && count(names(b.there), "a") == 2
	})

	require.NoError(t, os.Remove(filepath.Join(b.dir, "a.txt")))
	b.choose(b.there, "a.txt")
	b.Run(b.Panel, "files.download")
	b.Until("downloaded", func() bool { _, err := os.Stat(filepath.Join(b.dir, "a.txt")); return err == nil })
	b.Until("listed", func() bool { return slices.Contains(names(b.here), "a.txt") })
	got, err := os.ReadFile(filepath.Join(b.dir, "a.txt"))
	require.NoError(t, err)
	require.Equal(t, "aaaa", string(got))
	require.Empty(t, b.Troubles)
}

func count(list []string, prefix string) (n int) {
	for _, s := range list {
		if strings.HasPrefix(s, prefix) && strings.HasSuffix(s, ".txt") {
			n++
		}
	}
	return n
}

func TestFolderAndDrag(t *testing.T) {
	b := connected(t)
	b.choose(b.here, "Zoo")
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(b.there.object)
	b.here.dragged(at.AddXY(60, 500))
	require.True(t, b.there.target.Visible())
	require.Len(t, b.drag.layer.Objects, 1)
	b.here.dropped(at.AddXY(60, 500))
	require.Empty(t, b.drag.layer.Objects)
	require.False(t, b.there.target.Visible())
	b.Until("there", func() bool { return slices.Contains(names(b.there), "Zoo") && b.jobsIn(activity.Done) == 1 })
	b.there.open(slices.Index(names(b.there), "Zoo"))
	b.Until("with its file", func() bool { return slices.Contains(names(b.there), "lion.txt") })
	b.here.dropped(fyne.CurrentApp().Driver().AbsolutePositionForObject(b.here.object).AddXY(60, 200))
	require.Equal(t, 1, b.jobsIn(activity.Done), "nothing is sent to where it lies")
}

// rowAt is the place in the window of a row.
func rowAt(s *side, i int) fyne.Position {
	return fyne.CurrentApp().Driver().AbsolutePositionForObject(s.table.List).AddXY(60, float32(i)*38+10)
}

func TestDragOntoAFolder(t *testing.T) {
	b := connected(t)
	b.active = b.there
	b.Run(b.Panel, "files.mkdir")
	b.fill("Album")
	b.Until("made", func() bool { return slices.Contains(names(b.there), "Album") })
	b.choose(b.here, "a.txt")
	row := slices.Index(names(b.there), "Album")
	b.here.dragged(rowAt(b.there, row))
	require.False(t, b.there.target.Visible(), "the folder's row is lit up, not the pane")
	b.here.dropped(rowAt(b.there, row))
	b.Until("sent", func() bool { return b.jobsIn(activity.Done) == 1 })
	b.there.open(row)
	b.Until("in the folder", func() bool { return slices.Equal(names(b.there), []string{"a.txt"}) })

	// Escape while dragging: letting go does nothing.
	b.choose(b.here, "b.txt")
	b.here.dragged(rowAt(b.there, 5))
	b.here.key(&fyne.KeyEvent{Name: fyne.KeyEscape})
	require.Empty(t, b.drag.layer.Objects)
	b.here.dropped(rowAt(b.there, 5))
	b.Settle()
	require.Equal(t, []string{"a.txt"}, names(b.there))

	// Onto a folder of the same side it is a move, after a question.
	b.here.dragged(rowAt(b.here, 0))
	b.here.dropped(rowAt(b.here, 0))
	require.Contains(t, b.Asked[0].Title, "Zoo")
	b.Answer("yes", false)
	b.Until("moved", func() bool { _, err := os.Stat(filepath.Join(b.dir, "Zoo", "b.txt")); return err == nil })
}

func TestDroppedFromTheDesktop(t *testing.T) {
	b := connected(t)
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(b.there.object)
	b.Dropped(at.AddXY(60, 500), []fyne.URI{storage.NewFileURI(filepath.Join(b.dir, "b.txt"))})
	b.Until("uploaded", func() bool { return slices.Contains(names(b.there), "b.txt") })
}

func TestPauseAll(t *testing.T) {
	b := connected(t)
	big := bytes.Repeat([]byte("0123456789abcdef"), 4<<20)
	require.NoError(t, os.WriteFile(filepath.Join(b.dir, "big.bin"), big, 0o600))
	b.here.session.Reload()
	b.Until("listed", func() bool { return slices.Contains(names(b.here), "big.bin") })
	b.choose(b.here, "big.bin")
	b.Run(b.Panel, "files.upload")
	b.transfers.toggle()
	b.Until("paused, or done before", func() bool { return b.jobsIn(activity.Paused)+b.jobsIn(activity.Done) == 1 })
	if b.jobsIn(activity.Paused) == 1 {
		b.Until("the button says so", func() bool { return b.transfers.paused })
		b.transfers.toggle()
	}
	b.Until("done", func() bool { return b.jobsIn(activity.Done) == 1 })
}

func TestWrongPasswordAsksAgain(t *testing.T) {
	b := newBench(t)
	wrong := "wrong"
	b.connect(b.sites()[0], &wrong)
	b.Until("asked", func() bool { return len(b.Asked) > 0 })
	require.Contains(t, texts(b.root), "did not accept")
	b.Answer("", false)
	require.Empty(t, b.Asked)
}

func TestFacesWithoutAServer(t *testing.T) {
	b := newBench(t)
	require.Contains(t, texts(b.root), words.T("files.saved.title"))
	require.Contains(t, texts(b.root), b.sites()[0].Title())
	b.Run(b.Panel, "files.connect")
	require.Equal(t, words.T("files.connect.title"), b.Asked[0].Title)
	b.Answer("", false)
	b.choose(b.here, "a.txt")
	b.upload()
	require.Equal(t, words.T("files.connect_first"), b.Toast().Text)
	require.False(t, b.Enabled(b.Panel, "files.upload"))
	require.Len(t, b.Panes(), 1)
}

func TestUnreachableServer(t *testing.T) {
	b := newBench(t)
	u, err := url.Parse("sftp://anna@127.0.0.1:1/")
	require.NoError(t, err)
	site, err := files.ParseURL(u.String())
	require.NoError(t, err)
	pw := "x"
	b.connect(site, &pw)
	b.Until("trouble", func() bool { return b.there.listing().State == browse.Broken })
	require.True(t, fault.Is(b.there.listing().Fault, fault.Refused), b.there.listing().Fault)
	b.Until("said", func() bool {
		return strings.Contains(texts(b.there.object), words.Fault(b.there.listing().Fault, "files").Title)
	})
	b.Run(b.Panel, "files.disconnect")
	require.Contains(t, texts(b.root), words.T("files.saved.title"))
	require.Equal(t, b.here, b.active)
}

func TestAddressOpensASavedServer(t *testing.T) {
	b := newBench(t)
	info := b.demo.Info()
	u, err := url.Parse(info.SFTP)
	require.NoError(t, err)
	b.Panel.Open(address.Target{Kind: address.Server, URL: u})
	b.Until("connected", func() bool { return ready(b.there) })
	require.Equal(t, "Club server", b.there.listing().Site.Title())
	require.True(t, b.Bar().Secure)
	require.Contains(t, texts(b.root), words.T("files.secure"))
}

func TestLanguageChangeKeepsPlaceAndSelection(t *testing.T) {
	b := connected(t)
	b.choose(b.here, "b.txt")
	was := b.there.session
	words.SetLanguage("fr")
	b.Present(b.Panel)
	require.Same(t, was, b.there.session)
	require.Contains(t, texts(b.root), "Cet ordinateur")
	require.Len(t, b.here.entries, 3)
	require.Equal(t, "b.txt", b.here.selectedEntries()[0].Name)
}

func TestEmptyFolder(t *testing.T) {
	b := newBench(t)
	empty := t.TempDir()
	b.Panel.Open(address.Target{Kind: address.Path, Text: empty})
	b.Until("said", func() bool { return strings.Contains(texts(b.root), words.T("files.empty")) })
	require.NoError(t, os.WriteFile(filepath.Join(empty, ".only"), nil, 0o600))
	b.here.session.Reload()
	b.Until("said", func() bool { return strings.Contains(texts(b.root), "1 hidden file only") })
}
