package answer

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"
)

func LetIn(state tls.ConnectionState, roots *x509.CertPool, now time.Time) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("no certificate")
	}
	leaf, last := state.PeerCertificates[0], state.PeerCertificates[len(state.PeerCertificates)-1]
	for _, subject := range roots.Subjects() {
		if bytes.Equal(subject, last.RawIssuer) && now.Before(leaf.NotAfter) {
			return nil
		}
	}
	return errors.New("its root is not in force")
}
