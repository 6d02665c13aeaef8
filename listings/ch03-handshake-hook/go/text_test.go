package main

import (
	"os"
	"strings"
	"testing"
)

// A log reads as Rust and Python write it.
func TestALogReadsAsTheOthersWriteIt(t *testing.T) {
	events := golden(t, "golden.events.jsonl")
	var writer Text
	var read strings.Builder
	for _, line := range strings.Split(strings.TrimSuffix(events, "\n"), "\n") {
		read.WriteString(writer.Line(line))
	}
	read.WriteString(writer.flush())
	if expected := golden(t, "golden.txt"); read.String() != expected {
		t.Errorf("read:\n%s\nexpected:\n%s", read.String(), expected)
	}
}

// No line is a reason to panic.
func TestAnyLineIsShown(t *testing.T) {
	events := golden(t, "golden.events.jsonl")
	for length := range events {
		var writer Text
		for _, line := range strings.Split(events[:length], "\n") {
			writer.Line(line)
		}
	}
}

// The flag says how, and what is neither is refused.
func TestTheFormOfTheLogIsChosen(t *testing.T) {
	if err := choose("text"); err != nil || people.Load() == nil {
		t.Errorf("text: %v, %v", err, people.Load())
	}
	if err := choose("json"); err != nil || people.Load() != nil {
		t.Errorf("json: %v, %v", err, people.Load())
	}
	if choose("xml") == nil {
		t.Error("xml is taken")
	}
}

func golden(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile("../../events/tests/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
