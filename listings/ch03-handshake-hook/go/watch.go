package main

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Watch reloads whenever the files may have changed, forever. An event of the file system is a
// hint and nothing more; each hint, and each tick of the poll, means: read the files.
func Watch(store *IdentityStore, pollOnly bool, poll time.Duration) {
	hints := make(chan struct{}, 1)
	var renew func() error
	degraded := false
	if !pollOnly {
		directories := []string{
			filepath.Dir(store.source.Certificate),
			filepath.Dir(store.source.Key),
			filepath.Dir(store.source.Roots),
		}
		var err error
		renew, err = watchDirectories(directories, hints)
		degraded = tellDegraded(err, false)
	}
	// An agent may send it after a renewal. Unheard it would end the process.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	// The watch is in place: a write since the first load is seen by this first look.
	told := look(store, nil)
	for ticks := time.Tick(poll); ; {
		select {
		case <-hints:
		case <-hangups:
		case <-ticks:
			// A directory may have been removed, and made again: its watch has gone with it.
			if renew != nil {
				degraded = tellDegraded(renew(), degraded)
			}
		}
		told = look(store, told)
	}
}

// tellDegraded says once that there are no events, until there are some again.
func tellDegraded(err error, told bool) bool {
	if err != nil && !told {
		emit("watch_degraded", "to", "polling", "why", err.Error())
	}
	return err != nil
}

// look looks once. A rejection is logged when it is news, and again where another leaf has the same fault: a renewal has
// failed once more.
func look(store *IdentityStore, told error) error {
	err := store.Reload()
	var rejected *Rejected
	if errors.As(err, &rejected) && (told == nil || timeless(told) != timeless(err) || store.leaf != store.leafTold) {
		store.leafTold = store.leaf
		emit("identity_rejected", "generation", store.current.Load().Number,
			"reason", rejected.Reason, "file", rejected.File, "detail", rejected.Detail)
	}
	return err
}

// timeless cuts off the time of the check, which Go names: it is another one at each look.
func timeless(err error) string {
	said, _, _ := strings.Cut(err.Error(), "current time ")
	return said
}
