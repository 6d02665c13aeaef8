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
}

func New(first *tls.Config) *Server {
	server := &Server{}
	server.current.Store(first)
	return server
}

func (server *Server) Publish(next *tls.Config) {
	// Never waits.
	go server.current.Store(next)
}

func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	accepted := tls.Server(client, server.current.Load())
	return accepted, accepted.Handshake()
}
