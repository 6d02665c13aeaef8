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

func Reload(store *Store, read func() (*Pair, error), validate func(*Pair) error) (int, error) {
	pair, err := read()
	if err != nil {
		return 0, err
	}
	before := store.Current.Load()
	if before == nil {
		if err := validate(pair); err != nil {
			return 0, err
		}
		store.Current.Store(&Generation{1, pair})
		return 1, nil
	}
	if pair.Serial <= before.Pair.Serial {
		return before.Number, nil
	}
	if err := validate(pair); err != nil {
		return 0, err
	}
	store.Current.Store(&Generation{before.Number + 1, pair})
	return before.Number + 1, nil
}
