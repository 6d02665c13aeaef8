//! General names (RFC 5280, section 4.2.1.6): of a certificate, of its issuer's issuer, of places of revocation lists, and
//! in constraints. rustls and Go read those of a few types, and OpenSSL parses each one, needed or not.

use x509_parser::asn1_rs::{Any, FromDer, Tag};
use x509_parser::certificate::X509Certificate;

use crate::fields::STRINGS;
use crate::forms::Identifier;

const ALTERNATIVE: &str = "2.5.29.17";
const CONSTRAINTS: &str = "2.5.29.30";
const PLACES: &str = "2.5.29.31";
const AUTHORITY_KEY: &str = "2.5.29.35";

const HOST: Tag = Tag(2);
const MAIL: Tag = Tag(1);
const URI: Tag = Tag(6);
const ADDRESS: Tag = Tag(7);

// ANCHOR: objection
/// Why clients of OpenSSL, Java or GnuTLS do not parse a general name in this certificate, if so.
pub(crate) fn objection(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    certificate.extensions().iter().find_map(|it| {
        let id = it.oid.to_id_string();
        let all = found(&id, it.value);
        if !all.iter().all(parses) {
            return Some(
                "a general name in it is broken, be it among its names, in constraints or in a place of revocation lists, \
                 and clients of OpenSSL do not parse that",
            );
        }
        let own = all.iter().filter(|_| id == ALTERNATIVE);
        own.filter_map(unread).next()
    })
}
// ANCHOR_END: objection

/// Whether it constrains names of a kind that clients of GnuTLS do not compare: they take nothing below it then. Those of
/// directories rustls does not compare either.
pub(crate) fn constrains_others(certificate: &X509Certificate<'_>) -> bool {
    let mut all = certificate.extensions().iter();
    all.any(|it| {
        let constrains = it.oid.to_id_string() == CONSTRAINTS;
        let mut all = found(CONSTRAINTS, it.value).into_iter();
        constrains && all.any(|name| matches!(name.tag(), Tag(0 | 3 | 5 | 8)))
    })
}

/// The values that stand one after another, where nothing else does.
fn values(mut rest: &[u8]) -> Option<Vec<Any<'_>>> {
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (behind, it) = Any::from_der(rest).ok()?;
        found.push(it);
        rest = behind;
    }
    Some(found)
}

/// What stands in it. Where that is no DER, others object.
fn within<'a>(of: &Any<'a>) -> Vec<Any<'a>> {
    values(of.data).unwrap_or_default()
}

/// What stands in those with this tag.
fn tagged<'a>(among: &[Any<'a>], tag: u32) -> Vec<Any<'a>> {
    let those = among.iter().filter(|it| it.tag() == Tag(tag));
    those.flat_map(within).collect()
}

/// The general names in the value of an extension that OpenSSL reads whenever it verifies.
fn found<'a>(id: &str, value: &'a [u8]) -> Vec<Any<'a>> {
    let outer = values(value).unwrap_or_default();
    let fields: Vec<_> = outer.iter().flat_map(within).collect();
    match id {
        ALTERNATIVE => fields,
        AUTHORITY_KEY => tagged(&fields, 1),
        // The first of each subtree.
        CONSTRAINTS => {
            let trees = fields.iter().flat_map(within);
            trees
                .filter_map(|tree| within(&tree).into_iter().next())
                .collect()
        }
        PLACES => {
            let parts: Vec<_> = fields.iter().flat_map(within).collect();
            let whole = tagged(&tagged(&parts, 0), 0);
            whole.into_iter().chain(tagged(&parts, 2)).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether OpenSSL parses it.
fn parses(name: &Any<'_>) -> bool {
    let parts = || values(name.data).unwrap_or_default();
    let compound = name.header.is_constructed();
    name.header.is_contextspecific()
        && match name.tag().0 {
            // An identifier of the type, and one value.
            0 => {
                compound
                    && matches!(&parts()[..], [id, value] if is_identifier(id) && is_wrapped(value))
            }
            4 => compound && matches!(&parts()[..], [one] if is_directory(one)),
            // Who has assigned it, where that is said, and a name.
            5 => parts().last().is_some_and(|name| name.tag() == Tag(1)),
            8 => !compound && Identifier::of(name.data) != Some(Identifier::Broken),
            tag => tag < 8,
        }
}

fn is_identifier(it: &Any<'_>) -> bool {
    let is_one = it.tag() == Tag::Oid && it.header.is_universal() && !it.header.is_constructed();
    is_one && Identifier::of(it.data) != Some(Identifier::Broken)
}

/// Whether one value of any type stands in this.
fn is_wrapped(it: &Any<'_>) -> bool {
    let wraps = it.tag() == Tag(0) && it.header.is_contextspecific() && it.header.is_constructed();
    wraps
        && matches!(values(it.data).as_deref(), Some([value]) if match value.tag() {
            // OpenSSL looks into some.
            Tag::Boolean => value.data.len() == 1,
            Tag::Integer | Tag::Enumerated => !value.data.is_empty(),
            Tag::Null => value.data.is_empty(),
            Tag::Oid => is_identifier(value),
            _ => true,
        })
}

/// What stands in a value of this type, if it is one.
fn of_type<'a>(it: &Any<'a>, tag: Tag) -> Option<Vec<Any<'a>>> {
    let is_one = it.tag() == tag && it.header.is_universal() && it.header.is_constructed();
    is_one.then(|| values(it.data)).flatten()
}

/// Whether the name of a directory has identifiers, each with a string that OpenSSL parses.
fn is_directory(name: &Any<'_>) -> bool {
    let sets = of_type(name, Tag::Sequence);
    let sets = sets.and_then(|sets| {
        let sets = sets.iter().map(|set| of_type(set, Tag::Set));
        sets.collect::<Option<Vec<_>>>()
    });
    let is_pair = |pair: &Any<'_>| {
        let parts = of_type(pair, Tag::Sequence);
        matches!(parts.as_deref(), Some([id, text]) if is_identifier(id) && is_string(text))
    };
    sets.is_some_and(|sets| sets.iter().flatten().all(is_pair))
}

fn is_string(text: &Any<'_>) -> bool {
    let whole = match text.tag() {
        Tag::Utf8String => str::from_utf8(text.data).is_ok(),
        Tag::BmpString => text.data.len().is_multiple_of(2),
        Tag::UniversalString => text.data.len().is_multiple_of(4),
        _ => true,
    };
    whole && text.header.is_universal() && STRINGS.contains(&text.tag())
}

/// Why clients of Java or GnuTLS do not parse it among the names of a certificate: Java finds no name there, then.
fn unread(name: &Any<'_>) -> Option<&'static str> {
    match name.tag() {
        HOST | MAIL | URI if name.data.is_empty() => {
            Some("one of its names is empty, and clients of Java or GnuTLS do not parse that")
        }
        HOST | MAIL | URI | ADDRESS if name.header.is_constructed() => Some(
            "one of its names is not in DER (X.690), and clients of Java and GnuTLS do not parse that",
        ),
        // X.400 and EDI.
        Tag(3 | 5) => Some(
            "one of its names is of a kind that none but OpenSSL reads (X.400 or EDI), and clients of GnuTLS do not parse \
             that",
        ),
        _ => None,
    }
}
