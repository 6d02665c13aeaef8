// Package answer reads files that rest.
package answer

import (
	"bytes"
	"errors"
)

// Seen is what one look saw of all files.
type Seen struct {
	// Content is what they held, one after the other. No code prints it: a key is in it.
	Content []byte
	// Modified is the date of the newest, in seconds.
	Modified int64
}

// ErrMissing and ErrTorn are why files are not to be served. A look wraps what it returns: errors.Is tells which it is.
var (
	ErrMissing = errors.New("missing")
	ErrTorn    = errors.New("torn")
)

// Looks is how often the files are looked at, at the most.
const Looks = 5

func Stable(look func() (Seen, error)) (Seen, error) {
	before, errBefore := look()
	for range Looks - 1 {
		again, err := look()
		if bytes.Equal(before.Content, again.Content) {
			if err == nil {
				return again, nil
			}
			if errBefore != nil && err.Error() == errBefore.Error() {
				return Seen{}, err
			}
		}
		before, errBefore = again, err
	}
	return Seen{}, ErrTorn
}
