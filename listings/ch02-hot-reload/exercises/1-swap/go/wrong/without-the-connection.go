// Package answer: the connection is not returned.
package answer

import (
	"crypto/tls"
	"net"
	"sync/atomic"
)

// Server serves under a configuration that can be replaced.
type Server struct {
	current atomic.Pointer[tls.Config]
}

// New serves under first.
func New(first *tls.Config) *Server {
	server := &Server{}
	server.current.Store(first)
	return server
}

// Publish swaps.
func (server *Server) Publish(next *tls.Config) {
	server.current.Store(next)
}

// Accept completes the handshake of one client.
func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	return nil, tls.Server(client, server.current.Load()).Handshake()
}
