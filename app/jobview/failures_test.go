package jobview

import (
	"testing"
	"time"

	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/transfer"
)

func TestSelectionsAreNamedByTheirNumber(t *testing.T) {
	words.SetLanguage("en")
	for spec, want := range map[string]string{
		`{}`:                          "a.jpg",
		`{"names":["a.jpg","b.jpg"]}`: "2 files",
		`{"names":["a.jpg","b","c.jpg"],"folders":1}`: "3 items",
	} {
		j := activity.Job{Kind: transfer.Kind, Title: "a.jpg", Spec: []byte(spec)}
		require.Equal(t, want, Title(j))
	}
	j := activity.Job{
		Kind: transfer.Kind, Title: "a.jpg", State: activity.Running, From: "/pictures", To: "/home/anna/album",
		Spec: []byte(`{"from":{"site":{"protocol":"file"}},"to":{"site":{"protocol":"file"}},"names":["a.jpg","b.jpg"]}`),
	}
	require.Equal(t, "→ album", Line(j, &noJobs{}, time.Now()).To)
	require.Equal(t, "/pictures/a.jpg", LocalPath(j))
}

func TestFailures(t *testing.T) {
	test.NewTempApp(t)
	words.SetLanguage("en")
	refused := fault.New(fault.Permission, "write", "h", nil)
	j := activity.Job{
		ID: 7, Kind: transfer.Kind, State: activity.Failed, Fault: refused,
		Spec: []byte(`{"names":["a.jpg","b.jpg"]}`), Result: []byte(`{"files":8,"failed":2}`),
	}
	require.True(t, HasFailures(j))
	require.Equal(t, "2 files were not copied. "+words.Fault(refused, "files").Title, Line(j, &pressed{}, time.Now()).Note)
	again := 0
	q := Failures(j, []transfer.Failure{
		{Path: files.Path{"a.jpg"}, Fault: refused}, {Path: files.Path{"more", "b"}, Folder: true, Fault: fault.New(fault.NotFound, "list", "h", nil)},
	}, func() { again++ })
	require.Equal(t, "2 files were not copied", q.Title)
	require.Equal(t, "8 others have arrived.", q.Text)
	require.Contains(t, q.Details, "more/b")
	q.Answer("", false)
	require.Zero(t, again)
	q.Answer("again", false)
	require.Equal(t, 1, again)
	j.State = activity.Done
	require.False(t, HasFailures(j))
}
