package answer

// What is wanted of ServerConfig. Each test is a check, and its comment says what has to hold.

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"
)

// authorities are the public one of the server, and the private one of its clients.
var authorities = sync.OnceValues(func() (public, private *authority) {
	return newAuthority("Public Root"), newAuthority("Private Root")
})

// given is what a server is given that shows a leaf of this authority.
func given(own *authority) Given {
	public, private := authorities()
	return Given{Own: own.leaf(x509.ExtKeyUsageServerAuth), OwnRoots: pool(public), ClientRoots: pool(private)}
}

// server shows a leaf of the public authority.
func server(t *testing.T) *tls.Config {
	public, _ := authorities()
	config, err := ServerConfig(given(public))
	if err != nil || config == nil {
		t.Fatalf("The server's own chain leads to the public root, which its clients hold, and `ServerConfig` returned: %v. It is clients who judge this chain, by `OwnRoots`; the roots for clients are not asked.", err)
	}
	return config
}

// letIn says whether a client that trusts the public root and shows these certificates gets in.
func letIn(config *tls.Config, shows ...tls.Certificate) error {
	public, _ := authorities()
	// It shows what it has, whatever it is asked for.
	shown := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if len(shows) == 0 {
			return &tls.Certificate{}, nil
		}
		return &shows[0], nil
	}
	_, err := call(config, &tls.Config{RootCAs: pool(public), ServerName: "localhost", GetClientCertificate: shown})
	return err
}

// The server shows its chain of the public authority, and a client of the private one gets in.
func TestAnOwnChainOfThePublicAuthorityIsServed(t *testing.T) {
	defer stop(t)
	_, private := authorities()
	if err := letIn(server(t), private.leaf(x509.ExtKeyUsageClientAuth)); err != nil {
		t.Fatalf("A client with a certificate of the private authority called, and the handshake failed: %v. It is one of those that `ClientRoots` are there for. A server judges its clients by `ClientCAs`, and where that is nil, by the roots of the host; `RootCAs` is for clients.", err)
	}
}

// A client without a certificate stays out.
func TestAClientWithoutACertificateStaysOut(t *testing.T) {
	defer stop(t)
	if letIn(server(t)) == nil {
		t.Fatal("A client with no certificate at all got in. A server that judges its clients has to ask each for a certificate, and to end the handshake where none comes. `ClientCAs` alone asks nobody: `ClientAuth` does.")
	}
}

// A certificate of the server's own, public authority lets nobody in.
func TestACertificateOfThePublicAuthorityLetsNobodyIn(t *testing.T) {
	defer stop(t)
	public, _ := authorities()
	if letIn(server(t), public.leaf(x509.ExtKeyUsageClientAuth)) == nil {
		t.Fatal("A stranger got in with a certificate of the public authority. Anybody can get one. The public root has to be among the roots by which the server's own chain is checked, and not among those by which clients are let in: two lists, for two questions.")
	}
}

// A certificate of an unknown authority lets nobody in.
func TestACertificateOfAnUnknownAuthorityLetsNobodyIn(t *testing.T) {
	defer stop(t)
	if letIn(server(t), newAuthority("Private Root").leaf(x509.ExtKeyUsageClientAuth)) == nil {
		t.Fatal("A stranger got in with a certificate of an authority that is in neither list.")
	}
}

// An own chain that clients would reject is refused, and no client meets it.
func TestAnOwnChainThatClientsRejectIsRefused(t *testing.T) {
	defer stop(t)
	_, private := authorities()
	if _, err := ServerConfig(given(private)); err == nil {
		t.Fatal("The server was given a chain of the private authority for itself. Its clients hold the public root, so every client fails, and `ServerConfig` accepted it. Checked by `OwnRoots`, it is an error for the operator instead, and what was served before can go on.")
	}
}

// authority has a root and an intermediate of its own.
type authority struct {
	root, between *x509.Certificate
	signer        *ecdsa.PrivateKey
}

func newAuthority(name string) *authority {
	key, signer := newKey(), newKey()
	root := sign(template(name), nil, key, key)
	between := sign(template(name+", intermediate"), root, signer, key)
	return &authority{root: root, between: between, signer: signer}
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
}

// leaf is valid for an hour, for this use.
func (a *authority) leaf(use x509.ExtKeyUsage) tls.Certificate {
	key := newKey()
	template := &x509.Certificate{DNSNames: []string{"localhost"}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{use}}
	leaf := sign(template, a.between, key, a.signer)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw, a.between.Raw}, PrivateKey: key}
}

func sign(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
	template.SerialNumber, _ = rand.Int(rand.Reader, big.NewInt(1<<60))
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if parent == nil {
		parent = template
	}
	der := must(x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer))
	return must(x509.ParseCertificate(der))
}

func newKey() *ecdsa.PrivateKey {
	return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
}

func pool(authorities ...*authority) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, one := range authorities {
		pool.AddCert(one.root)
	}
	return pool
}

// call is the server's end of a connection, and why it did not come about. The client reads a byte, and the tickets before it.
func call(server, client *tls.Config) (tls.ConnectionState, error) {
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	defer listener.Close()
	near := must(net.Dial("tcp", listener.Addr().String()))
	defer near.Close()
	far := must(listener.Accept())
	defer far.Close()
	bound := time.Now().Add(30 * time.Second)
	_, _ = near.SetDeadline(bound), far.SetDeadline(bound)
	done := make(chan struct{})
	go func() {
		defer close(done)
		stream := tls.Client(near, client)
		_, _ = stream.Read(make([]byte, 1))
	}()
	stream := tls.Server(far, server)
	err := stream.Handshake()
	if err == nil {
		_, err = stream.Write([]byte{1})
	}
	if err != nil {
		far.Close()
	}
	<-done
	return stream.ConnectionState(), err
}

// stop turns a panic of the answer into a failure of this check alone.
func stop(t *testing.T) {
	if said := recover(); said != nil {
		t.Fatal(said)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
