// Package answer takes no lock while it reads: a reload gives up when another one has begun since.
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
	current   atomic.Pointer[Generation]
	begun     atomic.Int64
	lock      sync.Mutex
	published int64
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
	turn := store.begun.Add(1)
	serial := read()
	store.lock.Lock()
	defer store.lock.Unlock()
	if turn < store.begun.Load() {
		return
	}
	store.published = turn
	store.current.Store(&Generation{Number: store.Current().Number + 1, Serial: serial})
}
