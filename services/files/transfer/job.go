package transfer

import (
	"context"

	"guichet/services/activity"
	"guichet/services/fault"
	"guichet/services/files"
)

// Kind is the kind of transfer jobs in package activity.
const Kind = "transfer"

// Place is one end of a job.
type Place struct {
	Site files.Site `json:"site"`
	// Root, for this computer only, is the folder (a path of the system) that
	// nothing is written outside of; Path is relative to it.
	Root string     `json:"root,omitempty"`
	Path files.Path `json:"path"`
}

// Job is the specification of a transfer: activity.Spec.Data.
type Job struct {
	From Place `json:"from"`
	To   Place `json:"to"` // the full path of the target
	// Tree copies a folder.
	Tree bool `json:"tree,omitempty"`
	// Exists is the answer for taken names, "" to ask.
	Exists Answer `json:"exists,omitempty"`
}

// Adder adds jobs; *activity.Center is one.
type Adder interface {
	Add(ctx context.Context, s activity.Spec) (int64, error)
}

// Add makes a job of a file or folder. size is -1 when unknown.
func Add(ctx context.Context, a Adder, j Job, size int64) (int64, error) {
	return 0, fault.Newf(fault.Unsupported, "transfer", "", "add")
}

// Dialer opens places; *sites.Dialer is one.
type Dialer interface {
	Dial(ctx context.Context, site files.Site) (files.FS, error)
}

// RunnerParams are what a Runner is made of.
type RunnerParams struct {
	Dialer Dialer
	// Database is the file for the items of tree jobs; it is made if missing.
	Database string
}

// Runner carries out transfer jobs: activity.Center.Register(transfer.Kind, r).
type Runner struct {
	p RunnerParams
}

// NewRunner opens the database. Faults: those of store.Open.
func NewRunner(p RunnerParams) (*Runner, error) { return &Runner{p: p}, nil }

// Run implements activity.Runner.
func (r *Runner) Run(ctx context.Context, h activity.Handle) error {
	return fault.Newf(fault.Unsupported, "transfer", "", "run")
}

// Discard implements activity.Runner: it removes the temporary file.
func (r *Runner) Discard(ctx context.Context, j activity.Job) error { return nil }

// Close closes pooled connections and the database.
func (r *Runner) Close() error { return nil }
