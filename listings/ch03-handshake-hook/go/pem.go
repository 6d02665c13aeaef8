package main

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"strings"
)

// Block is a PEM block that is whole, with a kind that a server can use.
type Block struct {
	Kind string
	DER  []byte
}

// blocks returns the blocks of a file, each of them whole. pem.Decode passes over whatever it cannot
// read without a word (RFC 7468 permits text before a block), so nothing that looks like a part of a
// block may stand outside of one. What a file holds is not repeated: it may be a key.
func blocks(data []byte, path string) ([]Block, error) {
	offset := 0 // Of the line.
	malformed := func(why string) error {
		return &Rejected{"malformed", path, fmt.Sprintf("%s (line %d)", why, number(data, offset))}
	}
	truncated := func(why string) error { return &Rejected{"truncated", path, why} }
	if what := noPEM(data); what != "" {
		return nil, &Rejected{"malformed", path, what}
	}
	var found []Block
	var block bytes.Buffer
	kind := ""
	lines := strings.Split(strings.ReplaceAll(string(data), "\r", "\n"), "\n")
	next := 0
	for at, line := range lines {
		offset, next = next, next+len(line)+1
		line = strings.TrimPrefix(line, "\ufeff")
		begins, marked := marker(line, "-----BEGIN ")
		ends, ended := marker(line, "-----END ")
		switch {
		case marked && kind != "":
			return nil, truncated("a PEM block has no end")
		case marked:
			if what := stranger(begins); what != "" {
				return nil, malformed(what)
			}
			kind = begins
		case ended && kind == ends && kind != "":
			// In the form that pem.Decode knows, whatever the line ends of the file are.
			decoded, _ := pem.Decode([]byte("-----BEGIN " + kind + "-----\n" + block.String() + "-----END " + kind + "-----\n"))
			if decoded == nil && strings.HasSuffix(kind, "PARAMETERS") {
				decoded = &pem.Block{} // Nobody uses them.
			} else if decoded == nil {
				return nil, &Rejected{"malformed", path, "the base64 of " + named(kind) + " does not decode"}
			}
			found = append(found, Block{kind, decoded.Bytes})
			kind = ""
			block.Reset()
		case ended:
			return nil, malformed("a PEM block ends that did not begin")
		case at == len(lines)-1 && strings.HasPrefix(line, "-"):
			return nil, truncated("the file ends in a dash without a line break: a line that marks a " +
				"PEM block may have been cut. If it is text, end the line")
		case strings.Contains(line, "--BEGIN") || strings.Contains(line, "--END"):
			return nil, malformed("a line that marks a PEM block holds something else, too")
		case kind != "" && strings.Contains(line, ":"):
			return nil, malformed(header(line))
		case kind != "":
			block.WriteString(passedOver.Replace(line) + "\n")
		}
	}
	if kind != "" {
		return nil, truncated("a PEM block has no end")
	}
	return found, oneKey(found, path)
}

// passedOver is what other parsers pass over within a block.
var passedOver = strings.NewReplacer("\f", "", "\v", "")

// number says in which line something begins, counted from 1. An old Mac ends lines by the one, and Windows by both.
func number(data []byte, at int) int {
	end := []byte("\n")
	if !bytes.Contains(data, end) {
		end = []byte("\r")
	}
	return 1 + bytes.Count(data[:at], end)
}

// marker returns the label of a line that is one marker and nothing else, white space after it aside.
func marker(line, prefix string) (label string, is bool) {
	label, is = strings.CutPrefix(strings.TrimRight(line, " \t"), prefix)
	if is {
		label, is = strings.CutSuffix(label, "-----")
	}
	return label, is && !strings.Contains(label, "-")
}

func isKey(kind string) bool { return strings.HasSuffix(kind, "PRIVATE KEY") }

func named(kind string) string {
	if isKey(kind) {
		return "the key"
	}
	return fmt.Sprintf("a %s block", kind)
}

func oneKey(found []Block, path string) error {
	keys := 0
	for _, block := range found {
		if isKey(block.Kind) {
			keys++
		}
	}
	if keys > 1 {
		return &Rejected{"malformed", path, "more than one key"}
	}
	return nil
}
