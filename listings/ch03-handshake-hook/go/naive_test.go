package main

import (
	"crypto/tls"
	"os"
	"syscall"
	"testing"
	"time"
)

// Each test shows a defect of StatInHandshake, and then what ours does in the same place.

type both struct {
	*authority
	hook         *StatInHandshake
	store        *IdentityStore
	naive, ours_ *tls.Config
}

func newBoth(t *testing.T) *both {
	a := newAuthority(t)
	a.rotate()
	naive := must[*StatInHandshake](t)(NewStatInHandshake(a.source))
	store := must[*IdentityStore](t)(Start(a.source))
	return &both{a, naive, store, &tls.Config{GetCertificate: naive.GetCertificate},
		&tls.Config{GetCertificate: store.GetCertificate}}
}

// expect compares what a client is shown; "" stands for a handshake that fails.
func (b *both) expect(naive, ours string) {
	b.t.Helper()
	if serial, _, err := handshake(b.naive, b.client()); serial != naive {
		b.t.Fatalf("naive: %q, %v; want %q", serial, err, naive)
	}
	_ = b.store.Reload()
	if serial, _, err := handshake(b.ours_, b.client()); serial != ours {
		b.t.Fatalf("ours: %q, %v; want %q", serial, err, ours)
	}
}

func TestInTheDemoBothWork(t *testing.T) {
	b := newBoth(t)
	newer := b.modified().Add(time.Second)
	b.rotate()
	b.date(newer)
	b.expect("1002", "1002")
}

func TestARewriteWithinOneTickIsMissed(t *testing.T) {
	b := newBoth(t)
	before := b.modified()
	b.rotate()
	b.date(before)
	b.expect("1001", "1002")
}

func TestARollbackToAnOlderFileIsMissed(t *testing.T) {
	b := newBoth(t)
	b.rotate()
	b.date(time.Unix(0, 0))
	b.expect("1001", "1002")
}

// tls.LoadX509KeyPair refuses the torn pair, and the handshake with it, though a good pair is in
// memory. When the key comes too, it recovers.
func TestATornPairFailsEveryHandshake(t *testing.T) {
	b := newBoth(t)
	newer := b.modified().Add(time.Second)
	b.issue()
	b.write(b.source.Certificate, b.certificate, 0o644)
	b.date(newer)
	b.expect("", "1001")
	b.write(b.source.Key, b.private, 0o600)
	b.expect("1002", "1002")
}

func TestAMissingFileFailsEveryHandshake(t *testing.T) {
	b := newBoth(t)
	os.Remove(b.source.Certificate)
	b.expect("", "1001")
}

// A FIFO in place of the certificate blocks whoever opens it, as a hung mount does.
func TestOneSlowFileStallsEveryClient(t *testing.T) {
	b := newBoth(t)
	whole := must[[]byte](t)(os.ReadFile(b.source.Certificate))
	os.Remove(b.source.Certificate)
	if err := syscall.Mkfifo(b.source.Certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	b.date(time.Now().Add(time.Hour))
	done := make(chan string, 2)
	visit := func(who string) {
		serial, _, _ := handshake(b.naive, b.client())
		done <- who + serial
	}
	go visit("first ")
	// To open it for writing returns once somebody is stuck in it; with whoever is, the lock.
	held := must[*os.File](t)(os.OpenFile(b.source.Certificate, os.O_WRONLY, 0))
	if b.hook.mutex.TryLock() {
		t.Fatal("it reads without the lock")
	}
	go visit("second ")
	// That nothing happens can only be seen by waiting; a slow machine errs towards passing.
	select {
	case who := <-done:
		t.Fatalf("%s was served", who)
	case <-time.After(200 * time.Millisecond):
	}
	// With ours the watcher is not in the handshake: clients are served meanwhile.
	for range 10 {
		if serial, _, err := handshake(b.ours_, b.client()); serial != "1001" || err != nil {
			t.Fatal(serial, err)
		}
	}
	b.write(b.source.Certificate, whole, 0o644)
	b.date(time.Now().Add(time.Hour))
	held.Close()
	got := map[string]bool{}
	for range 2 {
		got[wait(t, done, "a handshake behind the slow file")] = true
	}
	if !got["first "] || !got["second 1001"] {
		t.Fatal(got)
	}
}
