// Package answer parses strictly.
package answer

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"regexp"
	"strings"
)

var block = regexp.MustCompile(`(?s)-----BEGIN CERTIFICATE-----\r?\n[^-]*?\n-----END CERTIFICATE-----[ \t\r]*(\n|$)`)

func Anchors(file []byte) ([]*x509.Certificate, error) {
	rest := string(block.ReplaceAll(file, nil))
	if strings.Contains(rest, "-----") {
		return nil, errors.New("something looks like a part of a block")
	}
	lines := strings.Split(rest, "\n")
	if strings.HasPrefix(strings.TrimSpace(lines[len(lines)-1]), "-") {
		return nil, errors.New("the last line is half written")
	}
	var found []*x509.Certificate
	for _, one := range block.FindAll(file, -1) {
		der, _ := pem.Decode(one)
		if der == nil {
			return nil, errors.New("no base64")
		}
		anchor, err := x509.ParseCertificate(der.Bytes)
		if err != nil {
			return nil, err
		}
		found = append(found, anchor)
	}
	if len(found) == 0 {
		return nil, errors.New("there is none")
	}
	return found, nil
}
