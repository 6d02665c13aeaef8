package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// How long a test waits for one thing before it gives up. A bound, never a pause.
const bound = 30 * time.Second

// wait takes what comes next. Where nothing does, it says what it waited for.
func wait[T any](t *testing.T, from <-chan T, what string) (came T) {
	t.Helper()
	select {
	case came = <-from:
	case <-time.After(bound):
		t.Fatalf("waited %v for %s", bound, what)
	}
	return came
}

// The variable in which this program finds the arguments of the twin, where it is to be the twin.
const asProgram = "TWIN_ARGUMENTS"

// The log of all tests in this program.
var recorded = &recorder{came: make(chan struct{})}

func TestMain(m *testing.M) {
	// A test that needs a process of its own starts this program again.
	if arguments := os.Getenv(asProgram); arguments != "" {
		if err := run(strings.Split(arguments, "\n")); err != nil {
			panic(err)
		}
		return
	}
	log = recorded
	os.Exit(m.Run())
}

// recorder keeps what is logged, so that a test waits for an event and never for a time.
type recorder struct {
	mutex  sync.Mutex
	events []map[string]any
	came   chan struct{} // Closed, and made anew, with each event.
}

func (r *recorder) Write(line []byte) (int, error) {
	var event map[string]any
	if err := json.Unmarshal(line, &event); err != nil {
		panic(fmt.Sprintf("not an event: %s", line))
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.events = append(r.events, event)
	close(r.came)
	r.came = make(chan struct{})
	return len(line), nil
}

// mark is the place in the log that the next event will have.
func (r *recorder) mark() int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return len(r.events)
}

// since are the events since the mark.
func (r *recorder) since(mark int) []map[string]any {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.events[mark:]
}

// wait returns the first event since the mark that has all these fields.
func (r *recorder) wait(t *testing.T, mark int, fields ...any) map[string]any {
	t.Helper()
	enough := time.After(bound)
	for {
		r.mutex.Lock()
		since, came := r.events[mark:], r.came
		r.mutex.Unlock()
	next:
		for _, event := range since {
			for i := 0; i < len(fields); i += 2 {
				if value, there := event[fields[i].(string)]; !there || value != fields[i+1] {
					continue next
				}
			}
			return event
		}
		select {
		case <-came:
		case <-enough:
			t.Fatalf("waited %v for %v; the log: %v", bound, fields, since)
		}
	}
}

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
		Names:       []string{"localhost"},
	}}
	a.trust.AddCert(root)
	a.write(a.source.Roots, encode("CERTIFICATE", der), 0o644)
	return a
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func (a *authority) issue() string {
	now := time.Now()
	return a.issueFor(now.Add(-time.Minute), now.Add(time.Hour))
}

func (a *authority) issueFor(from, to time.Time) string {
	key := must[*ecdsa.PrivateKey](a.t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.next), DNSNames: []string{"localhost"},
		NotBefore: from, NotAfter: to,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
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
	a.writeBoth()
	return serial
}

func (a *authority) writeBoth() {
	a.t.Helper()
	a.write(a.source.Certificate, a.certificate, 0o644)
	a.write(a.source.Key, a.private, 0o600)
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

// handshake completes one, reads a byte so that tickets arrive, and tells what the client holds.
// Not over net.Pipe, which has no buffer: Go sends tickets with its first flight, so both sides
// would be stuck in writing.
func handshake(server, client *tls.Config) (serial string, resumed bool, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", false, err
	}
	defer listener.Close()
	near, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return "", false, err
	}
	far, err := listener.Accept()
	if err != nil {
		return "", false, err
	}
	go func() {
		defer far.Close()
		stream := tls.Server(&asking{Conn: far}, server)
		if stream.Handshake() == nil {
			_, _ = converse(stream, usual)
		}
	}()
	return visit(near, client)
}

// visit is the client's side of it.
func visit(near net.Conn, client *tls.Config) (serial string, resumed bool, err error) {
	defer near.Close()
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
	_ = stream.Close()
	return state.PeerCertificates[0].SerialNumber.Text(16), state.DidResume, nil
}

func (a *authority) client() *tls.Config {
	return &tls.Config{RootCAs: a.trust, ServerName: "localhost"}
}
