package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"testing"
	"time"
)

// Go has three ways in which two configurations share the keys of their tickets, so that a session
// which was begun under one is offered to the other. The server's pair is ours; clients are judged
// by the pool.
var sharing = map[string]func(server *tls.Config) func(pool *x509.CertPool) *tls.Config{
	// ANCHOR: sharing
	// Clone copies the keys that Go made by itself.
	"Clone": func(server *tls.Config) func(*x509.CertPool) *tls.Config {
		return func(pool *x509.CertPool) *tls.Config {
			next := server.Clone()
			next.ClientCAs = pool
			return next
		}
	},
	// A configuration without keys of its own is given those of the one that asks for it.
	"GetConfigForClient": func(server *tls.Config) func(*x509.CertPool) *tls.Config {
		var pool *x509.CertPool
		front := &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return &tls.Config{GetCertificate: server.GetCertificate,
				ClientAuth: server.ClientAuth, ClientCAs: pool}, nil
		}}
		return func(next *x509.CertPool) *tls.Config {
			pool = next
			return front
		}
	},
	// Keys that are set are the application's to change.
	"SetSessionTicketKeys": func(server *tls.Config) func(*x509.CertPool) *tls.Config {
		keys := [][32]byte{{1}}
		return func(pool *x509.CertPool) *tls.Config {
			next := &tls.Config{GetCertificate: server.GetCertificate,
				ClientAuth: server.ClientAuth, ClientCAs: pool}
			next.SetSessionTicketKeys(keys)
			return next
		}
	},
	// ANCHOR_END: sharing
}

// mutual is a server that asks for certificates, and a returning client that has one.
func mutual(t *testing.T) (ours *authority, server, client *tls.Config) {
	ours = newAuthority(t)
	ours.rotate()
	store := must[*IdentityStore](t)(Start(ours.source))
	server = &tls.Config{GetCertificate: store.GetCertificate,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ours.trust}
	// Until a server has served once, it has no keys that a clone could copy.
	if _, _, err := handshake(server, ours.client()); err == nil {
		t.Fatal("a client without a certificate was let in")
	}
	ours.issue()
	client = ours.client()
	pair := must[tls.Certificate](t)(tls.X509KeyPair(ours.certificate, ours.private))
	client.Certificates = []tls.Certificate{pair}
	client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	return ours, server, client
}

func eachVersion(t *testing.T, test func(t *testing.T, version uint16)) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) { test(t, version) })
	}
}

// Each way is open, and what stands in it is a check of the roots at resumption: Go has it since 1.24.13
// and 1.25.7. Before, all three let in a client of an authority that was removed.
func TestASessionOfARemovedAuthorityIsNotResumed(t *testing.T) {
	for way, share := range sharing {
		t.Run(way, func(t *testing.T) {
			eachVersion(t, func(t *testing.T, version uint16) {
				ours, server, client := mutual(t)
				client.MaxVersion = version
				trusting := share(server)
				if _, resumed, err := handshake(trusting(ours.trust), client); resumed || err != nil {
					t.Fatal("first", resumed, err)
				}
				theirs := newAuthority(t)
				both := ours.trust.Clone()
				both.AddCert(theirs.root)
				if _, resumed, err := handshake(trusting(both), client); !resumed || err != nil {
					t.Fatal("with one authority more: ", resumed, err)
				}
				if _, resumed, err := handshake(trusting(theirs.trust), client); err == nil {
					t.Fatal("let in by an authority that was removed; resumed: ", resumed)
				}
			})
		})
	}
}

// What is asked again is whether the root is trusted, and the dates. A policy of the application's own
// is asked in VerifyConnection, and in VerifyPeerCertificate it is not.
func TestAPolicyOnResumptionIsAskedInVerifyConnectionAlone(t *testing.T) {
	refuse := errors.New("on the list of revoked certificates")
	for _, asked := range []bool{false, true} {
		eachVersion(t, func(t *testing.T, version uint16) {
			ours, server, client := mutual(t)
			client.MaxVersion = version
			next := sharing["Clone"](server)(ours.trust)
			next.VerifyPeerCertificate = func([][]byte, [][]*x509.Certificate) error { return refuse }
			if asked {
				next.VerifyConnection = func(tls.ConnectionState) error { return refuse }
			}
			if _, _, err := handshake(server, client); err != nil {
				t.Fatal(err)
			}
			if _, resumed, err := handshake(next, client); asked == (err == nil) || resumed == asked {
				t.Fatal(resumed, err)
			}
		})
	}
}

// A client whose certificate has expired since is asked for one again, and has none that is valid.
func TestASessionEndsWithTheClientsCertificate(t *testing.T) {
	eachVersion(t, func(t *testing.T, version uint16) {
		_, server, client := mutual(t)
		client.MaxVersion = version
		for range 2 {
			if _, _, err := handshake(server, client); err != nil {
				t.Fatal(err)
			}
		}
		// The root is of the same hour: the clone's clock is past both.
		later := server.Clone()
		later.Time = func() time.Time { return time.Now().Add(2 * time.Hour) }
		if _, resumed, err := handshake(later, client); err == nil {
			t.Fatal("an expired certificate was let in; resumed: ", resumed)
		}
	})
}

// Go's own client looks, too: it drops a session whose leaf has expired, or whose root it no longer
// trusts, and makes a full handshake.
func TestGosClientDropsASessionThatItCouldNotBegin(t *testing.T) {
	eachVersion(t, func(t *testing.T, version uint16) {
		a := newAuthority(t)
		short := a.issueFor(time.Now().Add(-time.Minute), time.Now().Add(time.Minute))
		a.writeBoth()
		store := must[*IdentityStore](t)(Start(a.source))
		server := &tls.Config{GetCertificate: store.GetCertificate}
		client := a.client()
		client.MaxVersion = version
		client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		for _, again := range []bool{false, true} {
			if serial, resumed, err := handshake(server, client); serial != short || resumed != again || err != nil {
				t.Fatal(serial, resumed, err)
			}
		}
		stranger := client.Clone()
		stranger.RootCAs = newAuthority(t).trust
		if _, resumed, err := handshake(server, stranger); err == nil {
			t.Fatal("a server of an authority that was removed; resumed: ", resumed)
		}

		if _, _, err := handshake(server, client); err != nil {
			t.Fatal(err)
		}
		next := a.rotate()
		if err := store.Reload(); err != nil {
			t.Fatal(err)
		}
		later := client.Clone()
		later.Time = func() time.Time { return time.Now().Add(2 * time.Minute) }
		if serial, resumed, err := handshake(server, later); serial != next || resumed || err != nil {
			t.Fatal(serial, resumed, err)
		}
	})
}

// With TLS 1.2 a session ends seven days after the handshake with which it began. With TLS 1.3 each
// resumption begins those days anew.
func TestOnlySessionsOfTLS12EndAfterAWeek(t *testing.T) {
	eachVersion(t, func(t *testing.T, version uint16) {
		ours := newAuthority(t)
		ours.rotate()
		store := must[*IdentityStore](t)(Start(ours.source))
		days := 0
		server := &tls.Config{GetCertificate: store.GetCertificate,
			Time: func() time.Time { return time.Now().AddDate(0, 0, days) }}
		client := ours.client()
		client.MaxVersion = version
		client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		for _, days = range []int{0, 4, 8} {
			resumes := days == 4 || days == 8 && version == tls.VersionTLS13
			if _, resumed, err := handshake(server, client); resumed != resumes || err != nil {
				t.Fatalf("on day %d: resumed %v, %v", days, resumed, err)
			}
		}
	})
}
