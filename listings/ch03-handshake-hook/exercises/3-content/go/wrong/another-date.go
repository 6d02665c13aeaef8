package answer

import (
	"os"
	"time"
)

type Poll struct {
	files []string
	seen  []time.Time
}

func Start(files []string) (*Poll, error) {
	poll := &Poll{files: files, seen: make([]time.Time, len(files))}
	_, err := poll.Changed()
	return poll, err
}

func (poll *Poll) Changed() (bool, error) {
	changed := false
	for number, file := range poll.files {
		about, err := os.Stat(file)
		if err != nil {
			return false, err
		}
		if !about.ModTime().Equal(poll.seen[number]) {
			changed, poll.seen[number] = true, about.ModTime()
		}
	}
	return changed, nil
}
