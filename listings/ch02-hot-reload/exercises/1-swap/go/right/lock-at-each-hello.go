// Package answer asks at each hello what is current, behind a lock.
package answer

import (
	"crypto/tls"
	"net"
	"sync"
)

type state struct {
	sync.Mutex
	current *tls.Config
}

type Server struct{ state *state }

func New(first *tls.Config) *Server {
	return &Server{&state{current: first}}
}

func (server *Server) Publish(next *tls.Config) {
	server.state.Lock()
	defer server.state.Unlock()
	server.state.current = next
}

func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	accepted := tls.Server(client, &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		server.state.Lock()
		defer server.state.Unlock()
		return server.state.current, nil
	}})
	return accepted, accepted.Handshake()
}
