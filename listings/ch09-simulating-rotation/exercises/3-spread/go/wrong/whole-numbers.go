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
	spread := lifetime / 10
	return lifetime*2/3 - spread/2 + spread*time.Duration(rand.Float64())
}
