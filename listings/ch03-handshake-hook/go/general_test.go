package main

import (
	"encoding/asn1"
	"testing"
)

// The last value has no length, so nothing of the name is read at once; and a pair before it is empty.
func TestADirectoryNameThatIsCutIsNone(t *testing.T) {
	whole := []byte{0x30, 0x05, 0x31, 0x02, 0x30, 0x00, 0x30}
	if isDirectory(asn1.RawValue{FullBytes: whole, Bytes: whole[2:]}) {
		t.Error("it is taken for one")
	}
}
