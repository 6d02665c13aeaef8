package main

import (
	"errors"
	"path/filepath"
	"time"
)

// Watch reloads whenever the files may have changed, for ever. An event of the file system is a
// hint and nothing more; each hint, and each tick of the poll, means: read the files.
func Watch(store *IdentityStore, pollOnly bool, poll time.Duration) {
	hints := make(chan struct{}, 1)
	if !pollOnly {
		directories := []string{
			filepath.Dir(store.source.Certificate),
			filepath.Dir(store.source.Key),
			filepath.Dir(store.source.Roots),
		}
		if err := watchDirectories(directories, hints); err != nil {
			emit("watch_degraded", "to", "polling", "why", err.Error())
		}
	}
	// The watch is in place: a write since the first load is seen by this first look.
	told := look(store, nil)
	for ticks := time.Tick(poll); ; {
		select {
		case <-hints:
		case <-ticks:
		}
		told = look(store, told)
	}
}

// look looks once. A rejection is logged when it is news.
func look(store *IdentityStore, told error) error {
	err := store.Reload()
	var rejected *Rejected
	if errors.As(err, &rejected) && (told == nil || told.Error() != err.Error()) {
		emit("identity_rejected", "generation", store.current.Load().Number,
			"reason", rejected.Reason, "file", rejected.File, "detail", rejected.Detail)
	}
	return err
}
