package answer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"
)

func LetIn(state tls.ConnectionState, roots *x509.CertPool, now time.Time) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("no certificate")
	}
	if now.After(state.PeerCertificates[0].NotAfter) {
		return errors.New("expired")
	}
	return nil
}
