package answer

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

type End string

const (
	Whole End = "whole"
	Cut   End = "cut"
)

func Serve(client net.Conn, handler http.Handler, due <-chan struct{}, grace time.Duration) End {
	server, over := start(client, handler)
	select {
	case <-over:
		return Whole
	case <-due:
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		return Cut
	}
	return Whole
}

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
