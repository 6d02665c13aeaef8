// Package answer draws by the last part of the name.
package answer

import (
	"hash/fnv"
	"math/rand/v2"
	"strings"
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
	lot *rand.Rand
}

// New is the agent of the machine that has this name. No two machines share one.
func New(machine string) *Agent {
	// The image and the second of the start are those of the whole fleet; the name is not.
	parts := strings.Split(machine, "-")
	hash := fnv.New64a()
	hash.Write([]byte(parts[len(parts)-1]))
	return &Agent{rand.New(rand.NewPCG(hash.Sum64(), 0))}
}

// Due is how long after its issue the next leaf, of this lifetime, is renewed. It is asked once
// for each leaf.
func (agent *Agent) Due(lifetime time.Duration) time.Duration {
	// A new lot each time: two agents that met once do not meet forever.
	part := At - Spread/2 + Spread*agent.lot.Float64()
	return time.Duration(part * float64(lifetime))
}
