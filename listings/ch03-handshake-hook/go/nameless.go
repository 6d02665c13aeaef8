package main

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"slices"
)

// nameless says what clients of Java do not parse of a certificate, needed or not: no name in the place of one, and an
// exponent of RSA below 3.
func nameless(of *x509.Certificate) string {
	if len(of.Issuer.Names) == 0 {
		return "it names no issuer, and clients of Java do not parse that"
	}
	named := func(it pkix.Extension) bool { return it.Critical && it.Id.Equal(alternativeNames) }
	if len(of.Subject.Names) == 0 && !slices.ContainsFunc(of.Extensions, named) {
		return "it has no subject, and its names are not marked critical, or it has none (RFC 5280, section 4.2.1.6): clients " +
			"of Java do not parse that"
	}
	if key, is := of.PublicKey.(*rsa.PublicKey); is && key.E < 3 {
		return "its RSA key has an exponent below 3, and clients of Java do not parse that"
	}
	return ""
}

// hasCriticalPlaces says whether it has places of revocation lists that are marked critical. Java knows them where it checks
// revocation, which it does not by default.
func hasCriticalPlaces(of *x509.Certificate) bool {
	return slices.ContainsFunc(of.Extensions, func(it pkix.Extension) bool { return it.Critical && it.Id.Equal(places) })
}
