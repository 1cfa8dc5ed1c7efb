package transfer

import (
	"context"

	"guichet/services/fault"
	"guichet/services/files"
)

// TreeOptions are Options for a whole folder.
type TreeOptions struct {
	Options
	Connections int // parallel files; 0: what both sides recommend, 2 to 4
	// OnFile is called after each file, from one goroutine at a time; err is nil
	// or why it failed. What it returns ends the copy; nil goes on with the next.
	OnFile func(from files.Path, r Result, err error) error
	// Totals is called as the walk finds files: how many and how many bytes so
	// far; complete says that no more will come.
	Totals func(files int, bytes int64, complete bool)
}

// TreeResult sums up the copy of a tree.
type TreeResult struct {
	Files, Folders, Skipped, Failed int
	Bytes                           int64
	Unread                          int // listing lines not understood: files may be missing
	// Links are symbolic links to folders, which are not followed, and things
	// that are no files.
	Links int
}

// CopyTree copies the folder from into the folder to, which is made if it is
// missing. The walk is lazy: the first folder's files are on their way while
// the rest is being listed. Links to folders are not followed, links to files
// are copied as files, no link is ever made. A failed file does not end the
// copy unless OnFile says so; the first failure is returned at the end.
func CopyTree(ctx context.Context, src files.FS, from files.Path, dst files.FS, to files.Path, o TreeOptions) (TreeResult, error) {
	return TreeResult{}, fault.Newf(fault.Unsupported, "copy", "", "tree")
}
