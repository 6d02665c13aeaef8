package answer

import "time"

func Pause(failures int, lifetime, left time.Duration) time.Duration {
	bound := left / 2
	if left == 0 {
		bound = lifetime / 10
	}
	doubled := lifetime / 100 << min(failures-1, 10)
	return max(min(doubled, bound), time.Minute)
}
