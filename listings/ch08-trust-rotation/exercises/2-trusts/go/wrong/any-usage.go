// Package answer leaves nothing to the library but to ask for a certificate.
package answer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

type Given struct {
	Own         tls.Certificate
	OwnRoots    *x509.CertPool
	ClientRoots *x509.CertPool
}

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

func ServerConfig(given Given) (*tls.Config, error) {
	if err := AcceptedByClients(given.Own.Certificate, given.OwnRoots); err != nil {
		return nil, err
	}
	if given.ClientRoots == nil || given.ClientRoots.Equal(x509.NewCertPool()) {
		return nil, errors.New("no client could be verified")
	}
	return &tls.Config{
		Certificates: []tls.Certificate{given.Own},
		ClientAuth:   tls.RequireAnyClientCert,
		VerifyConnection: func(state tls.ConnectionState) error {
			intermediates := x509.NewCertPool()
			for _, certificate := range state.PeerCertificates[1:] {
				intermediates.AddCert(certificate)
			}
			_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{
				Roots:         given.ClientRoots,
				Intermediates: intermediates,
				KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
			})
			return err
		},
	}, nil
}
