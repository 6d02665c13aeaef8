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
	share := rand.New(rand.NewPCG(ages.seed, connection)).Float64()
	age := time.Duration(float64(ages.maxAge) * (1 - ages.jitter*share))
	return age.Truncate(time.Second)
}
