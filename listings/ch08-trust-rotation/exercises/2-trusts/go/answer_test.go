package answer

// What is wanted of ServerConfig. Each test is a check, and its comment says what has to hold.

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"answer/lab"
)

// authorities are the public one of the server, and the private one of its clients.
func authorities() (public, private *lab.Authority) {
	return lab.Root("Public Root"), lab.Root("Private Root")
}

// given is what a server is given that shows a leaf of this authority.
func given(own *lab.Authority) Given {
	public, private := authorities()
	return Given{Own: own.Leaf(x509.ExtKeyUsageServerAuth), OwnRoots: lab.Pool(public), ClientRoots: lab.Pool(private)}
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
	_, err := lab.Call(config, &tls.Config{RootCAs: lab.Pool(public), ServerName: "localhost", GetClientCertificate: shown})
	return err
}

// The server shows its chain of the public authority, and a client of the private one gets in.
func TestAnOwnChainOfThePublicAuthorityIsServed(t *testing.T) {
	defer stop(t)
	_, private := authorities()
	own := private.Leaf(x509.ExtKeyUsageClientAuth)
	if err := letIn(server(t), own); err != nil {
		t.Fatalf("A client with a certificate of the private authority called, and the handshake failed: %v. It is one of those that `ClientRoots` are there for. A server judges its clients by `ClientCAs`, and where that is nil, by the roots of the host; `RootCAs` is for clients.", err)
	}
	// As one does that calls an address.
	shown := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil }
	if _, err := lab.Call(server(t), &tls.Config{InsecureSkipVerify: true, GetClientCertificate: shown}); err != nil {
		t.Fatalf("A client of the private authority sent no server name, and the handshake failed: %v. There is one pair, and no name to choose it by: `Certificates` shows it to every client.", err)
	}
}

// A client without a certificate stays out.
func TestAClientWithoutACertificateStaysOut(t *testing.T) {
	defer stop(t)
	if letIn(server(t)) == nil {
		t.Fatal("A client with no certificate at all got in. A server that judges its clients has to ask each for a certificate, and to end the handshake where none comes. `ClientCAs` alone asks no client: `ClientAuth` does.")
	}
}

// A certificate of the server's own, public authority lets no client in.
func TestACertificateOfThePublicAuthorityLetsNobodyIn(t *testing.T) {
	defer stop(t)
	public, _ := authorities()
	if letIn(server(t), public.Leaf(x509.ExtKeyUsageClientAuth)) == nil {
		t.Fatal("A stranger got in with a certificate of the public authority. Any stranger can get one. The public root has to be among the roots by which the server's own chain is checked, and not among those by which clients are let in: two lists, for two questions.")
	}
}

// A certificate of an unknown authority lets no client in.
func TestACertificateOfAnUnknownAuthorityLetsNobodyIn(t *testing.T) {
	defer stop(t)
	if letIn(server(t), lab.NewAuthority("Private Root").Leaf(x509.ExtKeyUsageClientAuth)) == nil {
		t.Fatal("A stranger got in with a certificate of an authority that is in neither list.")
	}
	aCertificateForServersLetsNobodyIn(t)
}

// aCertificateForServersLetsNobodyIn: it was issued for another use.
func aCertificateForServersLetsNobodyIn(t *testing.T) {
	_, private := authorities()
	if letIn(server(t), private.Leaf(x509.ExtKeyUsageServerAuth)) == nil {
		t.Fatal("A client showed a certificate that the private authority issued for a server, and got in. The key of a server makes no client. Go asks for a client's where it verifies by itself; `Verify` has to be told by `KeyUsages`.")
	}
}

// An own chain that clients would reject is refused, and no client meets it.
func TestAnOwnChainThatClientsRejectIsRefused(t *testing.T) {
	defer stop(t)
	_, private := authorities()
	if _, err := ServerConfig(given(private)); err == nil {
		t.Fatal("The server was given a chain of the private authority for itself. Its clients hold the public root, so every client fails, and `ServerConfig` accepted it. Checked by `OwnRoots`, it is an error for the operator instead, and what was served before can go on.")
	}
	public, _ := authorities()
	for what, own := range map[string]tls.Certificate{
		"is valid from tomorrow":                      public.LeafOf("localhost", 24*time.Hour),
		"is for another name than that of the server": public.LeafOf("other.example.com", -time.Hour),
	} {
		given := given(public)
		given.Own = own
		if _, err := ServerConfig(given); err == nil {
			t.Fatalf("The server was given a chain of the public authority for itself, which %s, and `ServerConfig` accepted it. Every client fails. Clients ask for more than the authority: return what `AcceptedByClients` says, whatever that is.", what)
		}
	}
}

// Without roots on either side there is no configuration.
func TestWithoutARootThereIsNoConfiguration(t *testing.T) {
	defer stop(t)
	server(t)
	public, _ := authorities()
	for _, none := range []*x509.CertPool{nil, x509.NewCertPool()} {
		clients, own := given(public), given(public)
		clients.ClientRoots, own.OwnRoots = none, none
		if config, err := ServerConfig(clients); err == nil && config != nil {
			t.Fatal("`ClientRoots` has no root: the file was empty, perhaps. `ServerConfig` returned a configuration in place of an error. With no root no client can be judged; and where the pool is nil, Go judges clients by the roots of the host, which are public ones.")
		}
		if config, err := ServerConfig(own); err == nil && config != nil {
			t.Fatal("`OwnRoots` has no root, and `ServerConfig` returned a configuration in place of an error. Whether clients accept the own chain cannot be told, and unchecked is not accepted.")
		}
	}
}

// stop turns a panic of the answer into a failure of this check alone.
func stop(t *testing.T) {
	if said := recover(); said != nil {
		t.Fatal(lab.Panicked(said))
	}
}
