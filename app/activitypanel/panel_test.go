package activitypanel

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/data/binding"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/address"
	"guichet/services/fault"
	"guichet/services/publish"
	"guichet/widgets/kit"
)

// center writes down what it is asked to do.
type center struct{ did []string }

func (c *center) note(what string, id int64) { c.did = append(c.did, fmt.Sprint(what, " ", id)) }

func (c *center) Pause(id int64)  { c.note("pause", id) }
func (c *center) Resume(id int64) { c.note("resume", id) }
func (c *center) Retry(id int64)  { c.note("retry", id) }
func (c *center) Cancel(id int64) { c.note("cancel", id) }
func (c *center) Remove(id int64) { c.note("remove", id) }
func (c *center) Clear()          { c.note("clear", 0) }
func (c *center) PauseAll()       { c.note("pause all", 0) }
func (c *center) ResumeAll()      { c.note("resume all", 0) }

func (c *center) Answer(id int64, value string, all bool) {
	c.note(fmt.Sprintf("answer %s %v", value, all), id)
}

type host struct {
	window  fyne.Window
	changed int
	trouble []error
}

func (h *host) Post(f func())                         { f() }
func (h *host) Window() fyne.Window                   { return h.window }
func (h *host) Open(address.Target)                   {}
func (h *host) OpenText(string)                       {}
func (h *host) Show(panel.Toast)                      {}
func (h *host) Ask(panel.Question)                    {}
func (h *host) Trouble(_ string, err error, _ func()) { h.trouble = append(h.trouble, err) }
func (h *host) Changed(panel.Panel)                   { h.changed++ }

type fixture struct {
	*Panel
	center *center
	host   *host
	jobs   binding.Item[*activity.Snapshot]
	opened []string
	fail   error
}

var now = time.Date(2026, 11, 22, 14, 0, 0, 0, time.Local)

func show(t *testing.T, jobs ...activity.Job) *fixture {
	test.NewTempApp(t)
	words.SetLanguage("en")
	f := &fixture{center: &center{}, host: &host{}, jobs: publish.NewItem(&activity.Snapshot{})}
	open := func(path string) error { f.opened = append(f.opened, path); return f.fail }
	f.Panel = New(Params{Host: f.host, Center: f.center, Jobs: f.jobs, Open: open, ShowInFolder: open, Now: func() time.Time { return now }})
	f.host.window = test.NewTempWindow(t, f.Content())
	f.host.window.Resize(fyne.NewSize(1000, 700))
	f.Shown()
	f.set(jobs...)
	return f
}

func (f *fixture) set(jobs ...activity.Job) {
	s := &activity.Snapshot{Jobs: jobs, Index: map[int64]int{}}
	for i, j := range jobs {
		s.Index[j.ID] = i
		switch j.State {
		case activity.Running:
			s.Running++
		case activity.Waiting:
			s.Waiting++
		}
	}
	if err := f.jobs.Set(s); err != nil {
		panic(err)
	}
}

// kinds gives each line of the list: a heading, or the job's number.
func (f *fixture) kinds() (all []string) {
	for _, l := range f.lines {
		if l.heading != "" {
			all = append(all, l.heading)
		} else {
			all = append(all, fmt.Sprint(l.job.ID))
		}
	}
	return all
}

// press taps the button with that icon on a job's line.
func (f *fixture) press(t *testing.T, j activity.Job, icon string) {
	t.Helper()
	for _, a := range f.data(j, now).Actions {
		if a.Icon.Name() == kit.Icon(icon).Name() {
			a.Do()
			return
		}
	}
	t.Fatalf("no button %s on %+v", icon, j)
}

func TestEmptyFace(t *testing.T) {
	f := show(t)
	require.True(t, f.empty.Visible())
	require.False(t, f.filled.Visible())
	f.set(activity.Job{ID: 1, State: activity.Running})
	require.False(t, f.empty.Visible())
	require.True(t, f.filled.Visible())
}

func TestGroupsBadgeAndStatus(t *testing.T) {
	f := show(t,
		activity.Job{ID: 5, State: activity.Done, Updated: now.Add(-time.Hour)}, activity.Job{ID: 4, State: activity.Waiting},
		activity.Job{ID: 3, State: activity.NeedsAnswer}, activity.Job{ID: 2, State: activity.Paused}, activity.Job{ID: 1, State: activity.Running})
	require.Equal(t, []string{"Running", "3", "1", "Waiting", "4", "2", "Finished", "5"}, f.kinds())
	n, err := f.Badge().Get()
	require.NoError(t, err)
	require.Equal(t, 3, n, "running, waiting, and what needs an answer")
	s, err := f.Status().Get()
	require.NoError(t, err)
	require.Equal(t, panel.Status{Level: panel.Waiting, Text: "1 question for you"}, s)
	require.Equal(t, "1 running · 1 waiting · 1 done today", f.summary.Text())
}

func TestProgressChangesOneRowOnly(t *testing.T) {
	a, b := activity.Job{ID: 1, State: activity.Running, Size: 100}, activity.Job{ID: 2, State: activity.Running, Size: 100}
	f := show(t, a, b)
	changed := f.host.changed
	a.Done = 50
	f.set(a, b)
	require.Equal(t, changed, f.host.changed, "menus are not built again for a figure")
	require.Equal(t, int64(50), f.lines[1].job.Done)
	a.State = activity.Done
	f.set(a, b)
	require.Equal(t, []string{"Running", "2", "Finished", "1"}, f.kinds())
	require.Equal(t, changed+1, f.host.changed)
	f.Hidden()
	f.set()
	require.NotEmpty(t, f.lines, "a hidden panel does not work")
	f.Shown()
	require.Empty(t, f.lines)
}

func TestButtons(t *testing.T) {
	f := show(t)
	done := activity.Job{ID: 7, State: activity.Done, Result: []byte(`{"path":"/home/anna/x.jpg"}`)}
	f.press(t, activity.Job{ID: 1, State: activity.Running}, "pause")
	f.press(t, activity.Job{ID: 1, State: activity.Running}, "close")
	f.press(t, activity.Job{ID: 2, State: activity.Paused}, "play")
	f.press(t, activity.Job{ID: 3, State: activity.Waiting}, "retry")
	f.press(t, activity.Job{ID: 4, State: activity.Failed, Fault: fault.Newf(fault.Full, "store", "", "x")}, "retry")
	f.press(t, activity.Job{ID: 4, State: activity.Failed}, "close")
	f.press(t, done, "close")
	require.Equal(t, []string{"pause 1", "cancel 1", "resume 2", "retry 3", "retry 4", "remove 4", "remove 7"}, f.center.did)
	f.press(t, done, "open")
	f.press(t, done, "folder")
	require.Equal(t, []string{"/home/anna/x.jpg", "/home/anna/x.jpg"}, f.opened)
	f.fail = errors.New("no program for it")
	f.press(t, done, "open")
	require.Len(t, f.host.trouble, 1)
	for _, a := range f.data(activity.Job{ID: 8, State: activity.Done, Result: []byte("broken")}, now).Actions {
		require.NotEqual(t, kit.Icon("open").Name(), a.Icon.Name(), "nothing to open")
	}
}

func TestProgramsAreOnlyShownInTheirFolder(t *testing.T) {
	job := activity.Job{ID: 7, State: activity.Done, Result: []byte(`{"path":"/home/anna/setup.sh","runnable":true}`)}
	f := show(t, job)
	var opened, shown []string
	f.p.Open = func(path string) error { opened = append(opened, path); return nil }
	f.p.ShowInFolder = func(path string) error { shown = append(shown, path); return nil }
	for _, a := range f.data(job, now).Actions {
		require.NotEqual(t, kit.Icon("open").Name(), a.Icon.Name())
	}
	f.press(t, job, "folder")
	f.list.Select(1)
	f.list.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	require.Empty(t, opened)
	require.Equal(t, []string{"/home/anna/setup.sh", "/home/anna/setup.sh"}, shown)
}

func TestQuestionInTheLine(t *testing.T) {
	f := show(t)
	d := f.data(activity.Job{ID: 1, State: activity.NeedsAnswer, Question: &activity.Question{
		Kind: "exists", Data: map[string]string{"Name": "a.jpg"}, Choices: []string{"keep_both", "replace", "skip"}, All: true,
	}}, now)
	require.Contains(t, d.Question, "a.jpg")
	require.Equal(t, "Keep both", d.Choices[0].Label)
	d.Choices[1].Do(true)
	require.Equal(t, []string{"answer replace true 1"}, f.center.did)
}

func TestCommands(t *testing.T) {
	f := show(t, activity.Job{ID: 1, State: activity.Running})
	enabled := map[string]bool{}
	for _, c := range f.Commands() {
		enabled[c.ID] = c.Enabled()
		c.Run()
	}
	require.Equal(t, map[string]bool{"activity.pause_all": true, "activity.resume_all": false, "activity.clear": false}, enabled)
	require.Equal(t, []string{"pause all 0", "resume all 0", "clear 0"}, f.center.did)
	for _, id := range f.Bar().Right {
		require.Contains(t, enabled, id, "the bar names commands that exist")
	}
	require.NoError(t, f.Close(t.Context()))
	f.set()
	require.NotEmpty(t, f.lines, "a closed panel no longer listens")
}

func TestDeleteKeyRemovesWhatHasEnded(t *testing.T) {
	f := show(t, activity.Job{ID: 1, State: activity.Running}, activity.Job{ID: 2, State: activity.Done})
	f.list.Select(1)
	f.list.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyDelete})
	require.Empty(t, f.center.did)
	f.list.Select(3)
	f.list.FocusTarget().TypedKey(&fyne.KeyEvent{Name: fyne.KeyDelete})
	require.Equal(t, []string{"remove 2"}, f.center.did)
}
