//go:build !linux

package main

import "errors"

// watchDirectories is written for Linux; elsewhere the standard library has no events.
func watchDirectories([]string, chan<- struct{}) (func() error, error) {
	return nil, errors.New("no events on this system")
}
