package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"testing"
	"time"
)

// How a conversation comes to its end whose client says so much, and then neither speaks nor reads.
func silentAfter(t *testing.T, said []byte, within bounds) error {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	ended := make(chan error, 1)
	go func() {
		_, err := converse(far, within)
		ended <- err
	}()
	_, _ = near.Write(said)
	return wait(t, ended, fmt.Sprintf("the end of a client that has said %v, and no more", said))
}

// A client has to ask, to finish what it begins, and to read its answer. Each of these has a bound of its own.
func TestAClientThatSaysNoMoreIsNotWaitedForForever(t *testing.T) {
	const short = 20 * time.Millisecond
	for _, it := range []struct {
		said   string
		within bounds
	}{
		{"", bounds{idle: short, request: bound * 2, room: bound * 2}},
		{"\x00", bounds{idle: bound * 2, request: short, room: bound * 2}},
		{"\x00\x00\x01", bounds{idle: bound * 2, request: short, room: bound * 2}},
		{"\x00\x00\x00\x00", bounds{idle: short, request: bound * 2, room: bound * 2}},
		{"\x00\x00\x01\x00", bounds{idle: bound * 2, request: bound * 2, room: short}},
	} {
		if err := silentAfter(t, []byte(it.said), it.within); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q: %v", it.said, err)
		}
	}
}

// told keeps how long each deadline is ahead.
type told struct {
	net.Conn
	reads, writes chan time.Duration
}

func (t *told) SetReadDeadline(at time.Time) error {
	t.reads <- time.Until(at)
	return t.Conn.SetReadDeadline(at)
}

func (t *told) SetWriteDeadline(at time.Time) error {
	t.writes <- time.Until(at)
	return t.Conn.SetWriteDeadline(at)
}

func TestAServerGivesItsClientsTheUsualTime(t *testing.T) {
	authority := newAuthority(t)
	authority.rotate()
	pair := must[tls.Certificate](t)(tls.X509KeyPair(authority.certificate, authority.private))
	listener := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	defer listener.Close()
	near := must[net.Conn](t)(net.Dial("tcp", listener.Addr().String()))
	far := &told{must[net.Conn](t)(listener.Accept()), make(chan time.Duration, 100), make(chan time.Duration, 100)}
	ended := make(chan struct{})
	go func() {
		serveOne(&asking{Conn: far}, &tls.Config{Certificates: []tls.Certificate{pair}})
		close(ended)
	}()
	if _, _, err := visit(near, authority.client()); err != nil {
		t.Fatal(err)
	}
	wait(t, ended, "the end of the conversation")
	has := func(deadlines chan time.Duration, usual time.Duration) {
		t.Helper()
		close(deadlines)
		var all []time.Duration
		for ahead := range deadlines {
			if all = append(all, ahead); ahead > usual/2 && ahead <= usual {
				return
			}
		}
		t.Errorf("no deadline of %v among %v", usual, all)
	}
	has(far.reads, idleBound)
	has(far.writes, roomBound)
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
	if err := read(connection, make([]byte, 3), bound); err != nil {
		t.Fatal(err)
	}
	if !connection.last.IsZero() {
		t.Fatal("the next request has to begin before", connection.last)
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

// failures are what the log says since the mark of clients that could not be accepted, and of the end of that.
func failures(mark int) (why []any) {
	for _, event := range recorded.since(mark) {
		switch event["event"] {
		case "accept_failed":
			why = append(why, event["why"])
		case "fault_ended":
			why = append(why, "over")
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
	if why := failures(mark); !slices.Equal(why, []any{"one", "over", "three"}) {
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
