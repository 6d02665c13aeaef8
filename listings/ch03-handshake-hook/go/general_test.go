package main

import (
	"encoding/asn1"
	"testing"
)

// The last value has no length, so nothing of the name is read at once; and a pair before it is empty.
func TestADirectoryNameThatIsCutIsNone(t *testing.T) {
	whole := []byte{0x30, 0x05, 0x31, 0x02, 0x30, 0x00, 0x30}
	name := asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, FullBytes: whole, Bytes: whole[2:]}
	if isDirectory(name) {
		t.Error("it is taken for one")
	}
}

// OpenSSL ends the handshake over the others.
func TestADirectoryNameHasPairsOfAnIdentifierAndAString(t *testing.T) {
	for of, is := range map[string]bool{
		"\x30\x00": true,
		"\x30\x0a\x31\x08\x30\x06\x06\x01\x2a\x0c\x01x":          true,
		"\x30\x04\x31\x02\x30\x00":                               false,
		"\x30\x07\x31\x05\x30\x03\x06\x01\x2a":                   false,
		"\x30\x09\x31\x07\x30\x05\x06\x00\x0c\x01x":              false,
		"\x30\x0a\x30\x08\x30\x06\x06\x01\x2a\x0c\x01x":          false,
		"\x30\x0d\x31\x0b\x30\x09\x06\x01\x2a\x0c\x01x\x0c\x01y": false,
	} {
		if all := only([]byte(of)); len(all) != 1 || isDirectory(all[0]) != is {
			t.Errorf("%x: %v", of, !is)
		}
	}
}
