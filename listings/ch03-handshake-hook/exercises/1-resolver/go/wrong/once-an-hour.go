// Package answer looks at the files once an hour.
package answer

import (
	"crypto/tls"
	"sync/atomic"
	"time"
)

// Hook answers each hello with the pair that is current.
type Hook struct {
	certificate, key string
	current          atomic.Pointer[tls.Certificate]
	looked           atomic.Pointer[time.Time]
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
	hook.current.Store(&pair)
	now := time.Now()
	hook.looked.Store(&now)
	return nil
}

func (hook *Hook) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	// Once an hour is seldom enough.
	if time.Since(*hook.looked.Load()) > time.Hour {
		_ = hook.Reload()
	}
	return hook.current.Load(), nil
}
