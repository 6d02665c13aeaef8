// Package answer takes what was seen most often.
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
	var seen [Looks]Seen
	var errs [Looks]error
	for number := range Looks {
		seen[number], errs[number] = look()
	}
	most, best := 0, 1
	for one := range Looks {
		count := 0
		for other := range Looks {
			if agree(seen[one], errs[one], seen[other], errs[other]) {
				count++
			}
		}
		// Of several, the newest.
		if count >= most {
			most, best = count, one
		}
	}
	if most > 1 {
		return seen[best], errs[best]
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
