package filespanel

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/services/files/vfstest"
	"guichet/widgets/kit"
)

func TestFilterWhileTyping(t *testing.T) {
	b := newBench(t)
	b.here.table.List.FocusTarget().TypedRune('B')
	require.Equal(t, fyne.Focusable(b.here.foot.field), b.Host.Window().Canvas().Focused())
	require.Equal(t, []string{"b.txt"}, names(b.here))
	require.Equal(t, "1 of 3 shown", b.here.foot.summary.Text())
	test.Type(b.here.foot.field, "q")
	require.Contains(t, texts(b.here.object), words.T("files.filter.none"))
	b.here.foot.field.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	require.Len(t, b.here.entries, 3)
	require.False(t, b.here.foot.filter.Visible())
	require.True(t, b.here.table.List.HasFocus())
	b.here.table.List.SelectAll()
	require.Equal(t, "3 selected, 6\u00a0B", b.here.foot.summary.Text())
	b.here.table.List.FocusTarget().TypedRune('z')
	b.here.foot.field.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEnter})
	b.Until("the only folder was entered", func() bool { return slices.Equal(names(b.here), []string{"lion.txt"}) })
	require.Empty(t, b.here.filter, "another folder begins without")
}

func TestKeysOfThePanes(t *testing.T) {
	b := connected(t)
	list := b.here.table.List
	b.focus(b.here)
	list.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyTab})
	require.True(t, b.there.table.List.HasFocus())
	require.Equal(t, b.there, b.active)
	b.there.table.List.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyTab})
	require.True(t, list.HasFocus())
	list.SetSelection(nil, 0)
	for range 2 {
		list.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyInsert})
	}
	require.Equal(t, []int{0, 1}, list.Selected())
	require.Equal(t, 2, list.Current())
	b.Run(b.Panel, "files.hide")
	require.Equal(t, b.there, b.active)
	require.Len(t, b.Panes(), 1)
	b.Run(b.Panel, "files.hide")
	require.Len(t, b.Panes(), 2)
}

// Two servers side by side, and files between them.
func TestServerToServer(t *testing.T) {
	b := connected(t)
	b.here.connect(b.sites()[1], nil)
	b.Until("the other server", func() bool { return ready(b.here) && !b.here.local })
	require.Contains(t, texts(b.root), words.T("files.copy_right"))
	file := slices.IndexFunc(b.there.entries, func(e files.Entry) bool { return e.Type == files.File })
	if file < 0 {
		b.choose(b.there, b.there.entries[0].Name)
	} else {
		b.choose(b.there, b.there.entries[file].Name)
	}
	name := b.there.selectedEntries()[0].Name
	b.active = b.there
	b.Run(b.Panel, "files.send")
	if len(b.Asked) > 0 {
		b.Answer("replace", false)
	}
	b.Until("copied", func() bool { return b.jobsIn(activity.Done) == 1 && slices.Contains(names(b.here), name) })
	b.here.disconnect()
	b.Until("this computer again", func() bool { return b.here.local && ready(b.here) })
	require.Empty(t, b.Troubles)
}

func TestPlacesAndMemory(t *testing.T) {
	b := connected(t)
	folder := slices.IndexFunc(b.there.entries, func(e files.Entry) bool { return e.Type == files.Dir })
	require.GreaterOrEqual(t, folder, 0)
	b.there.open(folder)
	site := b.sites()[0].ID
	b.Until("in the folder, which is remembered", func() bool {
		return ready(b.there) && len(b.there.shown) > 0 && strings.HasSuffix(b.state.Folders[site], b.there.shown.Base())
	})
	at := slices.Clone(b.there.shown)
	b.active = b.there
	b.Run(b.Panel, "files.star")
	require.Len(t, b.state.Places, 1)
	b.there.disconnect()
	require.Contains(t, texts(b.there.object), b.state.Places[0].Name)
	anywhere := b.sites()[0]
	anywhere.Rooted = false // the demo's server says where to begin
	b.there.connect(anywhere, nil)
	b.Until("where it was left", func() bool { return ready(b.there) && b.there.shown.Equal(at) })
	b.there.session.GoHome()
	b.Until("home", func() bool { return ready(b.there) && !b.there.shown.Equal(at) })
	b.goPlace(b.state.Places[0])
	b.Until("the place", func() bool { return ready(b.there) && b.there.shown.Equal(at) })
	b.active = b.there
	b.Run(b.Panel, "files.star")
	require.Empty(t, b.state.Places)

	// The next start knows it.
	b.Run(b.Panel, "files.hidden")
	b.setWidth(1, 200)
	b.toggleColumn("mode")
	var kept state
	b.Until("kept", func() bool {
		kept = state{}
		b.demo.Profile.Settings.Panel("files", &kept)
		return kept.Hidden && kept.Widths["size"] == 200 && slices.Equal(kept.With, []string{"mode"})
	})
	require.Equal(t, b.dir, kept.Here)
	require.Contains(t, kept.Folders[b.sites()[0].ID], at.Base())
}

// A remembered folder that is gone is no trouble.
func TestRememberedFolderIsGone(t *testing.T) {
	b := newBench(t)
	site := b.sites()[0]
	site.Rooted = false
	b.state.Folders = map[string]string{site.ID: site.URL(files.Path{"no such folder"})}
	b.there.connect(site, nil)
	b.Until("home", func() bool {
		l := b.there.listing()
		return ready(b.there) && l.Fault == nil && l.Path.Equal(l.Home)
	})
	require.Empty(t, b.Troubles)
}

func TestLinkedBrowsing(t *testing.T) {
	b := newBench(t)
	other := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(other, "Zoo"), 0o700))
	b.there.goHere(other)
	b.Until("both", func() bool { return ready(b.there) && slices.Equal(names(b.there), []string{"Zoo"}) })
	b.Run(b.Panel, "files.linked")
	b.here.open(0)
	b.Until("both in Zoo", func() bool { return ready(b.there) && b.there.shown.Base() == "Zoo" && b.here.shown.Base() == "Zoo" })
	b.here.session.Up()
	b.Until("both up", func() bool {
		return ready(b.there) && b.there.shown.Base() != "Zoo" && ready(b.here) && b.here.shown.Base() != "Zoo"
	})
	require.NoError(t, os.Remove(filepath.Join(other, "Zoo")))
	b.there.session.Reload()
	b.Until("gone", func() bool { return ready(b.there) && len(b.there.entries) == 0 })
	b.here.open(0)
	b.Until("no longer linked", func() bool { return !b.state.Linked })
}

// 100,000 files: the rows of the first thousands are there before the listing
// is complete, and nothing is sorted on the goroutine of the user interface.
// TestHundredThousandEntries: the rows of a large folder stand there as they
// arrive, and are put in order and filtered without the window waiting.
func TestHundredThousandEntries(t *testing.T) {
	var listing strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&listing, "Type=file;Size=%d;Modify=20260712180000; %05d.jpg\r\n", i, i*7919%100_000)
	}
	s := vfstest.StartFTP(t, func(s *vfstest.FTPServer) { s.Listing = listing.String() })
	b := newBench(t) // ends before the server does
	password := vfstest.Password
	began := time.Now()
	b.there.connect(files.Site{
		Protocol: files.ProtocolFTP, Host: "127.0.0.1", Port: s.Port, User: vfstest.User, AllowClear: true, Rooted: true,
	}, &password)
	b.Until("the first rows", func() bool { return len(b.there.entries) > 0 })
	t.Logf("the first rows after %s", time.Since(began))
	require.True(t, b.there.listing().Loading || b.there.arranging || len(b.there.entries) == 100_000)
	b.Until("all of them", func() bool { return ready(b.there) && len(b.there.entries) == 100_000 && !b.there.arranging })
	t.Logf("all after %s", time.Since(began))
	require.Equal(t, "00000.jpg", b.there.entries[0].Name)
	require.Equal(t, "99999.jpg", b.there.entries[99_999].Name)
	b.choose(b.there, "50000.jpg")
	b.there.setFilter("99")
	b.Until("filtered", func() bool { return !b.there.arranging && len(b.there.entries) < 100_000 })
	require.Equal(t, "00099.jpg", b.there.entries[0].Name)
	b.there.setFilter("")
	b.Until("all again", func() bool { return !b.there.arranging && len(b.there.entries) == 100_000 })
	b.there.disconnect()
	b.Settle()
}

func TestPreviewAndGrid(t *testing.T) {
	b := newBench(t)
	img := image.NewRGBA(image.Rect(0, 0, 640, 480))
	img.Set(3, 3, color.White)
	f, err := os.Create(filepath.Join(b.dir, "c.jpg"))
	require.NoError(t, err)
	require.NoError(t, jpeg.Encode(f, img, nil))
	require.NoError(t, f.Close())
	b.here.session.Reload()
	b.Until("listed", func() bool { return slices.Contains(names(b.here), "c.jpg") })
	b.choose(b.here, "c.jpg")
	b.here.table.List.FocusTarget().TypedRune(' ')
	b.Until("shown", func() bool { return b.card.object.Data().Picture != nil && !b.card.object.Data().Loading })
	require.Contains(t, texts(b.card.object), "640 × 480")
	b.choose(b.here, "a.txt")
	b.Until("its text", func() bool { return slices.Equal(b.card.object.Data().Lines, []string{"aaaa"}) })
	b.Run(b.Panel, "files.preview")
	require.Nil(t, b.card)
	b.Run(b.Panel, "files.grid")
	require.True(t, b.here.table.Grid())
	b.Until("its picture", func() bool { return len(b.here.thumbs) == 1 })
	b.Run(b.Panel, "files.grid")
	require.False(t, b.here.table.Grid())
}

func TestConnectFindsOut(t *testing.T) {
	b := newBench(t)
	i := b.demo.Info()
	host := i.SFTP[strings.LastIndex(i.SFTP, "@")+1:]
	host = strings.Trim(strings.TrimPrefix(host, "sftp://"), "/")
	b.Run(b.Panel, "files.connect")
	form := newSiteForm(b.Panel, files.Site{Host: host, User: i.User}, true)
	form.password.SetText(i.Password)
	form.trash.SetChecked(true)
	form.keep.SetChecked(false)
	b.Answer("", false)
	b.begin(b.there, form)
	require.Contains(t, texts(b.root), "127.0.0.1")
	b.Until("connected", func() bool { return ready(b.there) })
	l := b.there.listing()
	require.Equal(t, files.ProtocolSFTP, l.Site.Protocol)
	require.True(t, l.Site.Trash, "what stands under More holds for what was found")
	require.Empty(t, b.Troubles)

	// A host where nothing answers; the form comes again with what was typed.
	b.there.disconnect()
	form = newSiteForm(b.Panel, files.Site{Host: "127.0.0.1:1", User: "x"}, true)
	b.begin(b.there, form)
	b.Until("said", func() bool {
		return b.there.search != nil && strings.Contains(texts(b.there.object), words.T("files.connect.change"))
	})
	b.there.search.end()
	require.Contains(t, texts(b.there.object), words.T("files.saved.title"))
}

func TestSiteForm(t *testing.T) {
	b := newBench(t)
	for typed, want := range map[string]files.Site{
		"files.example.org":            {Host: "files.example.org"},
		"anna@files.example.org:2222":  {Host: "files.example.org", User: "anna", Port: 2222},
		"sftp://files.example.org/a":   {Protocol: files.ProtocolSFTP, Host: "files.example.org", Path: files.Path{"a"}, Rooted: true},
		"ftps://me@files.example.org":  {Protocol: files.ProtocolFTPS, Host: "files.example.org", User: "me"},
		"files.example.org:":           {Host: "files.example.org"},
		"[2001:db8::1]:21":             {Host: "2001:db8::1", Port: 21},
		"davs://cloud.example.org:443": {Protocol: files.ProtocolDAVS, Host: "cloud.example.org"},
	} {
		form := newSiteForm(b.Panel, files.Site{}, true)
		form.server.SetText(typed)
		got, err := form.read()
		require.NoError(t, err, typed)
		require.Equal(t, want, got, typed)
	}
	full := files.Site{
		ID: "1", Name: "Club", Protocol: files.ProtocolFTPES, Host: "h", Port: 2121, User: "u", Path: files.Path{"caf\xe9"}, Rooted: true, Charset: "windows-1252",
		Active: true, TimeShift: -3 * time.Hour, TimeFixed: true, Proxy: "socks5://p:1", Region: "r", MaxConns: 3, Trash: true, Folder: "/tmp", KeyFile: "/k", Jump: "j",
	}
	got, err := newSiteForm(b.Panel, full, false).read()
	require.NoError(t, err)
	require.Equal(t, full, got, "a form that nobody touched changes nothing")
	form := newSiteForm(b.Panel, full, false)
	form.port.SetText("nine")
	_, err = form.read()
	require.Error(t, err)
	form.toggle()
	require.True(t, form.more.Visible())
	form.password.SetText("secret")
	again := form.again()
	require.Equal(t, []string{"h", "u", "secret", "nine", "j"}, []string{again.server.Text, again.user.Text, again.password.Text, again.port.Text, again.jump.Text})
	require.True(t, again.more.Visible())
}

func TestManageServers(t *testing.T) {
	b := newBench(t)
	before := b.sites()
	b.Run(b.Panel, "files.manage")
	require.Contains(t, texts(b.Asked[0].Content), before[0].Title())
	m := &manager{f: b.Panel, list: kit.Column(0)}
	m.move(before[0], 1)
	b.Until("moved", func() bool { return b.sites()[1].ID == before[0].ID })
	m.copy(before[0])
	b.Until("copied", func() bool { return len(b.sites()) == len(before)+1 })
	copied := b.sites()[len(before)]
	require.Equal(t, before[0].Account(), copied.Account())
	b.forget(copied, m)
	b.Answer("yes", false)
	b.Until("gone", func() bool { return len(b.sites()) == len(before) })
	b.connect(before[0], nil)
	b.Until("its password is still there", func() bool { return ready(b.there) && b.there.listing().State == browse.Ready })
}

func TestLimitAndNotice(t *testing.T) {
	b := newBench(t)
	b.setLimit(1_000_000)
	require.Equal(t, [2]int64{1_000_000, 1_000_000}, b.limits)
	require.Contains(t, b.transfers.summary.Text(), "at most 1.0\u00a0MB/s")
	b.askLimit()
	b.fill("2,5")
	require.Equal(t, int64(2_500_000), b.state.Limit)
	var told []string
	behind := true
	b.p.Notify, b.p.Behind = func(title, _ string) { told = append(told, title) }, func() bool { return behind }
	now := time.Now()
	long := activity.Job{Title: "finale.mp4", State: activity.Done, Created: now.Add(-time.Minute), Updated: now}
	b.notify(long)
	long.State, long.Fault = activity.Failed, fault.Newf(fault.Full, "store", "", "x")
	b.notify(long)
	behind = false
	b.notify(long)
	require.Equal(t, []string{"finale.mp4 has arrived", "finale.mp4 could not be copied"}, told)
}

func TestDownloadsFolder(t *testing.T) {
	b := connected(t)
	b.choose(b.here, "a.txt")
	b.Run(b.Panel, "files.upload")
	b.Until("uploaded", func() bool { return slices.Contains(names(b.there), "a.txt") })
	b.choose(b.there, "a.txt")
	b.active = b.there
	b.Run(b.Panel, "files.to_downloads")
	b.Until("there", func() bool {
		_, err := os.Stat(filepath.Join(b.demo.Profile.Downloads(), "a.txt"))
		return err == nil
	})
	b.Run(b.Panel, "files.copy_address")
	require.True(t, strings.HasPrefix(fyne.CurrentApp().Clipboard().Content(), "sftp://"))
}

// TestPasswordOnTheWay: the server on the way is asked about by its name, and the
// site leads over the name that was typed.
func TestPasswordOnTheWay(t *testing.T) {
	b := newBench(t)
	site := files.Site{Protocol: files.ProtocolSFTP, Host: "inner.example", User: "anna", Jump: "gate.example"}
	b.there.askPassword(site, fault.New(fault.Login, "login", "gate.example", nil))
	q := b.Asked[len(b.Asked)-1]
	require.Contains(t, q.Text, "gate.example")
	require.Contains(t, q.Text, "inner.example")
	b.Answer("yes", false)
	b.Until("a try", func() bool { return b.there.session != nil })
	require.Equal(t, "anna@gate.example", b.there.listing().Site.Jump)
	require.Equal(t, "inner.example", b.there.listing().Site.Host)
}
