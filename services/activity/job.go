// Package activity is the durable list of jobs: transfers, downloads, sends.
// A job is a row of a database; it survives a kill at any moment and never does
// a thing twice, because its runner writes a checkpoint before and after each
// step that counts.
package activity

import (
	"context"
	"encoding/json"
	"time"

	"guichet/services/fault"
)

// State is where a job stands.
type State string

// The states of a job.
const (
	Waiting     State = "waiting" // its turn comes, or its next try (Job.NextTry)
	Running     State = "running"
	Paused      State = "paused"
	NeedsAnswer State = "needs_answer" // Job.Question waits for a person
	Done        State = "done"
	Failed      State = "failed" // Job.Fault says why
	Cancelled   State = "cancelled"
)

// Ended reports whether the job will do nothing more by itself.
func (s State) Ended() bool { return s == Done || s == Failed || s == Cancelled }

// Job is one row, a value: changing it changes nothing.
type Job struct {
	ID               int64
	Kind             string // names the Runner: "transfer", "download", "send"
	Title            string // the file's or page's name, the mail's subject
	From, To         string // addresses for people, without secrets
	Size             int64  // bytes in all; -1 unknown
	Done             int64  // bytes so far
	Items            int    // files in all, for jobs of many; 0: one
	ItemsDone        int
	Speed            float64 // bytes per second over the last seconds; 0 unknown
	State            State
	Fault            *fault.Fault // of Failed, or of the last try of a Waiting job
	Tries            int
	NextTry          time.Time
	Rank             int64 // place in the queue: those that wait run by it, smallest first
	Question         *Question
	Spec             json.RawMessage // what to do; fixed when the job is made
	Checkpoint       json.RawMessage // how far it got; the runner's own
	Result           json.RawMessage // what came of it, for Done: path, checksum
	Created, Updated time.Time
}

// Question is something that only a person can decide. Kind names the sentence
// (a translation "question.KIND") and Data its values.
type Question struct {
	Kind    string            `json:"kind"` // "exists", "certificate", "maybe_sent"
	Data    map[string]string `json:"data"`
	Choices []string          `json:"choices"` // translations "choice.X"
	All     bool              `json:"all"`     // the answer may hold for the whole job
}

// Spec describes a new job.
type Spec struct {
	Kind     string
	Title    string
	From, To string
	Size     int64
	Items    int
	Data     any // becomes Job.Spec
	Paused   bool
	// Group lets jobs of the same group run one after the other; "" for free.
	Group string
}

// Runner carries out the jobs of one kind.
type Runner interface {
	// Run works until the job is done (nil), fails (a fault; a transient one is
	// tried again later), or ctx ends (pause, cancel, program's end): it then
	// returns soon, with its checkpoint written.
	Run(ctx context.Context, h Handle) error
	// Discard removes what a cancelled or removed job left behind.
	Discard(ctx context.Context, j Job) error
}

// Handle is a runner's access to its job.
type Handle interface {
	Job() Job
	// Spec and Checkpoint decode into v; Checkpoint reports whether there was one.
	Spec(v any) error
	Checkpoint(v any) (bool, error)
	// Save writes a checkpoint; when it returns nil it is on the disk.
	Save(v any) error
	// Progress is cheap and may be called for every block.
	Progress(done, size int64)
	Items(done, all int)
	// Ask publishes the question and waits for its answer or for ctx.
	Ask(ctx context.Context, q Question) (answer string, all bool, err error)
	Result(v any) error
	SetTitle(title string)
}

// Snapshot is the list of jobs at one moment: newest first. It is immutable.
type Snapshot struct {
	Version uint64
	Jobs    []Job
	Index   map[int64]int // id to position
	Running int
	Waiting int
	Paused  int
	Failed  int
	Asking  int           // jobs that need an answer
	Today   int           // jobs done since midnight, local time
	Speed   float64       // bytes per second, all running jobs together
	Left    time.Duration // estimate for all running jobs; 0 unknown
}
