// Package answer is a certificate hook without input and output.
package answer

import (
	"crypto/tls"
	"os"
	"sync/atomic"
	"time"
)

// Hook answers each hello with the pair that is current.
type Hook struct {
	certificate, key string
	date             time.Time
	current          atomic.Pointer[tls.Certificate]
}

func New(certificate, key string) (*Hook, error) {
	hook := &Hook{certificate: certificate, key: key}
	return hook, hook.Reload()
}

func (hook *Hook) Reload() error {
	info, err := os.Stat(hook.certificate)
	if err != nil {
		return err
	}
	if hook.date.Equal(info.ModTime()) {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(hook.certificate, hook.key)
	if err != nil {
		return err
	}
	hook.date = info.ModTime()
	hook.current.Store(&pair)
	return nil
}

func (hook *Hook) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return hook.current.Load(), nil
}
