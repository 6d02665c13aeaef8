// Package answer waits for the next look when files are gone.
package answer

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"sync/atomic"
)

// Hook answers each hello with the pair that is current.
type Hook struct {
	certificate, key string
	current          atomic.Pointer[tls.Certificate]
}

func New(certificate, key string) (*Hook, error) {
	hook := &Hook{certificate: certificate, key: key}
	return hook, hook.Reload()
}

func (hook *Hook) Reload() error {
	pair, err := tls.LoadX509KeyPair(hook.certificate, hook.key)
	if errors.Is(err, fs.ErrNotExist) && hook.current.Load() != nil {
		// The writer is at work, and will be done at the next look.
		return nil
	}
	if err != nil {
		return err
	}
	hook.current.Store(&pair)
	return nil
}

func (hook *Hook) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return hook.current.Load(), nil
}
