package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// How long a test waits for one thing before it gives up. A bound, never a pause.
const bound = 30 * time.Second

// authority issues leaves and writes them, certificate first.
type authority struct {
	t           *testing.T
	source      Source
	root        *x509.Certificate
	key         *ecdsa.PrivateKey
	trust       *x509.CertPool
	next        int64
	certificate []byte
	private     []byte
}

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func newAuthority(t *testing.T) *authority {
	directory := t.TempDir()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Lab Root"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	root := must[*x509.Certificate](t)(x509.ParseCertificate(der))
	a := &authority{t: t, root: root, key: key, trust: x509.NewCertPool(), next: 0x1001, source: Source{
		Certificate: filepath.Join(directory, "tls.crt"),
		Key:         filepath.Join(directory, "tls.key"),
		Roots:       filepath.Join(directory, "ca.crt"),
		Name:        "localhost",
	}}
	a.trust.AddCert(root)
	a.write(a.source.Roots, encode("CERTIFICATE", der), 0o644)
	return a
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func (a *authority) issue() string {
	key := must[*ecdsa.PrivateKey](a.t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.next), DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	a.next++
	der := must[[]byte](a.t)(x509.CreateCertificate(rand.Reader, template, a.root, &key.PublicKey, a.key))
	private := must[[]byte](a.t)(x509.MarshalPKCS8PrivateKey(key))
	a.certificate, a.private = encode("CERTIFICATE", der), encode("PRIVATE KEY", private)
	return template.SerialNumber.Text(16)
}

// write replaces a file by a rename.
func (a *authority) write(path string, data []byte, mode os.FileMode) {
	a.t.Helper()
	if err := os.WriteFile(path+".new", data, mode); err != nil {
		a.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		a.t.Fatal(err)
	}
}

func (a *authority) rotate() string {
	serial := a.issue()
	a.write(a.source.Certificate, a.certificate, 0o644)
	a.write(a.source.Key, a.private, 0o600)
	return serial
}

func (a *authority) date(modified time.Time) {
	a.t.Helper()
	if err := os.Chtimes(a.source.Certificate, modified, modified); err != nil {
		a.t.Fatal(err)
	}
}

func (a *authority) modified() time.Time {
	return must[os.FileInfo](a.t)(os.Stat(a.source.Certificate)).ModTime()
}

// handshake completes one in memory, reads a byte so that tickets arrive, and tells what the
// client holds.
func handshake(server, client *tls.Config) (serial string, resumed bool, err error) {
	near, far := net.Pipe()
	defer near.Close()
	go func() {
		defer far.Close()
		stream := tls.Server(&asking{Conn: far}, server)
		if stream.Handshake() == nil {
			_, _ = converse(stream)
		}
	}()
	_ = near.SetDeadline(time.Now().Add(bound))
	stream := tls.Client(near, client)
	if err := stream.Handshake(); err != nil {
		return "", false, err
	}
	if _, err := stream.Write([]byte{0, 0, 0, 1}); err != nil {
		return "", false, err
	}
	if _, err := stream.Read(make([]byte, 1)); err != nil {
		return "", false, err
	}
	state := stream.ConnectionState()
	return state.PeerCertificates[0].SerialNumber.Text(16), state.DidResume, nil
}

func (a *authority) client() *tls.Config {
	return &tls.Config{RootCAs: a.trust, ServerName: "localhost"}
}
