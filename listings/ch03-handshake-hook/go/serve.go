package main

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

const (
	// A client that says nothing must not hold a connection forever.
	handshakeBound = 10 * time.Second
	// The same until the next request begins: one that has vanished without a word is not heard of again.
	idleBound = 10 * time.Minute
	// The same from a request's first byte to its last.
	requestBound = 30 * time.Second
	// The same where it asks and leaves no room for the next block of its answer. It may read as slowly as it likes.
	roomBound = 30 * time.Second
	// While clients cannot be accepted the log says so this often, and not with each attempt.
	again = time.Minute
	// The plaintext of one TLS record (RFC 9846, section 5.1).
	block = 16 * 1024
)

var opened atomic.Uint64

// Serve accepts connections until the listener is closed, all under one configuration.
func Serve(listener net.Listener, config *tls.Config) {
	var failing refusals
	for {
		connection, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			failing.tell(err, time.Now())
			// Descriptors come back as connections close; retrying at once would burn a core.
			time.Sleep(50 * time.Millisecond)
			continue
		}
		failing.end()
		go serveOne(&asking{Conn: connection}, config)
	}
}

// refusals are failures to accept, one after another.
type refusals struct{ told time.Time }

// tell logs the first of them, and then one a minute.
func (r *refusals) tell(err error, now time.Time) {
	if r.told.IsZero() || now.Sub(r.told) >= again {
		emit("accept_failed", "why", err.Error())
		r.told = now
	}
}

// end says that a client was accepted again, where it was said that none can be.
func (r *refusals) end() {
	if !r.told.IsZero() {
		emit("fault_ended", "fault", "accept_failed")
	}
	*r = refusals{}
}

func serveOne(connection *asking, config *tls.Config) {
	defer connection.Close()
	stream := tls.Server(connection, config)
	bound, cancel := context.WithTimeout(context.Background(), handshakeBound)
	err := stream.HandshakeContext(bound)
	cancel()
	if err != nil {
		emit("handshake_failed", "why", err.Error())
		return
	}
	state := stream.ConnectionState()
	// On resumption no certificate is sent. In TLS 1.3 Go does not ask the hook then; in TLS 1.2
	// it asks, and throws the answer away.
	var generation any
	if connection.answered != 0 && !state.DidResume {
		generation = connection.answered
	}
	number := opened.Add(1)
	version := "1.3"
	if state.Version == tls.VersionTLS12 {
		version = "1.2"
	}
	emit("connection_opened", "connection", number, "generation", generation,
		"resumed", state.DidResume, "tls", version)
	sent, err := converse(stream, usual)
	why := "client_closed"
	if err != nil {
		why = "cut"
	}
	stream.Close()
	emit("connection_closed", "connection", number, "generation", generation,
		"bytes", sent, "why", why)
}

// bounds say how long a client may be silent, within a request, and without room for its answer.
type bounds struct{ idle, request, room time.Duration }

var usual = bounds{idleBound, requestBound, roomBound}

// converse answers the lab's protocol: a length, four bytes, big-endian; then that many bytes of
// an endless known body, going on where the last answer stopped.
func converse(stream net.Conn, within bounds) (sent uint64, err error) {
	body := make([]byte, block)
	for {
		var request [4]byte
		if err := read(stream, request[:1], within.idle); err == io.EOF {
			return sent, nil
		} else if err != nil {
			return sent, err
		}
		if err := read(stream, request[1:], within.request); err != nil {
			return sent, err
		}
		for left := binary.BigEndian.Uint32(request[:]); left > 0; {
			part := body[:min(left, block)]
			for i := range part {
				part[i] = byte((sent + uint64(i)) % 251)
			}
			if err := write(stream, part, within.room); err != nil {
				return sent, err
			}
			sent += uint64(len(part))
			left -= uint32(len(part))
		}
	}
}

// write waits for room within a bound, and leaves none behind: TLS has things of its own to say.
func write(stream net.Conn, part []byte, bound time.Duration) error {
	if err := stream.SetWriteDeadline(time.Now().Add(bound)); err != nil {
		return err
	}
	if _, err := stream.Write(part); err != nil {
		return err
	}
	return stream.SetWriteDeadline(time.Time{})
}

// read fills a part of a request, within a bound.
func read(stream net.Conn, part []byte, bound time.Duration) error {
	if err := stream.SetReadDeadline(time.Now().Add(bound)); err != nil {
		return err
	}
	if _, err := io.ReadFull(stream, part); err != nil {
		return err
	}
	return stream.SetReadDeadline(time.Time{})
}
