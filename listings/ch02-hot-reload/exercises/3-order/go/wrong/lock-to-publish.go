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
	lock    sync.Mutex
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
	store.lock.Lock()
	defer store.lock.Unlock()
	store.current.Store(&Generation{Number: store.Current().Number + 1, Serial: serial})
}
