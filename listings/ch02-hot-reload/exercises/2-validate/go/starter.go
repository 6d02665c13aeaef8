// Package answer validates, and then swaps.
//
// This is the starter. It compiles, and its checks fail until Reload is written.
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

// Reload serves what the files hold, if clients would accept it, and returns the number of the new generation.
//
// read reads the files. validate runs the verifier that clients run; while it does, clients come. It returns an error when
// the files cannot be read, or are not valid. Then what was served goes on being served.
func Reload(store *Store, read func() (*Pair, error), validate func(*Pair) error) (int, error) {
	panic("this is the starter: write `Reload`")
}
