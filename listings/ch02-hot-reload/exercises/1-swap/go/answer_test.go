package answer

// What is wanted of Server. Each test is a check, and its comment says what has to hold.

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"reflect"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"answer/lab"
)

// Patience is how long a check waits for what a right answer brings at once.
var Patience = 5 * time.Second

// configuration shows a certificate with this serial number, which signs itself.
func configuration(t *testing.T, serial int64) *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		DNSNames:     []string{"localhost"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	leaf, err := x509.ParseCertificate(der)
	must(t, err)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}}}
}

// ends runs something on a goroutine of its own, and says whether it ended within Patience. A panic in it is passed on.
func ends(what func()) bool {
	done := make(chan any, 1)
	go func() {
		defer func() {
			said := recover()
			if said != nil {
				said = lab.Panicked(said)
			}
			done <- said
		}()
		what()
	}()
	select {
	case said := <-done:
		if said != nil {
			panic(said)
		}
		return true
	case <-time.After(Patience):
		return false
	}
}

// shown is the serial that a new client is shown.
func shown(server *Server) string {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	said := make(chan string, 2)
	accepts := func() {
		if _, err := server.Accept(far); err != nil {
			said <- fmt.Sprintf("nothing (the server's side of the handshake failed: %v)", err)
		}
	}
	calls := func() {
		// What is shown is the subject here, not whether it is trusted.
		client := tls.Client(near, &tls.Config{InsecureSkipVerify: true, ServerName: "localhost"})
		if err := client.Handshake(); err == nil {
			said <- fmt.Sprintf("%x", client.ConnectionState().PeerCertificates[0].SerialNumber)
		}
	}
	go calls()
	if !ends(accepts) {
		return fmt.Sprintf("nothing for %v", Patience)
	}
	select {
	case shown := <-said:
		return shown
	case <-time.After(Patience):
		return "nothing"
	}
}

// whatBecomesOfAHandshakeIsSaid: Accept returns the connection; and where there is none, an error.
func whatBecomesOfAHandshakeIsSaid(t *testing.T, server *Server) {
	gone, left := net.Pipe()
	gone.Close()
	defer left.Close()
	var connection *tls.Conn
	var err error
	if ends(func() { _, err = server.Accept(left) }) && err == nil {
		t.Fatal("A client left before its handshake was complete, and `Accept` returned no error. The caller decides what is done about that, and has to learn of it: wait for `Handshake`, and return what it returns.")
	}
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	go func() {
		_ = tls.Client(near, &tls.Config{InsecureSkipVerify: true, ServerName: "localhost"}).Handshake()
	}()
	if !ends(func() { connection, err = server.Accept(far) }) || err != nil || connection == nil || !connection.ConnectionState().HandshakeComplete {
		t.Fatalf("A client made its handshake, and `Accept` returned no connection whose handshake is complete (error: %v). Without it, the server cannot speak to this client.", err)
	}
}

// timed is a client's connection that remembers whether a limit was set on it.
type timed struct {
	net.Conn
	limited atomic.Bool
}

func (client *timed) SetDeadline(at time.Time) error {
	client.limited.Store(client.limited.Load() || !at.IsZero())
	return client.Conn.SetDeadline(at)
}

func (client *timed) SetWriteDeadline(at time.Time) error {
	client.limited.Store(client.limited.Load() || !at.IsZero())
	return client.Conn.SetWriteDeadline(at)
}

func (client *timed) SetReadDeadline(at time.Time) error {
	client.limited.Store(client.limited.Load() || !at.IsZero())
	return client.Conn.SetReadDeadline(at)
}

// silent is a client that has begun to speak, and then says nothing more. It returns when the server waits for it.
func silent(t *testing.T, server *Server) *timed {
	near, far := net.Pipe()
	client := &timed{Conn: far}
	t.Cleanup(func() { near.Close(); far.Close() })
	go func() {
		defer func() { _ = recover() }()
		_, _ = server.Accept(client)
	}()
	// A pipe keeps nothing: what was written has been read.
	if !ends(func() { _, _ = near.Write([]byte{22}) }) {
		t.Fatal("A client began its handshake, and `Accept` read nothing of it. As many as are let in at once, so many silent clients hold up all others.")
	}
	return client
}

// publishWaits says whether a swap takes any time while a client says nothing, and whether it has ended that client's handshake. The clock is the test's own.
func publishWaits(t *testing.T) (waits, ended bool) {
	// A goroutine of the server may go on forever.
	defer func() { _ = recover() }()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		server, next := New(configuration(t, 0x1001)), configuration(t, 0x1002)
		accepted, published := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(accepted)
			defer func() { _ = recover() }()
			_, _ = server.Accept(far)
		}()
		synctest.Wait()
		go func() {
			defer close(published)
			server.Publish(next)
		}()
		synctest.Wait()
		select {
		case <-published:
		default:
			waits = true
		}
		select {
		case <-accepted:
			ended = true
		default:
		}
		near.Close()
		<-accepted
		<-published
	})
	return waits, ended
}

// gaveUp says whether a handshake ends by itself within a week of silence, which passes at once: the clock is the test's own.
func gaveUp(t *testing.T) (gaveUp bool) {
	// A goroutine of the server may go on forever, which a clock of the test's own objects to at the end.
	defer func() { _ = recover() }()
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Bool
		near, far := net.Pipe()
		server, done := New(configuration(t, 0x1001)), make(chan struct{})
		go func() {
			defer close(done)
			defer func() { _ = recover() }()
			_, _ = server.Accept(far)
			ended.Store(true)
		}()
		time.Sleep(7 * 24 * time.Hour)
		synctest.Wait()
		gaveUp = ended.Load()
		near.Close()
		<-done
	})
	return gaveUp
}

// After the swap, a new client is shown the new certificate.
func TestANewClientIsShownTheNewCertificate(t *testing.T) {
	defer stop(t)
	first, next := configuration(t, 0x1001), configuration(t, 0x1002)
	before := first.Certificates[0].PrivateKey
	server := New(first)
	if shown := shown(server); shown != "1001" {
		t.Fatalf("Before the swap a client is shown 1001, and was shown %s.", shown)
	}
	whatWasPublishedIsInItsPlace(t)
	server.Publish(next)
	if shown := shown(server); shown != "1002" {
		t.Fatalf("1002 was published, and a new client is still shown %s. Each `Accept` has to ask what is current.", shown)
	}
	if first.Certificates[0].PrivateKey != before {
		t.Fatal("`Publish` has written into the configuration that was served before, while handshakes read it. A `tls.Config` that has been passed to a TLS function must not be modified: replace the pointer to it.")
	}
	if server.Publish(first); shown(server) != "1001" {
		t.Fatal("1002 was published, and then 1001 again, as in a rollback. A new client was not shown 1001. Each `Publish` counts, and not the first alone.")
	}
	whatBecomesOfAHandshakeIsSaid(t, server)
	allOfItIsPublished(t)
	whatServesIsNotWrittenOver(t)
	anotherServerServesItsOwn(t)
	whatWasReplacedIsLetGo(t)
}

// A client that connects and says nothing does not hold up the swap.
func TestASilentClientDoesNotHoldUpTheSwap(t *testing.T) {
	defer stop(t)
	server := New(configuration(t, 0x1001))
	silent(t, server)
	next := configuration(t, 0x1002)
	if !ends(func() { server.Publish(next) }) {
		t.Fatalf("`Publish` waited %v for a client that says nothing. Its handshake holds something that the swap needs. Take a reference to the configuration, let go of the rest, and only then wait for the client.", Patience)
	}
	waits, ended := publishWaits(t)
	if ended {
		t.Fatal("A client was in the middle of its handshake when 1002 was published, and its `Accept` has ended. That client did nothing wrong. `Publish` is about those that come from now on: a handshake in progress goes on under the configuration that it has.")
	}
	if waits {
		t.Fatal("A client says nothing, and `Publish` takes its time. What is served from now on is in its place at once. `Publish` waits for no client, neither before the swap nor after it: handshakes in progress end under the configuration that they have.")
	}
}

// Nor does it hold up other clients, before and after the swap.
func TestASilentClientDoesNotHoldUpOtherClients(t *testing.T) {
	defer stop(t)
	server := New(configuration(t, 0x1001))
	client := silent(t, server)
	next := configuration(t, 0x1002)
	ends(func() { server.Publish(next) })
	if shown := shown(server); shown != "1002" {
		t.Fatalf("While one client says nothing, 1002 was published, and another client came. It was shown %s.", shown)
	}
	for range 2000 {
		silent(t, server)
	}
	if shown := shown(server); shown != "1002" {
		t.Fatalf("Two thousand clients say nothing, and another client came. It was shown %s. As many as are let in at once, so many silent clients hold up all others.", shown)
	}
	if client.limited.Load() || gaveUp(t) {
		t.Fatal("`Accept` has set a limit for how long a client may take: by a deadline, a context that ends, or a timer. Here, a client may take as long as it likes: a limit is for the caller of `Accept` to set.")
	}
	if !lab.Orders(server) {
		t.Fatal("`Publish` and `Accept` run in goroutines of their own, and in `Server` nothing orders them: one writes what the other reads, which is a data race, though it goes well most of the time. Keep what is current in an `atomic.Pointer`, behind a lock, or with a goroutine that is asked by a channel: in `Server`, since what stands outside of it is one for all servers.")
	}
	lockIsTaken(t)
	lockIsKept(t)
}

// lockIsTaken: where a lock is all that orders goroutines, `Publish` and `Accept` wait for it.
func lockIsTaken(t *testing.T) {
	server := New(configuration(t, 0x1001))
	next := configuration(t, 0x1002)
	for _, call := range []struct {
		name string
		runs func()
	}{
		{"Publish", func() { server.Publish(next) }},
		// Its client speaks: what is current may be asked for at the hello.
		{"Accept", func() { shown(server) }},
	} {
		if lab.PassesBy(server, call.runs) {
			t.Fatalf("The lock in `Server` was held, and `%s` did not wait for it: one goroutine writes what another reads, which is a data race, though it goes well most of the time. A lock orders those alone who take it, readers as well: for as long as it takes to read or to replace the pointer.", call.name)
		}
	}
}

// lockIsKept: what is current is read, and replaced, before a lock is released.
func lockIsKept(t *testing.T) {
	first, next := configuration(t, 0x1001), configuration(t, 0x1002)
	server, was := New(first), ""
	// Another goroutine has the lock, and replaces what is current: who reads it now does so without.
	if ended := lab.Beside(server, func() { was = shown(server) }, func() { lab.Replaced(server, first, next) }); ended && was == "1002" {
		t.Fatal("`Accept` took the lock, released it, and read what is current behind that, while another goroutine had the lock and wrote there: a data race, though it goes well most of the time. Copy the pointer while you hold the lock, and use the copy.")
	}
	server = New(first)
	early := 0
	if ended := lab.Beside(server, func() { server.Publish(next) }, func() { early = lab.Replaced(server, next, next) }); ended && early == 0 && lab.Replaced(server, next, next) > 0 {
		t.Fatal("`Publish` took the lock, released it, and replaced what is current behind that, while another goroutine had the lock: a data race, though it goes well most of the time. Replace the pointer while you hold the lock.")
	}
}

// under is the configuration that crypto/tls keeps with a connection; nil where another version of Go keeps it elsewhere.
func under(connection *tls.Conn) *tls.Config {
	if field := reflect.ValueOf(connection).Elem().FieldByName("config"); field.IsValid() && field.Type() == reflect.TypeFor[*tls.Config]() {
		return (*tls.Config)(field.UnsafePointer())
	}
	return nil
}

// accepted is what `Accept` returns, and what its client is shown. It is called before anything else could run.
func accepted(t *testing.T, server *Server) (*tls.Conn, string) {
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	must(t, near.SetDeadline(time.Now().Add(Patience)))
	shown := make(chan string, 1)
	go func() {
		client := tls.Client(near, &tls.Config{InsecureSkipVerify: true, ServerName: "localhost"})
		if err := client.Handshake(); err != nil {
			near.Close()
			shown <- fmt.Sprintf("nothing (%v)", err)
			return
		}
		shown <- fmt.Sprintf("%x", client.ConnectionState().PeerCertificates[0].SerialNumber)
	}()
	connection, _ := server.Accept(far)
	return connection, <-shown
}

// whatServesIsNotWrittenOver: a connection goes on under what it began with, wherever `Server` keeps it.
func whatServesIsNotWrittenOver(t *testing.T) {
	server := New(configuration(t, 0x1001))
	connection, _ := accepted(t, server)
	if connection == nil {
		// Another check says so.
		return
	}
	config := under(connection)
	if config == nil || len(config.Certificates) == 0 {
		return
	}
	before := config.Certificates[0].PrivateKey
	server.Publish(configuration(t, 0x1002))
	if len(config.Certificates) == 0 || config.Certificates[0].PrivateKey != before {
		t.Fatal("A client was served under 1001, and then 1002 was published: it was written over the `tls.Config` that this client's connection reads. A lock does not help, since the connection kept the address when the lock was released. Keep a pointer (`*tls.Config`), and let `Publish` replace that.")
	}
}

// allOfItIsPublished: a configuration is more than its certificate.
func allOfItIsPublished(t *testing.T) {
	server, next := New(configuration(t, 0x1001)), configuration(t, 0x1002)
	next.NextProtos = []string{"of-1002"}
	server.Publish(next)
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	go func() {
		_ = tls.Client(near, &tls.Config{InsecureSkipVerify: true, ServerName: "localhost", NextProtos: next.NextProtos}).Handshake()
	}()
	var connection *tls.Conn
	if !ends(func() { connection, _ = server.Accept(far) }) || connection == nil {
		// Other checks say so.
		return
	}
	if protocol := connection.ConnectionState().NegotiatedProtocol; protocol != "of-1002" {
		t.Fatalf("A configuration with 1002 was published, which speaks the protocol `of-1002`. A client came that speaks it as well, and the protocol of its connection is %q: of what was published, the certificate alone is served. Serve under the configuration as a whole, with all that it allows and asks for.", protocol)
	}
}

// whatWasPublishedIsInItsPlace: nothing else has run when `Publish` has returned and the next client is accepted.
func whatWasPublishedIsInItsPlace(t *testing.T) {
	configurations := []*tls.Config{configuration(t, 0x1001), configuration(t, 0x1002)}
	server := New(configurations[0])
	for round := 1; round <= 16; round++ {
		next := configurations[round%2]
		wanted := fmt.Sprintf("%x", next.Certificates[0].Leaf.SerialNumber)
		// What empties a queue has not come to the end of it.
		for range 4 {
			server.Publish(configurations[(round+1)%2])
		}
		server.Publish(next)
		_, first := accepted(t, server)
		if first == wanted {
			continue
		}
		// What never comes is not late, and other checks say so.
		for bound := time.Now().Add(time.Second); time.Now().Before(bound); time.Sleep(time.Millisecond) {
			if shown(server) != wanted {
				continue
			}
			t.Fatalf("`Publish` had returned, and the client that came next was shown %s in place of %s. A goroutine or a queue puts the configuration in its place some time later, and the caller of `Publish` believes that it is there. To replace a pointer takes no time: do it before you return.", first, wanted)
		}
		return
	}
}

// anotherServerServesItsOwn: one process has several servers, with a certificate each.
func anotherServerServesItsOwn(t *testing.T) {
	server := New(configuration(t, 0x1001))
	New(configuration(t, 0x1002)).Publish(configuration(t, 0x1003))
	if shown := shown(server); shown != "1001" {
		t.Fatalf("One server serves 1001. Another one was made in the same process, and a client of the first was shown %s. What is current belongs into `Server`: a variable of the package is one for all.", shown)
	}
}

// whatWasReplacedIsLetGo: in each configuration there is a private key.
func whatWasReplacedIsLetGo(t *testing.T) {
	first := configuration(t, 0x1001)
	server := New(first)
	held := func() weak.Pointer[ecdsa.PrivateKey] {
		another := configuration(t, 0x1002)
		server.Publish(another)
		return weak.Make(another.Certificates[0].PrivateKey.(*ecdsa.PrivateKey))
	}()
	// A server may keep the one before, too.
	for range 5 {
		server.Publish(first)
	}
	for range 3 {
		if runtime.GC(); held.Value() == nil {
			return
		}
	}
	t.Fatal("A configuration was published, and then five others in its place. No handshake is under way, and the server still holds the first of them, with its private key: it grows with each renewal. Keep what is current, and let go of what it replaces: a handshake in progress has a pointer of its own.")
	runtime.KeepAlive(server)
}

// stop turns a panic of the answer into a failure of this check alone.
func stop(t *testing.T) {
	if said := recover(); said != nil {
		t.Fatal(lab.Panicked(said))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
