package main

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"time"
)

// takenByAll checks that clients of other libraries take the chain, too, which Go has validated. Go tries
// each issuer of the right name. OpenSSL tries one at each step, asks it for the key that the certificate
// names, and asks a leaf for its key usage. rustls and OpenSSL take no RSA key of fewer than 2048 bits.
func takenByAll(source Source, chain, anchors []*x509.Certificate, now time.Time) error {
	refuse := func(of *x509.Certificate, what string) error {
		return &Rejected{"chain_broken", source.Certificate, fmt.Sprintf(
			"Go takes it, and clients of OpenSSL or rustls do not. The certificate of %q: %s", of.Subject, what)}
	}
	leaf := chain[0]
	signs := x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement
	if leaf.KeyUsage != 0 && leaf.KeyUsage&signs == 0 {
		return refuse(leaf, "its key usage has no digitalSignature")
	}
	if signedItself(leaf) && !slices.ContainsFunc(anchors, leaf.Equal) {
		return refuse(leaf, "its issuer has the name that it has itself, so it seems to have signed itself")
	}
	trusted := false
	for last := leaf; !signedItself(last); {
		next := issuer(last, anchors, now)
		trusted = trusted || next != nil
		if next == nil && trusted {
			break // An anchor that another authority has issued: some clients take it as the end.
		}
		if next == nil {
			next = issuer(last, chain[1:], now)
		}
		if next == nil {
			return refuse(last, "no certificate here has both its issuer's name and the key identifier that it "+
				"names (authority and subject key identifier, RFC 5280, section 4.2.1)")
		}
		if key, is := next.PublicKey.(*rsa.PublicKey); is && key.N.BitLen() < 2048 {
			return refuse(next, fmt.Sprintf("its RSA key has %d bits", key.N.BitLen()))
		}
		if err := last.CheckSignatureFrom(next); err != nil {
			return refuse(last, fmt.Sprintf("of the certificates that have the name of its issuer they try one "+
				"and no other (%v)", err))
		}
		last = next
	}
	return nil
}

// issuer returns the certificate that OpenSSL takes for the issuer: one in force before one that is not.
func issuer(of *x509.Certificate, among []*x509.Certificate, now time.Time) (found *x509.Certificate) {
	for _, candidate := range among {
		if !bytes.Equal(candidate.RawSubject, of.RawIssuer) || !identified(of, candidate) {
			continue
		}
		if inForce := !now.Before(candidate.NotBefore) && !now.After(candidate.NotAfter); inForce {
			return candidate
		}
		if found == nil {
			found = candidate
		}
	}
	return found
}

// identified says whether the issuer has the key that the certificate names. What one of them does not say
// is not asked.
func identified(of, issuer *x509.Certificate) bool {
	return len(of.AuthorityKeyId) == 0 || len(issuer.SubjectKeyId) == 0 ||
		bytes.Equal(of.AuthorityKeyId, issuer.SubjectKeyId)
}

// signedItself is what OpenSSL takes for self-signed. No signature is looked at.
func signedItself(of *x509.Certificate) bool {
	return bytes.Equal(of.RawSubject, of.RawIssuer) && identified(of, of)
}
