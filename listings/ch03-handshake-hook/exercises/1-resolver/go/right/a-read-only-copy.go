// Package answer is a certificate hook without input and output.
package answer

import (
	"crypto/tls"
	"errors"
	"os"
	"sync/atomic"
)

// Hook keeps what is current in a value that is swapped as a whole.
type Hook struct {
	files   [2]string
	current atomic.Value
}

func New(certificate, key string) (*Hook, error) {
	hook := &Hook{files: [2]string{certificate, key}}
	if err := hook.Reload(); err != nil {
		return nil, err
	}
	return hook, nil
}

func (hook *Hook) Reload() error {
	var texts [2][]byte
	for i, file := range hook.files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		texts[i] = text
	}
	pair, err := tls.X509KeyPair(texts[0], texts[1])
	if err != nil {
		return err
	}
	hook.current.Store(&pair)
	return nil
}

func (hook *Hook) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	pair, _ := hook.current.Load().(*tls.Certificate)
	if pair == nil {
		return nil, errors.New("nothing is served yet")
	}
	if err := hello.SupportsCertificate(pair); err != nil {
		return nil, err
	}
	return pair, nil
}
