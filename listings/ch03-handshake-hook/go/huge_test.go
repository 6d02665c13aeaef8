package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// hugeKey is an RSA key of 8676 bits, of two primes of Mersenne, since to find others takes long. It is no
// secret.
func hugeKey() *rsa.PrivateKey {
	one := big.NewInt(1)
	mersenne := func(bits uint) *big.Int {
		power := new(big.Int).Lsh(one, bits)
		return power.Sub(power, one)
	}
	p, q := mersenne(4423), mersenne(4253)
	less := func(prime *big.Int) *big.Int { return new(big.Int).Sub(prime, one) }
	order := new(big.Int).Mul(less(p), less(q))
	key := &rsa.PrivateKey{Primes: []*big.Int{p, q}}
	key.N, key.E = new(big.Int).Mul(p, q), 65537
	key.D = new(big.Int).ModInverse(big.NewInt(65537), order)
	key.Precompute()
	return key
}

// rustls and Go's own TLS verify no signature by an RSA key of more than 8192 bits.
func TestAnAuthorityWithAHugeKeyIsRefused(t *testing.T) {
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	huge := hugeKey()
	for _, bits := range []struct {
		key     crypto.Signer
		refused bool
	}{{own, false}, {huge, true}} {
		directory := t.TempDir()
		now := time.Now()
		root := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Huge"}, IsCA: true,
			BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
			NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		}
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(2), DNSNames: []string{"localhost"}, KeyUsage: x509.KeyUsageDigitalSignature,
			NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
		write := func(name, kind string, der []byte, err error) string {
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(directory, name)
			text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		der, err := x509.CreateCertificate(rand.Reader, root, root, bits.key.Public(), bits.key)
		source := Source{Names: []string{"localhost"}, Roots: write("ca.crt", "CERTIFICATE", der, err)}
		der, err = x509.CreateCertificate(rand.Reader, leaf, root, own.Public(), bits.key)
		source.Certificate = write("tls.crt", "CERTIFICATE", der, err)
		der, err = x509.MarshalPKCS8PrivateKey(own)
		source.Key = write("tls.key", "PRIVATE KEY", der, err)

		_, err = Start(source)
		var rejected *Rejected
		if !errors.As(err, &rejected) {
			if bits.refused {
				t.Fatalf("it was loaded (%v)", err)
			}
			continue
		}
		if !bits.refused || rejected.Reason != "chain_broken" || !strings.Contains(rejected.Detail, "8676 bits") {
			t.Fatal(rejected)
		}
	}
}
