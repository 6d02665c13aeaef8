// Package answer makes a spare key as well, for the next change of keys in turn. Neither is one of before.
package answer

import (
	"crypto/rand"
	"crypto/tls"
)

type Workers struct {
	configs []*tls.Config
}

func New(workers int, config *tls.Config) *Workers {
	all := &Workers{}
	for range workers {
		all.configs = append(all.configs, config.Clone())
	}
	all.Discard()
	return all
}

func (workers *Workers) Config(worker int) *tls.Config {
	return workers.configs[worker]
}

func (workers *Workers) Discard() {
	keys := make([][32]byte, 2)
	for number := range keys {
		_, _ = rand.Read(keys[number][:])
	}
	for _, config := range workers.configs {
		config.SetSessionTicketKeys(keys)
	}
}
