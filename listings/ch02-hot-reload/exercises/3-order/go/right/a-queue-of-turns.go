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

// Store gives each reload a number, and lets them in by it.
type Store struct {
	turn          sync.Cond
	next, serving int
	current       atomic.Value
}

func New(serial string) *Store {
	store := &Store{turn: sync.Cond{L: &sync.Mutex{}}}
	store.current.Store(&Generation{1, serial})
	return store
}

func (store *Store) Current() *Generation {
	return store.current.Load().(*Generation)
}

func (store *Store) Reload(read func() string) {
	store.turn.L.Lock()
	mine := store.next
	store.next++
	for store.serving != mine {
		store.turn.Wait()
	}
	store.turn.L.Unlock()
	defer func() {
		store.turn.L.Lock()
		store.serving++
		store.turn.L.Unlock()
		store.turn.Broadcast()
	}()
	serial := read()
	store.current.Store(&Generation{store.Current().Number + 1, serial})
}
