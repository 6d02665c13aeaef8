// Package answer keeps two trusts apart.
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

// ServerConfig answers each hello with a configuration of its own.
func ServerConfig(given Given) (*tls.Config, error) {
	for name, pool := range map[string]*x509.CertPool{"its own chain": given.OwnRoots, "clients": given.ClientRoots} {
		if pool == nil || pool.Equal(x509.NewCertPool()) {
			return nil, errors.New("there is no root for " + name)
		}
	}
	if err := AcceptedByClients(given.Own.Certificate, given.OwnRoots); err != nil {
		return nil, err
	}
	config := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &given.Own, nil },
		ClientCAs:      given.ClientRoots.Clone(),
		ClientAuth:     tls.RequireAndVerifyClientCert,
	}
	front := config.Clone()
	front.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return config, nil }
	return front, nil
}
