package main

import (
	"crypto/x509"
	"strings"
	"testing"
)

// Go's parser passes over a block that has no end, wherever it is cut, and reads what stands before it.
func TestGosParserPassesOverABlockWithoutItsEnd(t *testing.T) {
	authority := newAuthority(t)
	authority.issue()
	whole := authority.certificate
	for cut := range len(whole) - len("-\n") {
		roots := x509.NewCertPool()
		expected := x509.NewCertPool()
		expected.AppendCertsFromPEM(whole)
		file := append(append([]byte{}, whole...), whole[:cut]...)
		if !roots.AppendCertsFromPEM(file) || !roots.Equal(expected) {
			t.Fatalf("a block that is cut at byte %d was not passed over", cut)
		}
	}
}

// A file of PEM may have anywhere what an archive has at one place.
func TestLettersOfATarArchiveInPEM(t *testing.T) {
	authority := newAuthority(t)
	authority.issue()
	file := append([]byte(strings.Repeat("#", 256)+"\nustar\n"), authority.certificate...)
	if found, err := blocks(file, "tls.crt"); err != nil || len(found) == 0 {
		t.Errorf("%d blocks, %v", len(found), err)
	}
	if what := noPEM(append(file, 0)); !strings.HasPrefix(what, "a tar archive") {
		t.Errorf("an archive is %q", what)
	}
}

// A bundle of a system has thousands of lines. Windows ends them in its way, and an old Mac in another.
func TestWhatIsWrongWithAMarkerIsToldWithItsLine(t *testing.T) {
	for _, end := range []string{"\n", "\r\n", "\r"} {
		for _, wrong := range []string{"-----END CERTIFICATE-----", "  -----BEGIN CERTIFICATE-----", "-----BEGIN PKCS7-----"} {
			_, err := blocks([]byte("# a bundle"+end+end+wrong+end), "ca.crt")
			if err == nil || !strings.HasSuffix(err.Error(), "(line 3)") {
				t.Errorf("%q: %v", wrong, err)
			}
		}
	}
}
