// Package answer compares whole milliseconds.
package answer

import "time"

// State is what a server knows of itself when a probe asks.
type State struct {
	// SecondsLeft is the time until clients reject what is served as expired: 0 in the last second, negative after it.
	SecondsLeft int64
	// LookAge is how long ago the last look at the files ended.
	LookAge time.Duration
	// LookBound is the age at which the watcher counts as dead.
	LookBound time.Duration
	// Rejected says whether that look rejected the files. Then what was served before goes on being served.
	Rejected bool
}

// Ready is the answer of `/ready`: whether to send new clients here.
func Ready(state State) bool {
	accepted := state.SecondsLeft >= 0
	// Without a watcher all is well today, and on the day of expiry nothing new is there.
	watched := state.LookAge.Milliseconds() <= state.LookBound.Milliseconds()
	// Rejected files are the agent's trouble: what is served is as good as a second ago.
	return accepted && watched
}

// Live is the answer of `/live`: where it is false, the orchestrator kills this process and
// starts another.
func Live(State) bool {
	// It answers, so it is alive. A new process would read the same files, and have nothing in
	// memory.
	return true
}
