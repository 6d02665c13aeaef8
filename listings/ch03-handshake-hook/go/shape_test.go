package main

import (
	"encoding/asn1"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// A place of revocation lists has a name or an issuer, and nothing else. What is wrong here, clients of OpenSSL do not parse.
func TestAPlaceOfListsIsAsItIsDefined(t *testing.T) {
	const uri = "\xa0\x06\xa0\x04\x86\x02a:"
	for parts, is := range map[string]bool{
		uri:                          true,
		uri + "\x81\x02\x01\x40":     true,
		"\xa2\x04\x82\x02me":         true,
		"":                           false,
		"\x81\x02\x01\x40":           false,
		uri + "\x81\x01*":            false,
		uri + "\x81\x00":             false,
		uri + "\x04\x00":             false,
		uri + "\xa2\x00":             false,
		uri + "\xa2\x03\x82\x01\xfc": false,
	} {
		length := byte(len(parts))
		value := append([]byte{0x30, length + 2, 0x30, length}, parts...)
		if holds(value, defined["2.5.29.31"]) != is {
			t.Errorf("%x: %v", value, !is)
		}
	}
}

// BER has other ways, which few libraries read.
func TestALengthHasAsFewBytesAsItTakes(t *testing.T) {
	long := append([]byte{4, 0x81, 0x80}, make([]byte, 0x80)...)
	if _, value, _, is := first(long); !is || len(value) != 0x80 {
		t.Error("128 bytes are not read")
	}
	for _, wrong := range []string{"\x04\x81\x01x", "\x04\x82\x00\x01x", "\x04\x80x\x00\x00", "\x1f\x81\x01x", "\x04\x02x", "\x04"} {
		if _, _, _, is := first([]byte(wrong)); is {
			t.Errorf("%x is read", wrong)
		}
	}
}

// Each of them is an identifier that Go writes as the table does.
func TestWhatIsDefinedIsFound(t *testing.T) {
	for _, id := range []asn1.ObjectIdentifier{alternativeNames, authorityKey, nameConstraints, places} {
		if _, known := defined[id.String()]; !known {
			t.Errorf("%s is not", id)
		}
	}
}

// What each library takes, and what Chromium asks for one at least of.
func TestAnAddressOfARevocationListIsUTF8AndThereMayBeNone(t *testing.T) {
	listed := func(address string) []byte {
		value := append([]byte{0x86, byte(len(address))}, address...)
		for _, tag := range []byte{0xa0, 0xa0, 0x30, 0x30} {
			value = append([]byte{tag, byte(len(value))}, value...)
		}
		return value
	}
	for _, it := range []struct {
		id    string
		value []byte
		is    bool
	}{
		{"2.5.29.31", listed("http://Bücher"), true},
		{"2.5.29.31", listed("http://B\xfccher"), false},
		{"2.5.29.31", []byte{0x30, 0}, true},
		{"1.3.6.1.5.5.7.1.1", []byte{0x30, 0}, false},
		{"2.5.29.33", []byte{0x30, 0}, false},
	} {
		if holds(it.value, defined[it.id]) != it.is {
			t.Errorf("%s %x: %v", it.id, it.value, !it.is)
		}
	}
}

// OpenSSL parses characters of 16 and 32 bits that are whole.
func TestCharactersOfSeveralBytesAreWhole(t *testing.T) {
	for text, is := range map[string]bool{
		"\x1c\x04\x00\x00\x00a": true, "\x1c\x03abc": false, "\x1e\x02\x00a": true, "\x1e\x01a": false,
	} {
		if holds([]byte(text), inName) != is {
			t.Errorf("%x: %v", text, !is)
		}
	}
}

// A certificate may have a name of a megabyte, and a line of the log is no place for that.
func TestAnErrorIsToldInBrief(t *testing.T) {
	long := brief(errors.New(strings.Repeat("ü", 1<<20)))
	if len(long) > 300 || !utf8.ValidString(long) || brief(errors.New("short")) != "short" {
		t.Errorf("%d bytes", len(long))
	}
}
