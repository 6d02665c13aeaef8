package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// leadingTo counts the descriptors of this process that lead to this path.
func leadingTo(t *testing.T, path string) (count int) {
	t.Helper()
	for _, entry := range must[[]os.DirEntry](t)(os.ReadDir("/dev/fd")) {
		if target, err := os.Readlink("/dev/fd/" + entry.Name()); err == nil && target == path {
			count++
		}
	}
	return count
}

func TestAFileThatWasReadIsClosed(t *testing.T) {
	authority := newAuthority(t)
	authority.rotate()
	directory := t.TempDir()
	for _, path := range []string{authority.source.Certificate, directory} {
		_, _ = readFile(path)
		if open := leadingTo(t, path); open != 0 {
			t.Errorf("%s: %d descriptors", path, open)
		}
	}
}

func TestAGroupOfOursMayReadAndAnotherMayNot(t *testing.T) {
	for _, it := range []struct {
		mode    uint32
		group   int
		exposes bool
	}{{0o640, 7, false}, {0o640, 8, true}, {0o660, 7, true}, {0o604, 7, true}, {0o600, 8, false}} {
		file := File{Mode: it.mode, Group: 7}
		if exposes := file.Exposes([]int{it.group}); exposes != it.exposes {
			t.Errorf("%04o of group 7, and ours is %d: %v", it.mode, it.group, exposes)
		}
	}
	path := t.TempDir() + "/key"
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, -1, 4242); err != nil {
		t.Skip("only root gives a file to another group")
	}
	if file := must[File](t)(readFile(path)); file.Group != 4242 {
		t.Error("its group is", file.Group)
	}
}

// Go computes a public part of its own, and OpenSSL takes what is written.
func TestAKeyWhosePublicPartIsAnotherKeysIsDamagedInEachFormat(t *testing.T) {
	generate := func() *ecdsa.PrivateKey {
		return must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	}
	key, other := generate(), generate()
	replace := func(der []byte) []byte {
		own, others := must[[]byte](t)(key.PublicKey.Bytes()), must[[]byte](t)(other.PublicKey.Bytes())
		return []byte(strings.Replace(string(der), string(own), string(others), 1))
	}
	for kind, der := range map[string][]byte{
		"PRIVATE KEY":    must[[]byte](t)(x509.MarshalPKCS8PrivateKey(key)),
		"EC PRIVATE KEY": must[[]byte](t)(x509.MarshalECPrivateKey(key)),
	} {
		if _, what := parseKey(Block{kind, der}); what != "" {
			t.Errorf("%s: %s", kind, what)
		}
		if _, what := parseKey(Block{kind, replace(der)}); !strings.Contains(what, "it is damaged") {
			t.Errorf("%s: taken with another key's public part (%q)", kind, what)
		}
	}
}

func TestAnAuthorityThatHasExpiredIsToldOfItsFile(t *testing.T) {
	authority := newAuthority(t)
	template := *authority.root
	template.NotAfter = time.Now().Add(-time.Minute)
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, &template, &template, authority.key.Public(), authority.key))
	authority.write(authority.source.Roots, encode("CERTIFICATE", der), 0o644)
	authority.rotate()
	_, err := Start(authority.source)
	rejected, is := err.(*Rejected)
	if !is || rejected.Reason != "expired" || rejected.File != authority.source.Roots {
		t.Fatal(err)
	}
}

// A file may be opened and still not be read, as on a disk that fails.
func TestAFileWhoseReadFailsIsUnreadable(t *testing.T) {
	const unmapped = "/proc/self/mem"
	if _, err := os.Stat(unmapped); err != nil {
		t.Skip("no file here opens and cannot be read")
	}
	_, err := readFile(unmapped)
	rejected, is := err.(*Rejected)
	if !is || rejected.Reason != "unreadable" || rejected.File != unmapped {
		t.Fatal(err)
	}
}

// A key of a kind that is not taken is told with those that are. A damaged one is of a right kind.
func TestWhatIsTakenIsToldWhereTheKindIsWrong(t *testing.T) {
	other := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	der := must[[]byte](t)(x509.MarshalECPrivateKey(key))
	damaged := bytes.Clone(der)
	damaged[len(damaged)-1] ^= 1 // The public part is the last of it.
	for _, it := range []struct {
		der  []byte
		told bool
	}{{must[[]byte](t)(x509.MarshalECPrivateKey(other)), true}, {damaged, false}} {
		_, err := privateKey([]Block{{"EC PRIVATE KEY", it.der}}, "tls.key")
		rejected, is := err.(*Rejected)
		if !is || rejected.Reason != "malformed" || strings.Contains(rejected.Detail, signs) != it.told {
			t.Error(err)
		}
	}
}

// The end of a connection is no goodbye, and what came before it is not lost.
func TestAnEndWithoutAGoodbyeIsACut(t *testing.T) {
	ours, theirs := net.Pipe()
	go func() {
		_, _ = theirs.Write([]byte("hello"))
		_ = theirs.Close()
	}()
	read, err := io.ReadAll(&asking{Conn: ours})
	if string(read) != "hello" || !errors.Is(err, errCut) {
		t.Errorf("%q, %v", read, err)
	}
}
