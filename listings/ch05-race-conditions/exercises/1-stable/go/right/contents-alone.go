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

// Stable compares what the files hold, and never their dates.
func Stable(look func() (Seen, error)) (Seen, error) {
	text := func(seen Seen, err error) []byte {
		if err != nil {
			return []byte("error: " + err.Error())
		}
		return append([]byte("files: "), seen.Content...)
	}
	seen, err := look()
	for try := 2; try <= Looks; try++ {
		before := text(seen, err)
		if seen, err = look(); bytes.Equal(before, text(seen, err)) {
			return seen, err
		}
	}
	return Seen{}, ErrTorn
}
