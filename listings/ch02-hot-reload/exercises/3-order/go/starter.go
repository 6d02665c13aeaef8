// Package answer keeps two reloads in order.
//
// This is the starter. It compiles, and its checks fail until Reload is written.
package answer

import "sync/atomic"

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
	// What else it needs is yours to choose.
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
//
// read reads them when it is called, and may be slow. Another Reload may run at the same time.
// It may panic as well, and whoever called Reload may recover.
func (store *Store) Reload(read func() string) {
	panic("this is the starter: write `Reload`")
}
