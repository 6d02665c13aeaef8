package answer

import (
	"errors"
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
	time.Sleep(100 * time.Millisecond)
	return look()
}
