package jobview

import (
	"encoding/json"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files/compare"
)

func TestSynchronisedLines(t *testing.T) {
	test.NewTempApp(t)
	words.SetLanguage("en")
	now := time.Date(2026, 7, 12, 14, 6, 0, 0, time.Local)
	line := func(state activity.State, r compare.Result, f *fault.Fault) string {
		b, err := json.Marshal(r)
		require.NoError(t, err)
		return Line(activity.Job{Kind: compare.Kind, State: state, Result: b, Updated: now, Fault: f}, nobody{}, now).Note
	}
	require.Equal(t, "12 files copied, 5.0\u00a0KB · 3 deleted · one left alone, it changed meanwhile · 14:06",
		line(activity.Done, compare.Result{Copied: 12, Bytes: 5000, Deleted: 3, Changed: 1}, nil))
	require.Contains(t, line(activity.Failed, compare.Result{Failed: 2}, fault.Newf(fault.Permission, "write", "", "no")), "2 files were not copied.")
}

// nobody presses a button.
type nobody struct{ Jobs }

func (nobody) Retry(int64)  {}
func (nobody) Cancel(int64) {}
