package main

import (
	"strings"
	"testing"
	"time"
)

// reader takes a line when the test reads it, and until then its writer waits.
type reader chan string

func (r reader) Write(line []byte) (int, error) {
	r <- string(line)
	return len(line), nil
}

func TestALogThatIsNotReadHoldsNobodyUp(t *testing.T) {
	read := make(reader)
	queue := newQueue(read)
	const more = 7
	logged := make(chan struct{})
	go func() {
		defer close(logged)
		for range queued + more {
			_, _ = queue.Write([]byte("line\n"))
		}
	}()
	wait(t, logged, "the logger, which must not wait for the reader")
	// One line may be on its way already.
	lines := 0
	for len(queue.lines) > 0 {
		wait(t, read, "a line that was logged")
		lines++
	}
	if lines < queued-1 || lines > queued+1 {
		t.Fatalf("%d lines waited", lines)
	}
	_, _ = queue.Write([]byte("next\n"))
	told := ""
	for !strings.Contains(told, "lines_lost") {
		if told = wait(t, read, "a line about those that were lost"); told == "next\n" {
			t.Fatal("nothing is said of lines that were lost")
		}
	}
	lost := strings.Contains(told, `"lines":7}`) || strings.Contains(told, `"lines":6}`)
	if !lost || wait(t, read, "the line after it") != "next\n" {
		t.Fatalf("%s is not what was lost", told)
	}
}

func TestTheEndWaitsForTheLogAndNotForEver(t *testing.T) {
	read := make(reader)
	queue := newQueue(read)
	_, _ = queue.Write([]byte("last\n"))
	queue.Flush(time.Millisecond)
	flushed := make(chan struct{})
	go func() {
		queue.Flush(bound)
		close(flushed)
	}()
	if line := wait(t, read, "the last line"); line != "last\n" {
		t.Fatal(line)
	}
	wait(t, flushed, "the end of the flush")
}
