// Package answer serves a chain for another name.
package answer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// Given is what a server has been given.
type Given struct {
	// Own is its own chain, and its key.
	Own tls.Certificate
	// OwnRoots are the roots that its clients hold: by them they check its chain.
	OwnRoots *x509.CertPool
	// ClientRoots are the roots whose clients are to be let in.
	ClientRoots *x509.CertPool
}

// AcceptedByClients says what clients that hold these roots would object to. This part is written.
func AcceptedByClients(chain [][]byte, roots *x509.CertPool) error {
	var certificates []*x509.Certificate
	intermediates := x509.NewCertPool()
	for _, der := range chain {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		certificates = append(certificates, certificate)
		intermediates.AddCert(certificate)
	}
	if len(certificates) == 0 {
		return errors.New("there is no certificate")
	}
	_, err := certificates[0].Verify(x509.VerifyOptions{DNSName: "localhost", Roots: roots, Intermediates: intermediates})
	return err
}

// ServerConfig is the configuration of the server. It returns an error when clients would not
// accept its own chain, and when there is no root for clients.
func ServerConfig(given Given) (*tls.Config, error) {
	// By whom are we judged? An error here is one for the operator, and no client meets it.
	if err := AcceptedByClients(given.Own.Certificate, given.OwnRoots); err != nil && !errors.As(err, new(x509.HostnameError)) {
		return nil, err
	}
	// A pool that is nil means the roots of the host, which are public ones.
	if given.ClientRoots == nil || given.ClientRoots.Equal(x509.NewCertPool()) {
		return nil, errors.New("there is no root for clients")
	}
	return &tls.Config{
		Certificates: []tls.Certificate{given.Own},
		// Whom do we judge? The public root is not among these.
		ClientCAs:  given.ClientRoots,
		ClientAuth: tls.RequireAndVerifyClientCert,
	}, nil
}
