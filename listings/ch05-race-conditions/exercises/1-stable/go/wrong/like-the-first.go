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
	first, errFirst := look()
	for range Looks - 1 {
		again, err := look()
		if agree(first, errFirst, again, err) {
			return again, err
		}
	}
	return Seen{}, ErrTorn
}

func agree(one Seen, errOne error, other Seen, errOther error) bool {
	if errOne != nil || errOther != nil {
		return errOne != nil && errOther != nil && errOne.Error() == errOther.Error()
	}
	return bytes.Equal(one.Content, other.Content) && one.Modified == other.Modified
}
