// Package answer keeps two reloads in order.
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
	reading sync.Mutex
}

func New(serial string) *Store {
	store := &Store{}
	store.current.Store(&Generation{Number: 1, Serial: serial})
	return store
}

func (store *Store) Current() *Generation { return store.current.Load() }

func (store *Store) read(read func() string) string {
	store.reading.Lock()
	defer store.reading.Unlock()
	return read()
}

func (store *Store) Reload(read func() string) {
	serial := store.read(read)
	store.current.Store(&Generation{store.Current().Number + 1, serial})
}
