//! Features of TLS that a certificate asks for (RFC 7633). Clients of GnuTLS alone hold a chain against them.

use x509_parser::asn1_rs::{Any, Class, FromDer, Tag};
use x509_parser::certificate::X509Certificate;

/// The extension of TLS that asks for a stapled answer of OCSP (RFC 6066, section 8).
const STATUS_REQUEST: &[u8] = &[5];

/// Whether it asks for a stapled answer of OCSP.
pub(crate) fn must_staple(certificate: &X509Certificate<'_>) -> bool {
    asked(certificate).is_some_and(|all| all.contains(&STATUS_REQUEST))
}

// ANCHOR: objection
/// Which issuer asks for what a certificate below it does not ask for (RFC 7633, section 4.2.2), or in a way
/// that is not read. A path begins with the leaf, and ends with its anchor.
pub(crate) fn objection(path: &[&X509Certificate<'_>]) -> Option<(usize, &'static str)> {
    for (at, issuer) in path.iter().enumerate().skip(1) {
        let Some(features) = asked(issuer) else {
            return Some((at, "its features of TLS (RFC 7633) are broken"));
        };
        let has_all = |below: &&X509Certificate<'_>| {
            let has = asked(below).unwrap_or_default();
            features.iter().all(|feature| has.contains(feature))
        };
        if !path[..at].iter().all(has_all) {
            let what =
                "it asks for features of TLS (RFC 7633) that a certificate below it does not have";
            return Some((at, what));
        }
    }
    None
}
// ANCHOR_END: objection

/// The numbers of what it asks for, without zeros before them; nothing where they are not read.
fn asked<'a>(certificate: &'a X509Certificate<'_>) -> Option<Vec<&'a [u8]>> {
    let mut extensions = certificate.extensions().iter();
    let Some(found) = extensions.find(|it| it.oid.to_id_string() == "1.3.6.1.5.5.7.1.24") else {
        return Some(Vec::new());
    };
    let (behind, all) = Any::from_der(found.value).ok()?;
    if !is(&all, Tag::Sequence) || !behind.is_empty() {
        return None;
    }
    let (mut rest, mut asked) = (all.data, Vec::new());
    while !rest.is_empty() {
        let (behind, number) = Any::from_der(rest).ok()?;
        let begins = number.data.iter().position(|byte| *byte != 0);
        asked.push(&number.data[begins.unwrap_or(number.data.len())..]);
        rest = behind;
        if !is(&number, Tag::Integer) {
            return None;
        }
    }
    Some(asked)
}

/// Whether a value is of this type, and in the form that DER has for it.
fn is(value: &Any<'_>, tag: Tag) -> bool {
    let header = &value.header;
    let of_type = header.class() == Class::Universal && header.tag() == tag;
    of_type && header.is_constructed() == (tag == Tag::Sequence)
}
