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
	// A directory may have been removed, and made again: its watch has gone with it. And where none
	// could be had, there may be one now.
	again := func() {
		if pollOnly {
			return
		}
		var err error
		if renew != nil {
			err = renew()
		} else {
			renew, err = watchDirectories(store.source.directories(), hints)
		}
		degraded = tellDegraded(err, degraded)
	}
	again()
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
			again()
		}
		told = look(store, told)
	}
}

// directories are those of the files.
func (source Source) directories() []string {
	return []string{
		filepath.Dir(source.Certificate), filepath.Dir(source.Key), filepath.Dir(source.Roots),
	}
}

// tellDegraded says once that there are no events, and once that there are some again.
func tellDegraded(err error, told bool) bool {
	switch {
	case err != nil && !told:
		emit("watch_degraded", "to", "polling", "why", err.Error())
	case err == nil && told:
		emit("fault_ended", "fault", "watch_degraded")
	}
	return err != nil
}

// look looks once. A rejection is logged when it is news, and again where another leaf has the same fault: a renewal has
// failed once more. So are files that were rejected and are again what is served: else an alarm would never end.
func look(store *IdentityStore, told error) error {
	before := store.current.Load().Number
	err := store.Reload()
	if number := store.current.Load().Number; told != nil && err == nil && number == before {
		emit("reload_skipped", "generation", number, "why", "unchanged")
	}
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
