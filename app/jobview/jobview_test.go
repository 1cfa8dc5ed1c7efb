package jobview

import (
	"testing"
	"time"

	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/fault"
)

// pressed writes down what buttons ask for.
type pressed struct{ list []string }

func (p *pressed) Pause(int64)  { p.list = append(p.list, "pause") }
func (p *pressed) Resume(int64) { p.list = append(p.list, "resume") }
func (p *pressed) Retry(int64)  { p.list = append(p.list, "retry") }
func (p *pressed) Cancel(int64) { p.list = append(p.list, "cancel") }
func (p *pressed) Answer(_ int64, value string, all bool) {
	if all {
		value += " for all"
	}
	p.list = append(p.list, value)
}

func TestLine(t *testing.T) {
	test.NewTempApp(t)
	words.SetLanguage("en")
	now := time.Date(2026, 7, 8, 15, 30, 0, 0, time.UTC)
	f := fault.New(fault.Offline, "send", "files.example", nil)
	for name, c := range map[string]struct {
		job                 activity.Job
		to, note, figures   string
		fraction            float64
		presses             []string
		question, firstSays string
	}{
		"running": {
			job: activity.Job{State: activity.Running, Size: 1000, Done: 250, Speed: 50, To: "sftp://anna@files.example/a/b.txt"},
			to:  "→ files.example", figures: "250 B of 1.0 KB · 50 B/s · 15 s", fraction: 0.25, presses: []string{"pause", "cancel"},
		},
		"size unknown": {
			job:     activity.Job{State: activity.Running, Size: -1, Done: 250},
			figures: "250 B", fraction: -1, presses: []string{"pause", "cancel"},
		},
		"more than its size": {
			job:     activity.Job{State: activity.Running, Size: 100, Done: 250},
			figures: "250 B of 100 B", fraction: 1, presses: []string{"pause", "cancel"},
		},
		"paused": {
			job:  activity.Job{State: activity.Paused, Size: 100, Done: 50, To: "/home/anna/Documents/scores.zip"},
			note: "Paused.", to: "→ Documents", figures: "50 B of 100 B", fraction: 0.5, presses: []string{"resume", "cancel"},
		},
		"waiting": {
			job:  activity.Job{State: activity.Waiting},
			note: "Waits for its turn.", fraction: -1, presses: []string{"retry", "cancel"},
		},
		"waiting after a fault": {
			job:  activity.Job{State: activity.Waiting, Fault: f, NextTry: now.Add(20 * time.Second)},
			note: words.Fault(f, "activity").Title + " It continues by itself in 20 s.", fraction: -1, presses: []string{"retry", "cancel"},
		},
		"failed": {
			job:  activity.Job{State: activity.Failed, Fault: f},
			note: words.Fault(f, "activity").Title, fraction: -1, presses: []string{"retry", "cancel"},
		},
		"done": {
			job:  activity.Job{State: activity.Done, Done: 5, Updated: now},
			note: "Done, 5 B · 15:30", fraction: -1,
		},
		"cancelled": {job: activity.Job{State: activity.Cancelled}, note: "Cancelled.", fraction: -1},
		"question": {
			job: activity.Job{State: activity.NeedsAnswer, Question: &activity.Question{
				Kind: "exists", Data: map[string]string{"name": "a.txt", "source_size": "5"}, Choices: []string{"keep_both", "replace", "skip"}, All: true,
			}},
			question: "a.txt is there already.", firstSays: "keep_both for all", figures: "0 B", fraction: -1, presses: []string{"cancel"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &pressed{}
			d := Line(c.job, p, now)
			require.Equal(t, c.to, d.To)
			require.Equal(t, c.note, d.Note)
			require.Equal(t, c.figures, d.Figures)
			require.InDelta(t, c.fraction, d.Fraction, 1e-6)
			require.Equal(t, c.question, d.Question)
			for _, a := range d.Actions {
				require.NotEmpty(t, a.Tip)
				a.Do()
			}
			require.Equal(t, c.presses, p.list)
			if c.firstSays != "" {
				require.Equal(t, "for all", d.All)
				d.Choices[0].Do(true)
				require.Equal(t, c.firstSays, p.list[len(p.list)-1])
			}
		})
	}
}
