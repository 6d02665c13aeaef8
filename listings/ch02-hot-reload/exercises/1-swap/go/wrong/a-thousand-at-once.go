// Package answer swaps a configuration without blocking.
package answer

import (
	"crypto/tls"
	"net"
	"sync/atomic"
)

// Server serves under a configuration that can be replaced while it serves.
type Server struct {
	current atomic.Pointer[tls.Config]
	places  chan struct{}
}

func New(first *tls.Config) *Server {
	server := &Server{places: make(chan struct{}, 1024)}
	server.current.Store(first)
	return server
}

func (server *Server) Publish(next *tls.Config) {
	server.current.Store(next)
}

func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	server.places <- struct{}{}
	defer func() { <-server.places }()
	// The pointer is all that is needed of the server, however slow the client is.
	accepted := tls.Server(client, server.current.Load())
	return accepted, accepted.Handshake()
}
