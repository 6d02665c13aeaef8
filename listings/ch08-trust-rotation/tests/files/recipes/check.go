package main

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

const bound = 30 * time.Second // For a client.

// The recipe in Go, asked as the twins are: a set of files on each line of stdin, and what it makes of
// them on each line of stdout. What it would load is served, until the next is asked for.
func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	var serving atomic.Pointer[tls.Certificate]
	go serve(listener, &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return serving.Load(), nil
	}})
	questions, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var question struct{ Certificate, Key, Roots string }
		if questions.Decode(&question) != nil {
			return
		}
		files := [3]string{question.Certificate, question.Key, question.Roots}
		reader := Rotating{Files: files, Names: []string{"localhost"}}
		var pair *tls.Certificate
		found, err := reader.read()
		if err == nil {
			pair, err = reader.judge(found)
		}
		serving.Store(pair)
		said := map[string]any{"outcome": "loaded", "port": listener.Addr().(*net.TCPAddr).Port}
		if rejected, is := err.(*Rejected); is {
			said["outcome"], said["file"], said["detail"] = rejected.Reason, rejected.File, rejected.Detail
		}
		if answers.Encode(said) != nil {
			return
		}
	}
}

// serve answers one request of each connection, in the lab's protocol.
func serve(listener net.Listener, config *tls.Config) {
	for {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer near.Close()
			_ = near.SetDeadline(time.Now().Add(bound))
			stream := tls.Server(near, config)
			if _, err := io.ReadFull(stream, make([]byte, 4)); err != nil {
				return
			}
			if _, err := stream.Write([]byte("!")); err == nil {
				_, _ = stream.Read(make([]byte, 1)) // Until the client has left.
			}
		}()
	}
}
