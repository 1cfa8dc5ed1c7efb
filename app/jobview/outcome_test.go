package jobview

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/fault"
)

func TestWhatCameOfAJob(t *testing.T) {
	words.SetLanguage("en")
	now := time.Date(2026, 7, 12, 15, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		result, want string
	}{
		"size":     {`{"verified":"size"}`, "checked by size"},
		"checksum": {`{"verified":"checksum"}`, "checked by checksum"},
		"unread":   {`{"verified":"size","unread":2}`, "2 lines of lists could not be read"},
		"skipped":  {`{"skipped":true}`, "Skipped: it was there already."},
	} {
		j := activity.Job{Kind: "transfer", State: activity.Done, Done: 5, Updated: now, Result: []byte(c.result)}
		require.Contains(t, Line(j, nil, now).Note, c.want, name)
	}
	j := activity.Job{Kind: "transfer", State: activity.Waiting, Done: 5, Updated: now.Add(-54 * time.Minute), Fault: fault.Newf(fault.Timeout, "store", "h", "x")}
	require.Equal(t, "Waiting. The connection dropped at 14:06; it continues by itself where it stopped.", Line(j, &noJobs{}, now).Note)
}

func TestConflict(t *testing.T) {
	source, target := Conflict(&activity.Question{Data: map[string]string{
		"name": "a.jpg", "source_size": "12", "source_time": "2026-07-12T18:20:00Z", "target_size": "", "target_time": "long ago",
	}})
	require.Equal(t, int64(12), source.Size)
	require.Equal(t, 18, source.ModTime.Hour())
	require.Equal(t, int64(-1), target.Size)
	require.True(t, target.ModTime.IsZero())
}

type noJobs struct{ Jobs }

func (noJobs) Retry(int64)  {}
func (noJobs) Cancel(int64) {}
