// Package answer says how old each connection may become.
package answer

import (
	"math/rand/v2"
	"time"
)

// Ages says by when each connection of one server is asked to leave.
type Ages struct {
	maxAge time.Duration
	jitter float64
	seed   uint64
}

// New: each server draws a seed of its own when it starts.
func New(maxAge time.Duration, jitter float64, seed uint64) *Ages {
	return &Ages{maxAge, jitter, seed}
}

// Of is how old this connection is when it is asked to leave.
func (ages *Ages) Of(connection uint64) time.Duration {
	// Made anew each time, it draws the same first lot each time: for each connection another.
	share := rand.New(rand.NewPCG(ages.seed, connection%1000)).Float64()
	// Shorter, and never longer: operators rely on the limit.
	return time.Duration(float64(ages.maxAge) * (1 - ages.jitter*share))
}
