// Package answer draws a lot for each agent.
//
// This is the starter. It compiles, and its checks fail until Agent is written.
package answer

import "time"

// At is the part of a lifetime after which a leaf is renewed, and Spread the part over which renewals are spread: half of
// it before At.
const (
	At     = 2.0 / 3.0
	Spread = 0.1
)

// Agent renews one machine's leaf again and again.
type Agent struct {
	// What it keeps is yours to choose.
}

// New is the agent of the machine that has this name. No two machines share one. Each runs it in a process of its own; the checks
// run all of them on one host.
func New(machine string) *Agent {
	panic("this is the starter: write `Agent`")
}

// Due is how long after its issue the next leaf, of this lifetime, is renewed. It is asked once for each leaf.
func (agent *Agent) Due(lifetime time.Duration) time.Duration {
	panic("this is the starter: write `Agent`")
}
