package answer

import "time"

func Pause(failures int, lifetime, left time.Duration) time.Duration {
	doubled := lifetime / 100 << min(failures-1, 10)
	return max(min(doubled, left/2), time.Second)
}
