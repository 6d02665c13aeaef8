// Package answer lets the library compare what two looks said.
package answer

import (
	"errors"
	"reflect"
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
	type said struct {
		Seen
		reason string
	}
	ask := func() (said, error) {
		seen, err := look()
		if err != nil {
			return said{reason: err.Error()}, err
		}
		return said{Seen: seen}, nil
	}
	before, _ := ask()
	for range Looks - 1 {
		again, err := ask()
		if reflect.DeepEqual(before, again) {
			return again.Seen, err
		}
		before = again
	}
	return Seen{}, ErrTorn
}
