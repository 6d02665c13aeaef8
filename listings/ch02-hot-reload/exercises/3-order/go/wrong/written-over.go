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

// Store has the current generation, and the one way to replace it.
type Store struct {
	current atomic.Pointer[Generation]
	// One reload at a time. Connections do not take it.
	reloading sync.Mutex
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

// Reload reads the files, and serves what they hold as the next generation.
func (store *Store) Reload(read func() string) {
	// Before reading: what is read from here on is not older than what was published.
	store.reloading.Lock()
	defer store.reloading.Unlock()
	serial := read()
	current := store.Current()
	current.Serial = serial
	current.Number++
}
