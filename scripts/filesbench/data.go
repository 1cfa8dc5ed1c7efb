//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"
)

// The sets of files. Small ones lie in folders of 100.
const (
	bigSize   = 2 << 30
	midSize   = 32 << 20
	smallSize = 4 << 10
	small     = 10_000
	few       = 200
	many      = 100_000 // empty, in one folder
)

// makeData writes the sets where the servers show them; they have dates of
// their own, since a comparison of times must cost what it costs.
func (b *bench) makeData() error {
	root := b.servers.files
	r := rand.NewChaCha8([32]byte{1})
	pool := make([]byte, 1<<20)
	r.Read(pool) //nolint:errcheck // it never fails
	at := func(i int) time.Time { return time.Unix(1_600_000_000+int64(i)*60, 0) }
	tree := func(dir string, n int) error {
		for i := range n {
			folder := filepath.Join(root, dir, fmt.Sprintf("d%03d", i/100))
			if i%100 == 0 {
				if err := os.MkdirAll(folder, 0o755); err != nil {
					return err
				}
			}
			name := filepath.Join(folder, fmt.Sprintf("f%05d.dat", i))
			from := (i * 977) % (len(pool) - smallSize)
			if err := errors.Join(os.WriteFile(name, pool[from:from+smallSize], 0o644), os.Chtimes(name, at(i), at(i))); err != nil {
				return err
			}
		}
		return nil
	}
	one := func(name string, size int) error {
		f, err := os.Create(filepath.Join(root, name))
		if err != nil {
			return err
		}
		for n := 0; n < size && err == nil; n += len(pool) {
			pool[n>>20%len(pool)]++ // no two blocks are the same
			_, err = f.Write(pool)
		}
		return errors.Join(err, f.Close())
	}
	flat := func(dir string) error {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return err
		}
		for i := range many {
			name := filepath.Join(root, dir, fmt.Sprintf("photo-%06d.jpg", i))
			if err := errors.Join(os.WriteFile(name, nil, 0o644), os.Chtimes(name, at(i), at(i))); err != nil {
				return err
			}
		}
		return nil
	}
	defer debug.FreeOSMemory() // what this process holds counts for its children until they begin
	err := errors.Join(tree("small", small), tree("few", few), one("big.bin", bigSize), one("mid.bin", midSize), flat("many"))
	return errors.Join(err, b.owned(root))
}

// owned gives everything to the servers' account.
func (b *bench) owned(root string) error {
	info, err := os.Stat(root)
	if err != nil {
		return err
	}
	uid, gid := owner(info)
	return filepath.WalkDir(root, func(name string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(name, uid, gid))
	})
}

// sizeIs checks a file that arrived.
func sizeIs(name string, size int64) func() error {
	return func() error {
		info, err := os.Stat(name)
		if err == nil && info.Size() != size {
			err = fmt.Errorf("%d bytes arrived", info.Size())
		}
		return err
	}
}

// countIs checks a tree that arrived: so many files of that size.
func countIs(dir string, count int, size int64) func() error {
	return func() error {
		n := 0
		err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			if info, err := e.Info(); err == nil && info.Size() == size {
				n++
			}
			return nil
		})
		if err == nil && n != count {
			err = fmt.Errorf("%d files arrived", n)
		}
		return err
	}
}
