package main

import (
	"crypto/tls"
	"os"
	"sync"
	"time"
)

// ANCHOR: naive

// StatInHandshake is the hook as it is written in an afternoon. Do not use: naive_test.go shows
// what it does after the demo.
type StatInHandshake struct {
	source   Source
	mutex    sync.Mutex
	modified time.Time
	pair     *tls.Certificate
}

func NewStatInHandshake(source Source) (*StatInHandshake, error) {
	hook := &StatInHandshake{source: source}
	_, err := hook.GetCertificate(nil)
	return hook, err
}

func (hook *StatInHandshake) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	hook.mutex.Lock()
	defer hook.mutex.Unlock()
	info, err := os.Stat(hook.source.Certificate)
	if err != nil {
		return nil, err
	}
	if info.ModTime().After(hook.modified) {
		pair, err := tls.LoadX509KeyPair(hook.source.Certificate, hook.source.Key)
		if err != nil {
			return nil, err
		}
		hook.pair, hook.modified = &pair, info.ModTime()
	}
	return hook.pair, nil
}

// ANCHOR_END: naive
