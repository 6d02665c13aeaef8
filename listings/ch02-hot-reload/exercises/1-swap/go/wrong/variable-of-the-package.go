// Package answer keeps what is current in a variable of the package.
package answer

import (
	"crypto/tls"
	"net"
	"sync/atomic"
)

var current atomic.Pointer[tls.Config]

type Server struct{}

func New(first *tls.Config) *Server {
	current.Store(first)
	return &Server{}
}

func (server *Server) Publish(next *tls.Config) {
	current.Store(next)
}

func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	accepted := tls.Server(client, current.Load())
	return accepted, accepted.Handshake()
}
