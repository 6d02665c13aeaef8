// Package answer has one generator for the process, whose seed no other process has.
package answer

import (
	"math/rand/v2"
	"os"
	"time"
)

const (
	At     = 2.0 / 3.0
	Spread = 0.1
)

var lots = rand.New(rand.NewPCG(uint64(os.Getpid()), uint64(time.Now().UnixNano())))

type Agent struct{}

func New(string) *Agent {
	return &Agent{}
}

func (agent *Agent) Due(lifetime time.Duration) time.Duration {
	return time.Duration((At - Spread/2 + Spread*lots.Float64()) * float64(lifetime))
}
