package main

import (
	"encoding/asn1"
	"testing"
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
