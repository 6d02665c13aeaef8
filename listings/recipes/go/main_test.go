package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
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

// limited is an answer whose client has until then to make room.
type limited struct {
	http.ResponseWriter
	until time.Time
	parts []time.Time
}

func (l *limited) SetWriteDeadline(until time.Time) error {
	l.until = until
	return nil
}

func (l *limited) Write(part []byte) (int, error) {
	l.parts = append(l.parts, l.until)
	return len(part), nil
}

// The client's time does not run while a handler thinks, nor before it on a connection that was kept.
func TestAClientHasItsTimeForEachPartOfAnAnswer(t *testing.T) {
	answer := &limited{ResponseWriter: httptest.NewRecorder(), until: time.Unix(1, 0)}
	thinks := func(when string) {
		if !answer.until.IsZero() {
			t.Errorf("%s the answer: %v", when, answer.until)
		}
	}
	handler := func(w http.ResponseWriter, _ *http.Request) {
		thinks("before")
		if _, streams := w.(http.Flusher); !streams {
			t.Error("it cannot stream")
		}
		w.Write(make([]byte, 40<<10))
		thinks("after a part of")
	}
	patient(http.HandlerFunc(handler)).ServeHTTP(answer, httptest.NewRequest("GET", "/", nil))
	for _, until := range append(answer.parts, answer.until) {
		if time.Until(until) <= 0 {
			t.Errorf("a part, or what is left at the end, has until %v", until)
		}
	}
	if len(answer.parts) != 3 {
		t.Errorf("%d parts", len(answer.parts))
	}
}
