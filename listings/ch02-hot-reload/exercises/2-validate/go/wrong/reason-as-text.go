// Package answer validates, and then swaps.
package answer

import (
	"fmt"
	"sync/atomic"
)

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
		return 0, fmt.Errorf("reload: %v", err)
	}
	if err := validate(pair); err != nil {
		return 0, fmt.Errorf("reload: %v", err)
	}
	number := 1
	if before := store.Current.Load(); before != nil {
		number = before.Number + 1
	}
	store.Current.Store(&Generation{Number: number, Pair: pair})
	return number, nil
}
