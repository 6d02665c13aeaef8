//! What clients of OpenSSL and Go ask of certificates, and rustls does not. A second file to copy, for
//! [`rotating`](super::rotating), where not all clients use rustls. It needs `x509-parser`.

use rustls::pki_types::CertificateDer;
use x509_parser::asn1_rs::Tag;
use x509_parser::prelude::{ParsedExtension, X509Certificate};
use x509_parser::{parse_x509_certificate as parse, public_key::PublicKey};

/// Bytes of a chain, as TLS sends it, and certificates in it. Clients of Java take no more.
const LONGEST: (usize, usize) = (32 << 10, 10);
/// P-224 to P-521, Ed25519 and Ed448. Beside RSA, clients of each library parse these.
const KEYS: &str =
    "1.3.132.0.33 1.2.840.10045.3.1.7 1.3.132.0.34 1.3.132.0.35 1.3.101.112 1.3.101.113";
/// What is said of a chain that clients do not take to its end.
pub const BUNDLE: &str = "clients of Java take 10 certificates and 32 KiB, no bundles";

/// Those of these certificates that may issue others.
///
/// # Errors
/// When clients would not parse one of them, whether they need it or not, and which that is.
pub fn check(chain: &[CertificateDer<'static>]) -> Result<Vec<CertificateDer<'static>>, String> {
    for (one, at) in chain.iter().zip(1..) {
        let why = parse(one).map_or(Some("it does not parse"), |(_, it)| objection(&it));
        why.map_or(Ok(()), |why| Err(format!("certificate {at}: {why}")))?;
    }
    let length = 4 + chain.iter().map(|one| one.len() + 5).sum::<usize>();
    if length > LONGEST.0 || chain.len() > LONGEST.1 {
        return Err(BUNDLE.into());
    }
    Ok(chain.iter().filter(|one| issues(one)).cloned().collect())
}

/// Why clients with OpenSSL or Go do not parse it. rustls reads little of it.
fn objection(one: &X509Certificate<'_>) -> Option<&'static str> {
    let algorithm = &one.public_key().algorithm;
    let curve = algorithm.parameters.as_ref().map(|it| it.as_oid());
    let named = curve.and_then(Result::ok);
    let id = named.unwrap_or_else(|| algorithm.algorithm.clone());
    if let [] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] = one.raw_serial() {
        return Some("its serial number is empty, negative or padded");
    }
    if one.version().0 > 2 || one.signature_algorithm != one.signature {
        return Some("it is of a version that is none, or names two algorithms for its signature");
    }
    if one.extensions_map().is_err() {
        return Some("an extension is there twice");
    }
    let read = |it: &ParsedExtension<'_>| !matches!(it, ParsedExtension::ParseError { .. });
    if !one.iter_extensions().all(|it| read(it.parsed_extension())) {
        return Some("one of its extensions is broken");
    }
    let mut values = [one.subject(), one.issuer()]
        .into_iter()
        .flat_map(|it| it.iter_attributes());
    if !values.all(|it| is_text(it.attr_value().tag(), it.as_slice())) {
        return Some("a name in it has a letter that its type of string does not have");
    }
    let known = match one.public_key().parsed() {
        Ok(PublicKey::RSA(_)) if algorithm.parameters.is_none() => false, // Go reads each.
        Ok(PublicKey::RSA(key)) => {
            let [n, e] = [key.modulus, key.exponent];
            let positive = |it: &[u8]| matches!(it, [1..=0x7f, ..] | [0, 0x80..=0xff, ..]);
            positive(n) && n.len() <= 1024 + usize::from(n[0] == 0) && positive(e) && e.len() <= 8
        }
        _ => KEYS.split(' ').any(|known| known == id.to_id_string()),
    };
    (!known).then_some("RSA of over 8192 bits, or a key that some clients do not know")
}

/// Whether a value in a name is what its type of string may hold (X.680, section 41).
fn is_text(tag: Tag, text: &[u8]) -> bool {
    let printable = |it: &u8| it.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(it);
    match tag {
        Tag::PrintableString => text.iter().all(printable),
        Tag::Ia5String => text.is_ascii(),
        Tag::Utf8String => std::str::from_utf8(text).is_ok(),
        Tag::BmpString => text.len().is_multiple_of(2),
        _ => [Tag::NumericString, Tag::T61String, Tag::UniversalString].contains(&tag),
    }
}

/// Whether clients with OpenSSL or Go take it as an issuer. rustls does not look at most of a root.
fn issues(der: &CertificateDer<'_>) -> bool {
    parse(der).is_ok_and(|(_, it)| {
        let (usage, uses) = (it.key_usage(), it.extended_key_usage());
        let signs = usage.is_ok_and(|it| it.is_none_or(|it| it.value.key_cert_sign()));
        let serves = uses.is_ok_and(|it| it.is_none_or(|it| it.value.server_auth));
        let authority = it.is_ca() || it.version().0 == 0;
        signs && serves && authority && it.validity().is_valid() && objection(&it).is_none()
    })
}
