// Package answer decides on clients that resume after a removal.
package answer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"sync"
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
	if _, there := known.Load(string(chain[0].Raw)); there {
		return nil
	}
	intermediates := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   now,
		// Without this line, Go asks whether it is a server's.
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err == nil {
		known.Store(string(chain[0].Raw), true)
	}
	return err
}

// known are the certificates that were verified: to verify one costs time.
var known sync.Map
