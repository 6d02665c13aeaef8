// Package answer is a certificate hook without input and output.
package answer

import (
	"crypto/tls"
	"sync"
)

type Hook struct {
	certificate, key string
	lock             sync.RWMutex
	current          tls.Certificate
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
	hook.lock.Lock()
	defer hook.lock.Unlock()
	hook.current = pair
	return nil
}

func (hook *Hook) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	hook.lock.RLock()
	defer hook.lock.RUnlock()
	return &hook.current, nil
}
