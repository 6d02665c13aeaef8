package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// Where events go; a test reads them instead.
var log io.Writer = os.Stderr

// people writes the log for a person; nil where a program reads it. Goroutines log while it is chosen, in tests at least.
var people atomic.Pointer[Text]

// choose decides how events are written: for people, for programs, or as stderr is a terminal or not.
func choose(form string) error {
	people.Store(nil)
	switch form {
	case "json":
	case "text":
		people.Store(&Text{})
	case "auto":
		if is, err := os.Stderr.Stat(); err == nil && is.Mode()&os.ModeCharDevice != 0 {
			people.Store(&Text{})
		}
	default:
		return fmt.Errorf("--log %s: not auto, json or text", form)
	}
	return nil
}

// emit writes one event: a JSON object on one line of the log, its fields in the order given.
func emit(event string, fields ...any) {
	// One write a line, so that lines of several goroutines never mix. A log that cannot be
	// written is no reason to stop serving.
	_, _ = log.Write(shape(event, fields...))
}

// shape makes the line of an event, for whom the log is read by.
func shape(event string, fields ...any) []byte {
	now := time.Now().UTC().Format("2006-01-02T15:04:05.000000000Z")
	fields = append([]any{"ts", now, "event", event}, fields...)
	var line bytes.Buffer
	for i := 0; i+1 < len(fields); i += 2 {
		separator := byte(',')
		if i == 0 {
			separator = '{'
		}
		line.WriteByte(separator)
		for at, part := range fields[i : i+2] {
			if at == 1 {
				line.WriteByte(':')
			}
			// Names, numbers and strings: nothing that JSON cannot say.
			text, _ := json.Marshal(part)
			line.Write(text)
		}
	}
	line.WriteString("}")
	if writer := people.Load(); writer != nil {
		return []byte(writer.Line(line.String()))
	}
	line.WriteByte('\n')
	return line.Bytes()
}
