//go:build !unix || darwin

package trash

import (
	"context"

	"guichet/services/fault"
	"guichet/services/files/local"
)

// Here reports whether this computer has a trash that Move can use. The Finder's
// and the Recycle Bin's books can only be kept by the system itself.
const Here = false

func moveHere(context.Context, *local.FS, Item) (Item, error) {
	return Item{}, fault.Newf(fault.Unsupported, "trash", "", "this system's trash belongs to its own programs")
}

func listHere(context.Context, *local.FS) ([]Item, int, error) { return nil, 0, nil }

func forgetHere(*local.FS, Item) error {
	return fault.Newf(fault.Unsupported, "trash", "", "this system's trash belongs to its own programs")
}
