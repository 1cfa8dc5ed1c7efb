//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"syscall"
	"time"

	"guichet/scripts/internal/xwd"
)

// screen is Xvfb's picture, mapped so that looking at it costs next to nothing.
type screen struct{ data []byte }

func openScreen(file string) (*screen, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	if _, err := xwd.Decode(data); err != nil {
		return nil, err
	}
	return &screen{data}, nil
}

// shot is every 37th pixel of the screen.
type shot []uint32

const everyPixel = 37

func (s *screen) sample() shot {
	list := make(shot, 0, len(s.data)/(4*everyPixel)+1)
	for i := 0; i+4 <= len(s.data); i += 4 * everyPixel {
		list = append(list, binary.NativeEndian.Uint32(s.data[i:]))
	}
	return list
}

// isWindow reports whether a window is there with something in it: an eighth of
// the screen is not what it was, in more than a handful of colours. A bare
// ground, which many programs show first, is no picture yet.
func (s shot) isWindow(before shot) bool {
	colours := map[uint32]bool{}
	n := 0
	for i, c := range s {
		if c != before[i] {
			n++
			colours[c] = true
		}
	}
	return n > len(s)/8 && len(colours) > 8
}

// differs reports a large change: more than one pixel in two hundred. A blinking
// cursor is none.
func (s shot) differs(other shot) bool {
	n := 0
	for i, c := range s {
		if c != other[i] {
			n++
		}
	}
	return n > len(s)/200
}

// waitQuiet waits until the last program's window is gone: half a second in
// which nothing changes.
func (s *screen) waitQuiet(ctx context.Context) error {
	last, since := s.sample(), time.Now()
	limit := time.Now().Add(10 * time.Second)
	for time.Since(since) < 500*time.Millisecond {
		if time.Now().After(limit) {
			return errors.New("the screen does not come to rest")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		if now := s.sample(); now.differs(last) {
			last, since = now, time.Now()
		}
	}
	return nil
}
