package answer

import "time"

type State struct {
	SecondsLeft        int64
	LookAge, LookBound time.Duration
	Rejected           bool
}

func Ready(state State) bool {
	return state.SecondsLeft >= 0 && state.LookAge <= state.LookBound
}

func Live(state State) bool {
	return state.SecondsLeft >= 0
}
