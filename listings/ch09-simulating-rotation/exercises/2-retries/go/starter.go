// Package answer retries so that the end comes before the certificate's.
//
// This is the starter. It compiles, and its checks fail until Pause is written.
package answer

import "time"

// Pause is how long to wait after so many failures in a row (1 or more), when left is left of a certificate that lives
// for lifetime. After its end, left is zero. Before it, no pause is shorter than a tenth of a second, unless it reaches
// the end.
func Pause(failures int, lifetime, left time.Duration) time.Duration {
	panic("this is the starter: write `Pause`")
}
