// Package answer keeps two reloads in order.
package answer

import (
	"runtime"
	"sync/atomic"
)

// Generation is an immutable snapshot: what was in the files, and a number.
type Generation struct {
	Number int
	Serial string
}

// Store has the current generation, and the one way to replace it.
type Store struct {
	current atomic.Pointer[Generation]
	busy    atomic.Bool
}

// New serves this certificate as generation 1.
func New(serial string) *Store {
	store := &Store{}
	store.current.Store(&Generation{Number: 1, Serial: serial})
	return store
}

// Current is the generation that a new connection is to be served under.
func (store *Store) Current() *Generation {
	return store.current.Load()
}

// Reload asks again and again for its turn.
func (store *Store) Reload(read func() string) {
	for !store.busy.CompareAndSwap(false, true) {
		runtime.Gosched()
	}
	defer store.busy.Store(false)
	next := &Generation{Serial: read()}
	next.Number = store.Current().Number + 1
	store.current.Store(next)
}
