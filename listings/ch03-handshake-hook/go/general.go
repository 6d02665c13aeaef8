package main

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"unicode/utf8"
)

var places = asn1.ObjectIdentifier{2, 5, 29, 31} // RFC 5280, section 4.2.1.13.

// general says what is wrong with a general name (RFC 5280, section 4.2.1.6) in a certificate: among its names, in
// constraints, in a place of revocation lists, or of its issuer's issuer. Go reads those of a few types, and OpenSSL parses
// each one, needed or not.
func general(of *x509.Certificate) string {
	for _, it := range of.Extensions {
		for _, name := range generalNames(it.Id, it.Value) {
			if !parsed(name) {
				return "a general name in it is broken, be it among its names, in constraints or in a place of revocation " +
					"lists, and clients of OpenSSL do not parse that"
			}
			if what := unreadByOthers(name); what != "" && it.Id.Equal(alternativeNames) {
				return what
			}
		}
	}
	return ""
}

// generalNames are those in the value of an extension that OpenSSL reads whenever it verifies.
func generalNames(id asn1.ObjectIdentifier, value []byte) (names []asn1.RawValue) {
	fields := within(values(value))
	switch {
	case id.Equal(alternativeNames):
		return fields
	case id.Equal(authorityKey):
		return within(tagged(fields, 1))
	case id.Equal(nameConstraints):
		for _, tree := range within(fields) {
			names = append(names, values(tree.Bytes)[:min(1, len(values(tree.Bytes)))]...)
		}
		return names
	case id.Equal(places):
		parts := within(fields)
		return slices.Concat(within(tagged(within(tagged(parts, 0)), 0)), within(tagged(parts, 2)))
	}
	return nil
}

// within is what stands in these values.
func within(all []asn1.RawValue) (found []asn1.RawValue) {
	for _, it := range all {
		found = append(found, values(it.Bytes)...)
	}
	return found
}

func tagged(all []asn1.RawValue, tag int) (found []asn1.RawValue) {
	for _, it := range all {
		if it.Tag == tag {
			found = append(found, it)
		}
	}
	return found
}

// parsed says whether OpenSSL parses a general name.
func parsed(name asn1.RawValue) bool {
	parts := only(name.Bytes)
	switch name.Tag {
	case 0: // An identifier of the type, and one value.
		return len(parts) == 2 && parts[0].Tag == asn1.TagOID && isIdentifier(parts[0].Bytes) && parts[1].Tag == 0 &&
			len(only(parts[1].Bytes)) == 1
	case directoryName:
		return len(parts) == 1 && parts[0].Tag == asn1.TagSequence && isDirectory(parts[0])
	case 5: // Of EDI: who has assigned it, where that is said, and a name.
		return len(parts) > 0 && parts[len(parts)-1].Tag == 1
	case 8:
		return isIdentifier(name.Bytes)
	}
	return name.Tag < 8 && name.Class == asn1.ClassContextSpecific
}

// only are the values that stand one after another, where nothing else does.
func only(der []byte) []asn1.RawValue {
	found, length := values(der), 0
	for _, it := range found {
		length += len(it.FullBytes)
	}
	if length < len(der) {
		return nil
	}
	return found
}

// isIdentifier says whether this is an object identifier in DER (X.690, section 8.19).
func isIdentifier(der []byte) bool {
	for at, it := range der {
		if begins := at == 0 || der[at-1] < 0x80; begins && it == 0x80 {
			return false
		}
	}
	return len(der) > 0 && der[len(der)-1] < 0x80
}

// isDirectory says whether each value in the name of a directory is a string that OpenSSL parses.
func isDirectory(name asn1.RawValue) bool {
	return typed(name.FullBytes) && !slices.ContainsFunc(within(within([]asn1.RawValue{name})), func(pair asn1.RawValue) bool {
		parts := values(pair.Bytes)
		if len(parts) == 0 {
			return true
		}
		text := parts[len(parts)-1]
		return text.Tag == asn1.TagUTF8String && !utf8.Valid(text.Bytes) ||
			text.Tag == asn1.TagBMPString && len(text.Bytes)%2 != 0
	})
}

// unreadByOthers says why clients of Java or GnuTLS do not parse it among the names of a certificate: Java finds no name
// there, then.
func unreadByOthers(name asn1.RawValue) string {
	text := name.Tag == 1 || name.Tag == hostName || name.Tag == 6
	switch {
	case text && len(name.Bytes) == 0:
		return "one of its names is empty, and clients of Java or GnuTLS do not parse that"
	case (text || name.Tag == addressName) && name.IsCompound:
		return "one of its names is not in DER (X.690), and clients of Java and GnuTLS do not parse that"
	case name.Tag == 3 || name.Tag == 5:
		return "one of its names is of a kind that none but OpenSSL reads (X.400 or EDI), and clients of GnuTLS do not " +
			"parse that"
	}
	return ""
}
