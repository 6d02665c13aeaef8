// A server whose certificate rotates while it runs: CHAIN KEY ROOTS NAME ADDRESS.
package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) != 6 {
		log.Fatal("usage: CHAIN KEY ROOTS NAME ADDRESS")
	}
	if os.Args[4] == "" { // Go would ask for no name at all.
		log.Fatal(`"": no name of a host, and no IP address`)
	}
	// Go ends a process whose log is read no more. A server goes on without it. SIGHUP, by which
	// agents and systemd say "reload", would end it as well, and the files are looked at anyway.
	signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP)
	// ANCHOR: server
	files, names := [3]string(os.Args[1:4]), os.Args[4:5]
	rotating := &Rotating{Files: files, Names: names, Hook: hook(logTo(os.Stderr))}
	rotating.Start()

	large := bytes.Repeat([]byte("."), 16<<20)
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("hello\n")) })
	http.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) { w.Write(large) })
	server := http.Server{
		Addr:              os.Args[5],
		Handler:           patient(http.DefaultServeMux),
		TLSConfig:         &tls.Config{GetCertificate: rotating.GetCertificate},
		ReadHeaderTimeout: 10 * time.Second, // And with it the handshake.
		ReadTimeout:       room,             // A request with its body. Give large uploads more.
		IdleTimeout:       2 * time.Minute,  // HTTP/2: ends a connection without requests.
		HTTP2:             &http.HTTP2Config{WriteByteTimeout: room},
	}
	log.Fatal(server.ListenAndServeTLS("", ""))
	// ANCHOR_END: server
}

// room is how long a client may take to make room for the next part of its answer. WriteTimeout would be
// for whole answers, and cut clients that are slow.
const room = 30 * time.Second

// patient gives each part of an answer that time, and what is left of it in a buffer at its end.
func patient(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.SetWriteDeadline(time.Time{}) // That of the answer before, which has passed.
		handler.ServeHTTP(parts{w, control}, r)
		_ = control.SetWriteDeadline(time.Now().Add(room))
	})
}

type parts struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (p parts) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func (p parts) Flush() { _ = p.control.Flush() }

func (p parts) Write(answer []byte) (written int, err error) {
	// A handler may take its time for the next part.
	defer p.control.SetWriteDeadline(time.Time{})
	for part := range slices.Chunk(answer, 16<<10) {
		_ = p.control.SetWriteDeadline(time.Now().Add(room))
		n, err := p.ResponseWriter.Write(part)
		if written += n; err != nil {
			return written, err
		}
	}
	return written, nil
}

// hook logs what is news. A metric would be set here as well: the end of what is served, the moment of
// the last look, a count of rejections by their reason.
func hook(emit func(event)) func(*tls.Certificate, error) {
	generation, told := 0, ""
	return func(loaded *tls.Certificate, err error) {
		if loaded != nil {
			generation++
			sum := sha256.Sum256(slices.Concat(loaded.Certificate...))
			emit(event{
				"event": "identity_loaded", "generation": generation,
				"serial":       loaded.Leaf.SerialNumber.Text(16),
				"not_after":    loaded.Leaf.NotAfter.UTC().Format(time.RFC3339),
				"chain_sha256": hex.EncodeToString(sum[:]),
			})
		}
		rejected, ok := err.(*Rejected)
		if ok && rejected.Reason+rejected.File != told { // The detail may hold the time.
			news := event{"event": "identity_awaited", "reason": rejected.Reason,
				"file": rejected.File, "detail": rejected.Detail}
			if generation > 0 {
				news["event"], news["generation"] = "identity_rejected", generation
			}
			emit(news)
		}
		told = ""
		if ok {
			told = rejected.Reason + rejected.File
		}
	}
}

// event is a line of the log.
type event map[string]any

// queued is how many lines wait for the reader of the log at most.
const queued = 1024

// logTo writes a log that may not be read: its pipe is full, and a write waits. The rotation does not. A line that
// finds no room is counted as lost, and the next one that does follows that count.
func logTo(writer io.Writer) func(event) {
	lines, lost := make(chan event, queued), 0
	go func() {
		encoder := json.NewEncoder(writer)
		for line := range lines {
			encoder.Encode(line)
		}
	}()
	send := func(line event) bool {
		line["ts"] = time.Now().UTC().Format("2006-01-02T15:04:05.000000000Z")
		select {
		case lines <- line:
			return true
		default:
			return false
		}
	}
	return func(line event) {
		if lost > 0 && send(event{"event": "lines_lost", "lines": lost}) {
			lost = 0
		}
		if !send(line) {
			lost++
		}
	}
}
