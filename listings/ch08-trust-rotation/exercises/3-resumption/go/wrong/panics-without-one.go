package answer

import (
	"crypto/tls"
	"crypto/x509"
	"time"
)

func LetIn(state tls.ConnectionState, roots *x509.CertPool, now time.Time) error {
	chain := state.PeerCertificates
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
