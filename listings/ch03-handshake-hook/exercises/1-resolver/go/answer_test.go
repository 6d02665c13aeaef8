package answer

// What is wanted of Hook. Each test is a check, and its comment says what has to hold.

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"answer/lab"
)

// Patience is how long a check waits for what a right answer brings at once.
var Patience = 5 * time.Second

// bench is a hook over files that hold 1001, and a client that trusts their authority.
type bench struct {
	t                *testing.T
	hook             *Hook
	certificate, key string
	// The root, and the intermediate under it that issues.
	authority, issuer *x509.Certificate
	signer            *ecdsa.PrivateKey
	// How long the next leaf is valid, from now on.
	lasts time.Duration
	// What the last client was shown.
	leaf []byte
}

func begin(t *testing.T) *bench {
	var authorities [2]*x509.Certificate
	var keys [2]*ecdsa.PrivateKey
	for level := range authorities {
		keys[level] = newKey(t)
		template := certificate(int64(level) + 1)
		template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
		template.Subject.CommonName = []string{"root", "intermediate"}[level]
		parent, signer := template, keys[level]
		if level > 0 {
			parent, signer = authorities[level-1], keys[level-1]
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &keys[level].PublicKey, signer)
		must(t, err)
		authorities[level], err = x509.ParseCertificate(der)
		must(t, err)
	}
	folder := t.TempDir()
	b := &bench{t: t, certificate: filepath.Join(folder, "tls.crt"), key: filepath.Join(folder, "tls.key"), authority: authorities[0], issuer: authorities[1], signer: keys[1], lasts: time.Hour}
	b.write(0x1001)
	var err error
	b.hook, err = New(b.certificate, b.key)
	if err != nil {
		t.Fatalf("The first pair is valid, and `New` returned: %v.", err)
	}
	return b
}

// write replaces the files by a pair with this serial number, for localhost and these names.
func (b *bench) write(serial int64, names ...string) {
	key := newKey(b.t)
	template := certificate(serial)
	template.DNSNames = append(names, "localhost")
	template.NotAfter = time.Now().Add(b.lasts)
	der, err := x509.CreateCertificate(rand.Reader, template, b.issuer, &key.PublicKey, b.signer)
	must(b.t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(b.t, err)
	var chain []byte
	for _, der := range [][]byte{der, b.issuer.Raw} {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	must(b.t, os.WriteFile(b.certificate, chain, 0o600))
	must(b.t, os.WriteFile(b.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
}

// shown is the serial that a new client is shown, or why its handshake failed. Both ends are in this process.
func (b *bench) shown() string {
	return b.shownTo("localhost")
}

// shownTo is the same for a client that calls for this name, or for none.
func (b *bench) shownTo(name string) string {
	here, there := net.Pipe()
	bound := time.Now().Add(30 * time.Second)
	must(b.t, here.SetDeadline(bound))
	must(b.t, there.SetDeadline(bound))
	served := make(chan error, 1)
	go func() {
		var err error
		defer func() {
			if said := recover(); said != nil {
				err = errors.New(lab.Panicked(said))
			}
			there.Close()
			served <- err
		}()
		config := &tls.Config{GetCertificate: b.hook.GetCertificate, SessionTicketsDisabled: true}
		err = tls.Server(there, config).Handshake()
	}()
	roots := x509.NewCertPool()
	roots.AddCert(b.authority)
	client := tls.Client(here, &tls.Config{RootCAs: roots, ServerName: name, InsecureSkipVerify: name == "", Time: b.time})
	err := client.Handshake()
	here.Close()
	if said := <-served; said != nil {
		return fmt.Sprintf("no certificate (%v)", said)
	}
	if err != nil {
		return fmt.Sprintf("no certificate (%v)", err)
	}
	leaf := client.ConnectionState().PeerCertificates[0]
	b.leaf = leaf.Raw
	return fmt.Sprintf("%x", leaf.SerialNumber)
}

// time is one at which all certificates are valid, however long the check has taken by its own clock.
func (b *bench) time() time.Time { return b.authority.NotBefore.Add(time.Hour) }

// After a reload, a new client is shown the new certificate.
func TestAReloadIsSeenByTheNextHandshake(t *testing.T) {
	defer stop(t)
	b := begin(t)
	if shown := b.shown(); shown != "1001" {
		t.Fatalf("The files hold 1001, and a client was shown %s. The file of the certificate holds a chain, the leaf and its intermediate: a client that has the root needs both.", shown)
	}
	b.reloadIsOverWhenItReturns()
	b.write(0x1002)
	if err := b.hook.Reload(); err != nil {
		t.Fatalf("The new files are valid, and `Reload` returned: %v.", err)
	}
	if shown := b.shown(); shown != "1002" {
		t.Fatalf("`Reload` was called when the files held 1002, and a new client was shown %s.", shown)
	}
	dated := time.Now().Add(-time.Hour)
	for _, serial := range []int64{0x1003, 0x1002} {
		b.write(serial)
		// As a writer leaves it that keeps the date of what it copies.
		must(t, os.Chtimes(b.certificate, dated, dated))
		must(t, os.Chtimes(b.key, dated, dated))
		err, wanted := b.hook.Reload(), fmt.Sprintf("%x", serial)
		if shown := b.shown(); err != nil || shown != wanted {
			t.Fatalf("The files held 1002, then 1003, and then 1002 again, as in a rollback, and `Reload` was called each time. Now they hold %s; `Reload` returned %v, and a new client was shown %s. Each `Reload` counts, and what it reads is shown, whether it is newer or older, and whatever date the file bears.", wanted, err, shown)
		}
	}
	b.lasts = time.Hour / 2
	b.write(0x1004)
	err := b.hook.Reload()
	if shown := b.shown(); err != nil || shown != "1004" {
		t.Fatalf("The authority has begun to issue leaves of half an hour, so that 1004 ends before the leaf that it replaces. `Reload` returned %v, and a new client was shown %s. Which leaf is the newer one its end does not say: what was read and is valid is shown.", err, shown)
	}
	// Another key, under a serial of before.
	b.write(0x1002)
	must(t, b.hook.Reload())
	b.write(0x1002)
	err = b.hook.Reload()
	held, _ := os.ReadFile(b.certificate)
	block, _ := pem.Decode(held)
	if shown := b.shown(); err != nil || shown != "1002" || !bytes.Equal(b.leaf, block.Bytes) {
		t.Fatalf("The pair was replaced by another one that has the serial 1002 as well. `Reload` returned %v, and a client was not shown what the files hold. A serial counts within one authority: show what was read, whatever its serial is.", err)
	}
}

// given is the pair that `GetCertificate` gives to a handshake, before anything else could run. Where that is none, other checks say so.
func (b *bench) given() *tls.Certificate {
	hello := &tls.ClientHelloInfo{ServerName: "localhost", SupportedVersions: []uint16{tls.VersionTLS13}, SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}, SupportedCurves: []tls.CurveID{tls.CurveP256}}
	pair, err := b.hook.GetCertificate(hello)
	if err != nil || pair == nil || len(pair.Certificate) == 0 {
		return &tls.Certificate{Certificate: [][]byte{nil}}
	}
	return pair
}

// reloadIsOverWhenItReturns: the next handshake is given what was read.
func (b *bench) reloadIsOverWhenItReturns() {
	for range 10 {
		b.write(0x1002)
		if b.hook.Reload() != nil {
			return
		}
		now := b.given()
		held, _ := os.ReadFile(b.certificate)
		block, _ := pem.Decode(held)
		if bytes.Equal(now.Certificate[0], block.Bytes) {
			continue
		}
		// What never comes is not late.
		for bound := time.Now().Add(time.Second); time.Now().Before(bound); time.Sleep(time.Millisecond) {
			if bytes.Equal(b.given().Certificate[0], block.Bytes) {
				b.t.Fatal("`Reload` has returned, and the handshake that came next was given the pair of before: a goroutine puts the next one in its place some time later. The watcher that called `Reload` logs a renewal that is not there yet. Store the pair before you return.")
			}
		}
		return
	}
}

// whatWasGivenIsNotWrittenOver: a handshake goes on with the pair that it was given.
func whatWasGivenIsNotWrittenOver(t *testing.T) {
	b := begin(t)
	before := b.given()
	leaf := before.Certificate[0]
	b.write(0x1002)
	if err := b.hook.Reload(); err != nil || bytes.Equal(before.Certificate[0], leaf) {
		return
	}
	t.Fatal("`GetCertificate` has given a pair to a handshake, and `Reload` has written the next one over it, while that handshake may be at work with it: one half of it can be old, and the other new. A lock does not help, since the handshake keeps the address when the lock is released. Keep a pointer, and let `Reload` replace that.")
}

// whatWasReplacedIsLetGo: in each pair there is a private key.
func whatWasReplacedIsLetGo(t *testing.T) {
	b := begin(t)
	key, isOne := b.given().PrivateKey.(*ecdsa.PrivateKey)
	if !isOne {
		return
	}
	held := weak.Make(key)
	key = nil
	// A hook may keep the one before, too.
	for range 5 {
		b.write(0x1002)
		_ = b.hook.Reload()
	}
	for range 3 {
		if runtime.GC(); held.Value() == nil {
			return
		}
	}
	t.Fatal("Five pairs were loaded, one after the other. No handshake is under way, and the hook still holds the pair of before the first of them, with its private key: it grows with each renewal. Keep what is current, and let go of what it replaces.")
	runtime.KeepAlive(b)
}

// A handshake looks at no file: what it shows changes when `Reload` is called, and not before.
func TestAHandshakeLooksAtNoFile(t *testing.T) {
	defer stop(t)
	b := begin(t)
	b.write(0x1002)
	later := time.Now().Add(time.Minute)
	must(t, os.Chtimes(b.certificate, later, later))
	shown := "1001"
	for number := 0; number < 100 && shown == "1001"; number++ {
		shown = b.shown()
	}
	if shown != "1001" {
		t.Fatalf("The files were replaced, `Reload` had not been called, and a client was shown %s in place of 1001: the handshake has looked at the files. When the mount hangs, so does each client.", shown)
	}
	if shown := shownLater(t); shown != "1001" {
		t.Fatalf("The files were replaced, a week passed in which `Reload` was not called, and a client was shown %s in place of 1001: a handshake has looked at the files after all, or a goroutine of the hook has. When to look is for the watcher to say, and the client that comes when a look is due waits for the mount.", shown)
	}
}

// shownLater is what a new client is shown a week after the files were replaced. It passes at once: the clock is the test's own.
func shownLater(t *testing.T) (shown string) {
	// A goroutine of the hook may go on forever, which such a clock objects to at the end.
	defer func() { _ = recover() }()
	synctest.Test(t, func(t *testing.T) {
		b := begin(t)
		b.write(0x1002)
		time.Sleep(7 * 24 * time.Hour)
		shown = b.shown()
	})
	return shown
}

// A client that sends no name is shown the certificate as well.
func TestAClientThatSendsNoNameIsShownItAsWell(t *testing.T) {
	defer stop(t)
	if shown := begin(t).shownTo(""); shown != "1001" {
		t.Fatalf("A client sent no name, as one does that calls an address or is old, and was shown %s in place of 1001. There is one certificate, and no name to choose it by.", shown)
	}
	byWhicheverNameItCalls(t)
}

// byWhicheverNameItCalls: the next certificate has one more name, which the program has never heard of.
func byWhicheverNameItCalls(t *testing.T) {
	b := begin(t)
	b.write(0x1002, "www.example.com")
	if err := b.hook.Reload(); err != nil {
		t.Fatalf("The new files are valid, and `Reload` returned: %v.", err)
	}
	for _, name := range []string{"localhost", "www.example.com"} {
		if shown := b.shownTo(name); shown != "1002" {
			t.Fatalf("The files hold 1002, a certificate for localhost and www.example.com. A client sent the name %s, and was shown %s. A server is known by other names than the one of the checks, and those of the next certificate stand in its file and nowhere else. There is one certificate: show it, and the client judges whether that is the one that it wants.", name, shown)
		}
	}
}

// When the files are gone, handshakes go on.
func TestMissingFilesFailNoHandshake(t *testing.T) {
	defer stop(t)
	b := begin(t)
	must(t, os.Remove(b.certificate))
	must(t, os.Remove(b.key))
	if shown := b.shown(); shown != "1001" {
		t.Fatalf("The files are gone, a good pair is in memory, and a client was shown %s in place of 1001.", shown)
	}
}

// Invalid files change nothing: the last good pair is shown, and `Reload` says what is wrong.
func TestInvalidFilesLeaveTheLastGoodPair(t *testing.T) {
	defer stop(t)
	b := begin(t)
	must(t, os.WriteFile(b.certificate, []byte("not a certificate\n"), 0o600))
	err := b.hook.Reload()
	if shown := b.shown(); shown != "1001" {
		t.Fatalf("The file was overwritten with something that is no certificate, and a client was not shown 1001, but %s. What cannot be read now is no reason to forget what was good.", shown)
	}
	if err == nil {
		t.Fatal("The file holds no certificate, and `Reload` returned nil. The watcher that called it has to log the reason.")
	}
	if _, err := New(b.certificate, b.key); err == nil {
		t.Fatal("The files are not valid, and `New` returned no error. The hook has nothing to answer with, so every handshake fails, and a server that starts with it looks well.")
	}
	missingFilesAreInvalidAsWell(t)
}

// missingFilesAreInvalidAsWell: as between the two steps of a writer that removes and makes anew, or after the last step of one that has died.
func missingFilesAreInvalidAsWell(t *testing.T) {
	b := begin(t)
	must(t, os.Remove(b.certificate))
	must(t, os.Remove(b.key))
	err := b.hook.Reload()
	if shown := b.shown(); shown != "1001" {
		t.Fatalf("The files are gone, `Reload` was called, and a client was shown %s in place of 1001. Files that are missing are not valid, as those that hold something else: whatever is wrong with them is no reason to forget what was good.", shown)
	}
	if err == nil {
		t.Fatal("The files are gone, and `Reload` returned nil. A writer may make them anew in a moment, or never: the watcher that called it has to log the reason, whichever it is.")
	}
}

// While a reload waits for a file, handshakes go on.
func TestAReloadThatWaitsFailsNoHandshake(t *testing.T) {
	defer stop(t)
	b := begin(t)
	must(t, os.Remove(b.certificate))
	// It is opened as soon as a writer comes, as a file on a mount that hangs.
	must(t, syscall.Mkfifo(b.certificate, 0o600))
	reloaded, shown := make(chan error, 1), make(chan string, 1)
	go func() { reloaded <- b.hook.Reload() }()
	opened := make(chan *os.File, 1)
	go func() {
		// Opened when the reload has come to it.
		writer, _ := os.OpenFile(b.certificate, os.O_WRONLY, 0)
		opened <- writer
	}()
	select {
	case writer := <-opened:
		defer writer.Close()
	case <-time.After(Patience):
		t.Fatal("`Reload` was called, and has not opened the certificate.")
	}
	go func() { shown <- b.shown() }()
	said := "nothing, and waited"
	select {
	case said = <-shown:
	case <-time.After(Patience):
	}
	if said != "1001" {
		t.Fatalf("`Reload` was called, and the mount with the files hangs. Meanwhile a client came, and was shown %s. Between two loads what is in memory is good: read the files first, and then take the lock, for as long as it takes to put the new pair in its place.", said)
	}
	whatWasGivenIsNotWrittenOver(t)
	whatWasReplacedIsLetGo(t)
	if !lab.Orders(b.hook) {
		t.Fatal("`Reload` and `GetCertificate` run in goroutines of their own, and in `Hook` nothing orders them: one writes what the other reads, which is a data race, though it goes well most of the time. Keep the current pair in an `atomic.Pointer`, behind a lock, or with a goroutine that is asked by a channel: in `Hook`, since what stands outside of it is one for all hooks.")
	}
	lockIsTaken(t)
}

// lockIsTaken: where a lock is all that orders goroutines, `Reload` and `GetCertificate` wait for it.
func lockIsTaken(t *testing.T) {
	b := begin(t)
	for _, call := range []struct {
		name string
		runs func()
	}{
		{"Reload", func() { _ = b.hook.Reload() }},
		{"GetCertificate", func() { _, _ = b.hook.GetCertificate(&tls.ClientHelloInfo{ServerName: "localhost"}) }},
	} {
		if lab.PassesBy(b.hook, call.runs) {
			t.Fatalf("The lock in `Hook` was held, and `%s` did not wait for it: one goroutine writes what another reads, which is a data race, though it goes well most of the time. A lock orders those alone who take it, readers as well: for as long as it takes to read or to replace the pointer.", call.name)
		}
	}
}

// stop turns a panic of the answer into a failure of this check alone.
func stop(t *testing.T) {
	if said := recover(); said != nil {
		t.Fatal(lab.Panicked(said))
	}
}

func certificate(serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: "exercise"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
