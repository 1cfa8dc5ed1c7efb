//go:build linux

package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWindowIsMoreThanItsGround(t *testing.T) {
	before := make(shot, 1000)
	bare, drawn, small := make(shot, 1000), make(shot, 1000), make(shot, 1000)
	for i := range 400 {
		bare[i] = 0xffffff
		drawn[i] = uint32(1 + i%20)
	}
	for i := range 4 {
		small[i] = uint32(1 + i)
	}
	require.False(t, before.isWindow(before))
	require.False(t, bare.isWindow(before), "a bare ground is no picture yet")
	require.True(t, drawn.isWindow(before))
	require.False(t, small.differs(before), "a blinking cursor is no change")
	require.True(t, drawn.differs(before))
}

func TestMedian(t *testing.T) {
	p := program{}
	for _, s := range []int{9, 1, 4} {
		p.runs = append(p.runs, figures{painted: time.Duration(s) * time.Second})
	}
	require.InDelta(t, 4, p.median(columns[0].of), 0)
	p.runs = append(p.runs, figures{painted: 5 * time.Second})
	require.InDelta(t, 4.5, p.median(columns[0].of), 0)
}
