package answer

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

const (
	At     = 2.0 / 3.0
	Spread = 0.1
)

var agents atomic.Uint64

type Agent struct {
	lot *rand.Rand
}

func New(string) *Agent {
	return &Agent{rand.New(rand.NewPCG(agents.Add(1), 0))}
}

func (agent *Agent) Due(lifetime time.Duration) time.Duration {
	return time.Duration((At - Spread/2 + Spread*agent.lot.Float64()) * float64(lifetime))
}
