package filespanel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/activity"
)

// ordered notes what a menu would do to the queue.
type ordered struct{ moves [][2]int64 }

func (o *ordered) Move(id, before int64) { o.moves = append(o.moves, [2]int64{id, before}) }

func TestOrderOfWhatWaits(t *testing.T) {
	strip := &transfers{jobs: []activity.Job{
		{ID: 9, State: activity.Running},
		{ID: 3, State: activity.Waiting, Rank: 30},
		{ID: 1, State: activity.Paused, Rank: 10},
		{ID: 2, State: activity.Waiting, Rank: 20},
	}}
	var ids []int64
	for _, j := range urgentFirst(strip.jobs) {
		ids = append(ids, j.ID)
	}
	require.Equal(t, []int64{9, 1, 2, 3}, ids)
	for id, want := range map[int64][][2]int64{
		1: {{1, 3}},                 // later: before the one after the next
		2: {{2, 1}, {2, 1}, {2, 0}}, // first, earlier, later
		3: {{3, 1}, {3, 2}},
		9: nil,
	} {
		o := &ordered{}
		strip.orderItems(activity.Job{ID: id}, o, func(_, _ string, do func()) { do() })
		require.Equal(t, want, o.moves, "%d", id)
	}
}
