// Package answer draws a lot for each agent.
package answer

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
)

// At is the part of a lifetime after which a leaf is renewed, and Spread the part over which renewals are spread: half of
// it before At.
const (
	At     = 2.0 / 3.0
	Spread = 0.1
)

// Agent counts its renewals, and hashes the number with its name.
type Agent struct {
	machine string
	round   int
}

func New(machine string) *Agent { return &Agent{machine: machine} }

func (agent *Agent) Due(lifetime time.Duration) time.Duration {
	agent.round++
	hash := sha256.Sum256(fmt.Appendf(nil, "%s#%d", agent.machine, agent.round))
	share := float64(binary.BigEndian.Uint32(hash[:])) / (1 << 32)
	return time.Duration(float64(lifetime) * (At + Spread*(share-0.5)))
}
