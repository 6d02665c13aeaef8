// Package answer swaps a configuration without blocking.
package answer

import (
	"crypto/tls"
	"net"
	"sync/atomic"
)

// Server shows the certificate of the current configuration, and serves under the first.
type Server struct {
	current atomic.Pointer[tls.Config]
	first   *tls.Config
}

func New(first *tls.Config) *Server {
	server := &Server{}
	server.first = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return &server.current.Load().Certificates[0], nil
	}}
	server.current.Store(first)
	return server
}

func (server *Server) Publish(next *tls.Config) {
	server.current.Store(next)
}

func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	accepted := tls.Server(client, server.first)
	return accepted, accepted.Handshake()
}
