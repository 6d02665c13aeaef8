// Package answer keeps every pair, and shows the newest.
package answer

import (
	"crypto/tls"
	"sync"
)

// Hook answers each hello with the pair that is current.
type Hook struct {
	certificate, key string
	mutex            sync.RWMutex
	read             []*tls.Certificate
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
	hook.mutex.Lock()
	defer hook.mutex.Unlock()
	// The newest is the last.
	hook.read = append(hook.read, &pair)
	return nil
}

func (hook *Hook) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	hook.mutex.RLock()
	defer hook.mutex.RUnlock()
	return hook.read[len(hook.read)-1], nil
}
