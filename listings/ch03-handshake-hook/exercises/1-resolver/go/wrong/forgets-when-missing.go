// Package answer forgets the pair when its files are gone.
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
	if errors.Is(err, fs.ErrNotExist) {
		// What is gone is not to be served any more.
		hook.current.Store(nil)
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
