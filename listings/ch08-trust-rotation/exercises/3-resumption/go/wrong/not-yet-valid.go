// Package answer asks as if the certificate had begun.
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
	if now.Before(chain[0].NotBefore) {
		// The clocks differ a little: it was valid when it was shown.
		now = chain[0].NotBefore
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   now,
		// Without this line, Go asks whether it is a server's.
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err
}
