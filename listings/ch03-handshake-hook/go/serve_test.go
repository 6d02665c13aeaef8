package main

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

// A client that begins a request has to finish it; one that says nothing may stay.
func TestHalfARequestIsNotWaitedForForever(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	ended := make(chan error, 1)
	go func() { ended <- finish(far, make([]byte, 3), 20*time.Millisecond) }()
	_, _ = near.Write([]byte{0})
	if err := wait(t, ended, "the end of a client that began a request"); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
}

// timed keeps the deadline that was set last.
type timed struct {
	net.Conn
	last time.Time
}

func (t *timed) SetReadDeadline(at time.Time) error {
	t.last = at
	return t.Conn.SetReadDeadline(at)
}

func (t *timed) SetWriteDeadline(at time.Time) error {
	t.last = at
	return t.Conn.SetWriteDeadline(at)
}

func TestAWholeRequestLeavesNoDeadlineBehind(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	go func() { _, _ = near.Write([]byte{0, 0, 1}) }()
	connection := &timed{Conn: far}
	if err := finish(connection, make([]byte, 3), bound); err != nil {
		t.Fatal(err)
	}
	if !connection.last.IsZero() {
		t.Fatal("the next request has to begin before", connection.last)
	}
}

// A client that asks has to read.
func TestAnAnswerThatIsNotReadIsNotWaitedForForever(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	ended := make(chan error, 1)
	go func() {
		_, err := converse(far, 20*time.Millisecond)
		ended <- err
	}()
	_, _ = near.Write([]byte{0, 0, 1, 0})
	if err := wait(t, ended, "the end of a client that reads no answer"); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
}

func TestAnAnswerThatIsReadLeavesNoDeadlineBehind(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	go func() { _, _ = near.Read(make([]byte, 3)) }()
	connection := &timed{Conn: far}
	if err := write(connection, make([]byte, 3), bound); err != nil {
		t.Fatal(err)
	}
	if !connection.last.IsZero() {
		t.Fatal("TLS may write until", connection.last, "alone")
	}
}
