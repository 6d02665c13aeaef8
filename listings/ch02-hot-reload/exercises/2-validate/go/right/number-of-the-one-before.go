// Package answer validates, and then swaps.
package answer

import "sync/atomic"

// Pair is a chain with its key; of it, these checks need the serial number of its leaf.
type Pair struct {
	Serial string
}

// Generation is an immutable snapshot of what is served.
type Generation struct {
	// Number counts up from 1.
	Number int
	// Pair is the chain and its key.
	Pair *Pair
}

// Store has what is served now. While it is empty, every handshake fails.
type Store struct {
	Current atomic.Pointer[Generation]
}

func Reload(store *Store, read func() (*Pair, error), validate func(*Pair) error) (int, error) {
	pair, err := read()
	if err == nil {
		err = validate(pair)
	}
	before := store.Current.Load()
	if before == nil {
		before = &Generation{}
	}
	if err != nil {
		return before.Number, err
	}
	store.Current.Store(&Generation{before.Number + 1, pair})
	return before.Number + 1, nil
}
