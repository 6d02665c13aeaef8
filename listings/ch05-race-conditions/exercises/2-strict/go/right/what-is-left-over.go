// Package answer parses strictly.
package answer

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// Anchors decodes block by block, and objects to what is left over.
func Anchors(file []byte) ([]*x509.Certificate, error) {
	var found []*x509.Certificate
	for _, text := range blocks(file) {
		block, rest := pem.Decode(text)
		if block == nil || block.Type != "CERTIFICATE" || marked(rest) {
			return nil, errors.New("a block is not whole, or no certificate")
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("a block does not parse: %w", err)
		}
		found = append(found, certificate)
	}
	if len(found) == 0 {
		return nil, errors.New("there is no certificate")
	}
	return found, nil
}

// blocks splits a file before each line that begins a block. What stands before the first may hold no mark: that is a block of its own,
// which does not decode.
func blocks(file []byte) [][]byte {
	var found [][]byte
	var now []byte
	for line := range bytes.Lines(file) {
		if bytes.Contains(line, []byte("--BEGIN")) {
			if marked(now) {
				found = append(found, now)
			}
			now = nil
		}
		now = append(now, line...)
	}
	if marked(now) {
		found = append(found, now)
	}
	return found
}

// marked says whether a text holds a mark, or what may become one.
func marked(text []byte) bool {
	last := text[bytes.LastIndexByte(text, '\n')+1:]
	return bytes.Contains(text, []byte("--BEGIN")) || bytes.Contains(text, []byte("--END")) || bytes.HasPrefix(last, []byte("-"))
}
