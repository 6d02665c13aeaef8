package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Source says where an identity is read from, and the names it must be valid for.
type Source struct {
	Certificate, Key, Roots string
	Names                   []string
}

// Files are what one look at the files of a source saw.
type Files struct {
	Certificate, Key, Roots File
	Distrust                error // Why the roots were not read: a leaf can do without.
}

// Identity is a chain and its key, checked. Immutable.
type Identity struct {
	Pair        tls.Certificate
	Serial      string
	NotAfter    string
	ChainSHA256 string
	Anchors     []*x509.Certificate
	Distrust    *Rejected // Why these are not the anchors of their file, where they are not.
}

// Rejected says which file was not accepted, and why, in a word of a closed set.
type Rejected struct {
	Reason, File, Detail string
}

func (r *Rejected) Error() string {
	return fmt.Sprintf("%s: %s: %s", r.File, r.Reason, r.Detail)
}

// Look reads the files of source, each once.
func Look(source Source) (files Files, err error) {
	if files.Certificate, err = readFile(source.Certificate); err != nil {
		return files, err
	}
	// One file for both is read once, so that its two halves are of one generation.
	files.Key = files.Certificate
	if source.Key != source.Certificate {
		if files.Key, err = readFile(source.Key); err != nil {
			return files, err
		}
	}
	files.Roots, files.Distrust = readFile(source.Roots)
	return files, nil
}

// Exposed are the files that other users can read and that hold a key, or are to hold one: a key that is not
// there yet will have the mode of its file.
func (files Files) Exposed() (exposed []File) {
	groups := ownGroups()
	for at, file := range []File{files.Key, files.Certificate, files.Roots} {
		if file.Exposes(groups) && (at == 0 || file.HoldsKey() && file.Path != files.Key.Path) {
			exposed = append(exposed, file)
		}
	}
	return exposed
}

// Judge validates what was read, as a peer would. Where the anchors are not valid, those of the last identity judge it.
func Judge(source Source, files Files, last *Identity) (*Identity, error) {
	certificate, err := blocks(files.Certificate.Data, source.Certificate)
	if err != nil {
		return nil, err
	}
	private, err := blocks(files.Key.Data, source.Key)
	if err != nil {
		return nil, err
	}
	anchors, distrust, err := lasting(source, files, certificate, last)
	if err != nil {
		return nil, err
	}
	chain, err := certificates(certificate, source.Certificate, unread)
	if err != nil {
		return nil, err
	}
	if err := fits(source, chain); err != nil {
		return nil, err
	}
	key, err := privateKey(private, source.Key)
	if err != nil {
		return nil, err
	}
	if err := pair(source, key, chain); err != nil {
		return nil, err
	}
	if err := validateAsPeer(source, chain, anchors); err != nil {
		return nil, err
	}
	if err := verifiable(source, chain); err != nil {
		return nil, err
	}
	if err := numberedOnce(source, chain, anchors); err != nil {
		return nil, err
	}
	if err := asDefined(source, chain, anchors); err != nil {
		return nil, err
	}

	leaf := chain[0]
	identity := &Identity{
		Pair:     tls.Certificate{PrivateKey: key, Leaf: leaf},
		Serial:   leaf.SerialNumber.Text(16),
		NotAfter: leaf.NotAfter.UTC().Format(time.RFC3339),
		Anchors:  anchors,
		Distrust: distrust,
	}
	sum := sha256.New()
	for _, certificate := range chain {
		identity.Pair.Certificate = append(identity.Pair.Certificate, certificate.Raw)
		sum.Write(certificate.Raw)
	}
	identity.ChainSHA256 = hex.EncodeToString(sum.Sum(nil))
	return identity, nil
}

// validateAsPeer runs the verification that clients run, with the trust anchors that they hold.
func validateAsPeer(source Source, chain, anchors []*x509.Certificate) error {
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for _, anchor := range anchors {
		roots.AddCert(anchor)
	}
	for _, intermediate := range chain[1:] {
		intermediates.AddCert(intermediate)
	}
	now := time.Now()
	options := x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: now,
	}
	_, err := chain[0].Verify(options)
	for _, name := range source.Names {
		if err == nil {
			err = chain[0].VerifyHostname(name)
		}
	}
	reason, file := "chain_broken", source.Certificate
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case err == nil && chain[0].IsCA:
		err = errors.New("the first certificate is an authority's (CA): rustls clients do not take " +
			"it as a server's")
	case err == nil:
		return takenByAll(source, chain, anchors, now)
	case errors.As(err, &name):
		reason = "name_lost"
	case errors.As(err, &unknown):
		err = fmt.Errorf("%w%s", err, missing(chain, anchors))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		// Be it the leaf's, the intermediate's or the anchor's.
		reason = "expired"
		if now.Before(invalid.Cert.NotBefore) {
			reason = "not_yet_valid"
		}
		if slices.ContainsFunc(anchors, invalid.Cert.Equal) {
			file = source.Roots
		}
	}
	return &Rejected{reason, file, err.Error()}
}

// missing says at which certificate a path ends that leads to no authority.
func missing(chain, anchors []*x509.Certificate) string {
	last, all := chain[0], slices.Concat(chain[1:], anchors)
	for range all {
		at := slices.IndexFunc(all, func(it *x509.Certificate) bool { return bytes.Equal(it.RawSubject, last.RawIssuer) })
		if at < 0 {
			return fmt.Sprintf(": no certificate of %q, which has issued %q, stands in the chain or among the authorities",
				last.Issuer, last.Subject)
		}
		if last = all[at]; bytes.Equal(last.RawSubject, last.RawIssuer) {
			break
		}
	}
	if slices.ContainsFunc(anchors, last.Equal) {
		return ""
	}
	return fmt.Sprintf(": %q has issued itself, and is none of the authorities", last.Subject)
}

// certificates parses every certificate of a file, whole. A block that is none may stand behind those
// that are needed, and clients that parse all of them fail at it. What Go parses, others may leave unread.
func certificates(found []Block, path string, unread func(*x509.Certificate) string) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for at, block := range found {
		if block.Kind != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.DER)
		if err != nil {
			return nil, &Rejected{"malformed", path, fmt.Sprintf("block %d of %d: a CERTIFICATE "+
				"block holds something else than one certificate (%s)", at+1, len(found), brief(err))}
		}
		if what := unread(certificate); what != "" {
			return nil, &Rejected{"malformed", path, fmt.Sprintf("certificate %d of %d: %s", at+1, len(found), what)}
		}
		chain = append(chain, certificate)
	}
	if len(chain) == 0 {
		return nil, &Rejected{"truncated", path, lacking(found)}
	}
	return chain, nil
}

// The largest body of a Certificate message (RFC 9846) that is shown, and how many certificates: a client of Java takes
// 32,768 bytes and 10 of them, one of rustls 65,535 bytes of a handshake, OpenSSL 102,400, Go 262,144.
const largestMessage, mostCertificates = 32 << 10, 10

// verifiable refuses a chain that old clients cannot verify, or with a key that none looks at.
func verifiable(source Source, chain []*x509.Certificate) error {
	for at, certificate := range chain {
		if bits := rsaBits(certificate); bits > longest {
			return &Rejected{"malformed", source.Certificate, fmt.Sprintf("certificate %d of %d: clients of Go "+
				"take no certificate with an RSA key of %d bits, whether they need it or not", at+1, len(chain), bits)}
		}
		if name, found := mlDSA[signedWith(certificate).Algorithm.String()]; found {
			return &Rejected{"chain_broken", source.Certificate, fmt.Sprintf("certificate %d of %d is "+
				"signed with %s: clients of OpenSSL before 3.5 do not verify it", at+1, len(chain), name)}
		}
	}
	return nil
}

// numberedOnce checks that no certificate of the chain has the issuer and the serial number of another one, or of an
// authority (RFC 5280, section 4.1.2.2).
func numberedOnce(source Source, chain, anchors []*x509.Certificate) error {
	for at, one := range chain {
		for _, other := range slices.Concat(chain[at+1:], anchors) {
			same := bytes.Equal(one.RawIssuer, other.RawIssuer) && one.SerialNumber.Cmp(other.SerialNumber) == 0
			if same && !one.Equal(other) {
				return &Rejected{"chain_broken", source.Certificate, fmt.Sprintf("certificate %d of %d has the serial "+
					"number of another one of its issuer, in the chain or among the authorities: clients of NSS (Firefox) "+
					"take none of the two. Have it issued with a number of its own", at+1, len(chain))}
			}
		}
	}
	return nil
}

// fits checks that clients take the chain in one message.
func fits(source Source, chain []*x509.Certificate) error {
	length := 1 + 3
	for _, certificate := range chain {
		length += 3 + len(certificate.Raw) + 2
	}
	what := ""
	switch {
	case length > largestMessage:
		what = fmt.Sprintf("its %d certificates make a message of %d bytes, and clients take %d (Java) to 102400 (OpenSSL)",
			len(chain), length, largestMessage)
	case len(chain) > mostCertificates:
		what = fmt.Sprintf("it holds %d certificates, and clients of Java take %d", len(chain), mostCertificates)
	default:
		return nil
	}
	return &Rejected{"too_large", source.Certificate, what + ": the file holds the leaf and its intermediates alone, " +
		"no bundle of roots"}
}
