package answer

// What is wanted of Ready and Live. Each test is a check, and its comment says what has to hold.

import (
	"math"
	"testing"
	"time"

	"answer/lab"
)

const hour = 3600

// healthy is a server with this many hours left.
func healthy(hours int64) State {
	return State{SecondsLeft: hours * hour, LookAge: 10 * time.Second, LookBound: 300 * time.Second}
}

// hoursAfterTheAgentDied: it has truncated the file and died, when 72 hours were left.
func hoursAfterTheAgentDied(hours int64) State {
	state := healthy(72 - hours)
	state.Rejected = true
	return state
}

// withoutAWatcher: it has died, or hangs on a mount, and has looked at nothing for so long.
func withoutAWatcher(looked time.Duration) State {
	state := healthy(72)
	state.LookAge = looked
	return state
}

// No fault of files or clock kills the process: the file is broken and the certificate runs out, and `/live` stays green.
func TestNoFaultOfFilesOrClockKillsTheProcess(t *testing.T) {
	defer stop(t)
	for hours := range int64(601) {
		if !Live(hoursAfterTheAgentDied(hours)) {
			t.Fatalf("The agent truncated the file and died. %d hours later (the certificate ended after 72) `Live` said no, and the orchestrator killed the process. Open downloads were cut. Its successor read the truncated file and did not start, again and again. The good certificate was in the memory of the process alone, and the clients that would still have come back with a ticket are shut out. No restart mends a certificate.", hours)
		}
	}
}

// A dead watcher kills no process.
func TestADeadWatcherKillsNoProcess(t *testing.T) {
	defer stop(t)
	for _, hours := range []time.Duration{1, 24, 7 * 24} {
		if Live(withoutAWatcher(hours * time.Hour)) {
			continue
		}
		t.Fatalf("Nothing has looked at the files for %d hours, the certificate has 72 hours left, and `Live` said no. The orchestrator cuts every connection today for a problem that would come in three days; and where a mount hangs, the next process hangs as well. Inside the process, a supervisor can start the watcher again.", hours)
	}
}

// Two faults at once kill no process either.
func TestTwoFaultsAtOnceKillNoProcess(t *testing.T) {
	defer stop(t)
	state := withoutAWatcher(time.Hour)
	state.Rejected = true
	expired := state
	expired.SecondsLeft = -hour
	for _, state := range []State{state, expired} {
		if !Live(state) {
			t.Fatalf("Nothing has looked at the files for an hour, they were broken before, and %d s are left. `Live` said no. Two faults that a restart does not mend are not mended by one: the next process reads the same files, and begins with no certificate at all.", state.SecondsLeft)
		}
	}
	howeverLongItLasts(t)
}

// howeverLongItLasts: no operator came to look for a year, or for longer than can be counted.
func howeverLongItLasts(t *testing.T) {
	for _, state := range []State{
		{SecondsLeft: -366 * 24 * hour},
		{SecondsLeft: 72 * hour, LookAge: 366 * 24 * time.Hour},
		{SecondsLeft: -math.MaxInt64, LookAge: math.MaxInt64},
		{SecondsLeft: math.MaxInt64, LookAge: math.MaxInt64},
	} {
		state.LookBound = healthy(72).LookBound
		rejected := state
		rejected.Rejected = true
		if !Live(state) || !Live(rejected) {
			t.Fatalf("%d s are left, nothing has looked at the files for %v, and `Live` said no. However long a fault of files or clock lasts, a restart does not mend it.", state.SecondsLeft, state.LookAge)
		}
	}
}

// A healthy server is ready, up to the last second of its certificate.
func TestAHealthyServerIsReadyUpToTheLastSecond(t *testing.T) {
	defer stop(t)
	for _, at := range []struct {
		state State
		when  string
	}{
		{healthy(72), "with 72 hours left"},
		{healthy(0), "in the last second of its certificate"},
		{withoutAWatcher(300 * time.Second), "when its last look is exactly as old as the bound"},
	} {
		if !Ready(at.state) {
			t.Fatalf("The server is healthy, %s, and `Ready` said no: %+v.", at.when, at.state)
		}
	}
}

// What clients reject is not ready.
func TestWhatClientsRejectIsNotReady(t *testing.T) {
	defer stop(t)
	state := healthy(0)
	state.SecondsLeft = -1
	if Ready(state) {
		t.Fatal("The certificate expired a second ago, so each new client rejects it, and `Ready` said yes. Another server may have a better one.")
	}
	for _, hours := range []int64{74, 30 * 24} {
		if Ready(hoursAfterTheAgentDied(hours)) {
			t.Fatalf("The file is broken, what was served before goes on being served, and that has expired: %d hours ago. `Ready` said yes. Each new client rejects what is served, whatever is in the file.", hours-72)
		}
	}
}

// Rejected files are no reason to be unready.
func TestRejectedFilesAreNoReasonToBeUnready(t *testing.T) {
	defer stop(t)
	for hours := range int64(73) {
		if Ready(hoursAfterTheAgentDied(hours)) {
			continue
		}
		t.Fatalf("The file is broken, what is served is good for another %d hours, and `Ready` said no. All replicas read the same files: with this answer, all of them are taken out of service at once, and each could have served until the end. Raise an alarm instead.", 72-hours)
	}
}

// A dead watcher is seen by readiness.
func TestADeadWatcherIsSeenByReadiness(t *testing.T) {
	defer stop(t)
	if Ready(withoutAWatcher(time.Hour)) {
		t.Fatal("Nothing has looked at the files for an hour, the bound is five minutes, and `Ready` said yes. This is the quietest of failures: handshakes succeed until the certificate runs out, and no renewal will be served. `LookAge` is the pulse of the watcher.")
	}
	for _, rejected := range []bool{false, true} {
		for _, days := range []int64{3, 10, 90, 398} {
			state := withoutAWatcher(time.Hour)
			state.Rejected, state.SecondsLeft = rejected, days*24*hour
			if Ready(state) {
				t.Fatalf("Nothing has looked at the files for an hour (what the last look found was rejected: %v), the bound is five minutes, %d days are left, and `Ready` said yes. A server without a watcher serves what it has until that expires, or until it is revoked, and a day that is far away comes as well. How much time is left and what the last look found are other questions.", rejected, days)
			}
		}
	}
	if Ready(withoutAWatcher(300*time.Second + time.Nanosecond)) {
		t.Fatal("The last look is older than the bound by a nanosecond, and `Ready` said yes. A bound is one to the nanosecond: compare two values of `time.Duration`, and do not turn them into whole numbers of anything else first.")
	}
}

// How old a look may be, the server is told.
func TestHowOldALookMayBeIsTold(t *testing.T) {
	defer stop(t)
	for _, at := range []struct{ bound, age time.Duration }{{time.Minute, 61 * time.Second}, {time.Hour, time.Hour}} {
		state := withoutAWatcher(at.age)
		state.LookBound = at.bound
		if said := Ready(state); said != (at.age <= at.bound) {
			t.Fatalf("This server polls in another rhythm: the bound is %v, and the last look was %v ago. `Ready` said %v. The bound is `LookBound`, and no constant.", at.bound, at.age, said)
		}
		state.Rejected = true
		if said := Ready(state); said != (at.age <= at.bound) {
			t.Fatalf("The bound is %v, the last look was %v ago, and it rejected the files. `Ready` said %v, and something else where that look rejected nothing. What a look has found says nothing of the watcher: the bound is `LookBound`, in both cases.", at.bound, at.age, said)
		}
	}
}

// stop turns a panic of the answer into a failure of this check alone.
func stop(t *testing.T) {
	if said := recover(); said != nil {
		t.Fatal(lab.Panicked(said))
	}
}
