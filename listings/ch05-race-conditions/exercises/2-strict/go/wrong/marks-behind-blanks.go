// Package answer counts the marks that have nothing but blanks before them.
package answer

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

// Anchors reads the trust anchors in a file: all of them, or an error where the file may hold
// an anchor that is not in the answer, or holds none.
func Anchors(file []byte) ([]*x509.Certificate, error) {
	var found []*x509.Certificate
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, errors.New("a block is of another kind: " + block.Type)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		found = append(found, certificate)
	}
	// Each block has two lines that mark it. Any other line that looks like one is a block that
	// was not found.
	marks := 0
	for line := range bytes.Lines(file) {
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("-----")) {
			marks++
		}
	}
	// What follows the last line break: a writer may be in the middle of it.
	last := file[bytes.LastIndexByte(file, '\n')+1:]
	isMark := bytes.Contains(last, []byte("--BEGIN")) || bytes.Contains(last, []byte("--END"))
	isCut := bytes.HasPrefix(last, []byte("-")) && !isMark
	if marks != 2*len(found) || isCut {
		return nil, errors.New("a block is not whole")
	}
	if len(found) == 0 {
		return nil, errors.New("there is no certificate")
	}
	return found, nil
}
