package main

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"strings"
)

var alternativeNames = asn1.ObjectIdentifier{2, 5, 29, 17}

// The tags of names (RFC 5280, section 4.2.1.6): of hosts, and of addresses and directories, which rustls compares.
const hostName, directoryName, addressName = 2, 4, 7

// notCompared says which certificate of a path, from the leaf to its anchor, has a name that clients of rustls do not
// compare with the constraints of its issuers: they take none then, whatever the constraints permit.
func notCompared(path []*x509.Certificate) (of *x509.Certificate, what string) {
	for at, certificate := range path {
		var constrained []int
		for _, issuer := range path[at+1:] {
			constrained = append(constrained, constrainedBy(issuer)...)
		}
		var names []asn1.RawValue
		_, _ = asn1.Unmarshal(extension(certificate, alternativeNames), &names)
		for _, name := range names {
			switch {
			case !slices.Contains(constrained, name.Tag), name.Tag == directoryName, name.Tag == addressName:
			case name.Tag != hostName:
				return certificate, "it has a name of a kind that an issuer constrains, such as a URI or an address of mail, " +
					"and clients of rustls compare none of these with constraints"
			case !isHost(string(name.Bytes)):
				return certificate, "it has a name of a host that is none, and an issuer constrains these: clients of rustls " +
					"do not compare it"
			}
		}
	}
	return nil, ""
}

// constrainedBy is of which kinds the names are that an issuer constrains.
func constrainedBy(issuer *x509.Certificate) (tags []int) {
	type subtree struct {
		Base             asn1.RawValue
		Minimum, Maximum asn1.RawValue `asn1:"optional"`
	}
	var constraints struct {
		Permitted []subtree `asn1:"optional,tag:0"`
		Excluded  []subtree `asn1:"optional,tag:1"`
	}
	_, _ = asn1.Unmarshal(extension(issuer, nameConstraints), &constraints)
	for _, it := range append(constraints.Permitted, constraints.Excluded...) {
		tags = append(tags, it.Base.Tag)
	}
	return tags
}

// isHost says whether rustls takes a name for that of a host, perhaps with a wildcard before two labels.
func isHost(name string) bool {
	rest, wildcard := strings.CutPrefix(name, "*.")
	labels := strings.Split(rest, ".")
	if len(name) > 253 || wildcard && len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		cut := strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-")
		if label == "" || len(label) > 63 || cut || strings.ContainsFunc(label, noLetterOfHosts) {
			return false
		}
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}
