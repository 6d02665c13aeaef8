// Package answer decides on clients that resume after a removal.
package answer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

var errNoCertificate = errors.New("the client has shown no certificate")

// LetIn says why it refuses.
func LetIn(state tls.ConnectionState, roots *x509.CertPool, now time.Time) error {
	if len(state.PeerCertificates) == 0 {
		return errNoCertificate
	}
	options := x509.VerifyOptions{Roots: roots, CurrentTime: now, Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	leaf := state.PeerCertificates[0]
	for _, other := range state.PeerCertificates {
		if !other.Equal(leaf) {
			options.Intermediates.AddCert(other)
		}
	}
	if chains, err := leaf.Verify(options); err != nil || len(chains) == 0 {
		return fmt.Errorf("client %q (resumed: %v): %w", leaf.Subject, state.DidResume, err)
	}
	return nil
}
