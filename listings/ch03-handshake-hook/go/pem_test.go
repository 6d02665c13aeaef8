package main

import (
	"crypto/x509"
	"testing"
)

// Go's parser passes over a block that has no end, wherever it is cut, and reads what stands before it.
func TestGosParserPassesOverABlockWithoutItsEnd(t *testing.T) {
	authority := newAuthority(t)
	authority.issue()
	whole := authority.certificate
	for cut := range len(whole) - len("-\n") {
		roots := x509.NewCertPool()
		expected := x509.NewCertPool()
		expected.AppendCertsFromPEM(whole)
		file := append(append([]byte{}, whole...), whole[:cut]...)
		if !roots.AppendCertsFromPEM(file) || !roots.Equal(expected) {
			t.Fatalf("a block that is cut at byte %d was not passed over", cut)
		}
	}
}
