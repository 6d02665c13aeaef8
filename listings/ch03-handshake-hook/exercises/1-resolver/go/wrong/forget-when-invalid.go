package answer

import (
	"crypto/tls"
	"errors"
	"sync/atomic"
)

type Hook struct {
	certificate, key string
	current          atomic.Pointer[tls.Certificate]
}

func New(certificate, key string) (*Hook, error) {
	hook := &Hook{certificate: certificate, key: key}
	return hook, hook.Reload()
}

func (hook *Hook) Reload() error {
	hook.current.Store(nil)
	pair, err := tls.LoadX509KeyPair(hook.certificate, hook.key)
	if err != nil {
		return err
	}
	hook.current.Store(&pair)
	return nil
}

func (hook *Hook) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if pair := hook.current.Load(); pair != nil {
		return pair, nil
	}
	return nil, errors.New("no certificate")
}
