package files

import (
	"context"

	"guichet/services/fault"
)

// MakeFolders makes a folder with those above it, as far as they are missing.
func MakeFolders(ctx context.Context, f FS, dir Path) error {
	if len(dir) == 0 {
		return nil
	}
	err := f.Mkdir(ctx, dir)
	if err == nil || fault.Is(err, fault.Exists) {
		return nil
	}
	if e, serr := f.Stat(ctx, dir); serr == nil && e.Type.IsDir() {
		return nil // the way leads through folders that cannot be made, only used
	}
	if !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Permission) {
		return err
	}
	if perr := MakeFolders(ctx, f, dir.Dir()); perr != nil {
		return perr
	}
	if err := f.Mkdir(ctx, dir); err != nil && !fault.Is(err, fault.Exists) {
		return err
	}
	return nil
}
