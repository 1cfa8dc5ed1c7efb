package browse

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/sites"
	"guichet/services/files/transfer"
	"guichet/services/files/vfstest"
	"guichet/services/task"
)

// jobs notes what is added.
type jobs struct {
	mu  sync.Mutex
	all []activity.Spec
}

func (j *jobs) Add(_ context.Context, s activity.Spec) (int64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.all = append(j.all, s)
	return int64(len(j.all)), nil
}

type keyring struct{ sync.Map }

func (k *keyring) Get(_ context.Context, service, account string) (string, error) {
	if v, ok := k.Load(service + account); ok {
		return v.(string), nil
	}
	return "", fault.Newf(fault.NotFound, "secret", "", "none")
}

func (k *keyring) Set(_ context.Context, service, account, v string) error {
	k.Store(service+account, v)
	return nil
}

func (k *keyring) Delete(_ context.Context, service, account string) error {
	k.Map.Delete(service + account)
	return nil
}

func service(t *testing.T, s *vfstest.FTPServer) (*Service, *jobs) {
	t.Helper()
	group := task.NewGroup(context.Background())
	t.Cleanup(func() { require.True(t, group.Close(5*time.Second)) })
	store, err := sites.OpenStore(filepath.Join(t.TempDir(), "sites.json"))
	require.NoError(t, err)
	j := &jobs{}
	ring := &keyring{}
	p := sites.Params{Secrets: ring}
	if s != nil {
		p.Network = s.Network()
	}
	return New(Params{Group: group, Dialer: sites.NewDialer(p), Sites: store, Secrets: ring, Jobs: j}), j
}

func site(s *vfstest.FTPServer) files.Site {
	return files.Site{Protocol: files.ProtocolFTP, Host: "127.0.0.1", Port: s.Port, User: vfstest.User, AllowClear: true}
}

// until waits for a listing that fits; what does not load any more and does
// not fit is still waited for.
func until(t *testing.T, e *Session, fits func(l *Listing) bool) *Listing {
	t.Helper()
	var l *Listing
	require.Eventually(t, func() bool { l = e.Current(); return fits(l) }, 10*time.Second, time.Millisecond)
	shown, err := e.Listing().Get()
	require.NoError(t, err)
	require.NotNil(t, shown)
	return l
}

func settled(l *Listing) bool {
	return !l.Loading && l.Busy == "" && l.State == Ready && l.Fault == nil
}

func at(p files.Path) func(l *Listing) bool {
	return func(l *Listing) bool { return settled(l) && l.Path.Equal(p) }
}

func listed(l *Listing) []string {
	var all []string
	for _, e := range l.Entries {
		all = append(all, e.Name)
	}
	return all
}

func TestLooksAround(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	for _, name := range []string{"b", "A", "z/in"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(s.Dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(s.Dir, name), nil, 0o600))
	}
	svc, _ := service(t, s)
	password := vfstest.Password
	e := svc.Open(site(s), &password)
	require.NotNil(t, e.Current())
	l := until(t, e, at(nil))
	require.Equal(t, []string{"z", "A", "b"}, listed(l))
	require.False(t, l.CanBack)
	require.Contains(t, e.Transcript(), "PASS …")

	e.Enter(l.Entries[0])
	l = until(t, e, at(files.Path{"z"}))
	require.Equal(t, []string{"in"}, listed(l))
	require.True(t, l.CanBack)
	e.Up()
	until(t, e, at(nil))
	e.Back()
	l = until(t, e, at(files.Path{"z"}))
	require.True(t, l.CanFore)
	e.Forward()
	until(t, e, at(nil))
	e.GoText("z")
	until(t, e, at(files.Path{"z"}))

	e.Go(files.Path{"nobody"})
	l = until(t, e, func(l *Listing) bool { return l.Fault != nil })
	require.True(t, fault.Is(l.Fault, fault.NotFound))
	require.Equal(t, "list", l.FaultOp)
	require.Equal(t, []string{"in"}, listed(l), "what was there stays")
	require.Equal(t, files.Path{"z"}, l.Path)
	e.Close()
	require.Equal(t, Closed, e.Current().State)
}

func TestChanges(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	svc, _ := service(t, s)
	password := vfstest.Password
	e := svc.Open(site(s), &password)
	until(t, e, at(nil))
	e.Mkdir("d")
	until(t, e, func(l *Listing) bool { return settled(l) && len(l.Entries) == 1 })
	require.NoError(t, os.MkdirAll(filepath.Join(s.Dir, "d/e/f"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "d/e/x"), nil, 0o600))
	require.NoError(t, os.Symlink("..", filepath.Join(s.Dir, "d/e/up")))
	e.Mkdir("d")
	l := until(t, e, func(l *Listing) bool { return l.Fault != nil })
	require.True(t, fault.Is(l.Fault, fault.Exists))
	require.Equal(t, "mkdir", l.FaultOp)
	e.Rename(l.Entries[0], "new")
	l = until(t, e, func(l *Listing) bool { return settled(l) && len(l.Entries) == 1 && l.Entries[0].Name == "new" })
	e.Mkdir("../up")
	until(t, e, func(l *Listing) bool { return fault.Is(l.Fault, fault.Permission) })
	e.Delete(l.Entries)
	l = until(t, e, func(l *Listing) bool { return settled(l) && len(l.Entries) == 0 })
	left, err := os.ReadDir(s.Dir)
	require.NoError(t, err)
	require.Empty(t, left)
	require.True(t, settled(l))
}

func TestAsksForThePassword(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	svc, _ := service(t, s)
	e := svc.Open(site(s), nil)
	l := until(t, e, func(l *Listing) bool { return l.State == Broken })
	require.True(t, fault.Is(l.Fault, fault.Login))
	require.Equal(t, "connect", l.FaultOp)
	require.False(t, l.Loading)
	e.Login(vfstest.Password, true)
	until(t, e, at(nil))
	e.Close()
	require.Eventually(t, func() bool {
		again := New(Params{Group: svc.p.Group, Dialer: sites.NewDialer(sites.Params{Network: s.Network(), Secrets: svc.p.Secrets}), Sites: svc.p.Sites})
		e := again.Open(site(s), nil)
		defer e.Close()
		return until(t, e, func(l *Listing) bool { return l.State != Connecting }).State == Ready
	}, 5*time.Second, 10*time.Millisecond)
}

func TestConsentToClearText(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	svc, _ := service(t, s)
	password := vfstest.Password
	careful := site(s)
	careful.AllowClear = false
	e := svc.Open(careful, &password)
	l := until(t, e, func(l *Listing) bool { return l.State == Broken })
	var f *fault.Fault
	require.ErrorAs(t, l.Fault, &f)
	q, ok := f.Question.(*files.ClearTextQuestion)
	require.True(t, ok)
	q.Site.AllowClear = true
	e.SetSite(q.Site)
	l = until(t, e, at(nil))
	require.False(t, l.Conn.Secure)
}

func TestStopAndReload(t *testing.T) {
	held := make(chan struct{}, 10)
	s := vfstest.StartFTP(t, nil)
	mute := true
	s.Mu.Lock()
	s.Hook = func(_ *vfstest.FTPConn, verb, _ string) bool {
		s.Mu.Lock()
		defer s.Mu.Unlock()
		if verb == "USER" && mute {
			held <- struct{}{}
			return true
		}
		return false
	}
	s.Mu.Unlock()
	svc, _ := service(t, s)
	password := vfstest.Password
	e := svc.Open(site(s), &password)
	<-held
	e.Stop()
	l := until(t, e, func(l *Listing) bool { return l.State == Broken })
	require.True(t, fault.Is(l.Fault, fault.Cancelled))
	s.Mu.Lock()
	mute = false
	s.Mu.Unlock()
	e.Reload()
	until(t, e, at(nil))
}

func TestMakesJobs(t *testing.T) {
	s := vfstest.StartFTP(t, nil)
	require.NoError(t, os.Mkdir(filepath.Join(s.Dir, "up"), 0o700))
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "f"), []byte("abc"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "g"), 0o700))
	svc, added := service(t, s)
	password := vfstest.Password
	remote := svc.Open(site(s), &password)
	until(t, remote, at(nil))
	remote.GoText("/up")
	until(t, remote, at(files.Path{"up"}))
	here := svc.Local(dir)
	l := until(t, here, func(l *Listing) bool { return settled(l) && len(l.Entries) == 2 })
	require.Equal(t, dir, here.SystemPath(l.Path))
	require.Positive(t, until(t, here, func(l *Listing) bool { return l.Free > 0 }).Free)
	require.NoError(t, svc.Transfer(here, l.Entries, remote, transfer.Skip))
	require.NoError(t, svc.TransferPaths([]string{filepath.Join(dir, "f")}, remote, ""))
	require.NoError(t, svc.TransferPaths([]string{filepath.Join(dir, "f"), filepath.Join(dir, "g")}, remote, ""))
	require.NoError(t, svc.Transfer(here, l.Entries[:1], remote, transfer.Skip))
	require.Len(t, added.all, 4)
	both := added.all[0].Data.(transfer.Job)
	require.EqualValues(t, []string{"g", "f"}, both.Names)
	require.Equal(t, 1, both.Folders)
	require.Equal(t, transfer.Skip, both.Top)
	require.Empty(t, both.Exists, "what is in folders was not asked about")
	require.Equal(t, dir, both.From.Root)
	require.Equal(t, files.Path{"up"}, both.To.At())
	require.EqualValues(t, -1, added.all[0].Size)
	second := added.all[1]
	require.EqualValues(t, 3, second.Size)
	require.Equal(t, "f", second.Title)
	require.Equal(t, filepath.Join(dir, "f"), second.From)
	require.Equal(t, files.Path{"up", "f"}, second.Data.(transfer.Job).To.At())
	require.EqualValues(t, []string{"f", "g"}, added.all[2].Data.(transfer.Job).Names)
	folder := added.all[3].Data.(transfer.Job)
	require.True(t, folder.Tree)
	require.Equal(t, files.Path{"up", "g"}, folder.To.At())
	require.Empty(t, folder.Exists)
	require.Error(t, svc.TransferPaths([]string{filepath.Join(dir, "nobody")}, remote, ""))
}

func TestSavedSites(t *testing.T) {
	svc, _ := service(t, nil)
	done := make(chan files.Site, 1)
	password := "secret"
	svc.SaveSite(files.Site{Protocol: files.ProtocolSFTP, Host: "h", User: "u"}, &password, func(s files.Site, err error) {
		require.NoError(t, err)
		done <- s
	})
	saved := <-done
	l, err := svc.Sites().Get()
	require.NoError(t, err)
	require.Equal(t, []files.Site{saved}, l.Sites)
	ring := svc.p.Secrets.(*keyring)
	count := func() (n int) { ring.Range(func(any, any) bool { n++; return true }); return n }
	require.Equal(t, 1, count())
	gone := make(chan error, 1)
	svc.RemoveSite(saved.ID, func(err error) { gone <- err })
	require.NoError(t, <-gone)
	require.Zero(t, count())
}
