package main

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// How many intermediates a client of rustls follows, and how many a certificate may allow.
const deepest, deepestAllowed = 6, 255

// Authorities that have issued each other, as bridges between two do. A path that followed them would not end.
const circle = "it leads in a circle: these authorities have issued each other, and the certificate that one " +
	"of them has signed itself is missing or stands behind them"

// takenByAll checks that clients of other libraries take the chain, too, which Go has validated. Go tries
// each issuer of the right name. OpenSSL tries one at each step, asks it for the key that the certificate
// names, and asks a leaf for its key usage. What rustls asks of a certificate says strict.
func takenByAll(source Source, chain, anchors []*x509.Certificate, now time.Time) error {
	refuse := func(of *x509.Certificate, what string) error {
		file := source.Certificate
		if of != chain[0] && slices.ContainsFunc(anchors, of.Equal) {
			file = source.Roots
		}
		return &Rejected{"chain_broken", file, fmt.Sprintf(
			"Go takes it, and clients of OpenSSL or rustls do not. The certificate of %q: %s", of.Subject, what)}
	}
	leaf := chain[0]
	// OpenSSL is content with two other usages, and neither rustls nor Go asks.
	if mayNot(leaf, x509.KeyUsageDigitalSignature) {
		return &Rejected{"chain_broken", source.Certificate, fmt.Sprintf("the certificate of %q: its key usage has no "+
			"digitalSignature, and its key signs each handshake. Clients of Java and GnuTLS refuse it", leaf.Subject)}
	}
	if mustStaple(leaf) {
		return &Rejected{"chain_broken", source.Certificate, "the leaf asks for a stapled answer of OCSP (must-staple, RFC " +
			"7633), and this server gives none: clients of GnuTLS refuse it"}
	}
	if what := ofType(leaf); what != "" {
		return refuse(leaf, what)
	}
	if signedItself(leaf) && !slices.ContainsFunc(anchors, leaf.Equal) {
		return refuse(leaf, "its issuer has the name that it has itself, so it seems to have signed itself")
	}
	trusted, path := false, []*x509.Certificate{leaf}
	for last := leaf; !signedItself(last); path = append(path, last) {
		if !trusted && hasCriticalPlaces(last) {
			return &Rejected{"chain_broken", source.Certificate, "the places of revocation lists in a certificate " +
				"(cRLDistributionPoints) are marked critical, and clients of Java do not know that, unless they check revocation"}
		}
		if what := strict(last); what != "" && !trusted {
			return refuse(last, what)
		}
		next := issuer(last, anchors, now)
		trusted = trusted || next != nil
		if next == nil && trusted {
			break // An anchor that another authority has issued: some clients take it as the end.
		}
		if next == nil {
			next = issuer(last, chain[1:], now)
		}
		if next == nil {
			return refuse(last, "no certificate here has its issuer's name and fits its authority key identifier: a key, "+
				"or an issuer and a serial number (RFC 5280, section 4.2.1.1)")
		}
		if what := cmp.Or(weak(next), forServers(next), forSubjects(next), general(next), nameless(next)); what != "" {
			return refuse(next, what)
		}
		if slices.ContainsFunc(path, next.Equal) {
			return refuse(last, circle)
		}
		if !trusted && len(path) > deepest {
			return refuse(leaf, fmt.Sprintf("more than %d intermediates lie between it and the authority", deepest))
		}
		if err := last.CheckSignatureFrom(next); err != nil {
			return refuse(last, fmt.Sprintf("of the certificates that have the name of its issuer they try one "+
				"and no other (%v)", err))
		}
		last = next
	}
	for _, asks := range []func([]*x509.Certificate) (*x509.Certificate, string){askedByOpenSSL, notCompared, notAsked} {
		if of, what := asks(path); what != "" {
			return refuse(of, what)
		}
	}
	return nil
}

// issuer returns the certificate that OpenSSL takes for the issuer: one in force before one that is not.
func issuer(of *x509.Certificate, among []*x509.Certificate, now time.Time) (found *x509.Certificate) {
	for _, candidate := range among {
		named := bytes.Equal(candidate.RawSubject, of.RawIssuer) && identified(of, candidate)
		if !named || !mayHaveSigned(of, candidate) {
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

// identified says whether the issuer is the one that the certificate names by key, by serial number, and by
// the name of its own issuer (RFC 5280, section 4.2.1.1). What one of them does not say is not asked.
func identified(of, issuer *x509.Certificate) bool {
	var named struct {
		Key    []byte        `asn1:"optional,tag:0"`
		Issuer asn1.RawValue `asn1:"optional,tag:1"`
		Serial *big.Int      `asn1:"optional,tag:2"`
	}
	if extension := extension(of, authorityKey); extension != nil {
		_, _ = asn1.Unmarshal(extension, &named)
	}
	if len(named.Key) > 0 && len(issuer.SubjectKeyId) > 0 && !bytes.Equal(named.Key, issuer.SubjectKeyId) {
		return false
	}
	if named.Serial != nil && named.Serial.Cmp(issuer.SerialNumber) != 0 {
		return false
	}
	var name asn1.RawValue
	for rest := named.Issuer.Bytes; len(rest) > 0; {
		var err error
		if rest, err = asn1.Unmarshal(rest, &name); err != nil {
			break
		}
		if directory := 4; name.Class == asn1.ClassContextSpecific && name.Tag == directory {
			return bytes.Equal(name.Bytes, issuer.RawIssuer)
		}
	}
	return true
}

// signedItself is what OpenSSL takes for self-signed. No signature is looked at, only its kind.
func signedItself(of *x509.Certificate) bool {
	return bytes.Equal(of.RawSubject, of.RawIssuer) && identified(of, of) && mayHaveSigned(of, of)
}

var (
	keyUsage      = asn1.ObjectIdentifier{2, 5, 29, 15}
	authorityKey  = asn1.ObjectIdentifier{2, 5, 29, 35}
	extendedUsage = asn1.ObjectIdentifier{2, 5, 29, 37}

	nameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}

	netscapeType = asn1.ObjectIdentifier{2, 16, 840, 1, 113730, 1, 1}
	// The critical extensions that rustls knows: usages, names, what an authority may, lists of revocation.
	known = []int{15, 17, 19, 30, 31, 37}
)

func extension(of *x509.Certificate, id asn1.ObjectIdentifier) []byte {
	for _, extension := range of.Extensions {
		if extension.Id.Equal(id) {
			return extension.Value
		}
	}
	return nil
}

// strict says what clients of rustls do not take of a leaf or an intermediate that Go takes.
func strict(of *x509.Certificate) string {
	for _, extension := range of.Extensions {
		last := extension.Id[len(extension.Id)-1]
		ours := len(extension.Id) == 4 && extension.Id[:3].Equal(authorityKey[:3]) && slices.Contains(known, last)
		if extension.Critical && !ours {
			return "it has a critical extension that they do not know (" + extension.Id.String() + ")"
		}
	}
	if what := forServers(of); what != "" {
		return what
	}
	if of.NotBefore.Unix() < 0 {
		return "its dates begin before 1970"
	}
	if of.MaxPathLen > deepestAllowed {
		return fmt.Sprintf("it allows %d intermediates below it (pathlen), and clients of rustls parse no number "+
			"above %d", of.MaxPathLen, deepestAllowed)
	}
	ecdsa := of.SignatureAlgorithm >= x509.ECDSAWithSHA1 && of.SignatureAlgorithm <= x509.ECDSAWithSHA512
	if ecdsa && len(signedWith(of).Parameters.FullBytes) > 0 {
		return "something stands behind the algorithm of its signature, which ECDSA does not have (RFC 5758)"
	}
	return ""
}

// The bits of an RSA key by which clients of rustls and Go verify a signature.
const shortest, longest = 2048, 8192

// rsaBits is how long the key of a certificate is, or 0 where it is none of RSA.
func rsaBits(of *x509.Certificate) int {
	if key, is := of.PublicKey.(*rsa.PublicKey); is {
		return key.N.BitLen()
	}
	return 0
}

// forServers says where an extended key usage does not let servers use it.
func forServers(of *x509.Certificate) string {
	if extension(of, extendedUsage) != nil && !slices.Contains(of.ExtKeyUsage, x509.ExtKeyUsageServerAuth) {
		return "its extended key usage does not name serverAuth (anyExtendedKeyUsage is not enough)"
	}
	return ""
}

// forSubjects says why an issuer may not issue for each subject: Go does not read constraints of directory names
// (RFC 5280, section 4.2.1.10), and other libraries compare them each in a way of its own.
func forSubjects(of *x509.Certificate) string {
	type subtree struct {
		Base             asn1.RawValue
		Minimum, Maximum asn1.RawValue `asn1:"optional"`
	}
	var constraints struct {
		Permitted []subtree `asn1:"optional,tag:0"`
		Excluded  []subtree `asn1:"optional,tag:1"`
	}
	_, _ = asn1.Unmarshal(extension(of, nameConstraints), &constraints)
	for _, permitted := range constraints.Permitted {
		if permitted.Base.Tag == 4 {
			return "it permits some subjects alone (name constraints on directoryName)"
		}
	}
	for _, it := range append(constraints.Permitted, constraints.Excluded...) {
		if slices.Contains([]int{0, 3, 5, 8}, it.Base.Tag) {
			return "it constrains names of a kind that clients of GnuTLS do not compare: they take nothing below it"
		}
		if it.Base.Tag == directoryName {
			return "it excludes some subjects (name constraints on directoryName): clients of rustls take none of it then"
		}
		if it.Base.Tag == 2 && bytes.ContainsFunc(it.Base.Bytes, noLetterOfHosts) {
			return "it constrains the name of a host, and that is none"
		}
		if len(it.Minimum.FullBytes) > 0 {
			return "it constrains names at a distance (minimum, maximum), which RFC 5280 forbids"
		}
	}
	return ""
}

func noLetterOfHosts(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._", r)
}

// mayNot says whether a key usage is there and names none of these. Go takes one that names nothing for none.
func mayNot(of *x509.Certificate, usages x509.KeyUsage) bool {
	return extension(of, keyUsage) != nil && of.KeyUsage&usages == 0
}

// weak says why they take no signature by the key of this certificate.
func weak(issuer *x509.Certificate) string {
	if bits := rsaBits(issuer); bits != 0 && (bits < shortest || bits > longest) {
		return fmt.Sprintf("its RSA key has %d bits", bits)
	}
	if key, is := issuer.PublicKey.(*ecdsa.PublicKey); is && key.Curve == elliptic.P224() {
		return "its key is on P-224"
	}
	if mayNot(issuer, x509.KeyUsageCertSign) {
		return "its key usage has no keyCertSign"
	}
	return ""
}

// ofType asks the type that Netscape gave certificates before there was an extended key usage. OpenSSL does.
func ofType(leaf *x509.Certificate) string {
	const server = 1 // The second bit.
	var types asn1.BitString
	if value := extension(leaf, netscapeType); value != nil {
		if _, err := asn1.Unmarshal(value, &types); err == nil && types.At(server) == 0 {
			return "its Netscape type (nsCertType) is another than a server's"
		}
	}
	return ""
}
