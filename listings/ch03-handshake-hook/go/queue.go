package main

import (
	"bytes"
	"io"
	"sync"
	"time"
)

// queued is how many lines of the log wait at most.
const queued = 1024

// Queue is a log that nobody has to read: no handshake waits for it. Lines wait in it, those that find no room are
// counted, and before the next that does it says how many were lost.
type Queue struct {
	mutex sync.Mutex
	lines chan entry
	lost  int
}

// entry is a line, or a channel that is closed once all lines before it are written.
type entry struct {
	line    []byte
	written chan struct{}
}

func newQueue(to io.Writer) *Queue {
	queue := &Queue{lines: make(chan entry, queued)}
	go func() {
		for next := range queue.lines {
			if next.written != nil {
				close(next.written)
				continue
			}
			_, _ = to.Write(next.line)
		}
	}()
	return queue
}

// Write has a line written, or counts it as lost. It never waits.
func (queue *Queue) Write(line []byte) (int, error) {
	queue.mutex.Lock()
	defer queue.mutex.Unlock()
	// There must be room for this line as well.
	if queue.lost > 0 && len(queue.lines)+1 < cap(queue.lines) {
		queue.lines <- entry{line: shape("lines_lost", "lines", queue.lost)}
		queue.lost = 0
	}
	select {
	case queue.lines <- entry{line: bytes.Clone(line)}:
	default:
		queue.lost++
	}
	return len(line), nil
}

// Flush waits until what was logged is written, for as long as bound: the process is about to end.
func (queue *Queue) Flush(bound time.Duration) {
	written, end := make(chan struct{}), time.After(bound)
	select {
	case queue.lines <- entry{written: written}:
	case <-end:
		return
	}
	select {
	case <-written:
	case <-end:
	}
}
