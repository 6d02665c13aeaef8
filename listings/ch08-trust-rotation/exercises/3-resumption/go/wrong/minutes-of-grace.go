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
	options := x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	_, err := chain[0].Verify(options)
	if err != nil {
		// Clocks differ by some minutes.
		options.CurrentTime = now.Add(-5 * time.Minute)
		_, err = chain[0].Verify(options)
	}
	return err
}
