// Package publish makes the bindings that services publish their snapshots
// through. They are Fyne bindings to whoever listens, but work without a
// window too: Fyne's own items call the running Fyne app on every change and
// crash where there is none, in a command or a service's test.
package publish

import (
	"slices"
	"sync"
	"sync/atomic"

	"fyne.io/fyne/v2/data/binding"
)

var post atomic.Pointer[func(func())]

// Through names the function that runs a listener on the goroutine of the user
// interface; the window sets it to fyne.Do before it listens to anything. Until
// then listeners run on the goroutine that changes the item.
func Through(f func(func())) { post.Store(&f) }

func run(f func()) {
	if p := post.Load(); p != nil {
		(*p)(f)
		return
	}
	f()
}

// item is a binding.Item that compares with ==: snapshots by pointer.
type item[T comparable] struct {
	mu        sync.RWMutex
	value     T
	listeners []binding.DataListener
}

// NewItem makes an item that holds v. Setting an equal value tells nobody.
func NewItem[T comparable](v T) binding.Item[T] { return &item[T]{value: v} }

func (i *item[T]) Get() (T, error) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.value, nil
}

func (i *item[T]) Set(v T) error {
	i.mu.Lock()
	same := i.value == v
	i.value = v
	idle := len(i.listeners) == 0
	i.mu.Unlock()
	if !same && !idle {
		run(i.tell)
	}
	return nil
}

func (i *item[T]) tell() {
	i.mu.RLock()
	listeners := slices.Clone(i.listeners)
	i.mu.RUnlock()
	for _, l := range listeners {
		l.DataChanged()
	}
}

// AddListener adds l and tells it once, so that it begins with the value.
func (i *item[T]) AddListener(l binding.DataListener) {
	i.mu.Lock()
	i.listeners = append(i.listeners, l)
	i.mu.Unlock()
	run(l.DataChanged)
}

func (i *item[T]) RemoveListener(l binding.DataListener) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.listeners = slices.DeleteFunc(i.listeners, func(o binding.DataListener) bool { return o == l })
}
