//! The fields of a certificate, each as RFC 5280 defines it: which values stand where, and nothing else between them.
//!
//! Each library parses some of these fields strictly, and each one others. A certificate whose fields are all as they are
//! defined is parsed by each of them. What is asked here comes last: other modules know more of what is wrong.

use Held::{
    Address, Anything, Ascii, Bits, Byte, Either, Filled, Identifier, Number, Truth, Units, Values,
    Whole, Wrapped,
};
use Often::{Any, AtLeastOnce, AtMostOnce, Once};

/// What a value holds.
enum Held {
    Anything,
    /// How many bits of the last byte are none of it, and the bytes (X.690, section 8.6).
    Bits,
    /// An IA5String.
    Ascii,
    /// The address of a revocation list, in ASCII by RFC 5280. Each library takes UTF-8, and looks at it where it checks
    /// revocation. Python shows it in words.
    Address,
    /// One value of any type. One that says that it is UTF-8 is: Python shows that in words.
    Wrapped,
    /// An object identifier (X.690, section 8.19).
    Identifier,
    /// As few bytes as it takes (section 8.3).
    Number,
    /// One byte, in DER (section 11.1).
    Truth,
    /// One byte: OpenSSL parses each one.
    Byte,
    /// One byte at least.
    Filled,
    /// Whole bytes in a BIT STRING.
    Whole,
    /// Characters of so many bytes each.
    Units(usize),
    Values(&'static [Field]),
    /// These fields, or others.
    Either(&'static [Field], &'static [Field]),
}

enum Often {
    Once,
    AtMostOnce,
    AtLeastOnce,
    Any,
}

/// How often a value stands there, and the tags that it may have. Without a tag, it may have each.
struct Field(Often, &'static [(u8, Held)]);

const IDENTIFIER: Field = Field(Once, &[(0x06, Identifier)]);

const ALGORITHM: Held = Values(&[IDENTIFIER, Field(AtMostOnce, &[])]);

/// A string of a type that OpenSSL parses there.
const TEXT: Field = Field(
    Once,
    &[
        (0x03, Bits),
        (0x0c, Anything),
        (0x12, Anything),
        (0x13, Anything),
        (0x14, Anything),
        (0x16, Anything),
        (0x1c, Units(4)),
        (0x1e, Units(2)),
    ],
);

const ATTRIBUTES: Held = Values(&[Field(AtLeastOnce, &[(0x30, Values(&[IDENTIFIER, TEXT]))])]);

const NAME: Held = Values(&[Field(Any, &[(0x31, ATTRIBUTES)])]);

/// A name as OpenSSL parses it: a part of it may be of nothing.
const LOOSE_NAME: Held = Values(&[Field(
    Any,
    &[(
        0x31,
        Values(&[Field(Any, &[(0x30, Values(&[IDENTIFIER, TEXT]))])]),
    )],
)]);

const OTHER_NAME: Held = Values(&[IDENTIFIER, Field(Once, &[(0xa0, Wrapped)])]);

const DIRECTORY: Held = Values(&[Field(Once, &[(0x30, NAME)])]);

/// The tags of a general name (section 4.2.1.6).
const GENERAL: &[(u8, Held)] = &[
    (0xa0, OTHER_NAME),
    (0x81, Ascii),
    (0x82, Ascii),
    (0xa3, Anything),
    (0xa4, DIRECTORY),
    (0xa5, Anything),
    (0x86, Ascii),
    (0x87, Anything),
    (0x88, Identifier),
];

const NAMES: Held = Values(&[Field(AtLeastOnce, GENERAL)]);

const DATE: Field = Field(Once, &[(0x17, Anything), (0x18, Anything)]);

/// Section 4.1.
const CERTIFICATE: &[Field] = &[Field(
    Once,
    &[(
        0x30,
        Values(&[
            Field(Once, &[(0x30, BODY)]),
            Field(Once, &[(0x30, ALGORITHM)]),
            Field(Once, &[(0x03, Whole)]),
        ]),
    )],
)];

/// What asks the two names of a certificate alone, and each part of them.
const NAMED: &[Field] = &[Field(
    Once,
    &[(
        0x30,
        Values(&[
            Field(
                Once,
                &[(
                    0x30,
                    Values(&[
                        Field(AtMostOnce, &[(0xa0, Anything)]),
                        Field(Once, &[(0x02, Anything)]),
                        Field(Once, &[(0x30, Anything)]),
                        Field(Once, &[(0x30, NAME)]),
                        Field(Once, &[(0x30, Anything)]),
                        Field(Once, &[(0x30, NAME)]),
                        Field(Any, &[]),
                    ]),
                )],
            ),
            Field(Any, &[]),
        ]),
    )],
)];

const BODY: Held = Values(&[
    Field(
        AtMostOnce,
        &[(0xa0, Values(&[Field(Once, &[(0x02, Number)])]))],
    ),
    Field(Once, &[(0x02, Number)]),
    Field(Once, &[(0x30, ALGORITHM)]),
    Field(Once, &[(0x30, LOOSE_NAME)]),
    Field(Once, &[(0x30, Values(&[DATE, DATE]))]),
    Field(Once, &[(0x30, LOOSE_NAME)]),
    Field(
        Once,
        &[(
            0x30,
            Values(&[
                Field(Once, &[(0x30, ALGORITHM)]),
                Field(Once, &[(0x03, Bits)]),
            ]),
        )],
    ),
    // Unique identifiers, of which others tell.
    Field(AtMostOnce, &[(0x81, Bits)]),
    Field(AtMostOnce, &[(0x82, Bits)]),
    Field(
        AtMostOnce,
        &[(0xa3, Values(&[Field(Once, &[(0x30, EXTENSIONS)])]))],
    ),
]);

const EXTENSIONS: Held = Values(&[Field(
    Any,
    &[(
        0x30,
        Values(&[
            IDENTIFIER,
            Field(AtMostOnce, &[(0x01, Byte)]),
            Field(Once, &[(0x04, Anything)]),
        ]),
    )],
)]);

const fn sequence(of: &'static [(u8, Held)]) -> [Field; 1] {
    [Field(Once, of)]
}

/// How many names a constraint is for is never said.
const SUBTREES: Held = Values(&[Field(
    AtLeastOnce,
    &[(0x30, Values(&[Field(Once, GENERAL)]))],
)]);

const KEY_ID: &[Field] = &sequence(&[(0x04, Anything)]);

const KEY_USAGE: &[Field] = &sequence(&[(0x03, Bits)]);

const ALTERNATIVE: &[Field] = &sequence(&[(0x30, Values(&[Field(Any, GENERAL)]))]);

const BASIC: &[Field] = &sequence(&[(
    0x30,
    Values(&[
        Field(AtMostOnce, &[(0x01, Truth)]),
        Field(AtMostOnce, &[(0x02, Number)]),
    ]),
)]);

const CONSTRAINTS: &[Field] = &sequence(&[(
    0x30,
    Values(&[
        Field(AtMostOnce, &[(0xa0, SUBTREES)]),
        Field(AtMostOnce, &[(0xa1, SUBTREES)]),
    ]),
)]);

const REASONS: Field = Field(AtMostOnce, &[(0x81, Bits)]);

/// The names of a place of revocation lists, or of who has issued them.
const ADDRESSES: Held = Values(&[Field(
    AtLeastOnce,
    &[
        (0xa0, OTHER_NAME),
        (0x81, Ascii),
        (0x82, Ascii),
        (0xa3, Anything),
        (0xa4, DIRECTORY),
        (0xa5, Anything),
        (0x86, Address),
        (0x87, Anything),
        (0x88, Identifier),
    ],
)]);

const POINT: Held = Values(&[Field(Once, &[(0xa0, ADDRESSES), (0xa1, Anything)])]);

/// A place has a name, or an issuer of its lists.
const PLACE: Held = Either(
    &[
        Field(Once, &[(0xa0, POINT)]),
        REASONS,
        Field(AtMostOnce, &[(0xa2, ADDRESSES)]),
    ],
    &[REASONS, Field(Once, &[(0xa2, ADDRESSES)])],
);

/// No library asks for one at least.
const PLACES: &[Field] = &sequence(&[(0x30, Values(&[Field(Any, &[(0x30, PLACE)])]))]);

/// What stands behind a policy: where it is published, or a text.
const QUALIFIERS: Held = Values(&[Field(
    AtLeastOnce,
    &[(0x30, Values(&[IDENTIFIER, Field(Once, &[])]))],
)]);

const POLICIES: &[Field] = &sequence(&[(
    0x30,
    Values(&[Field(
        AtLeastOnce,
        &[(
            0x30,
            Values(&[IDENTIFIER, Field(AtMostOnce, &[(0x30, QUALIFIERS)])]),
        )],
    )]),
)]);

const MAPPINGS: &[Field] = &sequence(&[(
    0x30,
    Values(&[Field(
        AtLeastOnce,
        &[(0x30, Values(&[IDENTIFIER, IDENTIFIER]))],
    )]),
)]);

const AUTHORITY_KEY: &[Field] = &sequence(&[(
    0x30,
    Values(&[
        Field(AtMostOnce, &[(0x80, Anything)]),
        Field(AtMostOnce, &[(0xa1, NAMES)]),
        Field(AtMostOnce, &[(0x82, Number)]),
    ]),
)]);

const REQUIRED: &[Field] = &sequence(&[(
    0x30,
    Values(&[
        Field(AtMostOnce, &[(0x80, Number)]),
        Field(AtMostOnce, &[(0x81, Number)]),
    ]),
)]);

const USES: &[Field] = &sequence(&[(0x30, Values(&[Field(AtLeastOnce, &[(0x06, Identifier)])]))]);

const ANY_POLICY: &[Field] = &sequence(&[(0x02, Number)]);

const ACCESS: &[Field] = &sequence(&[(
    0x30,
    Values(&[Field(
        AtLeastOnce,
        &[(0x30, Values(&[IDENTIFIER, Field(Once, GENERAL)]))],
    )]),
)]);

/// The extensions that every library knows (section 4.2).
const KNOWN: &[(&str, &[Field])] = &[
    ("2.5.29.14", KEY_ID),
    ("2.5.29.15", KEY_USAGE),
    ("2.5.29.17", ALTERNATIVE),
    ("2.5.29.19", BASIC),
    ("2.5.29.30", CONSTRAINTS),
    ("2.5.29.31", PLACES),
    ("2.5.29.32", POLICIES),
    ("2.5.29.33", MAPPINGS),
    ("2.5.29.35", AUTHORITY_KEY),
    ("2.5.29.36", REQUIRED),
    ("2.5.29.37", USES),
    ("2.5.29.54", ANY_POLICY),
    ("1.3.6.1.5.5.7.1.1", ACCESS),
];

// ANCHOR: shape
/// Whether the fields of a certificate are those that it has, as OpenSSL parses them.
pub(crate) fn is_certificate(der: &[u8]) -> bool {
    holds(der, CERTIFICATE)
}

/// Whether each part of the names of a certificate has something in it: Chromium's clients parse no other.
pub(crate) fn has_whole_names(der: &[u8]) -> bool {
    holds(der, NAMED)
}

/// The names of a subject and of an issuer (subjectAltName, issuerAltName) as GnuTLS parses them in each certificate: none
/// of nothing, of X.400 or of EDI.
const OF_GNUTLS: &[Field] = &sequence(&[(
    0x30,
    Values(&[Field(
        Any,
        &[
            (0xa0, Anything),
            (0x81, Filled),
            (0x82, Filled),
            (0xa4, DIRECTORY),
            (0x86, Filled),
            (0x87, Anything),
            (0x88, Anything),
        ],
    )]),
)]);

/// Whether clients of GnuTLS parse an extension: they look into these two.
pub(crate) fn is_parsed_by_gnutls(id: &str, value: &[u8]) -> bool {
    !["2.5.29.17", "2.5.29.18"].contains(&id) || holds(value, OF_GNUTLS)
}

/// Whether an extension holds what it is for. Of one that is not known, nothing is asked.
pub(crate) fn is_extension(id: &str, value: &[u8]) -> bool {
    let known = KNOWN.iter().find(|(known, _)| *known == id);
    known.is_none_or(|(_, fields)| holds(value, fields))
}

/// Whether these values stand there, and nothing else.
fn holds(mut der: &[u8], fields: &[Field]) -> bool {
    for Field(often, tags) in fields {
        let mut times = 0;
        while let Some((tag, value, rest)) = first(der) {
            match tags.iter().find(|(it, _)| *it == tag) {
                Some((_, held)) if !held.is(value) => return false,
                None if !tags.is_empty() => break,
                _ => {}
            }
            (der, times) = (rest, times + 1);
            if matches!(often, Once | AtMostOnce) {
                break;
            }
        }
        if times == 0 && matches!(often, Once | AtLeastOnce) {
            return false;
        }
    }
    der.is_empty()
}
// ANCHOR_END: shape

impl Held {
    fn is(&self, value: &[u8]) -> bool {
        match self {
            Anything => true,
            Bits => matches!(value, [0] | [0..=7, _, ..]),
            Ascii => value.is_ascii(),
            Address => str::from_utf8(value).is_ok(),
            Byte => value.len() == 1,
            Filled => !value.is_empty(),
            Whole => value.first() == Some(&0),
            Units(bytes) => value.len().is_multiple_of(*bytes),
            Wrapped => first(value).is_some_and(|(tag, text, rest)| {
                rest.is_empty() && (tag != 0x0c || str::from_utf8(text).is_ok())
            }),
            Truth => matches!(value, [0 | 0xff]),
            Number => match value {
                [] => false,
                [first, second, ..] => {
                    !(*first == 0 && *second < 0x80 || *first == 0xff && *second >= 0x80)
                }
                _ => true,
            },
            Identifier => {
                let begins = |at: usize| at == 0 || value[at - 1] < 0x80;
                value.last().is_some_and(|last| *last < 0x80)
                    && !(0..value.len()).any(|at| value[at] == 0x80 && begins(at))
            }
            Values(fields) => holds(value, fields),
            Either(these, others) => holds(value, these) || holds(value, others),
        }
    }
}

/// The first value, and what stands behind it, in DER (X.690, section 10.1): the length is told, in as few bytes as it takes.
fn first(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length - 0x80))?;
            let length = bytes
                .iter()
                .fold(0, |all, byte| all << 8 | usize::from(*byte));
            (bytes[0] != 0 && length >= 0x80).then_some((length, rest))?
        }
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    // A tag of several bytes stands nowhere in a certificate.
    (tag & 0x1f != 0x1f).then_some((tag, value, rest))
}

#[cfg(test)]
mod tests;
