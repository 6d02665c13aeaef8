// Package answer takes a grace period of zero for none at all.
package answer

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// End is how a connection ended.
type End string

const (
	// Whole says that nothing was cut.
	Whole End = "whole"
	// Cut says that it was cut at the deadline.
	Cut End = "cut"
)

// Serve serves one client of HTTP/2. Once due is closed the connection has to go: the client is
// asked to leave, what it has begun is finished, and after grace whatever is left is cut.
func Serve(client net.Conn, handler http.Handler, due <-chan struct{}, grace time.Duration) End {
	server, over := start(client, handler)
	select {
	case <-over:
		return Whole
	case <-due:
	}
	// The grace period begins now.
	ctx := context.Background()
	if grace > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, grace)
		defer cancel()
	}
	if server.Shutdown(ctx) != nil {
		// It has stopped waiting, and has cut nothing.
		server.Close()
		return Cut
	}
	return Whole
}

// start serves one client of HTTP/2, and no other. It returns at once: the server, and a channel that is closed when the client's
// connection is over.
func start(client net.Conn, handler http.Handler) (*http.Server, <-chan struct{}) {
	over := make(chan struct{})
	server := &http.Server{Handler: handler, Protocols: new(http.Protocols)}
	server.Protocols.SetUnencryptedHTTP2(true)
	only := &listener{client: client, closed: make(chan struct{})}
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			close(over)
			only.Close()
		}
	}
	go server.Serve(only)
	return server, over
}

// listener has one client to accept, and then none until it is closed.
type listener struct {
	client net.Conn
	once   sync.Once
	closed chan struct{}
}

func (listener *listener) Accept() (net.Conn, error) {
	if client := listener.client; client != nil {
		listener.client = nil
		return client, nil
	}
	<-listener.closed
	return nil, net.ErrClosed
}

func (listener *listener) Close() error {
	listener.once.Do(func() { close(listener.closed) })
	return nil
}

func (listener *listener) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }
