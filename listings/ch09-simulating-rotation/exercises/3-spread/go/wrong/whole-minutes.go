package answer

import (
	"math/rand/v2"
	"time"
)

const (
	At     = 2.0 / 3.0
	Spread = 0.1
)

type Agent struct{}

func New(machine string) *Agent {
	return &Agent{}
}

func (agent *Agent) Due(lifetime time.Duration) time.Duration {
	due := time.Duration((At - Spread/2 + Spread*rand.Float64()) * float64(lifetime))
	return due.Round(time.Minute)
}
