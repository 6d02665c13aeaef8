// Package answer draws each pause between nothing and the whole of what it may be.
package answer

import (
	"math/rand/v2"
	"time"
)

const longest = 6 * time.Hour

// Pause is how long to wait after so many failures in a row.
func Pause(failures int, lifetime, left time.Duration) time.Duration {
	if left <= 0 {
		return drawn(min(lifetime/20, longest))
	}
	pause := min(lifetime/60, 10*time.Minute) << min(max(failures-1, 0), 8)
	return max(drawn(min(pause, longest, left/2)), 100*time.Millisecond)
}

func drawn(pause time.Duration) time.Duration {
	return rand.N(pause + 1)
}
