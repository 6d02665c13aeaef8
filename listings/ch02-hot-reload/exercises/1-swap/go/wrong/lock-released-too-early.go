// Package answer reads the pointer behind the lock that it has released.
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
	defer server.lock.Unlock()
	server.current = next
}

func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	server.lock.Lock()
	server.accepted++
	server.lock.Unlock()
	accepted := tls.Server(client, server.current)
	return accepted, accepted.Handshake()
}
