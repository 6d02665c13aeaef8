// Package answer is a certificate hook without input and output.
package answer

import (
	"crypto/tls"
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
	if err != nil {
		return err
	}
	// What ends earlier is older.
	if before := hook.current.Load(); before != nil && pair.Leaf.NotAfter.Before(before.Leaf.NotAfter) {
		return nil
	}
	hook.current.Store(&pair)
	return nil
}

func (hook *Hook) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return hook.current.Load(), nil
}
