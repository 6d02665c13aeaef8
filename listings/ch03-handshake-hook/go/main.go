// The Go twin of chapter 3: the same command line, the same events, the same tests.
//
// The idea is in hook.go. This file starts the server.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	role := ""
	if len(arguments) > 0 {
		role = arguments[0]
	}
	switch role {
	case "serve":
		return serve(arguments[1:])
	case "check":
		return Check("localhost")
	case "visit":
		return Visit("localhost")
	default:
		return fmt.Errorf("usage: serve --certificate FILE --key FILE --roots FILE, or check or visit, " +
			"which read sets of files from stdin")
	}
}

func serve(arguments []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	source := Source{}
	flags.StringVar(&source.Certificate, "certificate", "", "the chain, leaf first, in PEM")
	flags.StringVar(&source.Key, "key", "", "the key, in PEM; may be the same file")
	flags.StringVar(&source.Roots, "roots", "", "the trust anchors that peers hold, in PEM")
	flags.Func("name", "a name by which peers know this server; may be given more than once (default localhost)",
		func(name string) error {
			source.Names = append(source.Names, name)
			return nil
		})
	port := flags.Int("port", 0, "the port to listen on; 0 lets the system choose")
	pollMs := flags.Int("poll-ms", 1000, "milliseconds between two looks at the files")
	pollOnly := flags.Bool("poll-only", false, "do without the file system's events")
	hook := flags.String("hook", "hot", "hot, stat or frozen")
	form := flags.String("log", "auto", "write events as json or as text; auto: text where stderr is a terminal")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if err := choose(*form); err != nil {
		return err
	}
	if len(source.Names) == 0 {
		source.Names = []string{"localhost"}
	}
	if *pollMs < 1 {
		return fmt.Errorf("--poll-ms: at least 1")
	}

	// Go ends a process whose log is read no more. A server goes on without it.
	signal.Ignore(syscall.SIGPIPE)
	store, err := Start(source)
	if err != nil {
		return err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: store.GetCertificate}
	switch *hook {
	case "hot":
		go Watch(store, *pollOnly, time.Duration(*pollMs)*time.Millisecond)
	case "stat":
		naive, err := NewStatInHandshake(source)
		if err != nil {
			return err
		}
		config.GetCertificate = naive.GetCertificate
	case "frozen":
	default:
		return fmt.Errorf("--hook %s: not hot, stat or frozen", *hook)
	}

	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		return err
	}
	emit("listening", "port", listener.Addr().(*net.TCPAddr).Port)
	Serve(listener, config)
	return nil
}
