// Package answer is a certificate hook without input and output.
package answer

import (
	"crypto/tls"
	"sync"
)

// Hook answers each hello with the pair that is current.
type Hook struct {
	certificate, key string
	mu               sync.RWMutex
	current          *tls.Certificate
}

func New(certificate, key string) (*Hook, error) {
	hook := &Hook{certificate: certificate, key: key}
	return hook, hook.Reload()
}

func (hook *Hook) Reload() error {
	pair, err := tls.LoadX509KeyPair(hook.certificate, hook.key)
	if err != nil {
		return err
	}
	hook.current = &pair
	return nil
}

func (hook *Hook) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	hook.mu.RLock()
	defer hook.mu.RUnlock()
	return hook.current, nil
}
