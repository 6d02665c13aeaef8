// Package answer counts by compare-and-swap, so that two reloads cannot take one number.
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
	for err == nil {
		before, next := store.Current.Load(), &Generation{Number: 1, Pair: pair}
		if before != nil {
			next.Number += before.Number
		}
		if store.Current.CompareAndSwap(before, next) {
			return next.Number, nil
		}
	}
	return 0, err
}
