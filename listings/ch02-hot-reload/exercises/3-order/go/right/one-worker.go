// Package answer has one goroutine that reloads, and the others ask it.
package answer

import (
	"sync"
	"sync/atomic"
)

type Generation struct {
	Number int
	Serial string
}

type Store struct {
	current atomic.Pointer[Generation]
	begin   sync.Once
	asked   chan func()
}

func New(serial string) *Store {
	store := &Store{}
	store.current.Store(&Generation{Number: 1, Serial: serial})
	return store
}

func (store *Store) Current() *Generation {
	return store.current.Load()
}

func (store *Store) Reload(read func() string) {
	store.begin.Do(func() {
		store.asked = make(chan func())
		go func() {
			for reload := range store.asked {
				reload()
			}
		}()
	})
	done := make(chan any)
	store.asked <- func() {
		defer func() { done <- recover() }()
		serial := read()
		store.current.Store(&Generation{Number: store.Current().Number + 1, Serial: serial})
	}
	if said := <-done; said != nil {
		panic(said)
	}
}
