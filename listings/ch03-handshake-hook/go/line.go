package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// field is one field of an event, its value as JSON.
type field struct {
	name  string
	value json.RawMessage
}

// record is an event: its fields, in the order in which they were given.
type record []field

// parse reads a line of the log; nil where it is no event.
func parse(line string) record {
	decoder := json.NewDecoder(strings.NewReader(line))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil
	}
	var event record
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil
		}
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return nil
		}
		event = append(event, field{name.(string), value})
	}
	if _, err := decoder.Token(); err != nil || decoder.InputOffset() != int64(len(strings.TrimRight(line, " \t\r\n"))) {
		return nil
	}
	if value := event.get("event"); len(value) == 0 || value[0] != '"' {
		return nil
	}
	return event
}

func (event record) get(name string) json.RawMessage {
	for _, field := range event {
		if field.name == name {
			return field.value
		}
	}
	return nil
}

// text is a value as text: a string without quotes, anything else as JSON.
func text(value json.RawMessage) string {
	var plain string
	if json.Unmarshal(value, &plain) == nil {
		return plain
	}
	var compact bytes.Buffer
	_ = json.Compact(&compact, value)
	return compact.String()
}

// line is what a person reads of an event: when, who, what, and what matters of it.
type line struct {
	at, who, event string
	what           []string
}

func (one line) repeats(before line) bool {
	return one.who == before.who && one.event == before.event &&
		strings.Join(one.what, "\n") == strings.Join(before.what, "\n")
}

// teller turns the events of one run into lines. It remembers when the run began.
type teller struct{ began *time.Time }

func (teller *teller) tell(event record) line {
	at := date(text(event.get("ts")))
	told := line{who: visible(speaker(event)), event: visible(text(event.get("event")))}
	if at != nil {
		if teller.began == nil {
			teller.began = at
		}
		told.at = after(at.Sub(*teller.began).Seconds())
	}
	explored := strings.HasPrefix(told.event, "explored")
	for _, field := range event {
		value := string(field.value)
		switch {
		case field.name == "ts" || field.name == "event" || field.name == "process" || value == "null":
		case explored && value == "0":
		default:
			told.what = append(told.what, visible(word(field.name, field.value, at)))
		}
	}
	return told
}

// speakers are the programs that events are of. What is not here is a server's.
var speakers = map[string]string{
	"rotation_started": "agent", "sabotage_started": "agent", "writer_stepped": "agent",
	"renewal_scheduled": "agent", "renewal_failed": "agent", "hook_finished": "agent",
	"hook_failed": "agent", "agent_died": "agent",
	"handshake_seen": "client", "goodbye_seen": "client", "download_started": "client",
	"download_finished": "client", "download_severed": "client", "connect_refused": "client",
	"probe_failed": "client", "client_loaded": "client",
	"process_started": "supervisor", "process_exited": "supervisor", "gap_closed": "supervisor",
	"explored": "explorer", "explored_stretch": "explorer",
}

func speaker(event record) string {
	who, known := speakers[text(event.get("event"))]
	if !known {
		who = "server"
	}
	if process := event.get("process"); process != nil {
		return who + " " + text(process)
	}
	return who
}

func word(name string, value json.RawMessage, at *time.Time) string {
	said := text(value)
	if value[0] == '[' {
		var all []json.RawMessage
		_ = json.Unmarshal(value, &all)
		if len(all) == 0 {
			return spaced(name) + " none"
		}
		parts := make([]string, len(all))
		for i, one := range all {
			parts[i] = text(one)
		}
		said = strings.Join(parts, ", ")
	}
	switch name {
	case "resumed":
		if said == "true" {
			return "resumed"
		}
		return "full"
	case "tls":
		return "TLS " + said
	case "strategy", "fault", "reason", "why", "detail", "step", "how", "sabotage", "level", "hook", "root", "writer", "reader":
		return said
	case "seconds":
		return seconds(value)
	case "seconds_left":
		return "left " + seconds(value)
	case "not_after":
		return "until " + left(said, at)
	case "tickets_until":
		return "tickets until " + left(said, at)
	case "file", "directory":
		return said[strings.LastIndexByte(said, '/')+1:]
	}
	if strings.HasSuffix(name, "sha256") {
		if len(said) > 8 && utf8.RuneStart(said[8]) {
			said = said[:8]
		}
		return spaced(name) + " " + said
	}
	for _, unit := range [][2]string{{"_ms", "ms"}, {"_us", "µs"}, {"_seconds", "s"}} {
		if bare, found := strings.CutSuffix(name, unit[0]); found {
			return spaced(bare) + " " + measured(value) + " " + unit[1]
		}
	}
	switch string(value) {
	case "true":
		return spaced(name)
	case "false":
		return "not " + spaced(name)
	}
	return spaced(name) + " " + said
}

// measured has no more digits than anyone reads.
func measured(value json.RawMessage) string {
	var number float64
	if json.Unmarshal(value, &number) == nil && bytes.ContainsAny(value, ".eE") {
		return fmt.Sprintf("%.1f", number)
	}
	return string(value)
}

func spaced(name string) string {
	return strings.ReplaceAll(strings.TrimSuffix(name, "_sha256"), "_", " ")
}

func date(text string) *time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return nil
	}
	return &at
}

func seconds(value json.RawMessage) string {
	var number float64
	if json.Unmarshal(value, &number) != nil {
		return text(value)
	}
	return after(number)
}

// left is how long it is from an event to this date. A certificate's dates are whole seconds: an hour
// is 59 minutes and 59.1 seconds at its first event.
func left(text string, at *time.Time) string {
	until := date(text)
	if until == nil || at == nil {
		return text
	}
	seconds := math.Round(until.Sub(*at).Seconds())
	if math.Abs(seconds) >= 600 {
		seconds = math.Round(seconds/60) * 60
	}
	return after(seconds)
}

// after is a stretch of time, with a sign, in the two largest units that it has.
func after(seconds float64) string {
	sign := "+"
	if seconds < 0 {
		sign = "-"
	}
	ms := math.Round(math.Abs(seconds) * 1000)
	if ms < 1000 {
		return fmt.Sprintf("%s%.0f ms", sign, ms)
	}
	if ms < 60000 {
		return sign + strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.2f", ms/1000), "0"), ".") + " s"
	}
	whole := uint64(math.Round(ms / 1000))
	days, hours, minutes := whole/86400, whole/3600%24, whole/60%60
	switch {
	case days > 0:
		return two(sign, days, "d", hours, "h")
	case hours > 0:
		return two(sign, hours, "h", minutes, "min")
	}
	return two(sign, minutes, "min", whole%60, "s")
}

func two(sign string, large uint64, unit string, small uint64, smaller string) string {
	if small == 0 {
		return fmt.Sprintf("%s%d %s", sign, large, unit)
	}
	return fmt.Sprintf("%s%d %s %d %s", sign, large, unit, small, smaller)
}

// What steers a terminal, or turns a line (Unicode's UAX #9), beside control characters.
const steering = "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

// visible is text without what would steer a terminal: some of an event is written by those who connect.
func visible(text string) string {
	return strings.Map(func(letter rune) rune {
		if unicode.IsControl(letter) || strings.ContainsRune(steering, letter) {
			return '\uFFFD'
		}
		return letter
	}, text)
}
