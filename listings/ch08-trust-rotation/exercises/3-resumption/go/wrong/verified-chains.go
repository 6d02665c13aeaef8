package answer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"
)

func LetIn(state tls.ConnectionState, roots *x509.CertPool, now time.Time) error {
	if len(state.VerifiedChains) == 0 {
		return errors.New("TLS has verified no chain")
	}
	return nil
}
