package answer

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

func Anchors(file []byte) ([]*x509.Certificate, error) {
	var found []*x509.Certificate
	rest := file
	for {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		found, rest = append(found, certificate), after
	}
	if len(found) == 0 || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("there is more behind the last block")
	}
	return found, nil
}
