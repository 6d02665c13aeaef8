package answer

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

func Anchors(file []byte) ([]*x509.Certificate, error) {
	var found []*x509.Certificate
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		found = append(found, certificate)
	}
	begun := bytes.Count(file, []byte("-----BEGIN CERTIFICATE-----"))
	if begun != len(found) || begun == 0 {
		return nil, errors.New("a certificate begins, and is not there")
	}
	return found, nil
}
