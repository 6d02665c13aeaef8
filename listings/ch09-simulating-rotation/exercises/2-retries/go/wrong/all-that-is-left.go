// Package answer retries so that the end comes before the certificate's.
package answer

import "time"

// A shorter pause would hammer the authority, also when the end is near.
const shortest = time.Second

// Pause is how long to wait after so many failures in a row (1 or more), when left is left of
// a certificate that lives for lifetime. After its end, left is zero.
func Pause(failures int, lifetime, left time.Duration) time.Duration {
	// Of what is left it takes half at most, so there is always another try before the end.
	bound := left
	if left == 0 {
		bound = lifetime / 10
	}
	// A product of two durations overflows without a word. This loop ends at the bound.
	pause := lifetime / 100
	for doubled := 1; doubled < failures && pause < bound; doubled++ {
		pause *= 2
	}
	return max(min(pause, bound), shortest)
}
