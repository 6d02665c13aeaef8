package answer

import "time"

func Pause(failures int, lifetime, left time.Duration) time.Duration {
	grown := lifetime / 100 * time.Duration(min(failures, 100))
	if left <= 0 {
		return max(time.Second, grown)
	}
	return max(time.Second, min(grown, left/2))
}
