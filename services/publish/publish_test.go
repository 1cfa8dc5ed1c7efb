package publish

import (
	"testing"

	"fyne.io/fyne/v2/data/binding"
	"github.com/stretchr/testify/require"
)

func TestItem(t *testing.T) {
	i := NewItem(1)
	var seen []int
	l := binding.NewDataListener(func() {
		v, err := i.Get()
		require.NoError(t, err)
		seen = append(seen, v)
	})
	i.AddListener(l)
	require.NoError(t, i.Set(1))
	require.NoError(t, i.Set(2))
	i.RemoveListener(l)
	require.NoError(t, i.Set(3))
	require.Equal(t, []int{1, 2}, seen)
}

func TestListenerMayChangeTheItem(t *testing.T) {
	i := NewItem(0)
	i.AddListener(binding.NewDataListener(func() {
		if v, _ := i.Get(); v < 5 {
			require.NoError(t, i.Set(v+1))
		}
	}))
	v, _ := i.Get()
	require.Equal(t, 5, v)
}

func TestThrough(t *testing.T) {
	defer post.Store(nil)
	var queue []func()
	Through(func(f func()) { queue = append(queue, f) })
	i := NewItem("")
	told := 0
	i.AddListener(binding.NewDataListener(func() { told++ }))
	require.NoError(t, i.Set("a"))
	require.Zero(t, told)
	for _, f := range queue {
		f()
	}
	require.Equal(t, 2, told)
}
