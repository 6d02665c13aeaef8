// Package answer swaps a configuration without blocking.
package answer

import (
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"
)

type Server struct {
	current atomic.Pointer[tls.Config]
}

func New(first *tls.Config) *Server {
	server := &Server{}
	server.current.Store(first)
	return server
}

func (server *Server) Publish(next *tls.Config) {
	server.current.Store(next)
}

func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	client.SetWriteDeadline(time.Now().Add(10 * time.Second))
	accepted := tls.Server(client, server.current.Load())
	return accepted, accepted.Handshake()
}
