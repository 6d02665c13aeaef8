// Package answer swaps a configuration without blocking.
package answer

import (
	"crypto/tls"
	"net"
	"sync"
)

type guarded struct {
	sync.RWMutex
	config *tls.Config
}

// Server serves under a configuration that can be replaced while it serves.
type Server struct {
	guarded *guarded
}

func New(first *tls.Config) *Server {
	server := &Server{guarded: &guarded{}}
	server.guarded.config = first
	return server
}

func (server *Server) Publish(next *tls.Config) {
	server.guarded.Lock()
	defer server.guarded.Unlock()
	server.guarded.config = next
}

func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	// The pointer is all that is needed of the server, however slow the client is.
	server.guarded.RLock()
	config := server.guarded.config
	server.guarded.RUnlock()
	accepted := tls.Server(client, config)
	return accepted, accepted.Handshake()
}
