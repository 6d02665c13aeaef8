package main

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"strings"
)

var features = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24} // RFC 7633.

// statusRequest asks for a stapled answer of OCSP (RFC 6066, section 8), which this server does not give.
const statusRequest = "\x05"

// asked returns the numbers of the features of TLS that a certificate asks for, without zeros before them, and whether
// they could be read.
func asked(of *x509.Certificate) (numbers []string, read bool) {
	value := extension(of, features)
	if value == nil {
		return nil, true
	}
	var all []asn1.RawValue
	if rest, err := asn1.Unmarshal(value, &all); err != nil || len(rest) > 0 {
		return nil, false
	}
	for _, it := range all {
		if it.Class != asn1.ClassUniversal || it.Tag != asn1.TagInteger || it.IsCompound {
			return nil, false
		}
		numbers = append(numbers, strings.TrimLeft(string(it.Bytes), "\x00"))
	}
	return numbers, true
}

func mustStaple(of *x509.Certificate) bool {
	numbers, _ := asked(of)
	return slices.Contains(numbers, statusRequest)
}

// notAsked says which issuer of a path, from the leaf to its anchor, asks for features that a certificate below it does not
// ask for (RFC 7633, section 4.2.2), or in a way that is not read. Clients of GnuTLS alone hold a chain against that.
func notAsked(path []*x509.Certificate) (of *x509.Certificate, what string) {
	for at, issuer := range path[1:] {
		wanted, read := asked(issuer)
		if !read {
			return issuer, "its features of TLS (RFC 7633) are broken, and clients of GnuTLS refuse what is below it"
		}
		for _, below := range path[:at+1] {
			has, _ := asked(below)
			for _, number := range wanted {
				if !slices.Contains(has, number) {
					return issuer, "it asks for features of TLS (RFC 7633) that a certificate below it does not have, and " +
						"clients of GnuTLS refuse what is below it"
				}
			}
		}
	}
	return nil, ""
}
