// Package answer is a certificate hook without input and output.
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
	looked           atomic.Int64
}

func New(certificate, key string) (*Hook, error) {
	hook := &Hook{certificate: certificate, key: key}
	hook.looked.Store(time.Now().Unix())
	return hook, hook.Reload()
}

func (hook *Hook) Reload() error {
	pair, err := tls.LoadX509KeyPair(hook.certificate, hook.key)
	if err != nil {
		return err
	}
	hook.current.Store(&pair)
	return nil
}

func (hook *Hook) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if now := time.Now().Unix(); now-hook.looked.Load() >= 60 {
		hook.looked.Store(now)
		_ = hook.Reload()
	}
	return hook.current.Load(), nil
}
