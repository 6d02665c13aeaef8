package main

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"slices"
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

// outcomes is a listener whose attempts to accept come to these, one after another, and which is closed then.
type outcomes struct {
	net.Listener
	next []error
}

func (o *outcomes) Accept() (net.Conn, error) {
	if len(o.next) == 0 {
		return nil, net.ErrClosed
	}
	err := o.next[0]
	o.next = o.next[1:]
	if err == nil {
		near, far := net.Pipe()
		return far, near.Close()
	}
	return nil, err
}

// failures are what the log says since the mark of clients that could not be accepted.
func failures(mark int) (why []any) {
	for _, event := range recorded.since(mark) {
		if event["event"] == "accept_failed" {
			why = append(why, event["why"])
		}
	}
	return why
}

func TestAFailureToAcceptIsLoggedOnceAndAgainAfterASuccess(t *testing.T) {
	mark := recorded.mark()
	one, two, three := errors.New("one"), errors.New("two"), errors.New("three")
	ended := make(chan struct{})
	go func() {
		Serve(&outcomes{next: []error{one, two, nil, three}}, &tls.Config{})
		close(ended)
	}()
	wait(t, ended, "the end of the listener")
	if why := failures(mark); !slices.Equal(why, []any{"one", "three"}) {
		t.Fatal(why)
	}
}

func TestAFailureToAcceptThatGoesOnIsLoggedOnceAMinute(t *testing.T) {
	mark := recorded.mark()
	var failing refusals
	start, err := time.Now(), errors.New("no descriptor")
	// At the beginning, after a minute and after two.
	for part := range time.Duration(13) {
		failing.tell(err, start.Add(part*again/6))
	}
	if why := failures(mark); len(why) != 3 {
		t.Fatal(why)
	}
}
