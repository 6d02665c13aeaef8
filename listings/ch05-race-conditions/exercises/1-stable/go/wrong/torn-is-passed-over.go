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

// Stable looks at the files until two looks in a row agree, be it on contents or on an error.
func Stable(look func() (Seen, error)) (Seen, error) {
	before, errBefore := look()
	for range Looks - 1 {
		again, err := look()
		// A writer is at work: look again.
		if errors.Is(err, ErrTorn) {
			continue
		}
		if agree(before, errBefore, again, err) {
			return again, err
		}
		before, errBefore = again, err
	}
	// Not the last look after all: a slow writer is no reason to serve half a file.
	return Seen{}, ErrTorn
}

// agree compares what two looks saw. Go compares no slices, and two errors of one kind are two
// values.
func agree(one Seen, errOne error, other Seen, errOther error) bool {
	if errOne != nil || errOther != nil {
		return errOne != nil && errOther != nil && errOne.Error() == errOther.Error()
	}
	return bytes.Equal(one.Content, other.Content) && one.Modified == other.Modified
}
