// Package answer keeps two reloads in order.
package answer

import (
	"sync"
	"sync/atomic"
)

// Generation is an immutable snapshot: what was in the files, and a number.
type Generation struct {
	// Number counts up from 1.
	Number int
	// Serial is the serial number of the certificate in the files.
	Serial string
}

type Store struct {
	current atomic.Pointer[Generation]
	lock    sync.Mutex
	running bool
	again   func() string
}

func New(serial string) *Store {
	store := &Store{}
	store.current.Store(&Generation{Number: 1, Serial: serial})
	return store
}

func (store *Store) Current() *Generation { return store.current.Load() }

func (store *Store) Reload(read func() string) {
	store.lock.Lock()
	if store.running {
		// The running one looks again when it is done.
		store.again = read
		store.lock.Unlock()
		return
	}
	store.running = true
	store.lock.Unlock()
	defer func() {
		store.lock.Lock()
		store.running = false
		store.lock.Unlock()
	}()
	for read != nil {
		serial := read()
		store.current.Store(&Generation{store.Current().Number + 1, serial})
		store.lock.Lock()
		read, store.again = store.again, nil
		store.lock.Unlock()
	}
}
