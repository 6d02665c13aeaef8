package main

import (
	"encoding/json"
	"testing"
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
		if err := json.Unmarshal([]byte(<-reader.shown), &line); err != nil || line["event"] != name {
			t.Fatalf("%v is not %s: %v", line, name, err)
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
