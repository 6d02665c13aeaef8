// Package answer keeps the pair behind a lock that is held for a moment.
package answer

import (
	"crypto/tls"
	"sync"
)

// Hook answers each hello with the pair that is current.
type Hook struct {
	certificate, key string
	lock             sync.RWMutex
	current          tls.Certificate
}

func New(certificate, key string) (*Hook, error) {
	hook := &Hook{certificate: certificate, key: key}
	if err := hook.Reload(); err != nil {
		return nil, err
	}
	return hook, nil
}

func (hook *Hook) Reload() error {
	pair, err := tls.LoadX509KeyPair(hook.certificate, hook.key)
	if err != nil {
		return err
	}
	hook.lock.Lock()
	defer hook.lock.Unlock()
	hook.current = pair
	return nil
}

func (hook *Hook) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	hook.lock.RLock()
	defer hook.lock.RUnlock()
	pair := hook.current
	return &pair, nil
}
