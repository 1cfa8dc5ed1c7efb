package transfer

import (
	"context"

	"guichet/services/fault"
	"guichet/services/files"
)

// Copy copies one file: into a temporary file beside the target, checked, and
// renamed only when all its bytes have arrived; a target of that name is whole
// at every moment, the old one or the new one. to is the full path of the
// target. A local dst should be rooted at the target folder, so that no link
// leads out of it. Faults: Exists, Cancelled, those of the file systems;
// Protocol when the source changed while it was copied; Damaged when sizes or
// checksums differ.
func Copy(ctx context.Context, src files.FS, from files.Path, dst files.FS, to files.Path, o Options) (Result, error) {
	return Result{}, fault.Newf(fault.Unsupported, "copy", "", "copy")
}
