package answer

import (
	"crypto/tls"
	"os"
	"sync"
	"time"
)

type Hook struct {
	certificate, key string
	lock             sync.Mutex
	current          tls.Certificate
	date             time.Time
}

func New(certificate, key string) (*Hook, error) {
	hook := &Hook{certificate: certificate, key: key}
	return hook, hook.Reload()
}

func (hook *Hook) Reload() error {
	about, err := os.Stat(hook.certificate)
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(hook.certificate, hook.key)
	if err != nil {
		return err
	}
	hook.current, hook.date = pair, about.ModTime()
	return nil
}

func (hook *Hook) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	hook.lock.Lock()
	defer hook.lock.Unlock()
	if about, err := os.Stat(hook.certificate); err == nil && about.ModTime().After(hook.date) {
		if err := hook.Reload(); err != nil {
			return nil, err
		}
	}
	return &hook.current, nil
}
