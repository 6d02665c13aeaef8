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

type Store struct {
	current atomic.Pointer[Generation]
	lock    sync.Mutex
	ended   *sync.Cond
	running bool
	asked   int
	done    int
	read    func() string
}

func New(serial string) *Store {
	store := &Store{}
	store.ended = sync.NewCond(&store.lock)
	store.current.Store(&Generation{Number: 1, Serial: serial})
	return store
}

func (store *Store) Current() *Generation { return store.current.Load() }

// Reload: those that wait are served by one read, which begins after the last of them has come.
func (store *Store) Reload(read func() string) {
	store.lock.Lock()
	defer store.lock.Unlock()
	store.asked++
	mine := store.asked
	for store.running && store.done < mine {
		store.ended.Wait()
	}
	if store.done >= mine {
		return
	}
	store.running = true
	covers := store.asked
	store.lock.Unlock()
	ok := false
	defer func() {
		store.lock.Lock()
		store.running = false
		if ok {
			store.done = covers
		}
		store.ended.Broadcast()
	}()
	serial := read()
	store.current.Store(&Generation{store.Current().Number + 1, serial})
	ok = true
}
