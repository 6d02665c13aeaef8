// Package answer reads files that rest.
//
// This is the starter. It compiles, and its checks fail until Stable is written.
package answer

import "errors"

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

// Stable looks at the files until what it sees is worth judging: no writer was at work on them. look opens and reads them all
// once, and returns what it saw or an error.
//
// It returns an error that is ErrTorn when the files do not come to rest within Looks looks, whatever the last of them found, and
// the look's own error when they are at rest and cannot be read. The server then goes on with what it has, and asks again later.
func Stable(look func() (Seen, error)) (Seen, error) {
	panic("this is the starter: write `Stable`")
}
