package answer

import "time"

func Pause(failures int, lifetime, left time.Duration) time.Duration {
	bound := left / 2
	if left == 0 {
		bound = lifetime / 10
	}
	doubled := lifetime / 100 << (failures - 1)
	return max(min(doubled, bound), time.Second)
}
