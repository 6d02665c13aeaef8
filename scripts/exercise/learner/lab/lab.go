// Package lab has what several checks in Go need: authorities, a call between two ends, processes of their own, and what orders goroutines.
package lab

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

// Authority has a root and an intermediate of its own.
type Authority struct {
	root, between *x509.Certificate
	signer        *ecdsa.PrivateKey
}

var roots struct {
	sync.Mutex
	named map[string]*Authority
}

// Root is the authority of this name: the same one for all checks.
func Root(name string) *Authority {
	roots.Lock()
	defer roots.Unlock()
	if roots.named == nil {
		roots.named = map[string]*Authority{}
	}
	if roots.named[name] == nil {
		roots.named[name] = NewAuthority(name)
	}
	return roots.named[name]
}

// OfTheHost is an authority whose root is one of the host's roots, which `Verify` takes where it is given none. It is the only one of these from the first call on.
var OfTheHost = sync.OnceValue(func() *Authority {
	authority := NewAuthority("an authority that the host trusts")
	before, set := os.LookupEnv("GODEBUG")
	defer func() {
		if set {
			os.Setenv("GODEBUG", before)
		} else {
			os.Unsetenv("GODEBUG")
		}
	}()
	os.Setenv("GODEBUG", "x509usefallbackroots=1")
	x509.SetFallbackRoots(Pool(authority))
	return authority
})

// NewAuthority is another one of this name, with keys of its own.
func NewAuthority(name string) *Authority {
	key, signer := newKey(), newKey()
	root := sign(template(name), nil, key, key)
	between := sign(template(name+", intermediate"), root, signer, key)
	return &Authority{root: root, between: between, signer: signer}
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
}

// Leaf is a certificate for localhost with its intermediate and key. It is valid for an hour, for this use.
func (authority *Authority) Leaf(use x509.ExtKeyUsage) tls.Certificate {
	key := newKey()
	// No one calls a client, which has a name of its own.
	name := "localhost"
	if use == x509.ExtKeyUsageClientAuth {
		name = "client.internal"
	}
	template := &x509.Certificate{DNSNames: []string{name}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{use}}
	leaf := sign(template, authority.between, key, authority.signer)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw, authority.between.Raw}, PrivateKey: key}
}

// LeafOf is a server's certificate for this name, with its intermediate and key. It begins so much later than now, and is valid for two hours.
func (authority *Authority) LeafOf(name string, begins time.Duration) tls.Certificate {
	key, from := newKey(), time.Now().Add(begins)
	template := &x509.Certificate{DNSNames: []string{name}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, NotBefore: from, NotAfter: from.Add(2 * time.Hour)}
	leaf := sign(template, authority.between, key, authority.signer)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw, authority.between.Raw}, PrivateKey: key}
}

// LongerLeaf is the same of an authority that has one level more: a leaf and two intermediates.
func (authority *Authority) LongerLeaf(use x509.ExtKeyUsage) tls.Certificate {
	key := newKey()
	next := sign(template("a second intermediate"), authority.between, key, authority.signer)
	below := &Authority{root: authority.root, between: next, signer: key}
	leaf := below.Leaf(use)
	leaf.Certificate = append(leaf.Certificate, authority.between.Raw)
	return leaf
}

// AgingLeaf is the same of an authority whose second intermediate ends half an hour before the leaf does.
func (authority *Authority) AgingLeaf(use x509.ExtKeyUsage) tls.Certificate {
	key, aging := newKey(), template("an intermediate that ends earlier")
	aging.NotAfter = time.Now().Add(30 * time.Minute)
	next := sign(aging, authority.between, key, authority.signer)
	leaf := (&Authority{root: authority.root, between: next, signer: key}).Leaf(use)
	leaf.Certificate = append(leaf.Certificate, authority.between.Raw)
	return leaf
}

func sign(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
	template.SerialNumber, _ = rand.Int(rand.Reader, big.NewInt(1<<60))
	if template.NotBefore.IsZero() {
		template.NotBefore = time.Now().Add(-time.Hour)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(time.Hour)
	}
	if parent == nil {
		parent = template
	}
	der := Must(x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer))
	return Must(x509.ParseCertificate(der))
}

func newKey() *ecdsa.PrivateKey {
	return Must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
}

// Pool has the roots of these.
func Pool(authorities ...*Authority) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, one := range authorities {
		pool.AddCert(one.root)
	}
	return pool
}

// Call is the server's end of a connection, and why it did not come about. The client reads a byte, and the tickets before it.
func Call(server, client *tls.Config) (tls.ConnectionState, error) {
	listener := Must(net.Listen("tcp", "127.0.0.1:0"))
	defer listener.Close()
	near := Must(net.Dial("tcp", listener.Addr().String()))
	defer near.Close()
	far := Must(listener.Accept())
	defer far.Close()
	bound := time.Now().Add(30 * time.Second)
	_, _ = near.SetDeadline(bound), far.SetDeadline(bound)
	done := make(chan struct{})
	go func() {
		defer close(done)
		stream := tls.Client(near, client)
		_, _ = stream.Read(make([]byte, 1))
	}()
	stream := tls.Server(far, server)
	err := stream.Handshake()
	if err == nil {
		_, err = stream.Write([]byte{1})
	}
	if err != nil {
		far.Close()
	}
	<-done
	return stream.ConnectionState(), err
}

// Must is the value, where there is no error.
func Must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// A process of its own is told its machine by the variable asked, and prints says before its answer.
const (
	asked = "EXERCISE_PROCESS"
	says  = "the process says: "
)

// Panicked is what is said where an answer has panicked with this, and in which of its lines that was. The deferred function that has recovered calls it.
func Panicked(said any) string {
	words := fmt.Sprint(said)
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	for began, more := false, true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		began = began || frame.Function == "runtime.gopanic"
		switch file := filepath.Base(frame.File); {
		case began && file == "answer.go" && !strings.Contains(words, "this is the starter"):
			return fmt.Sprintf("%s (%s:%d). That line is one of your answer, so these are not the words of the check: your answer panicked. What panics in a server ends its process, and all that it served. Where something can fail, return the error, or go on with what is still good.", words, file, frame.Line)
		case began && (file == "answer_test.go" || file == "checks.go"):
			return words
		}
	}
	return words
}

// EachProcess is what say returns in a process for each of these machines, all started at once. It runs this test again, and
// nothing else, in each of them.
func EachProcess(t *testing.T, machines []string, say func(machine string) string) []string {
	if machine, is := os.LookupEnv(asked); is {
		fmt.Println("\n" + says + say(machine))
		os.Exit(0)
	}
	// What it panics with here is a failure of this check.
	say(machines[0])
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	// As it is named where the book tries all answers at once: a test within others.
	this := "-test.run=^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	printed := make([]bytes.Buffer, len(machines))
	started := make([]*exec.Cmd, len(machines))
	for number, machine := range machines {
		command := onHost(ctx, machine, os.Args[0], this)
		command.Env = append(os.Environ(), asked+"="+machine, "HOSTNAME="+machine)
		command.Stdout, command.Stderr = &printed[number], &printed[number]
		if err := command.Start(); err != nil {
			t.Fatalf("A process of its own cannot be started: %v.", err)
		}
		started[number] = command
	}
	said := make([]string, len(machines))
	for number, command := range started {
		err := command.Wait()
		_, answer, found := strings.Cut(printed[number].String(), says)
		if !found {
			t.Fatalf("A process of its own, for %s, has ended without an answer (%v, and it is given 30 s): %.500s", machines[number], err, printed[number].String())
		}
		said[number], _, _ = strings.Cut(answer, "\n")
	}
	return said
}

// Alone says whether this is a process of EachProcess: no other check runs in it, so that what belongs to the whole process may be
// changed.
func Alone() bool {
	_, is := os.LookupEnv(asked)
	return is
}

// onHost is a command on a host of this name, where the system lets a user make one, and else on this host.
func onHost(ctx context.Context, name string, words ...string) *exec.Cmd {
	// There it is process number 1, as the first of a container is on each machine.
	within := []string{"--user", "--map-root-user", "--uts", "--pid", "--kill-child", "sh", "-c", `echo "$0" > /proc/sys/kernel/hostname && exec "$@"`, name}
	if exec.CommandContext(ctx, "unshare", append(within, "true")...).Run() != nil {
		return exec.CommandContext(ctx, words[0], words[1:]...)
	}
	return exec.CommandContext(ctx, "unshare", append(within, words...)...)
}

// Orders says whether a field of what this points to, in the answer or in what the answer has made itself, orders what goroutines do with it: a lock, an atomic value, a
// channel, or whatever is behind a function or an interface.
func Orders(pointer any) bool {
	of := reflect.TypeOf(pointer).Elem()
	return orders(of, of.PkgPath(), 6)
}

func orders(of reflect.Type, answer string, depth int) bool {
	if depth == 0 {
		// A list of things that lead to each other.
		return false
	}
	switch of.Kind() {
	case reflect.Chan, reflect.Func, reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return orders(of.Elem(), answer, depth-1)
	case reflect.Struct:
		if of.PkgPath() == "sync" || of.PkgPath() == "sync/atomic" {
			return true
		}
		for number := 0; of.PkgPath() == answer && number < of.NumField(); number++ {
			if orders(of.Field(number).Type, answer, depth-1) {
				return true
			}
		}
	}
	return false
}

// PassesBy says whether what ends while all locks are held that are in what pointer points to: a lock that is not taken orders nothing. Where something else
// orders goroutines, what need not wait for a lock, and the answer is no.
func PassesBy(pointer any, what func()) bool {
	value := reflect.ValueOf(pointer).Elem()
	locks, alone := locksOf(value, value.Type().PkgPath(), 6)
	if len(locks) == 0 || !alone {
		return false
	}
	for _, lock := range locks {
		lock.Lock()
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer func() { _ = recover() }()
		what()
	}()
	passesBy := false
	// Where it cannot be seen that a lock is waited for, what has not ended by then is taken to wait.
	for bound := time.Now().Add(2 * time.Second); !passesBy && !slices.ContainsFunc(locks, isWaitedFor) && time.Now().Before(bound); {
		select {
		case <-ended:
			passesBy = true
		case <-time.After(time.Millisecond):
		}
	}
	for _, lock := range locks {
		lock.Unlock()
	}
	<-ended
	return passesBy
}

// isWaitedFor says whether a goroutine waits for this lock, which is held. The library keeps that in fields of its own.
func isWaitedFor(lock sync.Locker) bool {
	held := reflect.ValueOf(lock)
	// What both kinds begin with counts those who wait, above three bits.
	if *(*int32)(held.UnsafePointer())>>3 > 0 {
		return true
	}
	if _, is := lock.(*sync.RWMutex); !is {
		return false
	}
	readers := held.Elem().FieldByName("readerCount")
	// While a writer has it, so much is taken off the number of readers.
	return readers.IsValid() && (*atomic.Int32)(unsafe.Pointer(readers.UnsafeAddr())).Load()+1<<30 > 0
}

var alone sync.Mutex

// OneAtATime runs something while one goroutine of this process runs at a time: the one that lets go of a lock goes on when another has come to its end, or waits.
func OneAtATime(what func()) {
	alone.Lock()
	defer alone.Unlock()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	what()
}

// Beside says whether what ends while another goroutine has the only lock that is in what pointer points to, from the moment at which what let go of it.
// At that moment, and before what goes on, first runs. Where there is no such moment, or what waits for the lock again, the answer is no.
func Beside(pointer any, what, first func()) (beside bool) {
	value := reflect.ValueOf(pointer).Elem()
	locks, alone := locksOf(value, value.Type().PkgPath(), 6)
	if len(locks) != 1 || !alone {
		return false
	}
	lock, is := locks[0].(*sync.Mutex)
	if !is {
		// One for readers is not handed on.
		return false
	}
	waiting := func(number int32) {
		for bound := time.Now().Add(2 * time.Second); *(*int32)(unsafe.Pointer(lock))>>3 < number && time.Now().Before(bound); {
			time.Sleep(time.Millisecond)
		}
	}
	ended, done := make(chan struct{}), make(chan struct{})
	OneAtATime(func() {
		lock.Lock()
		go func() {
			defer close(ended)
			defer func() { _ = recover() }()
			what()
		}()
		waiting(1)
		go func() {
			defer close(done)
			lock.Lock()
			first()
			for bound := time.Now().Add(2 * time.Second); !beside && !isWaitedFor(lock) && time.Now().Before(bound); {
				select {
				case <-ended:
					beside = true
				case <-time.After(time.Millisecond):
				}
			}
			lock.Unlock()
		}()
		waiting(2)
		// Who has waited for more than a millisecond, and wakes up in vain, is handed the lock, and so are all behind.
		time.Sleep(2 * time.Millisecond)
		lock.Unlock()
		lock.Lock()
		time.Sleep(2 * time.Millisecond)
		lock.Unlock()
		<-done
	})
	<-ended
	return beside
}

// Replaced puts another pointer into each field of what pointer points to that has this one, and says how many they are.
func Replaced[T any](pointer any, this, other *T) int {
	return replaced(reflect.ValueOf(pointer).Elem(), this, other, 6)
}

func replaced[T any](of reflect.Value, this, other *T, depth int) (number int) {
	switch {
	case depth == 0:
	case of.Type() == reflect.TypeFor[*T]():
		if of.CanAddr() && of.UnsafePointer() == unsafe.Pointer(this) {
			*(**T)(unsafe.Pointer(of.UnsafeAddr())) = other
			return 1
		}
	case of.Kind() == reflect.Pointer && !of.IsNil() && of.Type().Elem().Kind() == reflect.Struct:
		return replaced(of.Elem(), this, other, depth-1)
	case of.Kind() == reflect.Struct && of.Type().PkgPath() != "sync":
		for field := range of.NumField() {
			number += replaced(of.Field(field), this, other, depth-1)
		}
	}
	return number
}

// locksOf finds the locks, and says whether nothing else orders goroutines.
func locksOf(of reflect.Value, answer string, depth int) (locks []sync.Locker, alone bool) {
	alone = true
	if depth == 0 {
		return nil, alone
	}
	switch of.Kind() {
	case reflect.Chan, reflect.Func, reflect.Interface:
		return nil, false
	case reflect.Slice, reflect.Array, reflect.Map:
		// The locks of a list may be taken one by one.
		return nil, !orders(of.Type(), answer, depth)
	case reflect.Pointer:
		if of.IsNil() {
			return nil, !orders(of.Type(), answer, depth)
		}
		return locksOf(of.Elem(), answer, depth-1)
	case reflect.Struct:
		if of.Type().PkgPath() == "sync" || of.Type().PkgPath() == "sync/atomic" {
			if !of.CanAddr() {
				return nil, false
			}
			lock, is := reflect.NewAt(of.Type(), unsafe.Pointer(of.UnsafeAddr())).Interface().(sync.Locker)
			return []sync.Locker{lock}, is
		}
		for number := 0; of.Type().PkgPath() == answer && number < of.NumField(); number++ {
			more, andAlone := locksOf(of.Field(number), answer, depth-1)
			locks, alone = append(locks, more...), alone && andAlone
		}
	}
	return locks, alone
}
