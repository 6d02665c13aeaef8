// Package answer decides on clients that resume after a removal.
package answer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"
)

// LetIn decides on a client whose handshake is complete: the error says why it is not let in.
// roots are those in force at the time now.
func LetIn(state tls.ConnectionState, roots *x509.CertPool, now time.Time) error {
	// Of this handshake, or of the one in which the session began. Which of them does not
	// matter.
	chain := state.PeerCertificates
	if len(chain) == 0 {
		return errors.New("the client has shown no certificate")
	}
	intermediates := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	inForce := roots
	if roots.Equal(x509.NewCertPool()) {
		inForce = nil
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots:         inForce,
		Intermediates: intermediates,
		CurrentTime:   now,
		// Without this line, Go asks whether it is a server's.
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err
}
