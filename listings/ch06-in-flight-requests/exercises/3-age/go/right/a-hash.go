// Package answer needs no generator: a hash of both numbers is a share.
package answer

import (
	"encoding/binary"
	"hash/fnv"
	"math"
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
	hash := fnv.New64a()
	_ = binary.Write(hash, binary.BigEndian, [2]uint64{ages.seed, connection})
	share := float64(mixed(hash.Sum64())) / math.MaxUint64
	return time.Duration(float64(ages.maxAge) * (1 - ages.jitter*share))
}

// mixed spreads what FNV leaves close together (the end of splitmix64).
func mixed(bits uint64) uint64 {
	bits = (bits ^ bits>>30) * 0xbf58476d1ce4e5b9
	bits = (bits ^ bits>>27) * 0x94d049bb133111eb
	return bits ^ bits>>31
}
