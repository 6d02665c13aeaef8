package answer

import (
	"math/rand"
	"time"
)

const (
	At     = 2.0 / 3.0
	Spread = 0.1
)

type Agent struct {
	lot *rand.Rand
}

func New(machine string) *Agent {
	return &Agent{rand.New(rand.NewSource(time.Now().UnixMilli()))}
}

func (agent *Agent) Due(lifetime time.Duration) time.Duration {
	return time.Duration((At - Spread/2 + Spread*agent.lot.Float64()) * float64(lifetime))
}
