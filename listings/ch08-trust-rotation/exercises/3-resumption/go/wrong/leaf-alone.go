package answer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"
)

func LetIn(state tls.ConnectionState, roots *x509.CertPool, now time.Time) error {
	chain := state.PeerCertificates
	if len(chain) == 0 {
		return errors.New("no certificate")
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots:       roots,
		CurrentTime: now,
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err
}
