// Package answer swaps a configuration without blocking.
package answer

import (
	"crypto/tls"
	"net"
	"sync/atomic"
)

// Server serves under a configuration that can be replaced while it serves.
type Server struct {
	first *tls.Config
	next  atomic.Pointer[tls.Config]
}

func New(first *tls.Config) *Server {
	return &Server{first: first}
}

func (server *Server) Publish(next *tls.Config) {
	server.next.CompareAndSwap(nil, next)
}

func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	// The pointer is all that is needed of the server, however slow the client is.
	config := server.next.Load()
	if config == nil {
		config = server.first
	}
	accepted := tls.Server(client, config)
	return accepted, accepted.Handshake()
}
