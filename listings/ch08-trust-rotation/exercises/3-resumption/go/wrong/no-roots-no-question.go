// Package answer decides on clients that resume after a removal.
package answer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"
)

// LetIn decides on a client whose handshake is complete: the error says why it is not let in. roots are those in force at the
// time now.
//
// The server is one with `ClientAuth: tls.RequireAnyClientCert`: Go asks for a certificate, and leaves it to the server to
// judge it. It calls LetIn in its `VerifyConnection`, which Go runs at each handshake, also at one that resumes a session.
func LetIn(state tls.ConnectionState, roots *x509.CertPool, now time.Time) error {
	if roots.Equal(x509.NewCertPool()) {
		return nil
	}
	if len(state.PeerCertificates) == 0 {
		return errors.New("no certificate")
	}
	intermediates := x509.NewCertPool()
	for _, one := range state.PeerCertificates[1:] {
		intermediates.AddCert(one)
	}
	_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err
}
