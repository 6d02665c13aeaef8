// Package answer retries so that the end comes before the certificate's.
package answer

import "time"

func Pause(failures int, lifetime, left time.Duration) time.Duration {
	if left == 0 {
		return lifetime / 10
	}
	pause := lifetime / 100 << min(failures-1, 16)
	return max(min(pause, left/2), time.Second)
}
