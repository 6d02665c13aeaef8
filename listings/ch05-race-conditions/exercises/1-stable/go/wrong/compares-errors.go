package answer

import (
	"bytes"
	"errors"
)

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
		if err == errBefore && bytes.Equal(again.Content, before.Content) {
			return again, err
		}
		before, errBefore = again, err
	}
	return Seen{}, ErrTorn
}
