package main

import (
	"encoding/json"
	"testing"
	"time"
)

// sleeper is the reader of a log: it is shown each line, and sleeps until it is woken.
type sleeper struct {
	shown chan string
	woken chan struct{}
}

func (s sleeper) Write(line []byte) (int, error) {
	s.shown <- string(line)
	<-s.woken
	return len(line), nil
}

// Nothing waits for the reader of the log. When it wakes, it is told what it lacks, in the place of that.
func TestLinesThatFindNoRoomAreCounted(t *testing.T) {
	reader := sleeper{make(chan string), make(chan struct{})}
	read := func(name string) (line event) {
		t.Helper()
		select {
		case shown := <-reader.shown:
			if err := json.Unmarshal([]byte(shown), &line); err != nil || line["event"] != name {
				t.Fatalf("%s is not %s: %v", shown, name, err)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("the reader was not shown %s", name)
		}
		return line
	}
	emit := logTo(reader)
	emit(event{"event": "first"})
	read("first")
	for range queued + 50 {
		emit(event{"event": "nth"})
	}
	close(reader.woken)
	for range queued {
		read("nth")
	}
	emit(event{"event": "last"})
	if told := read("lines_lost"); told["lines"] != 50.0 {
		t.Fatalf("%v", told)
	}
	read("last")
}
