package main

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"strings"
)

var (
	proxy        = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 14} // RFC 3820, section 3.8.
	addresses    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 7}  // RFC 3779, section 2.2.1.
	systems      = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 8}  // RFC 3779, section 3.2.1.
	emailAddress = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}
)

// askedByOpenSSL says which certificate of a path, from the leaf to its anchor, clients of OpenSSL alone do not take,
// and why: certificates of a proxy, resources of the net, a broken type, and the address of mail in a subject.
func askedByOpenSSL(path []*x509.Certificate) (of *x509.Certificate, what string) {
	for at, certificate := range path {
		if extension(certificate, proxy) != nil {
			return certificate, "it is a certificate of a proxy (RFC 3820)"
		}
		var types asn1.BitString
		if value := extension(certificate, netscapeType); value != nil {
			if _, err := asn1.Unmarshal(value, &types); err != nil {
				return certificate, "its Netscape type (nsCertType) is broken"
			}
		}
		// An authority that has issued itself is not constrained (RFC 5280, section 4.2.1.10).
		if at > 0 && bytes.Equal(certificate.RawSubject, certificate.RawIssuer) {
			continue
		}
		for _, issuer := range path[at+1:] {
			if forbidsMail(issuer, certificate) {
				return certificate, "the address of mail in its subject (emailAddress) is none that an issuer may issue " +
					"for, or is no IA5String (name constraints)"
			}
		}
	}
	for _, id := range []asn1.ObjectIdentifier{addresses, systems} {
		lacks := func(issuer *x509.Certificate) bool { return extension(issuer, id) == nil }
		if !lacks(path[0]) && slices.ContainsFunc(path, lacks) {
			return path[0], "it has addresses or autonomous systems (RFC 3779) that its issuers do not have"
		}
	}
	return nil, ""
}

// forbidsMail says whether the constraints of an issuer do not let a certificate have the addresses of mail that are in
// its subject.
func forbidsMail(issuer, of *x509.Certificate) bool {
	permitted, excluded := issuer.PermittedEmailAddresses, issuer.ExcludedEmailAddresses
	for _, value := range mails(of) {
		mail := string(value.Bytes)
		within := func(base string) bool { return isWithin(mail, base) }
		switch {
		case extension(issuer, nameConstraints) == nil:
		case value.Tag != asn1.TagIA5String: // Asked where names of any kind are constrained.
			return true
		case len(permitted) > 0 && !slices.ContainsFunc(permitted, within), slices.ContainsFunc(excluded, within):
			return true
		case len(excluded) > 0 && !strings.Contains(mail, "@"):
			return true
		}
	}
	return false
}

// mails are the addresses of mail in the subject of a certificate.
func mails(of *x509.Certificate) (found []asn1.RawValue) {
	var all []asn1.RawValue
	_, _ = asn1.Unmarshal(of.RawSubject, &all)
	for _, set := range all {
		for rest := set.Bytes; len(rest) > 0; {
			var pair struct {
				Type  asn1.ObjectIdentifier
				Value asn1.RawValue
			}
			var err error
			if rest, err = asn1.Unmarshal(rest, &pair); err != nil {
				break
			}
			if pair.Type.Equal(emailAddress) {
				found = append(found, pair.Value)
			}
		}
	}
	return found
}

// isWithin says whether an address is the one that a constraint names, or of that host, or of one below it.
func isWithin(mail, base string) bool {
	at := strings.LastIndex(mail, "@")
	if at < 0 {
		return false
	}
	if named := strings.LastIndex(base, "@"); named >= 0 {
		return mail[:at] == base[:named] && strings.EqualFold(mail[at:], base[named:])
	}
	if strings.HasPrefix(base, ".") {
		end := len(mail) - len(base)
		return end > 0 && strings.EqualFold(mail[end:], base)
	}
	return strings.EqualFold(mail[at+1:], base)
}

// mayHaveSigned says whether the issuer's key is of the kind that has signed. OpenSSL passes over one of another kind, as
// when an authority keeps its name and goes from RSA to ECDSA.
func mayHaveSigned(of, issuer *x509.Certificate) bool {
	signed := signedWith(of).Algorithm
	begins := func(with ...int) bool { return len(signed) > len(with) && signed[:len(with)].Equal(with) }
	switch issuer.PublicKeyAlgorithm {
	case x509.RSA:
		return begins(1, 2, 840, 113549, 1, 1)
	case x509.ECDSA:
		return begins(1, 2, 840, 10045, 4)
	case x509.Ed25519:
		return signed.Equal(asn1.ObjectIdentifier{1, 3, 101, 112})
	}
	return true
}
