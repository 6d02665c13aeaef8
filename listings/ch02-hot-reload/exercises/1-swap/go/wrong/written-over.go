// Package answer swaps a configuration without blocking.
package answer

import (
	"crypto/tls"
	"net"
	"sync"
)

type Server struct {
	lock    sync.RWMutex
	current tls.Config
}

func New(first *tls.Config) *Server {
	return &Server{current: *first}
}

func (server *Server) Publish(next *tls.Config) {
	server.lock.Lock()
	defer server.lock.Unlock()
	server.current = *next
}

func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	server.lock.RLock()
	current := &server.current
	server.lock.RUnlock()
	accepted := tls.Server(client, current)
	return accepted, accepted.Handshake()
}
