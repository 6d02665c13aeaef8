// Package answer swaps a configuration without blocking.
//
// This is the starter. It compiles, and its checks fail until Server is written.
package answer

import (
	"crypto/tls"
	"net"
)

// Server serves under a configuration that can be replaced while it serves.
type Server struct {
	// What keeps the current configuration is yours to choose.
}

// New serves under first, until something else is published.
func New(first *tls.Config) *Server {
	panic("this is the starter: write `Server`")
}

// Publish: from now on, new clients are served under next.
func (server *Server) Publish(next *tls.Config) {
	panic("this is the starter: write `Server`")
}

// Accept completes the handshake of one client, under the configuration that is current when it comes. A client may take
// as long as it likes. It returns an error when the handshake fails.
func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	panic("this is the starter: write `Server`")
}
