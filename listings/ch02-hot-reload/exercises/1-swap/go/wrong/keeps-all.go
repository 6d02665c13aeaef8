// Package answer keeps every configuration, and serves the newest.
package answer

import (
	"crypto/tls"
	"net"
	"sync"
)

// Server serves under a configuration that can be replaced while it serves.
type Server struct {
	mutex     sync.Mutex
	published []*tls.Config
}

func New(first *tls.Config) *Server {
	server := &Server{}
	server.Publish(first)
	return server
}

func (server *Server) Publish(next *tls.Config) {
	server.mutex.Lock()
	defer server.mutex.Unlock()
	// The newest is the last.
	server.published = append(server.published, next)
}

func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	// The pointer is all that is needed of the server, however slow the client is.
	server.mutex.Lock()
	current := server.published[len(server.published)-1]
	server.mutex.Unlock()
	accepted := tls.Server(client, current)
	return accepted, accepted.Handshake()
}
