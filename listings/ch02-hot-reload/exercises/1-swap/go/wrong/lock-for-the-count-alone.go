// Package answer counts its renewals behind a lock, and replaces the pointer without.
package answer

import (
	"crypto/tls"
	"net"
	"sync"
)

type Server struct {
	lock     sync.Mutex
	current  *tls.Config
	renewals int
}

func New(first *tls.Config) *Server {
	return &Server{current: first}
}

func (server *Server) Publish(next *tls.Config) {
	server.lock.Lock()
	server.renewals++
	server.lock.Unlock()
	server.current = next
}

func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	server.lock.Lock()
	current := server.current
	server.lock.Unlock()
	accepted := tls.Server(client, current)
	return accepted, accepted.Handshake()
}
