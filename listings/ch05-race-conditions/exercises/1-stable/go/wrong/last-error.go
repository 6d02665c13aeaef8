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

// Stable tells what the last look found, though no other agrees with it.
func Stable(look func() (Seen, error)) (Seen, error) {
	before, errBefore := look()
	for try := 1; try < Looks; try++ {
		again, err := look()
		if same(before, errBefore, again, err) {
			return again, err
		}
		before, errBefore = again, err
	}
	if errBefore != nil {
		return Seen{}, errBefore
	}
	return Seen{}, ErrTorn
}

func same(one Seen, errOne error, other Seen, errOther error) bool {
	if errOne != nil || errOther != nil {
		return errOne != nil && errOther != nil && errOne.Error() == errOther.Error()
	}
	return one.Modified == other.Modified && bytes.Equal(one.Content, other.Content)
}
