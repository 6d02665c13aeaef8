// Package answer lists the reasons, as a page for people would show them.
package answer

import "time"

type State struct {
	SecondsLeft        int64
	LookAge, LookBound time.Duration
	Rejected           bool
}

func reasons(state State) (found []string) {
	if state.SecondsLeft < 0 {
		found = append(found, "expired")
	}
	if state.LookAge > state.LookBound {
		found = append(found, "nothing looks at the files")
	}
	return found
}

func Ready(state State) bool {
	return len(reasons(state)) == 0
}

func Live(state State) bool {
	return true
}
