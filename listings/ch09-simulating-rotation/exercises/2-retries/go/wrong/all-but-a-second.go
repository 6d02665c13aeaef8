// Package answer takes all that is left but a second.
package answer

import "time"

// Pause is how long to wait after so many failures in a row.
func Pause(failures int, lifetime, left time.Duration) time.Duration {
	if left == 0 {
		return lifetime / 10
	}
	doubled := lifetime / 100
	for i := 1; i < failures && doubled < left; i++ {
		doubled *= 2
	}
	return max(min(doubled, left-time.Second), time.Second)
}
