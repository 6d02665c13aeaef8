package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
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
	most   = 1 << 20                // Bytes that are read of a file.
)

var plain = strings.NewReplacer("\ufeff", "", "\r\n", "\n", "\r", "\n") // Windows, old Macs.

// Rotating follows the files of a certificate. Copy this file; it needs the standard library alone.
// A pair that clients would accept is published by one swap. Any other is reported, and the last
// good one stays. Set the first three fields, and give GetCertificate to the tls.Config. Hook must
// not wait.
type Rotating struct {
	Files [3]string                     // Chain (leaf first), key, and the roots that clients trust.
	Names []string                      // The names that clients ask for.
	Hook  func(*tls.Certificate, error) // Called after each look: with what is new, or with a *Rejected.

	current atomic.Pointer[tls.Certificate]
	roots   string // The last good ones.
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
		// No neighbour holds a leaf up: the last good roots judge it. What is wrong is told.
		var fault error
		if refused, is := err.(*Rejected); is && refused.File == r.Files[2] && r.roots != "" {
			refused.Detail += ". The last good roots stay in force"
			fault = refused
			next, err = r.judge([3]string{found[0], found[1], r.roots})
		} else if err == nil {
			r.roots = found[2]
		}
		switch {
		case err != nil && age < rest: // A writer may be at work.
		case err != nil:
			r.Hook(nil, err)
		case served != nil && slices.EqualFunc(next.Certificate, served.Certificate, slices.Equal):
			if fault == nil || age >= rest {
				r.Hook(nil, fault)
			}
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
	for at, path := range r.Files {
		found[at], err = readFile(path)
		if os.IsNotExist(err) {
			return found, &Rejected{"missing", path, err.Error()}
		} else if err != nil {
			return found, &Rejected{"unreadable", path, err.Error()}
		}
	}
	return found, nil
}

func readFile(path string) (string, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // Or a FIFO waits for a writer.
	if err != nil {
		return "", err
	}
	defer file.Close()
	_ = file.SetReadDeadline(time.Now().Add(rest)) // For /proc/kmsg; a file on a disk has none.
	if about, err := file.Stat(); err != nil || !about.Mode().IsRegular() {
		return "", errors.New("not a regular file")
	} else if about.Size() > most {
		return "", errors.New("larger than 1 MiB")
	}
	bytes, err := io.ReadAll(io.LimitReader(file, most))
	return plain.Replace(string(bytes)), err
}

// judge asks what clients ask: does the key fit, does the chain lead to a root, today, for each name?
func (r *Rotating) judge(found [3]string) (*tls.Certificate, error) {
	refuse := func(at int, reason, why string) (*tls.Certificate, error) {
		return nil, &Rejected{reason, r.Files[at], why}
	}
	roots, others, size := x509.NewCertPool(), x509.NewCertPool(), 4
	parsed := others.AppendCertsFromPEM([]byte(found[0]))
	pair, err := tls.X509KeyPair([]byte(found[0]), []byte(found[1]))
	if err != nil && strings.Contains(err.Error(), "match public key") {
		return refuse(1, "pair_mismatch", "not the key of the first certificate: the leaf comes first")
	} else if err != nil && strings.Contains(found[1], "ENCRYPTED") {
		return refuse(1, "malformed", "the key is encrypted: `openssl pkey -in OLD -out NEW` decrypts it")
	} else if err != nil && parsed && strings.HasPrefix(err.Error(), "tls:") {
		return refuse(1, "malformed", err.Error())
	} else if err != nil {
		return refuse(0, "malformed", err.Error())
	} else if !roots.AppendCertsFromPEM([]byte(found[2])) {
		return refuse(2, "malformed", "no root in PEM that clients parse")
	}
	for _, der := range pair.Certificate {
		size += len(der) + 5
		one, err := x509.ParseCertificate(der) // Clients parse each one, needed or not.
		if err != nil {
			return refuse(0, "malformed", err.Error())
		} else if key, is := one.PublicKey.(*rsa.PublicKey); is && key.N.BitLen() > 8192 {
			return refuse(0, "too_large", "clients of Go take no RSA of over 8192 bits")
		} else if size > 32<<10 || len(pair.Certificate) > 10 {
			return refuse(0, "too_large", "clients of Java take 10 certificates and 32 KiB, no bundles")
		}
	}
	for _, name := range r.Names {
		options := x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: others}
		chains, err := pair.Leaf.Verify(options)
		if err != nil {
			return refuse(0, reason(err), err.Error())
		} else if !slices.ContainsFunc(chains, usable) {
			return refuse(0, "chain_broken",
				"clients of other libraries take no authority as a leaf, no seventh intermediate, "+
					"no RSA below 2048 or above 8192 bits, no P-224 or ML-DSA, "+
					"no use without serverAuth or digitalSignature, no date before 1970, no "+
					"critical policy")
		}
	}
	return &pair, nil
}

// usable tells whether clients of other libraries take it. Go takes more.
func usable(chain []*x509.Certificate) bool {
	leaf := chain[0]
	use := x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement
	signs := leaf.KeyUsage == 0 || leaf.KeyUsage&use != 0
	taken := signs && !leaf.IsCA && len(chain) <= 8
	if len(chain) > 1 && slices.ContainsFunc(chain[:len(chain)-1], strange) {
		return false
	}
	return taken && !slices.ContainsFunc(chain, func(one *x509.Certificate) bool {
		key, is := one.PublicKey.(*rsa.PublicKey)
		point, on := one.PublicKey.(*ecdsa.PublicKey)
		limited := slices.ContainsFunc(one.Extensions, func(it pkix.Extension) bool {
			return it.Id.String() == "2.5.29.37" // Extended key usage, which may be empty.
		})
		return is && (key.N.BitLen() < 2048 || key.N.BitLen() > 8192) ||
			on && point.Curve == elliptic.P224() ||
			one.PublicKeyAlgorithm > x509.Ed25519 ||
			limited && !slices.Contains(one.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	})
}

// strange tells of a date or a critical extension that rustls does not know. Of a root it reads none.
func strange(one *x509.Certificate) bool {
	return one.NotBefore.Year() < 1970 || slices.ContainsFunc(one.Extensions, func(it pkix.Extension) bool {
		known := []string{"2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.30", "2.5.29.31", "2.5.29.37"}
		return it.Critical && !slices.Contains(known, it.Id.String())
	})
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
