package answer

import (
	"crypto/tls"
	"net"
	"sync/atomic"
)

type Server struct {
	current atomic.Pointer[tls.Config]
	accept  func(net.Conn) *tls.Conn
}

func New(first *tls.Config) *Server {
	server := &Server{}
	server.current.Store(first)
	current := server.current.Load()
	server.accept = func(client net.Conn) *tls.Conn { return tls.Server(client, current) }
	return server
}

func (server *Server) Publish(next *tls.Config) {
	server.current.Store(next)
}

func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	accepted := server.accept(client)
	return accepted, accepted.Handshake()
}
