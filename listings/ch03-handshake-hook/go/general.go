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
	if name.Class != asn1.ClassContextSpecific {
		return false
	}
	parts := only(name.Bytes)
	switch name.Tag {
	case 0: // An identifier of the type, and one value.
		return name.IsCompound && len(parts) == 2 && isObject(parts[0]) && isWrapped(parts[1])
	case directoryName:
		return name.IsCompound && len(parts) == 1 && isDirectory(parts[0])
	case 5: // Of EDI: who has assigned it, where that is said, and a name.
		return len(parts) > 0 && parts[len(parts)-1].Tag == 1
	case 8:
		return !name.IsCompound && isIdentifier(name.Bytes)
	}
	return name.Tag < 8
}

func isObject(it asn1.RawValue) bool {
	return it.Tag == asn1.TagOID && it.Class == asn1.ClassUniversal && !it.IsCompound && isIdentifier(it.Bytes)
}

// isWrapped says whether one value of any type stands in this.
func isWrapped(it asn1.RawValue) bool {
	held := only(it.Bytes)
	if it.Tag != 0 || it.Class != asn1.ClassContextSpecific || !it.IsCompound || len(held) != 1 {
		return false
	}
	switch value := held[0]; value.Tag { // OpenSSL looks into some.
	case asn1.TagBoolean:
		return len(value.Bytes) == 1
	case asn1.TagInteger, asn1.TagEnum:
		return len(value.Bytes) > 0
	case asn1.TagNull:
		return len(value.Bytes) == 0
	case asn1.TagOID:
		return isObject(value)
	}
	return true
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

// heldBy is what stands in a value of this type, and whether it is one.
func heldBy(it asn1.RawValue, tag int) ([]asn1.RawValue, bool) {
	held := only(it.Bytes)
	is := it.Tag == tag && it.Class == asn1.ClassUniversal && it.IsCompound
	return held, is && (len(held) > 0 || len(it.Bytes) == 0)
}

// isDirectory says whether the name of a directory has identifiers, each with a string that OpenSSL parses.
func isDirectory(name asn1.RawValue) bool {
	sets, is := heldBy(name, asn1.TagSequence)
	for _, set := range sets {
		pairs, isSet := heldBy(set, asn1.TagSet)
		is = is && isSet
		for _, pair := range pairs {
			parts, isPair := heldBy(pair, asn1.TagSequence)
			is = is && isPair && len(parts) == 2 && isObject(parts[0]) && isString(parts[1])
		}
	}
	return is
}

func isString(text asn1.RawValue) bool {
	switch text.Tag {
	case asn1.TagUTF8String:
		return utf8.Valid(text.Bytes)
	case asn1.TagBMPString:
		return len(text.Bytes)%2 == 0
	case 28: // UniversalString.
		return len(text.Bytes)%4 == 0
	}
	return text.Class == asn1.ClassUniversal && slices.Contains(inNames, text.Tag)
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
