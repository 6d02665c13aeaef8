// The Go twin of chapter 3: the same command line, the same events, the same tests.
//
// The idea is in hook.go. This file starts the server.
package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const usage = `Usage: serve --certificate FILE --key FILE --roots FILE [OPTIONS]
       check | visit

serve   serve, and follow the files; serve --help lists the options
check   for each set of files on stdin, a line of JSON each: would a server load it?
visit   for each set of files and port on stdin: does a client accept the server there?
`

func main() {
	queue := newQueue(os.Stderr)
	log = queue
	err := run(os.Args[1:])
	queue.Flush(time.Second)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
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
	case "-h", "--help", "help":
		fmt.Print(usage)
		return nil
	case "":
		return fmt.Errorf("a command is missing\n\n%s", usage)
	default:
		return fmt.Errorf("unknown command %q\n\n%s", role, usage)
	}
}

func serve(arguments []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	source := Source{}
	flags.StringVar(&source.Certificate, "certificate", "", "the chain, leaf first, in PEM")
	flags.StringVar(&source.Key, "key", "", "the key, in PEM; may be the same file")
	flags.StringVar(&source.Roots, "roots", "", "the trust anchors by which peers verify the chain, in PEM")
	flags.Func("name", "a name that the certificate must be valid for; can be given several times (default localhost)",
		func(name string) error {
			source.Names = append(source.Names, name)
			return nil
		})
	port := flags.Int("port", 0, "the port to listen on; 0 lets the system choose")
	pollMs := flags.Int("poll-ms", 1000, "time between two looks at the files, in milliseconds")
	pollOnly := flags.Bool("poll-only", false, "only poll, without the file system's events")
	hook := flags.String("hook", "hot", "hot: the current generation; stat: look at the files in each handshake; "+
		"frozen: the first generation, forever")
	form := flags.String("log", "auto", "how events are written: json, text, or auto: text if stderr is a terminal")
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
