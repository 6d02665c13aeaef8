// Package answer validates, and then swaps.
package answer

import (
	"fmt"
	"sync/atomic"
)

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

// Reload wraps what it is told, and names the step.
func Reload(store *Store, read func() (*Pair, error), validate func(*Pair) error) (number int, err error) {
	pair, err := read()
	if err == nil {
		if err = validate(pair); err != nil {
			err = fmt.Errorf("validate: %w", err)
		}
	} else {
		err = fmt.Errorf("read: %w", err)
	}
	if err != nil {
		return number, err
	}
	next := &Generation{Pair: pair}
	if before := store.Current.Load(); before == nil {
		next.Number = 1
	} else {
		next.Number = before.Number + 1
	}
	store.Current.Swap(next)
	return next.Number, nil
}
