// Package answer calculates in seconds as a float, which does not overflow.
package answer

import (
	"math"
	"time"
)

func Pause(failures int, lifetime, left time.Duration) time.Duration {
	bound := left.Seconds() / 2
	if left <= 0 {
		bound = lifetime.Seconds() / 10
	}
	doubled := lifetime.Seconds() / 100 * math.Pow(2, float64(failures-1))
	seconds := math.Max(math.Min(doubled, bound), 1)
	return time.Duration(seconds * float64(time.Second))
}
