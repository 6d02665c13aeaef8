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
    let identifier = |der: &[u8]| Identifier::of(der) != Some(Identifier::Broken);
    let parts = || values(name.data).unwrap_or_default();
    match name.tag().0 {
        // An identifier of the type, and one value.
        0 => matches!(&parts()[..], [id, value] if id.tag() == Tag::Oid
            && identifier(id.data)
            && value.tag() == Tag(0)
            && values(value.data).is_some_and(|value| value.len() == 1)),
        4 => matches!(&parts()[..], [one] if one.tag() == Tag::Sequence && is_directory(one)),
        // Who has assigned it, where that is said, and a name.
        5 => parts().last().is_some_and(|name| name.tag() == Tag(1)),
        8 => identifier(name.data),
        1..=3 | 6 | 7 => true,
        _ => false,
    }
}

/// Whether each value in the name of a directory is a string that OpenSSL parses.
fn is_directory(name: &Any<'_>) -> bool {
    let attributes = within(name).into_iter().flat_map(|set| within(&set));
    let mut texts = attributes.filter_map(|pair| within(&pair).into_iter().nth(1));
    texts.all(|text| {
        let whole = match text.tag() {
            Tag::Utf8String => str::from_utf8(text.data).is_ok(),
            Tag::BmpString => text.data.len().is_multiple_of(2),
            _ => true,
        };
        whole && STRINGS.contains(&text.tag())
    })
}

/// Why clients of Java or GnuTLS do not parse it among the names of a certificate: Java finds no name there, then.
fn unread(name: &Any<'_>) -> Option<&'static str> {
    match name.tag() {
        HOST | MAIL | URI if name.data.is_empty() => {
            Some("one of its names is empty, and clients of Java or GnuTLS do not parse that")
        }
        HOST | MAIL | URI if name.header.is_constructed() => Some(
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
