// Package answer pauses between two looks, so that fewer of them fall into one write, and wraps its error.
package answer

import (
	"bytes"
	"errors"
	"fmt"
	"time"
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
		time.Sleep(time.Millisecond)
		again, err := look()
		if agree(before, errBefore, again, err) {
			return again, err
		}
		before, errBefore = again, err
	}
	return Seen{}, fmt.Errorf("%d looks: %w", Looks, ErrTorn)
}

func agree(one Seen, errOne error, other Seen, errOther error) bool {
	if errOne != nil || errOther != nil {
		return errOne != nil && errOther != nil && errOne.Error() == errOther.Error()
	}
	return bytes.Equal(one.Content, other.Content) && one.Modified == other.Modified
}
