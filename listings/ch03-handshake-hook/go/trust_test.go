package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"testing"
	"time"
)

// A leaf is not held up by what is wrong with the file of roots: the last good ones judge it. That is told, and again
// at each renewal.
func TestALeafThatIsRenewedBesideBrokenRoots(t *testing.T) {
	a := newAuthority(t)
	a.rotate()
	store := must[*IdentityStore](t)(Start(a.source))
	mark := recorded.mark()
	reload := func() {
		t.Helper()
		if err := store.Reload(); err != nil {
			t.Fatal(err)
		}
	}
	a.write(a.source.Roots, nil, 0o644)
	for range 3 {
		reload()
	}
	a.rotate()
	reload()
	recorded.wait(t, mark, "event", "identity_loaded", "generation", 2.0)
	told := 0
	for _, event := range recorded.since(mark) {
		if event["event"] == "trust_rejected" && event["file"] == a.source.Roots && event["reason"] == "truncated" {
			told++
		}
	}
	if told != 2 {
		t.Fatalf("told %d times", told)
	}
}

// A root that Go does not parse is passed over, as clients with Go do, where it is not the only one.
func TestARootOnACurveThatGoDoesNotKnow(t *testing.T) {
	a := newAuthority(t)
	a.rotate()
	roots := must[[]byte](t)(os.ReadFile(a.source.Roots))
	one, _ := pem.Decode(roots)
	// No curve has this identifier. The signature is wrong as well: nobody asks it of a root.
	named := []byte("\x2a\x86\x48\xce\x3d\x03\x01\x07")
	other := bytes.ReplaceAll(one.Bytes, named, append(named[:7:7], 0x7f))
	// Of the same name, clients of OpenSSL might take it for the one that has issued.
	strange := encode("CERTIFICATE", bytes.ReplaceAll(other, []byte("Lab Root"), []byte("Far Root")))
	a.write(a.source.Roots, append(strange, roots...), 0o644)
	must[*IdentityStore](t)(Start(a.source))
	var rejected *Rejected
	same := encode("CERTIFICATE", other)
	a.write(a.source.Roots, append(same, roots...), 0o644)
	if _, err := Start(a.source); !errors.As(err, &rejected) || rejected.File != a.source.Roots {
		t.Fatalf("an authority that Go does not parse, of the name of the one that has issued: %v", err)
	}
	a.write(a.source.Roots, strange, 0o644)
	if _, err := Start(a.source); !errors.As(err, &rejected) || rejected.File != a.source.Roots {
		t.Fatalf("an authority that Go does not parse, alone: %v", err)
	}
}

// An authority may have the name of its leaf. OpenSSL takes the leaf for one that has signed itself only where its
// signature is of the kind of its own key.
func TestALeafWithTheNameOfItsAuthority(t *testing.T) {
	a := newAuthority(t)
	_, other, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	same := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	for at, key := range []crypto.Signer{other, same} {
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(7), Subject: a.root.Subject, DNSNames: []string{"localhost"},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
		der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, leaf, a.root, key.Public(), a.key))
		private := must[[]byte](t)(x509.MarshalPKCS8PrivateKey(key))
		a.write(a.source.Certificate, encode("CERTIFICATE", der), 0o644)
		a.write(a.source.Key, encode("PRIVATE KEY", private), 0o600)
		_, err := Start(a.source)
		if taken := at == 0; taken != (err == nil) {
			t.Fatalf("a key of %T: %v", key, err)
		}
	}
}
