package main

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// The fields of a certificate as RFC 5280 defines them: which values stand where, and nothing else between them. Each library
// parses some of these fields strictly, and each one others.

// part is how often a value stands there, and the tags that it may have, with what it holds then. Without a tag, it may
// have each.
type part struct {
	least, most int
	tags        map[byte]held
}

// held says whether a value holds what it should.
type held func(value []byte) bool

const many = 1 << 30

func once(tags map[byte]held) part     { return part{1, 1, tags} }
func perhaps(tags map[byte]held) part  { return part{0, 1, tags} }
func repeated(tags map[byte]held) part { return part{1, many, tags} }
func anyTimes(tags map[byte]held) part { return part{0, many, tags} }

// of is what has this tag, and holds these fields.
func of(tag byte, fields ...part) map[byte]held {
	return map[byte]held{tag: func(value []byte) bool { return holds(value, fields...) }}
}

func anything([]byte) bool { return true }

// either is what holds these fields, or others.
func either(these, others []part) held {
	return func(value []byte) bool { return holds(value, these...) || holds(value, others...) }
}

// ascii is an IA5String.
func ascii(value []byte) bool {
	return !slices.ContainsFunc(value, func(it byte) bool { return it >= 0x80 })
}

// wrapped is one value of any type. One that says that it is UTF-8 is: Python shows that in words.
func wrapped(value []byte) bool {
	tag, text, rest, is := first(value)
	return is && len(rest) == 0 && (tag != 0x0c || utf8.Valid(text))
}

// bits are how many of the last byte are none of it, and the bytes (section 8.6).
func bits(value []byte) bool {
	return len(value) > 1 && value[0] < 8 || len(value) == 1 && value[0] == 0
}

// truth is one byte, in DER (X.690, section 11.1).
func truth(value []byte) bool { return len(value) == 1 && (value[0] == 0 || value[0] == 0xff) }

// single is one byte: OpenSSL parses each one.
func single(value []byte) bool { return len(value) == 1 }

// filled is one byte at least.
func filled(value []byte) bool { return len(value) > 0 }

// wholeBytes are those of a BIT STRING.
func wholeBytes(value []byte) bool { return len(value) > 0 && value[0] == 0 }

// units are characters of so many bytes each.
func units(size int) held { return func(value []byte) bool { return len(value)%size == 0 } }

// with are the same tags, and another content of one of them.
func with(tags map[byte]held, tag byte, holds held) map[byte]held {
	others := maps.Clone(tags)
	others[tag] = holds
	return others
}

// minimal has as few bytes as it takes (section 8.3).
func minimal(value []byte) bool {
	if len(value) < 2 {
		return len(value) == 1
	}
	return !(value[0] == 0 && value[1] < 0x80 || value[0] == 0xff && value[1] >= 0x80)
}

var (
	each       = once(nil)
	identifier = once(map[byte]held{6: isIdentifier})
	algorithm  = of(0x30, identifier, perhaps(nil))
	inName     = once(map[byte]held{3: bits, 0x0c: anything, 0x12: anything, 0x13: anything, 0x14: anything,
		0x16: anything, 0x1c: units(4), 0x1e: units(2)}) // Of a type that OpenSSL parses there.
	name = of(0x30, anyTimes(of(0x31, repeated(of(0x30, identifier, inName)))))
	// As OpenSSL parses it: a part of it may be of nothing.
	looseName = of(0x30, anyTimes(of(0x31, anyTimes(of(0x30, identifier, inName)))))
	integer   = map[byte]held{2: minimal}
	instant   = once(map[byte]held{0x17: anything, 0x18: anything})

	// Section 4.2.1.6.
	generalName = map[byte]held{
		0xa0: of(0, identifier, once(map[byte]held{0xa0: wrapped}))[0],
		0xa4: of(0, once(name))[0],
		0x81: ascii, 0x82: ascii, 0xa3: anything, 0xa5: anything, 0x86: ascii, 0x87: anything, 0x88: isIdentifier,
	}
	// The address of a revocation list is ASCII by RFC 5280. Each library takes UTF-8, and looks at it where it checks
	// revocation. Python shows it in words.
	inPlaces = with(generalName, 0x86, utf8.Valid)
	// How many names a constraint is for is never said.
	subtrees = func(tag byte) part { return perhaps(of(tag, repeated(of(0x30, once(generalName))))) }
	// A place has a name, or an issuer of its lists.
	issuers = of(0xa2, repeated(inPlaces))
	reasons = perhaps(map[byte]held{0x81: bits})
	point   = of(0xa0, once(map[byte]held{0xa0: of(0, repeated(inPlaces))[0], 0xa1: anything}))
	place   = map[byte]held{0x30: either([]part{once(point), reasons, perhaps(issuers)}, []part{reasons, once(issuers)})}

	// Section 4.1. Of unique identifiers others tell.
	body = of(0x30, perhaps(of(0xa0, once(integer))), once(integer), once(algorithm), once(looseName),
		once(of(0x30, instant, instant)), once(looseName), once(of(0x30, once(algorithm), once(map[byte]held{3: bits}))),
		perhaps(map[byte]held{0x81: bits}), perhaps(map[byte]held{0x82: bits}),
		perhaps(of(0xa3, once(of(0x30, anyTimes(of(0x30, identifier, perhaps(map[byte]held{1: single}),
			once(map[byte]held{4: anything}))))))))
	// What asks the two names of a certificate alone, and each part of them.
	sequence = once(map[byte]held{0x30: anything})
	twoNames = of(0x30, once(of(0x30, perhaps(map[byte]held{0xa0: anything}), once(map[byte]held{2: anything}), sequence, once(name),
		sequence, once(name), anyTimes(nil))), anyTimes(nil))

	// The names of a subject and of an issuer (subjectAltName, issuerAltName) as GnuTLS parses them in each certificate: none of
	// nothing, of X.400 or of EDI.
	ofGnuTLS = once(of(0x30, anyTimes(map[byte]held{0xa0: anything, 0x81: filled, 0x82: filled, 0xa4: of(0, once(name))[0],
		0x86: filled, 0x87: anything, 0x88: anything})))

	// What extensions hold that every library knows (section 4.2).
	defined = map[string]part{
		"2.5.29.14": once(map[byte]held{4: anything}),
		"2.5.29.15": once(map[byte]held{3: bits}),
		"2.5.29.17": once(of(0x30, anyTimes(generalName))),
		"2.5.29.19": once(of(0x30, perhaps(map[byte]held{1: truth}), perhaps(integer))),
		"2.5.29.30": once(of(0x30, subtrees(0xa0), subtrees(0xa1))),
		"2.5.29.31": once(of(0x30, anyTimes(place))), // No library asks for one at least.
		"2.5.29.32": once(of(0x30, repeated(of(0x30, identifier, perhaps(of(0x30, repeated(of(0x30, identifier, each)))))))),
		"2.5.29.33": once(of(0x30, repeated(of(0x30, identifier, identifier)))),
		"2.5.29.35": once(of(0x30, perhaps(map[byte]held{0x80: anything}), perhaps(of(0xa1, repeated(generalName))),
			perhaps(map[byte]held{0x82: minimal}))),
		"2.5.29.36":         once(of(0x30, perhaps(map[byte]held{0x80: minimal}), perhaps(map[byte]held{0x81: minimal}))),
		"2.5.29.37":         once(of(0x30, repeated(map[byte]held{6: isIdentifier}))),
		"2.5.29.54":         once(integer),
		"1.3.6.1.5.5.7.1.1": once(of(0x30, repeated(of(0x30, identifier, once(generalName))))),
	}
)

// asDefined checks that the fields of each certificate of the chain are as they are defined, and those of the authorities
// that have issued one. It comes last: it knows least of what is wrong.
func asDefined(source Source, chain, anchors []*x509.Certificate) error {
	for at, certificate := range chain {
		if what := undefined(certificate); what != "" {
			return &Rejected{"malformed", source.Certificate, fmt.Sprintf("certificate %d of %d: %s", at+1, len(chain), what)}
		}
	}
	for at, anchor := range anchors {
		issued := func(it *x509.Certificate) bool { return bytes.Equal(it.RawIssuer, anchor.RawSubject) }
		if what := undefined(anchor); what != "" && slices.ContainsFunc(chain, issued) {
			return &Rejected{"malformed", source.Roots, fmt.Sprintf("authority %d of %d: %s", at+1, len(anchors), what)}
		}
	}
	return nil
}

const notRead = " is not as RFC 5280 defines it, and some clients (OpenSSL, Go, Java, GnuTLS, Python, Chromium) do not read that"

func undefined(certificate *x509.Certificate) string {
	if what := unnamed(certificate.Raw); what != "" {
		return what
	}
	for _, extension := range certificate.Extensions {
		fields, known := defined[extension.Id.String()]
		if known && !holds(extension.Value, fields) {
			return "its extension " + extension.Id.String() + notRead
		}
	}
	what := fieldless(certificate.Raw)
	if what == "" && !holds(certificate.Raw, once(twoNames)) {
		return "a name in it has a part of nothing, which" + notRead
	}
	return what
}

// fieldless says whether the fields of a certificate are not those that it has, as OpenSSL parses them. What extensions hold
// is not looked at.
func fieldless(der []byte) string {
	if !holds(der, once(of(0x30, once(body), once(algorithm), once(map[byte]held{3: wholeBytes})))) {
		return "a field of it" + notRead
	}
	return ""
}

// holds says whether these values stand there, and nothing else.
func holds(der []byte, fields ...part) bool {
	for _, it := range fields {
		times := 0
		for times < it.most {
			tag, value, rest, is := first(der)
			if !is {
				break
			}
			fits, known := it.tags[tag]
			if !known && it.tags != nil {
				break
			}
			if known && !fits(value) {
				return false
			}
			der = rest
			times++
		}
		if times < it.least {
			return false
		}
	}
	return len(der) == 0
}

// first is the first value, and what stands behind it, in DER (X.690, section 10.1): the length is told, in as few bytes as
// it takes.
func first(der []byte) (tag byte, value, rest []byte, is bool) {
	var one asn1.RawValue
	rest, err := asn1.Unmarshal(der, &one)
	// A tag of several bytes stands nowhere in a certificate.
	if err != nil || der[0]&0x1f == 0x1f {
		return 0, nil, nil, false
	}
	return der[0], one.Bytes, rest, true
}
