// Package answer draws once for each connection, and remembers.
package answer

import (
	"math/rand/v2"
	"sync"
	"time"
)

type Ages struct {
	maxAge time.Duration
	jitter float64
	seed   uint64

	lock  sync.Mutex
	drawn map[uint64]time.Duration
}

func New(maxAge time.Duration, jitter float64, seed uint64) *Ages {
	return &Ages{maxAge: maxAge, jitter: jitter, seed: seed, drawn: map[uint64]time.Duration{}}
}

func (ages *Ages) Of(connection uint64) time.Duration {
	ages.lock.Lock()
	defer ages.lock.Unlock()
	age, known := ages.drawn[connection]
	if !known {
		age = time.Duration(float64(ages.maxAge) * (1 - ages.jitter*rand.Float64()))
		ages.drawn[connection] = age
	}
	return age
}
