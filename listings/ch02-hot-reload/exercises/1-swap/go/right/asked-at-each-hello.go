// Package answer: each hello asks for what is current.
package answer

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
)

// Server serves under one configuration, which asks for the current one.
type Server struct {
	current sync.Map
	front   *tls.Config
}

// New serves under first.
func New(first *tls.Config) *Server {
	server := &Server{}
	server.Publish(first)
	server.front = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		current, _ := server.current.Load("current")
		return current.(*tls.Config), nil
	}}
	return server
}

// Publish swaps.
func (server *Server) Publish(next *tls.Config) {
	server.current.Store("current", next)
}

// Accept completes the handshake of one client.
func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	connection := tls.Server(client, server.front)
	if err := connection.HandshakeContext(context.Background()); err != nil {
		_ = client.Close()
		return nil, fmt.Errorf("handshake: %w", err)
	}
	return connection, nil
}
