// Package answer has a goroutine that owns what is current, and a queue before it.
package answer

import (
	"crypto/tls"
	"net"
)

type Server struct {
	published, current chan *tls.Config
}

func New(first *tls.Config) *Server {
	server := &Server{make(chan *tls.Config, 8), make(chan *tls.Config)}
	go func() {
		for now := first; ; {
			select {
			case now = <-server.published:
			case server.current <- now:
			}
		}
	}()
	return server
}

func (server *Server) Publish(next *tls.Config) {
	server.published <- next
}

func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	accepted := tls.Server(client, <-server.current)
	return accepted, accepted.Handshake()
}
