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
	before, errBefore := look()
	for range Looks - 1 {
		again, err := look()
		if err == nil && errBefore == nil && again.Modified == before.Modified {
			return again, nil
		}
		if err != nil && errBefore != nil {
			return Seen{}, err
		}
		before, errBefore = again, err
	}
	return Seen{}, ErrTorn
}
