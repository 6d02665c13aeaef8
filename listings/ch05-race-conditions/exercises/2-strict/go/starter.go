// Package answer parses strictly.
//
// This is the starter. It compiles, and its checks fail until Anchors is written.
package answer

import "crypto/x509"

// Anchors reads the trust anchors in a file: all of them, or an error where the file may hold an anchor that is not in the
// answer, or holds none.
//
// Text between blocks is allowed, as RFC 7468 has it, and comments are common. What is no whole block of a certificate, and
// looks like a part of one, is not.
//
// pem.Decode of encoding/pem is the parser: it returns the first block that it finds, and the rest of the file. It passes
// over what it does not take for a block, and over a block that does not parse. x509.ParseCertificate reads the bytes of one.
func Anchors(file []byte) ([]*x509.Certificate, error) {
	panic("this is the starter: write `Anchors`")
}
