package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// /proc/kmsg is a regular file by its type, and who reads it waits for the next word of the kernel. Where this
// process may not open it, it is unreadable for that reason, and where a container hides it, no regular file.
func TestAFileThatWaitsIsNotWaitedFor(t *testing.T) {
	a := newAuthority(t)
	a.rotate()
	store := must[*IdentityStore](t)(Start(a.source))
	if err := errors.Join(os.Remove(a.source.Key), os.Symlink("/proc/kmsg", a.source.Key)); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- store.Reload() }()
	select {
	case err := <-done:
		var rejected *Rejected
		if !errors.As(err, &rejected) || rejected.File != a.source.Key {
			t.Fatal(err)
		}
	case <-time.After(bound):
		t.Fatalf("waited %v for a look at a file without an end", bound)
	}
}

// Whoever reads the log may end first. The server goes on, and rotates.
func TestAServerOutlivesItsLog(t *testing.T) {
	a := newAuthority(t)
	a.rotate()
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), asProgram+"="+strings.Join([]string{"serve", "--certificate",
		a.source.Certificate, "--key", a.source.Key, "--roots", a.source.Roots, "--poll-ms", "50"}, "\n"))
	log := must[io.ReadCloser](t)(server.StderrPipe())
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = server.Process.Kill(), server.Wait() }()
	listens := make(chan int, 1)
	go func() {
		var event struct{ Port int }
		for lines := bufio.NewScanner(log); event.Port == 0 && lines.Scan(); {
			_ = json.Unmarshal(lines.Bytes(), &event)
		}
		listens <- event.Port
	}()
	port := wait(t, listens, "the server to say where it listens")
	_ = log.Close()
	serial, shown, end := a.rotate(), "", time.Now().Add(bound)
	for shown != serial && time.Now().Before(end) {
		near, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatalf("it has ended with its log: %v", err)
		}
		shown, _, _ = visit(near, a.client())
		time.Sleep(10 * time.Millisecond)
	}
	if shown != serial {
		t.Fatalf("shown %s; want %s", shown, serial)
	}
}
