// Package answer reads line by line, and gives the parser one block at a time.
package answer

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

var errNotWhole = errors.New("the file is not whole")

func Anchors(file []byte) ([]*x509.Certificate, error) {
	var found []*x509.Certificate
	var block []byte
	for line := range bytes.SplitAfterSeq(file, []byte("\n")) {
		isWhole := bytes.HasSuffix(line, []byte("\n"))
		switch text := string(bytes.TrimRight(line, "\r\n")); {
		case text == "-----BEGIN CERTIFICATE-----" && block == nil:
			block = bytes.Clone(line)
		case text == "-----END CERTIFICATE-----" && block != nil:
			decoded, _ := pem.Decode(append(block, line...))
			if decoded == nil {
				return nil, errNotWhole
			}
			certificate, err := x509.ParseCertificate(decoded.Bytes)
			if err != nil {
				return nil, err
			}
			found, block = append(found, certificate), nil
		case bytes.Contains(line, []byte("--BEGIN")), bytes.Contains(line, []byte("--END")):
			return nil, errNotWhole
		case block != nil:
			block = append(block, line...)
		case !isWhole && bytes.HasPrefix(line, []byte("-")):
			return nil, errNotWhole
		}
	}
	if block != nil || len(found) == 0 {
		return nil, errNotWhole
	}
	return found, nil
}
