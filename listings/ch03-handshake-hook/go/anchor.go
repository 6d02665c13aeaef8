package main

import (
	"bytes"
	"cmp"
	"encoding/asn1"
	"strings"
	"time"
)

// frame is a certificate with each of its fields as it stands (RFC 5280, section 4.1).
type frame struct {
	Version                                      asn1.RawValue `asn1:"optional,tag:0"`
	Serial                                       asn1.RawValue
	Algorithm, Issuer, Validity, Subject, Public asn1.RawValue
	IssuerID                                     asn1.RawValue `asn1:"optional,tag:1"`
	SubjectID                                    asn1.RawValue `asn1:"optional,tag:2"`
	Extensions                                   asn1.RawValue `asn1:"optional,tag:3"`
}

// framing are the fields of a certificate, or nothing where it has others.
func framing(der []byte) (of frame) {
	if outer := values(der); len(outer) > 0 {
		if inner := values(outer[0].Bytes); len(inner) > 0 {
			_, _ = asn1.Unmarshal(inner[0].FullBytes, &of)
		}
	}
	return of
}

// unloaded says why clients of OpenSSL or GnuTLS load no certificate of a file with this authority, needed or not.
func unloaded(der []byte) string {
	of := framing(der)
	outer := values(values(der)[0].Bytes)
	switch {
	case !bytes.Equal(of.Algorithm.FullBytes, outer[1].FullBytes):
		return "it names two algorithms for its signature, and clients of GnuTLS load no file with such a one"
	case version(of) == 1 && len(of.Extensions.FullBytes) > 0:
		return "it is of version 1 of X.509 and has extensions, which came with version 3, and clients of GnuTLS load no file " +
			"with such a one"
	}
	if what := cmp.Or(twice(der), unnamed(der)); what != "" {
		return what
	}
	for _, date := range values(of.Validity.Bytes) {
		form, text := "060102150405Z", string(date.Bytes)
		if date.Tag == asn1.TagGeneralizedTime {
			form = "20060102150405Z"
		}
		if len(text) != len(form) {
			return "its dates have no seconds, a fraction of one, or another time zone: clients of rustls and OpenSSL do not " +
				"accept that"
		}
		if _, err := time.Parse(form, text); err != nil {
			return "one of its dates is none, and clients of GnuTLS load no file with such a one"
		}
	}
	return ""
}

// extensionsOf are those of a certificate, each with its parts.
func extensionsOf(der []byte) (found [][]asn1.RawValue) {
	for _, all := range values(framing(der).Extensions.Bytes) {
		for _, it := range values(all.Bytes) {
			if parts := values(it.Bytes); len(parts) > 1 {
				found = append(found, parts)
			}
		}
	}
	return found
}

// twice says whether an extension is there twice.
func twice(der []byte) string {
	seen := map[string]bool{}
	for _, parts := range extensionsOf(der) {
		if id := string(parts[0].Bytes); seen[id] {
			return "an extension is there twice, and clients of GnuTLS load no file with such a one"
		} else {
			seen[id] = true
		}
	}
	return ""
}

// unnamed says whether clients of GnuTLS do not parse the names of its subject or of its issuer.
func unnamed(der []byte) string {
	const subject, issuer = "\x55\x1d\x11", "\x55\x1d\x12"
	for _, parts := range extensionsOf(der) {
		id, value := string(parts[0].Bytes), parts[len(parts)-1].Bytes
		if (id == subject || id == issuer) && !holds(value, ofGnuTLS) {
			return "a name of its subject or of its issuer (subjectAltName, issuerAltName) is broken, of nothing, of X.400 or of " +
				"EDI, and clients of GnuTLS do not parse that"
		}
	}
	return ""
}

// largestAnchor is how many bytes rustls reads of an authority.
const largestAnchor = 1<<16 - 1

// noAnchor says why rustls does not take this certificate for an authority that is trusted. It is asked for its version,
// and for what is read of its extensions.
func noAnchor(der []byte) string {
	of := framing(der)
	switch {
	case len(of.IssuerID.FullBytes) > 0 || len(of.SubjectID.FullBytes) > 0:
		return "something beside extensions stands behind its public key (unique identifiers, say): clients of rustls do not " +
			"read that"
	case version(of) != 3 && len(of.Version.FullBytes) > 0:
		return "it says that it is of another version of X.509 than 3, and clients of rustls do not take it (version 1 is not " +
			"said, by X.690)"
	case len(der) > largestAnchor:
		return "it has more than 65535 bytes, and clients of rustls do not take it"
	}
	return outlined(der, ofAuthority)
}

// version is the version of X.509 that it says, or 1 where it says none.
func version(of frame) int {
	var number int
	if _, err := asn1.Unmarshal(of.Version.Bytes, &number); len(of.Version.FullBytes) > 0 && err == nil {
		return number + 1
	}
	return 1
}

// brief is what an error says, without the most of what it may repeat: a certificate may have a name of a megabyte.
func brief(err error) string {
	const most = 200
	if text := err.Error(); len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return err.Error()
}
