package answer

import (
	"math/rand/v2"
	"time"
)

type Ages struct {
	maxAge time.Duration
	jitter float64
	seed   uint64
}

func New(maxAge time.Duration, jitter float64, seed uint64) *Ages {
	return &Ages{maxAge, jitter, seed}
}

func (ages *Ages) Of(connection uint64) time.Duration {
	if ages.jitter == 0 {
		return ages.maxAge
	}
	spread := time.Duration(float64(ages.maxAge) * ages.jitter)
	return ages.maxAge - rand.N(spread)
}
