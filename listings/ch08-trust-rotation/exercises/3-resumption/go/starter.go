// Package answer decides on clients that resume after a removal.
//
// This is the starter. It compiles, and its checks fail until LetIn is written.
package answer

import (
	"crypto/tls"
	"crypto/x509"
	"time"
)

// LetIn decides on a client whose handshake is complete: the error says why it is not let in. roots are those in force at the
// time now.
//
// The server is one with `ClientAuth: tls.RequireAnyClientCert`: Go asks for a certificate, and leaves it to the server to
// judge it. It calls LetIn in its `VerifyConnection`, which Go runs at each handshake, also at one that resumes a session.
func LetIn(state tls.ConnectionState, roots *x509.CertPool, now time.Time) error {
	panic("this is the starter: write `LetIn`")
}
