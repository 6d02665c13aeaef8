package answer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"
)

func LetIn(state tls.ConnectionState, roots *x509.CertPool, now time.Time) error {
	if state.DidResume {
		return errors.New("sessions are not resumed here")
	}
	chain := state.PeerCertificates
	if len(chain) == 0 {
		return errors.New("no certificate")
	}
	intermediates := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err
}
