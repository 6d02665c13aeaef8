package main

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// trusted returns the anchors in a file that was looked at. One that Go does not parse is passed over: so do its
// clients, and a root on a curve of its own is no reason to refuse a leaf under another one.
func trusted(source Source, files Files) ([]*x509.Certificate, error) {
	if files.Distrust != nil {
		return nil, files.Distrust
	}
	found, err := blocks(files.Roots.Data, source.Roots)
	if err != nil {
		return nil, err
	}
	var known []Block
	var unknown error
	for at, block := range found {
		_, err := x509.ParseCertificate(block.DER)
		if block.Kind != "CERTIFICATE" {
			continue
		}
		if what := outlined(block.DER); what != "" {
			if err != nil {
				what = fmt.Sprintf("a CERTIFICATE block holds something else than one certificate (%v)", err)
			}
			return nil, &Rejected{"malformed", source.Roots, fmt.Sprintf("block %d of %d: %s", at+1, len(found), what)}
		}
		if err == nil {
			known = append(known, block)
		} else if unknown == nil {
			unknown = &Rejected{"malformed", source.Roots, fmt.Sprintf("clients of Go know no authority of these (%v)", err)}
		}
	}
	if len(known) == 0 && unknown != nil {
		return nil, unknown
	}
	return certificates(known, source.Roots, framed)
}

// lasting returns the anchors that are in force: those of the file, or the last good ones and why they stay. A leaf is
// not held up by what is wrong beside it.
func lasting(source Source, files Files, last *Identity) ([]*x509.Certificate, *Rejected, error) {
	anchors, err := trusted(source, files)
	var fault *Rejected
	if err == nil || last == nil || !errors.As(err, &fault) {
		return anchors, nil, err
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
		IssuerID                                     asn1.BitString `asn1:"optional,tag:1"`
		SubjectID                                    asn1.BitString `asn1:"optional,tag:2"`
		Extensions                                   []struct {
			ID       asn1.RawValue
			Critical bool `asn1:"optional"`
			Value    []byte
		} `asn1:"optional,explicit,tag:3"`
	}
	Algorithm asn1.RawValue
	Signature asn1.BitString
}

// outlined says what is wrong with the outline of an authority, which every library asks, or with an extension that
// clients of rustls read to its end.
func outlined(der []byte) string {
	var of outline
	if rest, err := asn1.Unmarshal(der, &of); err != nil {
		return fmt.Sprintf("a CERTIFICATE block holds something else than one certificate (%v)", err)
	} else if len(rest) > 0 {
		return "a CERTIFICATE block holds something else than one certificate (trailing data)"
	}
	for _, extension := range of.Body.Extensions {
		id, value := extension.ID.Bytes, asn1.RawValue{}
		known := len(id) == 3 && id[0] == 0x55 && id[1] == 0x1d && slices.Contains(known, int(id[2])) && id[2] != ofUsage
		if rest, err := asn1.Unmarshal(extension.Value, &value); known && err == nil && len(rest) > 0 {
			return "something stands behind the value of an extension: clients of rustls do not read that"
		}
	}
	return ""
}

const ofUsage = 15 // rustls passes over the key usage of an authority.
