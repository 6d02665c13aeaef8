// Package answer takes a tenth of what is left, and counts no failures: pauses shrink towards the end.
package answer

import "time"

func Pause(_ int, lifetime, left time.Duration) time.Duration {
	return max(left/10, lifetime/1000)
}
