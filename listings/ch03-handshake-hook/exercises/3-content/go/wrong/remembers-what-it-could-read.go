package answer

import (
	"crypto/sha256"
	"os"
)

type Poll struct {
	files []string
	seen  map[string][sha256.Size]byte
}

func Start(files []string) (*Poll, error) {
	poll := &Poll{files, map[string][sha256.Size]byte{}}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		poll.seen[file] = sha256.Sum256(content)
	}
	return poll, nil
}

func (poll *Poll) Changed() (bool, error) {
	changed := false
	for _, file := range poll.files {
		content, err := os.ReadFile(file)
		if err != nil {
			return false, err
		}
		now := sha256.Sum256(content)
		changed = changed || now != poll.seen[file]
		poll.seen[file] = now
	}
	return changed, nil
}
