package jobview

import (
	"guichet/app/words"
	"guichet/services/activity"
	"guichet/services/files/compare"
	"guichet/widgets/transferrow"
)

// Fold makes one line of the jobs of a day that made the same two folders alike,
// as a watched folder does at every change: the newest stands for all. jobs are
// newest first; behind are those that the shown one stands for, by its number.
func Fold(jobs []activity.Job) (shown []activity.Job, behind map[int64][]int64) {
	type day struct {
		from, to string
		year, at int
	}
	first := map[day]int64{}
	behind = map[int64][]int64{}
	for _, j := range jobs {
		if j.Kind == compare.Kind && j.State == activity.Done {
			d := day{j.From, j.To, j.Updated.Local().Year(), j.Updated.Local().YearDay()}
			if id, known := first[d]; known {
				behind[id] = append(behind[id], j.ID)
				continue
			}
			first[d] = j.ID
		}
		shown = append(shown, j)
	}
	return shown, behind
}

// Times adds to a line how many jobs it stands for.
func Times(d *transferrow.Data, behind []int64) {
	if n := len(behind); n > 0 {
		d.Note += " · " + words.N("job.times", n+1)
	}
}
