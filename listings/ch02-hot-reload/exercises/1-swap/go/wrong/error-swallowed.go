// Package answer: a failed handshake is logged, and no error is returned.
package answer

import (
	"crypto/tls"
	"log"
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
	connection := tls.Server(client, server.current.Load())
	if err := connection.Handshake(); err != nil {
		log.Println("handshake failed:", err)
	}
	return connection, nil
}
