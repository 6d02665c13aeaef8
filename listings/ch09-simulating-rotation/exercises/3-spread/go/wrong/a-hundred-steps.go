// Package answer draws a lot for each agent.
package answer

import (
	"hash/fnv"
	"strconv"
	"time"
)

// At is the part of a lifetime after which a leaf is renewed, and Spread the part over which renewals are spread: half of
// it before At.
const (
	At     = 2.0 / 3.0
	Spread = 0.1
)

// Agent renews one machine's leaf again and again.
type Agent struct {
	machine  string
	renewals int
}

func New(machine string) *Agent { return &Agent{machine: machine} }

func (agent *Agent) Due(lifetime time.Duration) time.Duration {
	agent.renewals++
	hash := fnv.New64a()
	hash.Write([]byte(agent.machine + " " + strconv.Itoa(agent.renewals)))
	share := float64(hash.Sum64()%100) / 100
	return time.Duration((At - Spread/2 + Spread*share) * float64(lifetime))
}
