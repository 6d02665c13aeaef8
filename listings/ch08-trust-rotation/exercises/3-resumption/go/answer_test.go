package answer

// What is wanted of LetIn. Each test is a check, and its comment says what has to hold.
//
// The server keeps its sessions when Root A goes, as one does whose configurations share their ticket keys.

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"testing"
	"time"

	"answer/lab"
)

// bench has a server, and a client of each root with each version of TLS.
type bench struct {
	a, b    *lab.Authority
	server  *tls.Config
	clients []*client
}

type client struct {
	// Version and root, in words.
	name   string
	isOfA  bool
	config *tls.Config
}

func begin() *bench {
	b := &bench{a: lab.Root("Root A"), b: lab.Root("Root B")}
	b.server = &tls.Config{
		Certificates: []tls.Certificate{b.b.Leaf(x509.ExtKeyUsageServerAuth)},
		ClientAuth:   tls.RequireAnyClientCert,
	}
	for name, authority := range map[string]*lab.Authority{"Root A": b.a, "Root B": b.b} {
		leaf := authority.Leaf(x509.ExtKeyUsageClientAuth)
		for version, words := range map[uint16]string{tls.VersionTLS12: "1.2", tls.VersionTLS13: "1.3"} {
			config := b.config(leaf)
			config.MaxVersion = version
			b.clients = append(b.clients, &client{fmt.Sprintf("of %s, with TLS %s", name, words), authority == b.a, config})
		}
	}
	return b
}

func (b *bench) config(shows ...tls.Certificate) *tls.Config {
	return &tls.Config{RootCAs: lab.Pool(b.b), ServerName: "localhost", Certificates: shows, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
}

// first and again are the server's ends of handshakes that TLS found nothing against.
func (b *bench) first(client *client) tls.ConnectionState { return b.call(client, false) }
func (b *bench) again(client *client) tls.ConnectionState { return b.call(client, true) }

func (b *bench) call(client *client, resumed bool) tls.ConnectionState {
	state := lab.Must(lab.Call(b.server, client.config))
	if state.DidResume != resumed {
		panic(fmt.Sprintf("the bench itself, %s: resumed is %v", client.name, state.DidResume))
	}
	return state
}

// Clients of a root in force are let in, at their first call and when they resume.
func TestClientsOfARootInForceAreLetIn(t *testing.T) {
	defer stop(t)
	b := begin()
	for _, client := range b.clients {
		for _, state := range []tls.ConnectionState{b.first(client), b.again(client)} {
			if err := LetIn(state, lab.Pool(b.a, b.b), time.Now()); err != nil {
				kind := map[bool]string{false: "full", true: "resumed"}[state.DidResume]
				t.Fatalf("Both roots are in force, and a client %s was refused after a %s handshake: %v. What the client showed is a chain: its leaf, and the intermediates by which that leads to a root. `VerifiedChains` is what Go has verified, and this server leaves that to you. And `Verify` asks for a server's certificate, unless it is told otherwise.", client.name, kind, err)
			}
		}
		if client.isOfA {
			continue
		}
		if err := LetIn(b.again(client), lab.Pool(b.b), time.Now()); err != nil {
			t.Fatalf("Root A was removed, and a client %s resumed its session and was refused: %v. Its own root is in force.", client.name, err)
		}
	}
	// An authority with a level more.
	longer := &client{config: b.config(b.b.LongerLeaf(x509.ExtKeyUsageClientAuth))}
	for _, state := range []tls.ConnectionState{b.first(longer), b.again(longer)} {
		if err := LetIn(state, lab.Pool(b.b), time.Now()); err != nil {
			kind := map[bool]string{false: "full", true: "resumed"}[state.DidResume]
			t.Fatalf("A client showed a leaf and two intermediates, and was refused after a %s handshake: %v. A chain has as many intermediates as its authority has levels: `Verify` needs all of them.", kind, err)
		}
	}
}

// A session that began under a removed root is refused.
func TestASessionOfARemovedRootIsRefused(t *testing.T) {
	defer stop(t)
	b := begin()
	for _, client := range b.clients {
		b.first(client)
		if client.isOfA && LetIn(b.again(client), lab.Pool(b.b), time.Now()) == nil {
			t.Fatalf("A client %s, was let in yesterday. Root A has been removed, the client resumed its session, and it was let in again. TLS asks no client that resumes for its certificate. Only this function looks at it.", client.name)
		}
	}
	// All roots were removed, as when a whole authority has to go.
	for _, client := range b.clients {
		if LetIn(b.again(client), x509.NewCertPool(), time.Now()) == nil {
			t.Fatalf("The last root was removed, and a client %s, resumed its session: it was let in. No root in force means that no client is let in. It does not mean that nothing has to be verified.", client.name)
		}
	}
	// Of these, one is a client of an authority that the host trusts, as it does those of public servers.
	public := &client{config: b.config(lab.OfTheHost().Leaf(x509.ExtKeyUsageClientAuth))}
	b.first(public)
	state := b.again(public)
	for _, inForce := range []*x509.CertPool{x509.NewCertPool(), lab.Pool(b.b)} {
		if LetIn(state, inForce, time.Now()) == nil {
			t.Fatal("A client whose certificate is of an authority that the host trusts, and that was never in force here, was let in. Where `Roots` is `nil`, `Verify` takes the host's roots, and these are roots of public authorities, which issue certificates to anybody. Pass on `roots` as it is: an empty pool lets no client in, and `nil` lets in all clients of those.")
		}
	}
	// Its name is that of a root in force.
	other := lab.NewAuthority("Root B")
	stranger := &client{"of another root of the same name", true, b.config(other.Leaf(x509.ExtKeyUsageClientAuth))}
	b.first(stranger)
	if LetIn(b.again(stranger), lab.Pool(b.b), time.Now()) == nil {
		t.Fatal("A root was replaced by one of the same name, and a client of the one before was let in. Names prove nothing: what proves is a signature, and `Verify` looks at it.")
	}
}

// A full handshake that began before the removal is refused when it is complete.
func TestAHandshakeThatBeganBeforeTheRemovalIsRefused(t *testing.T) {
	defer stop(t)
	b := begin()
	for _, client := range b.clients {
		if client.isOfA && LetIn(b.first(client), lab.Pool(b.b), time.Now()) == nil {
			t.Fatalf("A client %s, made a full handshake. While it was under way, Root A was removed, and the client was let in by the roots of before: nothing will ask again while the connection lasts.", client.name)
		}
	}
	// A server that lets TLS verify its clients, by both roots.
	b.server.ClientAuth, b.server.ClientCAs = tls.RequireAndVerifyClientCert, lab.Pool(b.a, b.b)
	for _, client := range b.clients {
		if !client.isOfA {
			continue
		}
		client.config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		for _, state := range []tls.ConnectionState{b.first(client), b.again(client)} {
			if LetIn(state, lab.Pool(b.b), time.Now()) == nil {
				kind := map[bool]string{false: "full", true: "resumed"}[state.DidResume]
				t.Fatalf("A client %s, made a %s handshake, in which TLS has verified it by the roots of before. Root A was removed meanwhile, and the client was let in. `VerifiedChains` says what was verified then: ask by the roots that are in force now.", client.name, kind)
			}
		}
	}
}

// A session does not outlive the client's certificate.
func TestASessionDoesNotOutliveItsCertificate(t *testing.T) {
	defer stop(t)
	b := begin()
	for _, client := range b.clients {
		b.first(client)
		for _, over := range []struct {
			ago  time.Duration
			when string
		}{{time.Hour, "an hour ago"}, {time.Minute, "a minute ago"}} {
			if LetIn(b.again(client), lab.Pool(b.a, b.b), time.Now().Add(time.Hour+over.ago)) == nil {
				t.Fatalf("A client %s, resumed its session. By `now`, its certificate ended %s, and it was let in. This server leaves the dates to you as well. Without `CurrentTime`, `Verify` asks the clock of the process. A certificate has no days or minutes of grace: ask by `now`, and by no other time.", client.name, over.when)
			}
		}
		if LetIn(b.again(client), lab.Pool(b.a, b.b), time.Now().Add(-24*time.Hour)) == nil {
			t.Fatalf("A client %s, resumed its session. By `now`, its certificate begins tomorrow, and it was let in. A certificate has two dates, and what `Verify` says of either is an answer: return it, whichever error it is.", client.name)
		}
	}
}

// aChainEndsWithItsFirst: an intermediate ends before the leaf does.
func aChainEndsWithItsFirst(t *testing.T) {
	b := begin()
	aging := &client{config: b.config(b.b.AgingLeaf(x509.ExtKeyUsageClientAuth))}
	b.first(aging)
	state := b.again(aging)
	before, after := LetIn(state, lab.Pool(b.b), time.Now()), LetIn(state, lab.Pool(b.b), time.Now().Add(45*time.Minute))
	if before != nil || after == nil {
		t.Fatalf("A client resumed its session, and was let in (%v). The leaf of its chain is valid for an hour, and an intermediate for half of that. After 45 minutes it was judged again: %v. All of a chain has to be valid at the time of now, which is for `Verify` to ask: by `CurrentTime`, and by no date of the leaf alone.", before, after)
	}
}

// aCertificateForServersLetsNobodyIn: it was issued for another use.
func aCertificateForServersLetsNobodyIn(t *testing.T) {
	b := begin()
	shows := &client{config: b.config(b.b.Leaf(x509.ExtKeyUsageServerAuth))}
	for _, state := range []tls.ConnectionState{b.first(shows), b.again(shows)} {
		if LetIn(state, lab.Pool(b.b), time.Now()) == nil {
			kind := map[bool]string{false: "full", true: "resumed"}[state.DidResume]
			t.Fatalf("A client showed a certificate that its authority, whose root is in force, issued for a server. After a %s handshake it was let in. The key of a server makes no client: `KeyUsages` says for what a certificate has to be issued, and `ExtKeyUsageAny` asks for nothing.", kind)
		}
	}
}

// Without a certificate no client is let in.
func TestWithoutACertificateNobodyIsLetIn(t *testing.T) {
	defer stop(t)
	b := begin()
	// As after a reload from the library's defaults.
	b.server.ClientAuth = tls.NoClientCert
	state := lab.Must(lab.Call(b.server, b.config()))
	defer func() {
		if said := recover(); said != nil {
			t.Fatalf("A reload has built a configuration that asks no client for a certificate. A client that showed no certificate called, and `LetIn` panicked: %v. Look how many there are before you take the first.", said)
		}
	}()
	if LetIn(state, lab.Pool(b.a, b.b), time.Now()) == nil {
		t.Fatal("A reload has built a configuration that asks no client for a certificate. A client that showed no certificate called, and it was let in. Nothing was wrong with its certificate because there was none.")
	}
	aCertificateForServersLetsNobodyIn(t)
}

// What was decided once is asked again when roots have changed.
func TestWhatWasDecidedIsAskedAgain(t *testing.T) {
	defer stop(t)
	b := begin()
	for _, client := range b.clients {
		if !client.isOfA {
			continue
		}
		state := b.first(client)
		both := lab.Pool(b.a, b.b)
		before := LetIn(state, both, time.Now())
		after := LetIn(state, lab.Pool(b.b), time.Now())
		if before != nil || after == nil {
			t.Fatalf("A client %s, was let in while both roots were in force (%v). Then Root A was removed, and the same client was judged again: %v. An answer that is remembered by the certificate is the answer of before: the roots belong to the question.", client.name, before, after)
		}
		if LetIn(state, both, time.Now().Add(2*time.Hour)) == nil {
			t.Fatalf("A client %s, was let in while both roots were in force. Then two hours passed, and its certificate had ended: the same client was judged again, and was let in. An answer that is remembered is of its question, and so of that time.", client.name)
		}
	}
	aChainEndsWithItsFirst(t)
}

// stop turns a panic of the answer into a failure of this check alone.
func stop(t *testing.T) {
	if said := recover(); said != nil {
		t.Fatal(lab.Panicked(said))
	}
}
