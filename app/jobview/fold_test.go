package jobview

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/files/compare"
	"guichet/services/files/transfer"
	"guichet/widgets/transferrow"
)

func TestOneLineForAWatchedFolder(t *testing.T) {
	words.SetLanguage("en")
	noon := time.Date(2026, 7, 12, 12, 0, 0, 0, time.Local)
	sync := func(id int64, to string, s activity.State, at time.Time) activity.Job {
		return activity.Job{ID: id, Kind: compare.Kind, From: "/pictures", To: to, State: s, Updated: at}
	}
	shown, behind := Fold([]activity.Job{
		sync(9, "sftp://a/", activity.Running, noon), sync(8, "sftp://a/", activity.Done, noon), sync(7, "sftp://b/", activity.Done, noon),
		{ID: 6, Kind: transfer.Kind, From: "/pictures", To: "sftp://a/", State: activity.Done, Updated: noon},
		sync(5, "sftp://a/", activity.Failed, noon), sync(4, "sftp://a/", activity.Done, noon), sync(3, "sftp://a/", activity.Done, noon.Add(-time.Hour)),
		sync(2, "sftp://a/", activity.Done, noon.AddDate(0, 0, -1)),
	})
	var ids []int64
	for _, j := range shown {
		ids = append(ids, j.ID)
	}
	require.Equal(t, []int64{9, 8, 7, 6, 5, 2}, ids)
	require.Equal(t, map[int64][]int64{8: {4, 3}}, behind)
	d := transferrow.Data{Note: "1 copied"}
	Times(&d, behind[8])
	require.Equal(t, "1 copied · 3 times that day", d.Note)
	Times(&d, nil)
	require.Equal(t, "1 copied · 3 times that day", d.Note)
}
