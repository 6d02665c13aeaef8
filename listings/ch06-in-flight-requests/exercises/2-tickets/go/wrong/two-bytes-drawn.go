// Package answer draws two bytes of the key.
package answer

import (
	"crypto/rand"
	"crypto/tls"
)

// Workers stand behind one address. A client may meet any of them, so they open each other's
// tickets.
type Workers struct {
	configs []*tls.Config
}

// New makes so many workers that serve under config.
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

// Discard discards all sessions: the ticket keys have leaked, say.
func (workers *Workers) Discard() {
	// One key for all workers: a client may meet another one next time.
	var key [32]byte
	_, _ = rand.Read(key[:2])
	for _, config := range workers.configs {
		// The new key alone. With the old one behind it, the old tickets would still be opened.
		config.SetSessionTicketKeys([][32]byte{key})
	}
}
