// Package answer remembers the bytes, which holds the key in memory once more.
package answer

import (
	"bytes"
	"os"
)

type Poll struct {
	files []string
	seen  []byte
}

func Start(files []string) (*Poll, error) {
	poll := &Poll{files: files}
	seen, err := poll.look()
	poll.seen = seen
	return poll, err
}

func (poll *Poll) look() ([]byte, error) {
	var all []byte
	for _, file := range poll.files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		all = append(append(all, content...), 0)
	}
	return all, nil
}

func (poll *Poll) Changed() (bool, error) {
	seen, err := poll.look()
	if err != nil || bytes.Equal(seen, poll.seen) {
		return false, err
	}
	poll.seen = seen
	return true, nil
}
