package main

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// trusted returns the anchors in a file that was looked at. One that Go or rustls does not take is passed over: so do its
// clients, and a root on a curve of its own is no reason to refuse a leaf under another one. It is refused where it has
// issued a certificate of this chain, where there is no other one, and where clients of OpenSSL or GnuTLS load no file with
// such a one.
func trusted(source Source, files Files, chain []Block) (known []*x509.Certificate, passed *Rejected, err error) {
	if files.Distrust != nil {
		return nil, nil, files.Distrust
	}
	found, err := blocks(files.Roots.Data, source.Roots)
	if err != nil {
		return nil, nil, err
	}
	needed := issuersOf(chain)
	var unknown *Rejected // Of Go's clients alone.
	for at, block := range found {
		if block.Kind != "CERTIFICATE" {
			continue
		}
		refuse := func(what string) *Rejected {
			return &Rejected{"malformed", source.Roots, fmt.Sprintf("block %d of %d: %s", at+1, len(found), what)}
		}
		certificate, err := x509.ParseCertificate(block.DER)
		if what := outlined(block.DER, nil); what != "" && err != nil {
			return nil, nil, refuse(fmt.Sprintf("a CERTIFICATE block holds something else than one certificate (%s)", brief(err)))
		} else if what != "" {
			return nil, nil, refuse(what)
		}
		if what := cmp.Or(fieldless(block.DER), unloaded(block.DER)); what != "" {
			return nil, nil, refuse(what + ". Take it out of the file, or have it issued anew")
		}
		what := noAnchor(block.DER)
		if what == "" && err != nil {
			what = fmt.Sprintf("clients of Go know no authority of these (%s)", brief(err))
		}
		switch fault := refuse(what); {
		case what == "":
			known = append(known, certificate)
		case slices.ContainsFunc(needed, func(name []byte) bool { return bytes.Equal(name, framing(block.DER).Subject.FullBytes) }):
			return nil, nil, fault
		case noAnchor(block.DER) == "":
			unknown = cmp.Or(unknown, fault)
		default:
			passed = cmp.Or(passed, fault)
		}
	}
	if fault := cmp.Or(passed, unknown); len(known) == 0 && fault != nil {
		return nil, nil, fault
	}
	if len(known) == 0 {
		return nil, nil, &Rejected{"truncated", source.Roots, lacking(found)}
	}
	if passed != nil {
		passed.Detail += ". It is passed over, and the others of this file are in force"
	}
	return known, passed, nil
}

// issuersOf are the names of those who have issued these certificates, as far as they parse.
func issuersOf(chain []Block) (names [][]byte) {
	for _, block := range chain {
		if block.Kind == "CERTIFICATE" {
			names = append(names, framing(block.DER).Issuer.FullBytes)
		}
	}
	return names
}

// lasting returns the anchors that are in force: those of the file, or the last good ones and why they stay. A leaf is
// not held up by what is wrong beside it.
func lasting(source Source, files Files, chain []Block, last *Identity) ([]*x509.Certificate, *Rejected, error) {
	anchors, passed, err := trusted(source, files, chain)
	var fault *Rejected
	if err == nil || last == nil || !errors.As(err, &fault) {
		return anchors, passed, err
	}
	detail := fault.Detail + fmt.Sprintf(". The anchors that were read before (%d) stay in force until this file is mended",
		len(last.Anchors))
	return last.Anchors, &Rejected{fault.Reason, fault.File, detail}, nil
}

// outline is a certificate as every parser sees it (RFC 5280, section 4.1), whatever its fields hold.
type outline struct {
	Body struct {
		Version                                      int `asn1:"optional,explicit,tag:0"`
		Serial                                       *big.Int
		Algorithm, Issuer, Validity, Subject, Public asn1.RawValue
		IssuerID                                     asn1.BitString  `asn1:"optional,tag:1"`
		SubjectID                                    asn1.BitString  `asn1:"optional,tag:2"`
		Extensions                                   []asn1.RawValue `asn1:"optional,explicit,tag:3"`
	}
	Algorithm asn1.RawValue
	Signature asn1.BitString
}

// The extensions (2.5.29) that clients of other libraries read to their end: rustls those of an authority, Java and
// GnuTLS those of each certificate.
var ofAuthority, ofEach = []int{17, 19, 30, 31, 37}, []int{15, 17, 19, 30}

// outlined says what is wrong with the outline of a certificate, which every library asks, or with an extension.
func outlined(der []byte, readToTheEnd []int) string {
	var of outline
	if rest, err := asn1.Unmarshal(der, &of); err != nil {
		return fmt.Sprintf("a CERTIFICATE block holds something else than one certificate (%v)", err)
	} else if len(rest) > 0 {
		return "a CERTIFICATE block holds something else than one certificate (trailing data)"
	}
	for _, extension := range of.Body.Extensions {
		parts := values(extension.Bytes)
		if len(parts) < 2 || parts[len(parts)-1].Tag != asn1.TagOctetString {
			return "an extension has a part too many, and clients of OpenSSL do not parse that"
		}
		id, value := parts[0].Bytes, parts[len(parts)-1].Bytes
		asked := len(id) == 3 && id[0] == 0x55 && id[1] == 0x1d && slices.Contains(readToTheEnd, int(id[2]))
		if asked && len(values(value)) > 1 {
			return "something stands behind the value of an extension, and clients of Java, GnuTLS or rustls do not parse that"
		}
	}
	return ""
}

// values are the values that stand one after another.
func values(der []byte) (found []asn1.RawValue) {
	for len(der) > 0 {
		var it asn1.RawValue
		rest, err := asn1.Unmarshal(der, &it)
		if err != nil {
			break
		}
		found, der = append(found, it), rest
	}
	return found
}
