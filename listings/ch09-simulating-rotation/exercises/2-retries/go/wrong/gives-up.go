package answer

import "time"

func Pause(failures int, lifetime, left time.Duration) time.Duration {
	if left == 0 {
		return 1<<63 - 1
	}
	doubled := lifetime / 100 << min(failures-1, 16)
	return max(min(doubled, left/2), time.Second)
}
