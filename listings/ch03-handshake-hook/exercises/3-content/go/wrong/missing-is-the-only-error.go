// Package answer returns an error for missing files alone.
package answer

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"slices"
)

// Poll tells whether files hold something else than at the last look.
type Poll struct {
	files []string
	// Hashes, so that no key is kept twice.
	seen [][sha256.Size]byte
}

func Start(files []string) (*Poll, error) {
	poll := &Poll{files: files}
	_, err := poll.Changed()
	return poll, err
}

func (poll *Poll) Changed() (bool, error) {
	var seen [][sha256.Size]byte
	for _, file := range poll.files {
		content, err := os.ReadFile(file)
		if err != nil && poll.seen != nil && !errors.Is(err, fs.ErrNotExist) {
			// Nothing was read, so nothing has changed.
			return false, nil
		}
		if err != nil {
			// What was remembered stays.
			return false, err
		}
		seen = append(seen, sha256.Sum256(content))
	}
	changed := !slices.Equal(seen, poll.seen)
	poll.seen = seen
	return changed, nil
}
