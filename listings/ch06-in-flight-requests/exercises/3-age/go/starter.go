// Package answer says how old each connection may become.
//
// This is the starter. It compiles, and its checks fail until Ages is written.
package answer

import "time"

// Ages says by when each connection of one server is asked to leave.
type Ages struct {
	maxAge time.Duration
	jitter float64
	seed   uint64
}

// New: no connection is older than maxAge when it is asked. The share jitter of that, from 0 to 1, is the time over which those
// that were opened together are asked. Each server draws a seed of its own when it starts.
func New(maxAge time.Duration, jitter float64, seed uint64) *Ages {
	return &Ages{maxAge, jitter, seed}
}

// Of is how old this connection is when it is asked to leave. A server asks at each tick of a clock, so one connection has the
// same answer each time. Connections are numbered from 1 on each server, which runs for months, so nothing is kept here about
// any of them.
func (ages *Ages) Of(connection uint64) time.Duration {
	panic("this is the starter: write `Ages`")
}
