package main

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// Generation is one immutable snapshot. Its number only rises.
type Generation struct {
	Number   uint64
	Identity *Identity
}

// IdentityStore holds the current generation, and the one way to replace it.
type IdentityStore struct {
	source    Source
	current   atomic.Pointer[Generation]
	reloading sync.Mutex
	exposed   map[string]string // The files that were last complained of and their modes, guarded by reloading.
	distrust  string            // The same of the anchors.
	leaf      string            // The newest leaf that was seen, valid or not, and the one whose rejection was told.
	leafTold  string
}

// ANCHOR: hook

// GetCertificate answers each hello with the pair of the generation that is current at that
// moment: one atomic load, no file, no lock.
func (store *IdentityStore) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	generation := store.current.Load()
	// The connection that asks wants to know the answer, for its log.
	if connection, ours := hello.Conn.(*asking); ours {
		connection.answered = generation.Number
	}
	return &generation.Identity.Pair, nil
}

// asking is a connection that remembers with which generation the hook answered it.
type asking struct {
	net.Conn
	answered uint64
}

// ANCHOR_END: hook

// ANCHOR: goodbye

// Read tells an end from a goodbye. Go takes the end of the connection between two records for a
// close_notify, so a log would say that the client has closed what was cut.
func (connection *asking) Read(into []byte) (int, error) {
	read, err := connection.Conn.Read(into)
	if err == io.EOF {
		err = errCut
	}
	return read, err
}

// Not io.ErrUnexpectedEOF: Go makes an io.EOF of that, too.
var errCut = errors.New("the connection ended without close_notify")

// ANCHOR_END: goodbye

// Start loads the first generation. There is nothing to fall back to yet.
func Start(source Source) (*IdentityStore, error) {
	store := &IdentityStore{source: source}
	identity, err := store.read()
	if err != nil {
		return nil, err
	}
	store.publish(&Generation{Number: 1, Identity: identity})
	return store, nil
}

// ANCHOR: reload

// Reload reads the files again. What is valid, and new, is served from now on. The
// error says why the files were refused; the generation before goes on.
func (store *IdentityStore) Reload() error {
	store.reloading.Lock()
	defer store.reloading.Unlock()
	identity, err := store.read()
	if err != nil {
		return err
	}
	before := store.current.Load()
	if identity.ChainSHA256 != before.Identity.ChainSHA256 {
		store.publish(&Generation{Number: before.Number + 1, Identity: identity})
	}
	return nil
}

// publish swaps, and then logs: whoever waits for the line is shown the new certificate.
func (store *IdentityStore) publish(next *Generation) {
	store.current.Store(next)
	emit("identity_loaded", "generation", next.Number, "serial", next.Identity.Serial,
		"not_after", next.Identity.NotAfter, "chain_sha256", next.Identity.ChainSHA256)
}

// ANCHOR_END: reload

// read looks at the files and judges them. A file that exposes a key is complained of once, and again
// when its mode is another: the key may have leaked already, so to refuse it would mend nothing.
func (store *IdentityStore) read() (*Identity, error) {
	files, err := Look(store.source)
	if block, _ := pem.Decode(files.Certificate.Data); block != nil && block.Type == "CERTIFICATE" {
		store.leaf = string(block.Bytes)
	}
	if err != nil {
		return nil, err
	}
	store.tellExposed(files.Exposed())
	var last *Identity
	if generation := store.current.Load(); generation != nil {
		last = generation.Identity
	}
	identity, err := Judge(store.source, files, last)
	if err == nil {
		store.tellTrust(identity, last)
	}
	return identity, err
}

// tellTrust says why the anchors are not those of their file: once, and again at each renewal. Those that were to be
// removed are in force until then.
func (store *IdentityStore) tellTrust(identity, last *Identity) {
	fault, before := identity.Distrust, store.distrust
	if store.distrust = ""; fault == nil {
		return
	}
	store.distrust = fault.Error()
	if fault.Error() != before || identity.ChainSHA256 != last.ChainSHA256 {
		emit("trust_rejected", "reason", fault.Reason, "file", fault.File, "detail", fault.Detail)
	}
}

// tellExposed says which files expose a key, and of which that is over.
func (store *IdentityStore) tellExposed(files []File) {
	before := store.exposed
	store.exposed = map[string]string{}
	for _, file := range files {
		mode := fmt.Sprintf("%04o", file.Mode)
		store.exposed[file.Path] = mode
		if before[file.Path] != mode {
			emit("key_exposed", "file", file.Path, "mode", mode)
		}
	}
	for path := range before {
		if store.exposed[path] == "" {
			emit("fault_ended", "fault", "key_exposed", "file", path)
		}
	}
}
