// Package answer takes a pair with the serial of the one before for the same pair.
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

// Reload serves what the files hold, if clients would accept it, and returns the number of the
// new generation. It returns an error when the files cannot be read, or are not valid. Then
// what was served goes on being served.
func Reload(store *Store, read func() (*Pair, error), validate func(*Pair) error) (int, error) {
	pair, err := read()
	if err != nil {
		return 0, err
	}
	// Nothing has changed.
	if before := store.Current.Load(); before != nil && before.Pair.Serial == pair.Serial {
		return before.Number, nil
	}
	if err := validate(pair); err != nil {
		return 0, err
	}
	number := 1
	if before := store.Current.Load(); before != nil {
		number = before.Number + 1
	}
	// Nothing can fail from here on.
	store.Current.Store(&Generation{Number: number, Pair: pair})
	return number, nil
}
