package main

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
)

var inNames = []int{asn1.TagBitString, asn1.TagUTF8String, asn1.TagNumericString, asn1.TagPrintableString,
	asn1.TagT61String, asn1.TagIA5String, 28, asn1.TagBMPString}

var x25519 = []byte("\x06\x03\x2b\x65\x6e") // RFC 8410, section 3.

var stamps = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2} // RFC 6962, section 3.3.

// unread says what parsers of other libraries do not read of a certificate that Go parses. They read each one,
// needed or not. Go passes over what stands behind the fields that it knows.
func unread(of *x509.Certificate) string {
	if der, err := x509.MarshalPKIXPublicKey(of.PublicKey); err == nil && !bytes.Equal(der, of.RawSubjectPublicKeyInfo) {
		return "its public key is written in another way than usual (bytes behind it, say): other libraries do not read it"
	}
	if value := extension(of, stamps); value != nil && value[0] != asn1.TagOctetString {
		return "its time stamps of certificate transparency are broken, and clients of rustls do not read that"
	}
	if of.NotBefore.Unix() < 0 {
		return "its dates begin before 1970, and clients of rustls do not parse that: have it issued anew"
	}
	key := values(values(of.RawSubjectPublicKeyInfo)[0].Bytes)
	if len(key) == 2 && bytes.HasPrefix(key[0].Bytes, x25519) && len(key[1].Bytes) != 1+32 {
		return "its key of X25519 has another length than 32 bytes, and clients of Java do not parse that"
	}
	if fields := framing(of.Raw); version(fields) == 1 && len(fields.Extensions.FullBytes) > 0 {
		return "it is of version 1 of X.509 and has extensions, and clients of Java and GnuTLS do not parse that"
	}
	if what := outlined(of.Raw, ofEach); what != "" {
		return what
	}
	if what := general(of); what != "" {
		return what
	}
	if what := nameless(of); what != "" {
		return what
	}
	for _, name := range [][]byte{of.RawSubject, of.RawIssuer} {
		if !typed(name) {
			return "a name in it is none of the types of string that clients of OpenSSL parse there"
		}
	}
	return framed(of)
}

// framed says what stands in a certificate beside the fields that rustls knows, or is wrong with its dates, which
// OpenSSL parses. It asks that of anchors as well.
func framed(of *x509.Certificate) string {
	if what := undated(of); what != "" {
		return what
	}
	at := bytes.Index(of.RawTBSCertificate, of.RawSubjectPublicKeyInfo) + len(of.RawSubjectPublicKeyInfo)
	if rest := of.RawTBSCertificate[at:]; len(rest) > 0 {
		var extensions asn1.RawValue
		if rest, err := asn1.Unmarshal(rest, &extensions); err != nil || len(rest) > 0 || extensions.Tag != 3 {
			return "something beside extensions stands behind its public key (unique identifiers, say): clients " +
				"of rustls do not read that"
		}
	}
	return ""
}

// typed says whether each value in a name is of a type that OpenSSL parses there: bits, or a string of UTF-8, digits,
// ASCII, T.61, or 16 or 32 bits each.
func typed(name []byte) bool {
	var all []asn1.RawValue
	_, _ = asn1.Unmarshal(name, &all)
	for _, set := range all {
		for rest := set.Bytes; len(rest) > 0; {
			var pair struct{ Type, Value asn1.RawValue }
			var err error
			if rest, err = asn1.Unmarshal(rest, &pair); err != nil || !slices.Contains(inNames, pair.Value.Tag) {
				return false
			}
		}
	}
	return true
}

// signedWith is the algorithm of its signature.
func signedWith(of *x509.Certificate) pkix.AlgorithmIdentifier {
	var signed struct { // RFC 5280, section 4.1
		Certificate asn1.RawValue
		Algorithm   pkix.AlgorithmIdentifier
		Signature   asn1.BitString
	}
	_, _ = asn1.Unmarshal(of.Raw, &signed)
	return signed.Algorithm
}

// undated says what is wrong with the form of its dates (RFC 5280, section 4.1.2.5): seconds, no fraction of one, and no
// other zone than Greenwich's.
func undated(of *x509.Certificate) string {
	var body struct { // RFC 5280, section 4.1
		Version           asn1.RawValue `asn1:"optional,tag:0"`
		Serial, Algorithm asn1.RawValue
		Issuer            asn1.RawValue
		Validity          struct{ Before, After asn1.RawValue }
	}
	if _, err := asn1.Unmarshal(of.RawTBSCertificate, &body); err != nil {
		return "its fields are in another order"
	}
	for _, date := range []asn1.RawValue{body.Validity.Before, body.Validity.After} {
		length := len("YYMMDDHHMMSSZ")
		if date.Tag == asn1.TagGeneralizedTime {
			length = len("YYYYMMDDHHMMSSZ")
		}
		if len(date.Bytes) != length {
			return "its dates have no seconds, a fraction of one, or another time zone: clients of rustls and OpenSSL " +
				"do not accept that"
		}
	}
	return ""
}
