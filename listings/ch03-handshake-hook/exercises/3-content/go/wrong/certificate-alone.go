package answer

import (
	"bytes"
	"os"
)

type Poll struct {
	files []string
	seen  map[string][]byte
}

func Start(files []string) (*Poll, error) {
	poll := &Poll{files: files, seen: map[string][]byte{}}
	_, err := poll.Changed()
	return poll, err
}

func (poll *Poll) Changed() (bool, error) {
	changed := false
	for _, file := range poll.files[:1] {
		content, err := os.ReadFile(file)
		if err != nil {
			return false, err
		}
		if !bytes.Equal(content, poll.seen[file]) {
			changed, poll.seen[file] = true, content
		}
	}
	return changed, nil
}
