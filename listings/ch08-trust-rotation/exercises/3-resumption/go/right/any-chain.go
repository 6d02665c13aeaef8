// Package answer asks for chains of any use, and looks for one of a client.
package answer

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"time"
)

func LetIn(state tls.ConnectionState, roots *x509.CertPool, now time.Time) error {
	intermediates := x509.NewCertPool()
	for number, certificate := range state.PeerCertificates {
		if number > 0 {
			intermediates.AddCert(certificate)
		}
	}
	for _, leaf := range state.PeerCertificates[:min(1, len(state.PeerCertificates))] {
		options := x509.VerifyOptions{Roots: roots, Intermediates: intermediates, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
		if _, err := leaf.Verify(options); err != nil {
			return err
		}
		if slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageClientAuth) {
			return nil
		}
	}
	return fmt.Errorf("no client's certificate among %d", len(state.PeerCertificates))
}
