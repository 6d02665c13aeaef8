package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// Question is a set of files, and for a client a port of this host.
type Question struct {
	Certificate, Key, Roots string
	Port                    int
}

// answer calls reply for each question of a stream of JSON, and writes what it returns, one line each.
func answer(in io.Reader, out io.Writer, reply func(Question) map[string]any) error {
	questions := json.NewDecoder(bufio.NewReader(in))
	answers := json.NewEncoder(out)
	for {
		var question Question
		if err := questions.Decode(&question); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("a question is no JSON: %w", err)
		}
		if err := answers.Encode(reply(question)); err != nil {
			return err
		}
	}
}

// Check says of each set of files on stdin whether a server would load it. What it would is served,
// until the next is asked for.
func Check(name string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var serving atomic.Pointer[Identity]
	go Serve(listener, &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		if identity := serving.Load(); identity != nil {
			return &identity.Pair, nil
		}
		return nil, fmt.Errorf("nothing is served")
	}})
	port := listener.Addr().(*net.TCPAddr).Port
	return answer(os.Stdin, os.Stdout, func(question Question) map[string]any {
		source := Source{question.Certificate, question.Key, question.Roots, []string{name}}
		files, err := Look(source)
		said := map[string]any{"port": port, "exposed": len(files.Exposed()) > 0}
		var identity *Identity
		if err == nil {
			identity, err = Judge(source, files, nil)
		}
		serving.Store(identity)
		said["outcome"] = "loaded"
		if rejected, is := err.(*Rejected); is {
			said["outcome"], said["file"], said["detail"] = rejected.Reason, rejected.File, rejected.Detail
		}
		return said
	})
}

// Visit is a client: for each port on stdin it makes a handshake, asks for one byte, and says what went
// wrong. It trusts the roots of the question, and shows the pair where it is asked for one.
func Visit(name string) error {
	return answer(os.Stdin, os.Stdout, func(question Question) map[string]any {
		if err := visitOnce(name, question); err != nil {
			return map[string]any{"failed": err.Error()}
		}
		return map[string]any{}
	})
}

func visitOnce(name string, question Question) error {
	roots, err := os.ReadFile(question.Roots)
	if err != nil {
		return err
	}
	shown, err := tls.LoadX509KeyPair(question.Certificate, question.Key)
	if err != nil {
		return err
	}
	trust := x509.NewCertPool()
	trust.AppendCertsFromPEM(roots)
	near, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", question.Port))
	if err != nil {
		return err
	}
	defer near.Close()
	_ = near.SetDeadline(time.Now().Add(3 * handshakeBound))
	stream := tls.Client(near, &tls.Config{
		ServerName: name, RootCAs: trust, Certificates: []tls.Certificate{shown},
	})
	if _, err := stream.Write([]byte{0, 0, 0, 1}); err != nil {
		return err
	}
	if _, err := io.ReadFull(stream, make([]byte, 1)); err != nil {
		return err
	}
	return stream.Close()
}
