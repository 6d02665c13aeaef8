package answer

import (
	"sync/atomic"
)

type Generation struct {
	Number int
	Serial string
}

type Store struct {
	current atomic.Pointer[Generation]
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
	serial := read()
	for {
		before := store.Current()
		if store.current.CompareAndSwap(before, &Generation{Number: before.Number + 1, Serial: serial}) {
			return
		}
	}
}
