// A server whose certificate rotates while it runs: CHAIN KEY ROOTS NAME ADDRESS.
package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
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
	// Go ends a process whose log is read no more. A server goes on without it.
	signal.Ignore(syscall.SIGPIPE)
	// ANCHOR: server
	rotating := &Rotating{Files: [3]string(os.Args[1:4]), Names: os.Args[4:5], Hook: hook()}
	rotating.Start()

	large := bytes.Repeat([]byte("."), 16<<20)
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("hello\n")) })
	http.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) { w.Write(large) })
	server := http.Server{
		Addr:              os.Args[5],
		TLSConfig:         &tls.Config{GetCertificate: rotating.GetCertificate},
		ReadHeaderTimeout: 10 * time.Second, // And with it the handshake.
		IdleTimeout:       2 * time.Minute,  // HTTP/2: ends a connection without requests.
	}
	log.Fatal(server.ListenAndServeTLS("", ""))
	// ANCHOR_END: server
}

// hook logs what is news. A metric would be set here as well: the end of what is served, the moment of
// the last look, a count of rejections by their reason.
func hook() func(*tls.Certificate, error) {
	generation, told := 0, ""
	emit := json.NewEncoder(os.Stderr)
	return func(loaded *tls.Certificate, err error) {
		now := time.Now().UTC().Format("2006-01-02T15:04:05.000000000Z")
		if loaded != nil {
			generation++
			sum := sha256.Sum256(slices.Concat(loaded.Certificate...))
			emit.Encode(map[string]any{
				"ts": now, "event": "identity_loaded", "generation": generation,
				"serial":       loaded.Leaf.SerialNumber.Text(16),
				"not_after":    loaded.Leaf.NotAfter.UTC().Format(time.RFC3339),
				"chain_sha256": hex.EncodeToString(sum[:]),
			})
		}
		rejected, ok := err.(*Rejected)
		if ok && rejected.Reason != told {
			event := map[string]any{"ts": now, "event": "identity_awaited", "reason": rejected.Reason,
				"file": rejected.File, "detail": rejected.Detail}
			if generation > 0 {
				event["event"], event["generation"] = "identity_rejected", generation
			}
			emit.Encode(event)
		}
		told = ""
		if ok {
			told = rejected.Reason
		}
	}
}
