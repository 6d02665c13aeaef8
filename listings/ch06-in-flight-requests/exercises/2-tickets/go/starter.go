// Package answer discards the sessions of several workers.
//
// This is the starter. It compiles, and its checks fail until Discard is written.
package answer

import (
	"crypto/rand"
	"crypto/tls"
)

// Workers stand behind one address. A client may meet any of them, so they open each other's tickets.
type Workers struct {
	configs []*tls.Config
}

// New makes so many workers that serve under config. Each has a configuration of its own, and all have the same ticket keys.
func New(workers int, config *tls.Config) *Workers {
	var key [32]byte
	_, _ = rand.Read(key[:]) // It never returns an error.
	all := &Workers{}
	for range workers {
		of := config.Clone()
		of.SetSessionTicketKeys([][32]byte{key})
		all.configs = append(all.configs, of)
	}
	return all
}

// Config is what the next handshake at this worker is made under.
func (workers *Workers) Config(worker int) *tls.Config {
	return workers.configs[worker]
}

// Discard discards all sessions: the ticket keys have leaked, say. From now on no worker resumes a session of before. All else,
// resumption among it, goes on.
//
// `(*tls.Config).SetSessionTicketKeys` may be called while the configuration is in use. The first of its keys seals tickets, and
// all of them open tickets.
func (workers *Workers) Discard() {
	panic("this is the starter: write `Discard`")
}
