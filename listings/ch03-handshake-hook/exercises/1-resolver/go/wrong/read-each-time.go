package answer

import "crypto/tls"

type Hook struct {
	certificate, key string
}

func New(certificate, key string) (*Hook, error) {
	hook := &Hook{certificate: certificate, key: key}
	return hook, hook.Reload()
}

func (hook *Hook) Reload() error {
	_, err := tls.LoadX509KeyPair(hook.certificate, hook.key)
	return err
}

func (hook *Hook) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(hook.certificate, hook.key)
	return &pair, err
}
