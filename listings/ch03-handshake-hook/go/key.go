package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"strings"
)

const signs = "this server signs with ECDSA on P-256, P-384 or P-521, with Ed25519, or with RSA of " +
	"2048 to 8192 bits"

// privateKey parses the key of a file. It refuses what clients of other libraries do not take, even
// where Go could sign with it. Its words are never the parser's, which might quote the key.
func privateKey(found []Block, path string) (crypto.Signer, error) {
	for _, block := range found {
		if !isKey(block.Kind) {
			continue
		}
		key, what := parseKey(block)
		if what != "" {
			if !strings.HasPrefix(what, "it ") {
				what += ": " + signs
			}
			return nil, &Rejected{"malformed", path, what}
		}
		return key, nil
	}
	return nil, &Rejected{"truncated", path, lacking(found)}
}

// parseKey returns the key, or what it is that no client takes.
func parseKey(block Block) (crypto.Signer, string) {
	var parsed any
	var err error
	switch block.Kind {
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.DER)
	case "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(block.DER)
	default:
		parsed, err = x509.ParsePKCS8PrivateKey(block.DER)
	}
	if err != nil {
		return nil, describe(block)
	}
	if block.Kind == "PRIVATE KEY" && !written(block.DER, parsed) {
		return nil, unwritten
	}
	switch key := parsed.(type) {
	case *rsa.PrivateKey:
		if bits := key.N.BitLen(); bits < shortest || bits > longest {
			return nil, fmt.Sprintf("an RSA key of %d bits", bits)
		}
		return key, ""
	case *ecdsa.PrivateKey:
		switch key.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			if !hasItsPublic(block, key) {
				return nil, "it is damaged: its private and its public part are of two keys"
			}
			return key, ""
		}
		return nil, "an ECDSA key on " + key.Curve.Params().Name
	case ed25519.PrivateKey:
		return key, ""
	}
	return nil, describe(block)
}

const unwritten = "it is not written as RFC 5958 has it, which rustls reads (a NULL behind RSA, and the public part of Ed25519 " +
	"alone, as it is): `openssl pkey -in OLD -out NEW` rewrites it"

// written says whether a key is written as RFC 5958 has it. Go passes over what stands behind the private part.
func written(der []byte, parsed any) bool {
	outer := values(der)
	if len(outer) == 0 {
		return true
	}
	fields := values(outer[0].Bytes)
	if len(fields) < 3 {
		return true
	}
	second := len(fields[0].Bytes) > 0 && fields[0].Bytes[0] == 1
	switch key := parsed.(type) {
	case *rsa.PrivateKey:
		return len(values(fields[1].Bytes)) > 1
	case *ecdsa.PrivateKey:
		return !second
	case ed25519.PrivateKey:
		public := append([]byte{0}, key.Public().(ed25519.PublicKey)...)
		for _, it := range fields[3:] {
			if it.Tag == 1 && (it.IsCompound || !bytes.Equal(it.Bytes, public)) {
				return false
			}
		}
	}
	return true
}

// The algorithms that Go does not parse, or does not sign with.
var algorithms = map[string]string{
	"1.2.840.113549.1.1.10": "a key for RSA-PSS alone (id-RSASSA-PSS)",
	"1.3.101.113":           "an Ed448 key",
	"1.3.101.110":           exchange,
	"1.3.101.111":           exchange,
	"1.2.840.10040.4.1":     "a DSA key",
	"1.3.132.0.10":          "an ECDSA key on secp256k1",
	"1.3.36.3.3.2.8.1.1.7":  "an ECDSA key on brainpoolP256r1",
}

// The algorithms and curves of keys that Go signs with: one that does not parse is damaged.
var signed = map[string]bool{
	"1.2.840.113549.1.1.1": true,
	"1.2.840.10045.3.1.7":  true,
	"1.3.132.0.34":         true,
	"1.3.132.0.35":         true,
	"1.3.101.112":          true,
}

// Which ML-DSA an identifier means (RFC 9881, section 2). Go signs with it and verifies it since 1.27, OpenSSL
// since 3.5: a server that is to be understood by older clients has none of it.
var mlDSA = map[string]string{
	"2.16.840.1.101.3.4.3.17": "ML-DSA-44",
	"2.16.840.1.101.3.4.3.18": "ML-DSA-65",
	"2.16.840.1.101.3.4.3.19": "ML-DSA-87",
}

const exchange = "a key for key exchange (X25519 or X448)"

// pkcs8Key is a key with its algorithm beside it (RFC 5958).
type pkcs8Key struct {
	Version    int
	Algorithm  pkix.AlgorithmIdentifier
	PrivateKey []byte
}

// hasItsPublic says whether the public part beside a key is its own, where there is one. Go computes its own,
// and other libraries do not.
func hasItsPublic(block Block, key *ecdsa.PrivateKey) bool {
	var pkcs8 pkcs8Key
	var sec1 struct { // RFC 5915
		Version    int
		PrivateKey []byte
		Curve      asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
		Public     asn1.BitString        `asn1:"optional,explicit,tag:1"`
	}
	der := block.DER
	if block.Kind == "PRIVATE KEY" {
		_, _ = asn1.Unmarshal(der, &pkcs8)
		der = pkcs8.PrivateKey
	}
	own, err := key.PublicKey.Bytes()
	if _, failed := asn1.Unmarshal(der, &sec1); failed != nil || err != nil || len(sec1.Public.Bytes) == 0 {
		return true
	}
	return sec1.Public.Bytes[0] != 4 || bytes.Equal(sec1.Public.Bytes, own) // 4: not compressed.
}

// describe says what a key is that does not parse, by the names that stand in it.
func describe(block Block) string {
	var pkcs8 pkcs8Key
	var sec1 struct { // RFC 5915
		Version    int
		PrivateKey []byte
		Curve      asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
	}
	var name asn1.ObjectIdentifier
	if block.Kind == "EC PRIVATE KEY" {
		_, _ = asn1.Unmarshal(block.DER, &sec1)
		name = sec1.Curve
	} else if _, err := asn1.Unmarshal(block.DER, &pkcs8); err == nil {
		name = pkcs8.Algorithm.Algorithm
		if name.String() == "1.2.840.10045.2.1" { // ECDSA: the curve tells more.
			_, _ = asn1.Unmarshal(pkcs8.Algorithm.Parameters.FullBytes, &name)
		}
	}
	if what, known := algorithms[name.String()]; known {
		return what
	}
	if signed[name.String()] {
		return "it does not parse: it was cut, or its label is that of another format (PRIVATE KEY is PKCS #8, " +
			"EC PRIVATE KEY is SEC 1, RSA PRIVATE KEY is PKCS #1)"
	}
	if name, known := mlDSA[name.String()]; known {
		return "an " + name + " key"
	}
	if len(name) == 0 {
		return "it is not a private key"
	}
	return "a key of algorithm " + name.String()
}

// owns says whether a key belongs to a certificate.
func owns(key crypto.Signer, certificate *x509.Certificate) bool {
	public, comparable := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return comparable && public.Equal(certificate.PublicKey)
}

// pair checks that the key belongs to the first certificate, and says so where it belongs to another.
func pair(source Source, key crypto.Signer, chain []*x509.Certificate) error {
	if owns(key, chain[0]) {
		return nil
	}
	for at, certificate := range chain {
		if owns(key, certificate) {
			return &Rejected{"chain_broken", source.Certificate, fmt.Sprintf(
				"the key belongs to certificate %d of %d in the file: the leaf comes first, then "+
					"the certificate of its issuer", at+1, len(chain))}
		}
	}
	return &Rejected{"pair_mismatch", source.Key, "the key belongs to another certificate"}
}
