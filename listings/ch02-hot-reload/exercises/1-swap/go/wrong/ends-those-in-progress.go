// Package answer swaps a configuration, and ends the handshakes in progress.
package answer

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
)

type Server struct {
	lock    sync.Mutex
	current *tls.Config
	ctx     context.Context
	cancel  context.CancelFunc
}

func New(first *tls.Config) *Server {
	server := &Server{current: first}
	server.ctx, server.cancel = context.WithCancel(context.Background())
	return server
}

func (server *Server) Publish(next *tls.Config) {
	server.lock.Lock()
	defer server.lock.Unlock()
	server.cancel()
	server.current = next
	server.ctx, server.cancel = context.WithCancel(context.Background())
}

func (server *Server) Accept(client net.Conn) (*tls.Conn, error) {
	server.lock.Lock()
	current, ctx := server.current, server.ctx
	server.lock.Unlock()
	accepted := tls.Server(client, current)
	return accepted, accepted.HandshakeContext(ctx)
}
