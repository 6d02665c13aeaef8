// Package answer makes each lot of the name and the number of the renewal.
package answer

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

const (
	At     = 2.0 / 3.0
	Spread = 0.1
)

type Agent struct {
	machine string
	renewal int
}

func New(machine string) *Agent {
	return &Agent{machine: machine}
}

func (agent *Agent) Due(lifetime time.Duration) time.Duration {
	agent.renewal++
	hash := sha256.Sum256(fmt.Appendf(nil, "%s %d", agent.machine, agent.renewal))
	lot := float64(binary.BigEndian.Uint64(hash[:])) / math.MaxUint64
	return time.Duration((At + Spread*(lot-0.5)) * float64(lifetime))
}
