// Package answer discards the sessions of several workers.
package answer

import (
	"crypto/rand"
	"crypto/tls"
)

// Workers stand behind one address. A client may meet any of them, so they open each other's
// tickets.
type Workers struct {
	configs []*tls.Config
	// Those in use, and those for the next time.
	used, spare [32]byte
}

// New makes so many workers that serve under config.
func New(workers int, config *tls.Config) *Workers {
	all := &Workers{}
	_, _ = rand.Read(all.used[:])
	_, _ = rand.Read(all.spare[:])
	for range workers {
		of := config.Clone()
		of.SetSessionTicketKeys([][32]byte{all.used})
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
	workers.used, workers.spare = workers.spare, workers.used
	for _, config := range workers.configs {
		// The new key alone. With the old one behind it, the old tickets would still be opened.
		config.SetSessionTicketKeys([][32]byte{workers.used})
	}
}
