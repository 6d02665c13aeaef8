package answer

import "errors"

type Seen struct {
	Content  []byte
	Modified int64
}

var (
	ErrMissing = errors.New("missing")
	ErrTorn    = errors.New("torn")
)

const Looks = 5

func Stable(look func() (Seen, error)) (Seen, error) {
	seen := map[string]bool{}
	for range Looks {
		now, err := look()
		key := string(now.Content)
		if err != nil {
			key = err.Error()
		}
		if seen[key] {
			return now, err
		}
		seen[key] = true
	}
	return Seen{}, ErrTorn
}
