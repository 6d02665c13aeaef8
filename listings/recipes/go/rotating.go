package main

import (
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	poll   = 500 * time.Millisecond // How often the files are looked at.
	rest   = 250 * time.Millisecond // So long invalid files stay the same before that is told.
	settle = 10 * time.Second       // The same for a leaf that lost its chain: it may be half a file.
)

// Rotating follows the files of a certificate. Copy this file; it needs the standard library alone. A
// pair that clients would accept is published by one swap. Any other is reported, and the last good one
// stays. Set the first three fields, and give GetCertificate to the tls.Config. Hook must not wait.
type Rotating struct {
	Files [3]string                     // Chain (leaf first), key, and the roots that clients trust.
	Names []string                      // The names that clients ask for.
	Hook  func(*tls.Certificate, error) // Called after each look: with what is new, or with a *Rejected.

	current atomic.Pointer[tls.Certificate]
	first   sync.Once
}

// Rejected says why files are not served: a word for a metric, the file, and a detail for the log.
type Rejected struct{ Reason, File, Detail string }

func (r *Rejected) Error() string { return r.File + ": " + r.Reason + ": " + r.Detail }

// GetCertificate answers each hello: one atomic load, no file, no lock.
func (r *Rotating) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return r.current.Load(), nil
}

// Start follows the files for the life of the process. It returns once a first pair is valid.
func (r *Rotating) Start() {
	loaded := make(chan struct{})
	go r.follow(loaded)
	<-loaded
}

func (r *Rotating) follow(loaded chan<- struct{}) {
	var last [3]string
	since := time.Now()
	for ; ; time.Sleep(poll) {
		found, err := r.read()
		if found != last {
			last, since = found, time.Now()
		}
		served, age := r.current.Load(), time.Since(since)
		var next *tls.Certificate
		if err == nil {
			next, err = r.judge(found)
		}
		switch {
		case err != nil && age < rest: // A writer may be at work.
		case err != nil:
			r.Hook(nil, err)
		case served != nil && slices.EqualFunc(next.Certificate, served.Certificate, slices.Equal):
			r.Hook(nil, nil)
		// Authorities do shorten chains. But a leaf alone may need roots that are intermediates.
		case served != nil && len(next.Certificate) < len(served.Certificate) &&
			(age < rest || len(next.Certificate) == 1 && age < settle):
		default:
			r.current.Store(next)
			r.Hook(next, nil)
			r.first.Do(func() { close(loaded) })
		}
	}
}

func (r *Rotating) read() (found [3]string, err error) {
	for at, limit := range []int64{80 << 10, 80 << 10, 1 << 20} { // Clients take no longer chain.
		bytes, err := readFile(r.Files[at], limit)
		if err != nil {
			reason := map[bool]string{true: "missing", false: "unreadable"}[os.IsNotExist(err)]
			return found, &Rejected{reason, r.Files[at], err.Error()}
		}
		found[at] = string(bytes)
	}
	return found, nil
}

func readFile(path string, limit int64) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // A FIFO would wait for its writer.
	if err != nil {
		return nil, err
	}
	defer file.Close()
	_ = file.SetReadDeadline(time.Now().Add(rest)) // For /proc/kmsg; a file on a disk has none.
	if about, err := file.Stat(); err != nil || !about.Mode().IsRegular() || about.Size() > limit {
		return nil, errors.New("not a regular file, or too large")
	}
	return io.ReadAll(io.LimitReader(file, limit))
}

// judge asks what clients ask: does the key fit, does the chain lead to a root, today, for each name?
func (r *Rotating) judge(found [3]string) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair([]byte(found[0]), []byte(found[1]))
	if err != nil && strings.Contains(err.Error(), "does not match") {
		return nil, &Rejected{"pair_mismatch", r.Files[1], err.Error()}
	} else if err != nil {
		return nil, &Rejected{"malformed", r.Files[0], err.Error()}
	}
	roots, others := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(found[2]))
	for at, der := range pair.Certificate {
		other, err := x509.ParseCertificate(der) // Clients with OpenSSL parse each one, needed or not.
		if err != nil {
			return nil, &Rejected{"malformed", r.Files[0], err.Error()}
		}
		others.AddCert(other)
		key, is := other.PublicKey.(*rsa.PublicKey)
		if at == 0 && other.IsCA || is && (key.N.BitLen() < 2048 || key.N.BitLen() > 8192) {
			detail := "a CA as the leaf, or RSA below 2048 or above 8192 bits" // No rustls client.
			return nil, &Rejected{"chain_broken", r.Files[0], detail}
		}
	}
	for _, name := range r.Names {
		options := x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: others}
		if _, err := pair.Leaf.Verify(options); err != nil {
			return nil, &Rejected{reason(err), r.Files[0], err.Error()}
		}
	}
	return &pair, nil
}

func reason(err error) string {
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, new(x509.HostnameError)):
		return "name_lost"
	case !errors.As(err, &invalid) || invalid.Reason != x509.Expired:
		return "chain_broken"
	case time.Now().Before(invalid.Cert.NotBefore):
		return "not_yet_valid"
	}
	return "expired"
}
