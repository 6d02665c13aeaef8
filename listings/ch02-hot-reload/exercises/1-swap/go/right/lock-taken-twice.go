// Package answer takes its lock for a count, and once more for the pointer.
package answer

import (
	"crypto/tls"
	"net"
	"sync"
)

type Server struct {
	lock     sync.Mutex
	current  *tls.Config
	accepted int
}

func New(first *tls.Config) *Server {
	return &Server{current: first}
}

func (server *Server) Publish(next *tls.Config) {
	server.lock.Lock()
	server.accepted = 0
	server.lock.Unlock()
	server.lock.Lock()
	server.current = next
	server.lock.Unlock()
}

func (server *Server) now() *tls.Config {
	server.lock.Lock()
	defer server.lock.Unlock()
	return server.current
}

func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	server.lock.Lock()
	server.accepted++
	server.lock.Unlock()
	accepted := tls.Server(client, server.now())
	return accepted, accepted.Handshake()
}
