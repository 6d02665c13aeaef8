// Package answer says how old each connection may become.
package answer

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Ages hashes the seed and the number.
type Ages struct {
	maxAge, jitter time.Duration
	seed           uint64
}

func New(maxAge time.Duration, jitter float64, seed uint64) *Ages {
	return &Ages{maxAge, time.Duration(jitter * float64(maxAge)), seed}
}

func (ages *Ages) Of(connection uint64) time.Duration {
	var text [16]byte
	binary.LittleEndian.PutUint64(text[:], ages.seed)
	binary.LittleEndian.PutUint64(text[8:], connection)
	hash := sha256.Sum256(text[:])
	lot := time.Duration(binary.BigEndian.Uint64(hash[:]) % uint64(ages.jitter+1))
	return ages.maxAge - lot
}
