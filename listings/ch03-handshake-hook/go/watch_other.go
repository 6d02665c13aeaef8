//go:build !linux

package main

import "errors"

// watchDirectories is written for Linux; elsewhere the standard library has no events.
func watchDirectories([]string, chan<- struct{}) error {
	return errors.New("no events on this system")
}
