// Package answer validates, and then swaps.
package answer

import "sync/atomic"

type Pair struct{ Serial string }

type Generation struct {
	Number int
	Pair   *Pair
}

type Store struct {
	Current atomic.Pointer[Generation]
}

func judged(pair *Pair, validate func(*Pair) error) error {
	// A validator that panics must not end the server.
	defer func() { _ = recover() }()
	return validate(pair)
}

func Reload(store *Store, read func() (*Pair, error), validate func(*Pair) error) (int, error) {
	pair, err := read()
	if err != nil {
		return 0, err
	}
	if err := judged(pair, validate); err != nil {
		return 0, err
	}
	number := 1
	if before := store.Current.Load(); before != nil {
		number = before.Number + 1
	}
	store.Current.Store(&Generation{Number: number, Pair: pair})
	return number, nil
}
