package answer

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

func Anchors(file []byte) ([]*x509.Certificate, error) {
	var found []*x509.Certificate
	for rest := bytes.TrimSpace(file); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		if !bytes.HasPrefix(rest, []byte("-----BEGIN CERTIFICATE-----")) {
			return nil, errors.New("there is text outside of a block")
		}
		block, after := pem.Decode(rest)
		if block == nil {
			return nil, errors.New("a block is not whole")
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		found, rest = append(found, certificate), after
	}
	if len(found) == 0 {
		return nil, errors.New("there is no certificate")
	}
	return found, nil
}
