package main

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
)

// Source says where an identity is read from, and the name it must be valid for.
type Source struct {
	Certificate, Key, Roots, Name string
}

// Identity is a chain and its key, checked. Immutable.
type Identity struct {
	Pair        tls.Certificate
	Serial      string
	NotAfter    string
	ChainSHA256 string
}

// Rejected says which file was not accepted, and why, in a word of a closed set.
type Rejected struct {
	Reason, File, Detail string
}

func (r *Rejected) Error() string {
	return fmt.Sprintf("%s: %s: %s", r.File, r.Reason, r.Detail)
}

// Read reads the files of source, and validates them as a peer would.
func Read(source Source) (*Identity, error) {
	certificate, err := readFile(source.Certificate)
	if err != nil {
		return nil, err
	}
	// One file for both is read once, so that its two halves are of one generation.
	private := certificate
	if source.Key != source.Certificate {
		if private, err = readFile(source.Key); err != nil {
			return nil, err
		}
	}
	chain, err := certificates(certificate, source.Certificate)
	if err != nil {
		return nil, err
	}
	key, err := privateKey(private, source.Key)
	if err != nil {
		return nil, err
	}
	leaf := chain[0]
	public, comparable := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !comparable || !public.Equal(leaf.PublicKey) {
		return nil, &Rejected{"pair_mismatch", source.Key, "the key belongs to another certificate"}
	}
	if err := validateAsPeer(source, chain); err != nil {
		return nil, err
	}

	pair := tls.Certificate{PrivateKey: key, Leaf: leaf}
	sum := sha256.New()
	for _, certificate := range chain {
		pair.Certificate = append(pair.Certificate, certificate.Raw)
		sum.Write(certificate.Raw)
	}
	return &Identity{
		Pair:        pair,
		Serial:      leaf.SerialNumber.Text(16),
		NotAfter:    leaf.NotAfter.UTC().Format(time.RFC3339),
		ChainSHA256: hex.EncodeToString(sum.Sum(nil)),
	}, nil
}

// validateAsPeer runs the verification that clients run, with the trust anchors that they hold.
func validateAsPeer(source Source, chain []*x509.Certificate) error {
	file, err := readFile(source.Roots)
	if err != nil {
		return err
	}
	anchors, err := certificates(file, source.Roots)
	if err != nil {
		return err
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for _, anchor := range anchors {
		roots.AddCert(anchor)
	}
	for _, intermediate := range chain[1:] {
		intermediates.AddCert(intermediate)
	}
	now := time.Now()
	options := x509.VerifyOptions{
		DNSName: source.Name, Roots: roots, Intermediates: intermediates, CurrentTime: now,
	}
	_, err = chain[0].Verify(options)
	var name x509.HostnameError
	switch {
	case err == nil:
		return nil
	case now.Before(chain[0].NotBefore):
		return &Rejected{"not_yet_valid", source.Certificate, err.Error()}
	case now.After(chain[0].NotAfter):
		return &Rejected{"expired", source.Certificate, err.Error()}
	case errors.As(err, &name):
		return &Rejected{"name_lost", source.Certificate, err.Error()}
	default:
		return &Rejected{"chain_broken", source.Certificate, err.Error()}
	}
}

func readFile(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	switch {
	case err == nil:
		return data, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Rejected{"missing", path, err.Error()}
	default:
		return nil, &Rejected{"unreadable", path, err.Error()}
	}
}

// blocks returns every PEM block of one kind. pem.Decode passes over a block that has no end, and
// over one that does not parse, without a word; so the blocks that begin are counted.
func blocks(data []byte, path string, wanted func(kind string) bool) ([]*pem.Block, error) {
	begun := bytes.Count(data, []byte("-----BEGIN "))
	if begun > bytes.Count(data, []byte("\n-----END ")) {
		return nil, &Rejected{"truncated", path, "a PEM block has no end"}
	}
	var found []*pem.Block
	decoded := 0
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		decoded++
		if wanted(block.Type) {
			found = append(found, block)
		}
		data = rest
	}
	switch {
	case decoded < begun:
		return nil, &Rejected{"malformed", path, "a PEM block does not parse"}
	case len(found) == 0:
		return nil, &Rejected{"truncated", path, "it has no such PEM block"}
	}
	return found, nil
}

func certificates(data []byte, path string) ([]*x509.Certificate, error) {
	found, err := blocks(data, path, func(kind string) bool { return kind == "CERTIFICATE" })
	if err != nil {
		return nil, err
	}
	var chain []*x509.Certificate
	for _, block := range found {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, &Rejected{"malformed", path, err.Error()}
		}
		chain = append(chain, certificate)
	}
	return chain, nil
}

func privateKey(data []byte, path string) (crypto.Signer, error) {
	found, err := blocks(data, path, func(kind string) bool { return strings.HasSuffix(kind, "PRIVATE KEY") })
	if err != nil {
		return nil, err
	}
	der := found[0].Bytes
	for _, parse := range []func([]byte) (any, error){
		func(der []byte) (any, error) { return x509.ParsePKCS8PrivateKey(der) },
		func(der []byte) (any, error) { return x509.ParseECPrivateKey(der) },
		func(der []byte) (any, error) { return x509.ParsePKCS1PrivateKey(der) },
	} {
		if key, err := parse(der); err == nil {
			if signer, able := key.(crypto.Signer); able {
				return signer, nil
			}
		}
	}
	// The parser's words are not repeated: they might quote the key.
	return nil, &Rejected{"malformed", path, "it is not a private key"}
}
