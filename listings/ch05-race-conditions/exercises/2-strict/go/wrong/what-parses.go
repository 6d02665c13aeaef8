package answer

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
)

func Anchors(file []byte) ([]*x509.Certificate, error) {
	var found []*x509.Certificate
	// As `AppendCertsFromPEM` does it.
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
			found = append(found, certificate)
		}
	}
	if len(found) == 0 {
		return nil, errors.New("there is no certificate")
	}
	return found, nil
}
