// Package answer keeps nothing: the library seeds its own generator from the operating system.
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

func New(string) *Agent {
	return &Agent{}
}

func (*Agent) Due(lifetime time.Duration) time.Duration {
	return lifetime*2/3 - lifetime/20 + rand.N(lifetime/10)
}
