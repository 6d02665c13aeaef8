package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// One hundred rotations while four clients connect all the time; run it under the race detector.
func TestHundredRotationsUnderLoad(t *testing.T) {
	a := newAuthority(t)
	a.rotate()
	store := must[*IdentityStore](t)(Start(a.source))
	server := &tls.Config{GetCertificate: store.GetCertificate}
	// So many handshakes for each rotation, and not as many as there is time for: a slow machine has
	// no more to do.
	const each = 4
	turns := make(chan struct{}, 100*each)
	var failed atomic.Uint64
	var load sync.WaitGroup
	for range 4 {
		load.Go(func() {
			for range turns {
				if _, _, err := handshake(server, a.client()); err != nil {
					failed.Add(1)
					t.Error(err)
				}
			}
		})
	}
	for range 100 {
		for range each {
			turns <- struct{}{}
		}
		want := a.rotate()
		if err := store.Reload(); err != nil {
			t.Fatal(err)
		}
		if got, _, err := handshake(server, a.client()); got != want || err != nil {
			t.Fatalf("shown %s, %v; want %s", got, err, want)
		}
	}
	close(turns)
	load.Wait()
	if store.current.Load().Number != 101 || failed.Load() != 0 {
		t.Fatalf("generation %d, %d failed", store.current.Load().Number, failed.Load())
	}
}

// A client that resumes keeps the certificate it was shown when its session began. In TLS 1.3 Go
// does not ask the hook then; in TLS 1.2 it asks, and throws the answer away.
func TestTheHookHasNoSayOnResumption(t *testing.T) {
	for version, asks := range map[uint16]uint64{tls.VersionTLS12: 2, tls.VersionTLS13: 1} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			a := newAuthority(t)
			first := a.rotate()
			store := must[*IdentityStore](t)(Start(a.source))
			var asked atomic.Uint64
			server := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
				asked.Add(1)
				return store.GetCertificate(hello)
			}}
			returning := a.client()
			returning.MaxVersion = version
			returning.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			if serial, resumed, err := handshake(server, returning); serial != first || resumed || err != nil {
				t.Fatal(serial, resumed, err)
			}
			second := a.rotate()
			if err := store.Reload(); err != nil {
				t.Fatal(err)
			}
			if serial, resumed, err := handshake(server, returning); serial != first || !resumed || err != nil {
				t.Fatal(serial, resumed, err)
			}
			if asked.Load() != asks {
				t.Fatalf("asked %d times", asked.Load())
			}
			if serial, resumed, err := handshake(server, a.client()); serial != second || resumed || err != nil {
				t.Fatal(serial, resumed, err)
			}
		})
	}
}

// What the server says of such a client: it resumed, and under no known generation.
func TestAResumedConnectionIsLoggedWithoutGeneration(t *testing.T) {
	for version, name := range map[uint16]string{tls.VersionTLS12: "1.2", tls.VersionTLS13: "1.3"} {
		t.Run(name, func(t *testing.T) {
			a := newAuthority(t)
			a.rotate()
			store := must[*IdentityStore](t)(Start(a.source))
			listener := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
			defer listener.Close()
			go Serve(listener, &tls.Config{GetCertificate: store.GetCertificate})
			returning := a.client()
			returning.MaxVersion = version
			returning.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			for _, resumed := range []bool{false, true} {
				mark := recorded.mark()
				near := must[net.Conn](t)(net.Dial("tcp", listener.Addr().String()))
				if _, again, err := visit(near, returning); again != resumed || err != nil {
					t.Fatal(again, err)
				}
				opened := recorded.wait(t, mark, "event", "connection_opened", "tls", name, "resumed", resumed)
				if generation, known := opened["generation"]; (generation == nil) != resumed || !known {
					t.Fatal(opened)
				}
				recorded.wait(t, mark, "event", "connection_closed", "connection", opened["connection"],
					"generation", opened["generation"], "bytes", 1.0, "why", "client_closed")
			}
		})
	}
}

// Each way in which files can be invalid: the reason, the file, and the generation before goes on.
func TestRejections(t *testing.T) {
	for _, c := range []struct {
		reason, file string
		spoil        func(a *authority)
	}{
		{"missing", "tls.key", func(a *authority) { os.Remove(a.source.Key) }},
		{"unreadable", "tls.crt", func(a *authority) {
			os.Remove(a.source.Certificate)
			os.Symlink("tls.crt", a.source.Certificate)
		}},
		{"not_regular", "tls.crt", func(a *authority) {
			os.Remove(a.source.Certificate)
			os.Mkdir(a.source.Certificate, 0o700)
		}},
		{"not_regular", "tls.key", func(a *authority) {
			// To open it would wait for a writer, and with it every reload after.
			os.Remove(a.source.Key)
			syscall.Mkfifo(a.source.Key, 0o600)
		}},
		{"truncated", "tls.crt", func(a *authority) { a.write(a.source.Certificate, nil, 0o644) }},
		{"truncated", "tls.key", func(a *authority) { a.write(a.source.Key, a.private[:len(a.private)/2], 0o600) }},
		{"truncated", "tls.crt", func(a *authority) {
			// A whole block, and half of another: pem.Decode alone would pass over it.
			cut := append([]byte{}, a.certificate...)
			a.write(a.source.Certificate, append(cut, a.certificate[:len(a.certificate)/2]...), 0o644)
		}},
		{"malformed", "tls.crt", func(a *authority) {
			// A whole block, and one that is no base64: pem.Decode alone would pass over it.
			spoilt := bytes.Replace(a.certificate, []byte("\nMI"), []byte("\n!!"), 1)
			a.write(a.source.Certificate, append(a.certificate, spoilt...), 0o644)
		}},
		{"malformed", "tls.crt", func(a *authority) {
			a.write(a.source.Certificate, encode("CERTIFICATE", []byte("no")), 0o644)
		}},
		{"malformed", "tls.key", func(a *authority) {
			a.write(a.source.Key, encode("PRIVATE KEY", []byte("no")), 0o600)
		}},
		{"pair_mismatch", "tls.key", func(a *authority) {
			a.issue()
			a.write(a.source.Key, a.private, 0o600)
		}},
		{"chain_broken", "tls.crt", func(a *authority) {
			stranger := newAuthority(a.t)
			stranger.issue()
			a.write(a.source.Certificate, stranger.certificate, 0o644)
			a.write(a.source.Key, stranger.private, 0o600)
		}},
		{"expired", "tls.crt", func(a *authority) {
			a.issueFor(time.Now().Add(-time.Hour), time.Now().Add(-time.Second))
			a.writeBoth()
		}},
		{"not_yet_valid", "tls.crt", func(a *authority) {
			a.issueFor(time.Now().Add(time.Minute), time.Now().Add(time.Hour))
			a.writeBoth()
		}},
		{"name_lost", "tls.crt", func(a *authority) { a.source.Names = []string{"elsewhere.example"} }},
		{"name_lost", "tls.crt", func(a *authority) {
			a.source.Names = []string{"localhost", "elsewhere.example"}
		}},
	} {
		t.Run(c.reason, func(t *testing.T) {
			a := newAuthority(t)
			first := a.rotate()
			store := must[*IdentityStore](t)(Start(a.source))
			c.spoil(a)
			store.source = a.source
			err := store.Reload()
			var rejected *Rejected
			if !errors.As(err, &rejected) {
				t.Fatalf("not rejected: %v", err)
			}
			if rejected.Reason != c.reason || filepath.Base(rejected.File) != c.file {
				t.Fatal(rejected)
			}
			for _, line := range strings.Split(string(a.private), "\n") {
				if line != "" && strings.Contains(err.Error(), line) {
					t.Fatal("key bytes in an error")
				}
			}
			if serial, _, err := handshake(&tls.Config{GetCertificate: store.GetCertificate}, a.client()); serial != first || err != nil {
				t.Fatal(serial, err)
			}
		})
	}
}

// A key that others can read is served, and complained of once for each mode that it has.
func TestAnExposedKeyIsToldOnce(t *testing.T) {
	a := newAuthority(t)
	a.rotate()
	store := must[*IdentityStore](t)(Start(a.source))
	mark := recorded.mark()
	for _, mode := range []os.FileMode{0o644, 0o644, 0o640, 0o666} {
		if err := os.Chmod(a.source.Key, mode); err != nil {
			t.Fatal(err)
		}
		if err := store.Reload(); err != nil {
			t.Fatal(err)
		}
	}
	var modes []any
	for _, event := range recorded.since(mark) {
		switch {
		case event["file"] != a.source.Key:
		case event["event"] == "key_exposed":
			modes = append(modes, event["mode"])
		case event["event"] == "fault_ended":
			modes = append(modes, event["fault"])
		}
	}
	// 0640 is for a group of this process: that ends it.
	if !slices.Equal(modes, []any{"0644", "key_exposed", "0666"}) {
		t.Fatal(modes)
	}
	// A key that is not there yet will have the mode of its file.
	mark = recorded.mark()
	a.write(a.source.Key, nil, 0o604)
	if err := store.Reload(); err == nil {
		t.Fatal("an empty key is served")
	}
	recorded.wait(t, mark, "event", "key_exposed", "file", a.source.Key, "mode", "0604")
}

// A leaf that has expired is told once, though Go names the time of each check. Another fault of the same
// file is told.
func TestAFaultIsToldOnceAndAnotherIsTold(t *testing.T) {
	a := newAuthority(t)
	a.rotate()
	store := must[*IdentityStore](t)(Start(a.source))
	mark := recorded.mark()
	ends := time.Now().Add(-2 * time.Hour)
	a.issueFor(ends.Add(-time.Hour), ends)
	a.writeBoth()
	told := look(store, nil)
	// Go names whole seconds: the next one has to begin.
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
	told = look(store, told)
	a.write(a.source.Certificate, []byte("<html>\n"), 0o644)
	told = look(store, told)
	a.write(a.source.Certificate, encode("PKCS7", []byte("no")), 0o644)
	look(store, told)
	var reasons []any
	for _, event := range recorded.since(mark) {
		if event["event"] == "identity_rejected" && event["file"] == a.source.Certificate {
			reasons = append(reasons, event["reason"])
		}
	}
	if !slices.Equal(reasons, []any{"expired", "malformed", "malformed"}) {
		t.Fatal(reasons)
	}
}

// Two renewals with the key of before are two that have failed, in the same words.
func TestARenewalThatFailsAsTheOneBeforeIsTold(t *testing.T) {
	a := newAuthority(t)
	a.rotate()
	store := must[*IdentityStore](t)(Start(a.source))
	mark, told := recorded.mark(), error(nil)
	for range 2 {
		a.issue()
		a.write(a.source.Certificate, a.certificate, 0o644)
		for range 3 {
			told = look(store, told)
		}
	}
	a.writeBoth()
	if err := look(store, told); err != nil {
		t.Fatal(err)
	}
	recorded.wait(t, mark, "event", "identity_loaded", "generation", 2.0)
	rejections := 0
	for _, event := range recorded.since(mark) {
		if event["event"] == "identity_rejected" && event["file"] == a.source.Key {
			rejections++
		}
	}
	if rejections != 2 {
		t.Fatalf("told %d times", rejections)
	}
}

// Files that were bad and are again what is served end the alarm, once.
func TestFilesThatAreAgainWhatIsServedAreTold(t *testing.T) {
	a := newAuthority(t)
	a.rotate()
	store := must[*IdentityStore](t)(Start(a.source))
	good := must[[]byte](t)(os.ReadFile(a.source.Certificate))
	mark := recorded.mark()
	told := look(store, nil)
	a.write(a.source.Certificate, nil, 0o644)
	told = look(store, told)
	a.write(a.source.Certificate, good, 0o644)
	for range 2 {
		told = look(store, told)
	}
	// A renewal is told by itself.
	a.write(a.source.Certificate, nil, 0o644)
	told = look(store, told)
	a.rotate()
	look(store, told)
	var said []any
	for _, event := range recorded.since(mark) {
		said = append(said, event["event"])
	}
	want := []any{"identity_rejected", "reload_skipped", "identity_rejected", "identity_loaded"}
	if !slices.Equal(said, want) {
		t.Fatal(said)
	}
}

// The watcher sees a write by its event: the poll is an hour away.
func TestTheWatcherIsWokenByEvents(t *testing.T) {
	a := newAuthority(t)
	a.rotate()
	store := must[*IdentityStore](t)(Start(a.source))
	go Watch(store, false, time.Hour)
	for number := 2.0; number < 6; number++ {
		mark := recorded.mark()
		serial := a.rotate()
		recorded.wait(t, mark, "event", "identity_loaded", "generation", number, "serial", serial)
		if shown, _, err := handshake(&tls.Config{GetCertificate: store.GetCertificate}, a.client()); shown != serial || err != nil {
			t.Fatalf("shown %s, %v; want %s", shown, err, serial)
		}
	}
}

// The watched directory is removed, and made again: as a volume that is mounted anew.
func TestADirectoryThatIsMadeAgainIsWatchedAgain(t *testing.T) {
	watched := filepath.Join(t.TempDir(), "live")
	if err := os.Mkdir(watched, 0o700); err != nil {
		t.Fatal(err)
	}
	hints := make(chan struct{}, 1)
	renew := must[func() error](t)(watchDirectories([]string{watched}, hints))
	if err := os.Remove(watched); err != nil {
		t.Fatal(err)
	}
	mark := recorded.mark()
	for told, turn := false, 0; turn < 3; turn++ {
		told = tellDegraded(renew(), told)
	}
	said := 0
	for _, event := range recorded.since(mark) {
		if event["event"] == "watch_degraded" && strings.Contains(event["why"].(string), watched) {
			said++
		}
	}
	if said != 1 {
		t.Fatalf("said %d times", said)
	}

	if err := os.Mkdir(watched, 0o700); err != nil {
		t.Fatal(err)
	}
	mark = recorded.mark()
	if tellDegraded(renew(), true) || tellDegraded(renew(), false) {
		t.Fatal("it is there again")
	}
	said = 0
	for _, event := range recorded.since(mark) {
		if event["event"] == "fault_ended" && event["fault"] == "watch_degraded" {
			said++
		}
	}
	if said != 1 {
		t.Fatalf("its end was said %d times", said)
	}
	select { // What the old watch had to say.
	case <-hints:
	default:
	}
	if err := os.WriteFile(filepath.Join(watched, "tls.crt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	select {
	case <-hints:
	case <-time.After(bound):
		t.Fatal("no event came from the new directory")
	}
}

// A poll without a pause is no poll: time.Tick would return nil, and the files would never be looked at.
func TestAPollOfZeroIsRefused(t *testing.T) {
	a := newAuthority(t)
	a.rotate()
	// A frozen hook never polls: with the check gone, the port is what is refused.
	err := run([]string{"serve", "--certificate", a.source.Certificate, "--key", a.source.Key,
		"--roots", a.source.Roots, "--hook", "frozen", "--port", "-1", "--poll-ms", "0"})
	if err == nil || err.Error() != "--poll-ms: at least 1" {
		t.Fatal(err)
	}
}

// OpenSSL's ecparam writes the curve's name in a block of its own before the key.
func TestAKeyAfterItsParameters(t *testing.T) {
	a := newAuthority(t)
	a.issue()
	found := must[[]Block](t)(blocks(a.private, a.source.Key))
	key := must[crypto.Signer](t)(privateKey(found, a.source.Key))
	der := must[[]byte](t)(x509.MarshalECPrivateKey(key.(*ecdsa.PrivateKey)))
	// The name of the curve P-256, as an object identifier.
	curve := []byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}
	a.private = append(encode("EC PARAMETERS", curve), encode("EC PRIVATE KEY", der)...)
	a.writeBoth()
	must[*IdentityStore](t)(Start(a.source))
}
