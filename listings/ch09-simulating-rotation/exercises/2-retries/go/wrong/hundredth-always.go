// Package answer waits for a hundredth of the lifetime after each failure, and for half of what is left near the end.
package answer

import "time"

func Pause(_ int, lifetime, left time.Duration) time.Duration {
	bound := left / 2
	if left == 0 {
		bound = lifetime / 10
	}
	return max(min(lifetime/100, bound), time.Second)
}
