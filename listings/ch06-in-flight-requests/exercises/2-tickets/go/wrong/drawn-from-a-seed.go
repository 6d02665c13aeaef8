// Package answer discards the sessions of several workers.
package answer

import (
	"crypto/rand"
	"crypto/tls"
	mathrand "math/rand"
)

var generator = mathrand.New(mathrand.NewSource(20260713))

type Workers struct {
	configs []*tls.Config
}

func New(workers int, config *tls.Config) *Workers {
	var key [32]byte
	_, _ = rand.Read(key[:])
	all := &Workers{}
	for range workers {
		of := config.Clone()
		of.SetSessionTicketKeys([][32]byte{key})
		all.configs = append(all.configs, of)
	}
	return all
}

func (workers *Workers) Config(worker int) *tls.Config { return workers.configs[worker] }

func (workers *Workers) Discard() {
	var key [32]byte
	generator.Read(key[:])
	for _, config := range workers.configs {
		config.SetSessionTicketKeys([][32]byte{key})
	}
}
