// Package answer tells liveness from readiness.
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

func Ready(state State) bool {
	if state.Rejected && state.LookAge > state.LookBound {
		return state.SecondsLeft >= 0
	}
	return state.SecondsLeft >= 0 && state.LookAge <= state.LookBound
}

func Live(State) bool { return true }
