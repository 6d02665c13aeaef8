package main

import (
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
)

// Generation is one immutable snapshot. Its number only rises.
type Generation struct {
	Number   uint64
	Identity *Identity
}

// Live holds the current generation, and the one way to replace it.
type Live struct {
	source    Source
	current   atomic.Pointer[Generation]
	reloading sync.Mutex
}

// ANCHOR: hook

// GetCertificate answers each hello with the pair of the generation that is current at that
// moment: one atomic load, no file, no lock.
func (live *Live) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	generation := live.current.Load()
	// The connection that asks wants to know the answer, for its log.
	if connection, ours := hello.Conn.(*asking); ours {
		connection.answered = generation.Number
	}
	return &generation.Identity.Pair, nil
}

// asking is a connection that remembers with which generation the hook answered it.
type asking struct {
	net.Conn
	answered uint64
}

// ANCHOR_END: hook

// Start loads the first generation. There is nothing to fall back to yet.
func Start(source Source) (*Live, error) {
	identity, err := Read(source)
	if err != nil {
		return nil, err
	}
	live := &Live{source: source}
	live.publish(&Generation{Number: 1, Identity: identity})
	return live, nil
}

// ANCHOR: reload

// Reload reads the files again. What is fit to be served, and new, is served from now on. The
// error says why the files were refused; the generation before goes on.
func (live *Live) Reload() error {
	live.reloading.Lock()
	defer live.reloading.Unlock()
	identity, err := Read(live.source)
	if err != nil {
		return err
	}
	before := live.current.Load()
	if identity.ChainSHA256 != before.Identity.ChainSHA256 {
		live.publish(&Generation{Number: before.Number + 1, Identity: identity})
	}
	return nil
}

// publish swaps, and then logs: whoever waits for the line is shown the new certificate.
func (live *Live) publish(next *Generation) {
	live.current.Store(next)
	emit("identity_loaded", "generation", next.Number, "serial", next.Identity.Serial,
		"not_after", next.Identity.NotAfter, "chain_sha256", next.Identity.ChainSHA256)
}

// ANCHOR_END: reload
