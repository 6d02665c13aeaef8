//! What the parsers of clients take. They parse each certificate that they are sent, needed or not.
//!
//! rustls leaves most of a certificate unread. Go and OpenSSL read all of it, and end the handshake at
//! the first one that they cannot read.

use std::collections::HashSet;

use aws_lc_rs::signature::{self, ParsedPublicKey};
use ch02_hot_reload::identity::{Peers, Reason, Rejected, Source, reject};
use rustls::pki_types::CertificateDer;
use x509_parser::asn1_rs::{Any, FromDer, Tag};
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::der::parse_der;
use x509_parser::parse_x509_certificate;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::X509Version;

use crate::algorithms::RSA_BITS;
use crate::fields;
use crate::forms::{self, Identifier, items};
use crate::general;
use crate::java;
use crate::key::{bits, curve_name};
use crate::shape;

// ANCHOR: by_all
/// Checks that clients of OpenSSL, Go and Java parse each certificate of the chain.
///
/// # Errors
/// Of the file of the chain: `too_large`, or `malformed` with the first one that they do not parse.
pub(crate) fn by_all(
    source: &Source,
    chain: &[CertificateDer<'_>],
    peers: Peers,
) -> Result<(), Rejected> {
    java::fits(source, chain, peers)?;
    for (certificate, at) in chain.iter().zip(1..) {
        let parsed = parse_x509_certificate(certificate).ok();
        if let Some(what) = parsed.and_then(|(_, parsed)| objection(&parsed)) {
            let detail = format!("certificate {at} of {}: {what}", chain.len());
            return Err(reject(
                Reason::Malformed,
                &source.files.certificate,
                &detail,
            ));
        }
    }
    Ok(())
}

/// Why clients of OpenSSL or Go do not parse this certificate, if so.
pub(crate) fn objection(certificate: &X509Certificate<'_>) -> Option<String> {
    before_1970(certificate).map_or_else(|| unparsed(certificate), |what| Some(what.into()))
}

/// The same of an authority that is trusted, whose dates rustls does not read.
pub(crate) fn unparsed(certificate: &X509Certificate<'_>) -> Option<String> {
    form(certificate)
        .or_else(|| forms::identifier(certificate).map(Identifier::words))
        .or_else(|| forms::frame(certificate))
        .or_else(|| general::objection(certificate))
        .or_else(|| java::unread(certificate))
        .or_else(|| negative(certificate.raw_serial()))
        .or_else(|| version(certificate))
        .or_else(|| numbers(certificate))
        .map(Into::into)
        .or_else(|| point(certificate))
        .or_else(|| modulus(certificate))
        .or_else(|| rsa_key(certificate).map(Into::into))
        .or_else(|| behind_key(certificate).map(Into::into))
        .or_else(|| forms::key(certificate).map(Into::into))
        .or_else(|| fields::objection(certificate))
}
// ANCHOR_END: by_all

/// Checks that the fields of each certificate of the chain are as they are defined, and those of the authorities that have
/// issued one. This comes last: it knows least of what is wrong.
///
/// # Errors
/// `malformed`, of the file of the chain or of the authorities.
pub(crate) fn as_defined(
    source: &Source,
    chain: &[CertificateDer<'_>],
    anchors: &[CertificateDer<'_>],
) -> Result<(), Rejected> {
    for (certificate, at) in chain.iter().zip(1..) {
        if let Some(what) = undefined(certificate) {
            let detail = format!("certificate {at} of {}: {what}", chain.len());
            let file = &source.files.certificate;
            return Err(reject(Reason::Malformed, file, &detail));
        }
    }
    let parsed = |der| parse_x509_certificate(der).ok().map(|(_, parsed)| parsed);
    let shown: Vec<_> = chain.iter().filter_map(|it| parsed(it)).collect();
    for (anchor, at) in anchors.iter().zip(1..) {
        let issuer = parsed(anchor);
        let issuer = issuer.filter(|issuer| shown.iter().any(|it| it.issuer() == issuer.subject()));
        if let Some(what) = issuer.and_then(|_| undefined(anchor)) {
            let detail = format!("authority {at} of {}: {what}", anchors.len());
            let file = &source.files.roots;
            return Err(reject(Reason::Malformed, file, &detail));
        }
    }
    Ok(())
}

const UNREAD: &str = "is not as RFC 5280 defines it, and some clients (OpenSSL, Go, Java, GnuTLS, Python, Chromium) do not \
                      read that";

/// The field that is not as it is defined, if any.
fn undefined(der: &[u8]) -> Option<String> {
    if let Some(what) = outline(der) {
        return Some(what);
    }
    if !shape::has_whole_names(der) {
        return Some(format!(
            "a name in it has a part of nothing, which {UNREAD}"
        ));
    }
    let (_, parsed) = parse_x509_certificate(der).ok()?;
    if !named_for_gnutls(&parsed) {
        return Some(NAMES.into());
    }
    let mut all = parsed.extensions().iter();
    let broken = all.find(|it| !shape::is_extension(&it.oid.to_id_string(), it.value))?;
    Some(format!("its extension {} {UNREAD}", broken.oid))
}

/// The same of the fields alone, as OpenSSL parses them: without what extensions hold, and a name may have a part of
/// nothing. Its clients load no other certificate of a file with an authority that they do not parse.
pub(crate) fn outline(der: &[u8]) -> Option<String> {
    (!shape::is_certificate(der)).then(|| format!("a field of it {UNREAD}"))
}

/// rustls counts seconds since 1970, and none before.
fn before_1970(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    let begins = certificate.validity().not_before.timestamp();
    (begins < 0).then_some(
        "its dates begin before 1970, and clients of rustls do not parse that: have it issued anew",
    )
}

/// Why clients of OpenSSL or GnuTLS load no certificate of a file with this authority, needed or not.
pub(crate) fn unloaded(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    if certificate.signature_algorithm != certificate.tbs_certificate.signature {
        return Some(
            "it names two algorithms for its signature, and clients of GnuTLS load no file with such a one",
        );
    }
    if certificate.version() == X509Version::V1 && !certificate.extensions().is_empty() {
        return Some(
            "it is of version 1 of X.509 and has extensions, which came with version 3, and clients of GnuTLS load no \
             file with such a one",
        );
    }
    let mut seen = HashSet::new();
    if !certificate
        .extensions()
        .iter()
        .all(|it| seen.insert(&it.oid))
    {
        return Some(
            "an extension is there twice, and clients of GnuTLS load no file with such a one",
        );
    }
    if !named_for_gnutls(certificate) {
        return Some(NAMES);
    }
    form(certificate)
}

const NAMES: &str = "a name of its subject or of its issuer (subjectAltName, issuerAltName) is broken, of nothing, of X.400 \
                     or of EDI, and clients of GnuTLS do not parse that";

fn named_for_gnutls(certificate: &X509Certificate<'_>) -> bool {
    let mut all = certificate.extensions().iter();
    all.all(|it| shape::is_parsed_by_gnutls(&it.oid.to_id_string(), it.value))
}

/// What OpenSSL does not accept, even of an authority. Such a number it does not parse, and OpenSSL 3.6 does not parse a
/// date without seconds: then its clients load no other certificate of that file either.
pub(crate) fn form(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    let broken = || forms::identifier(certificate).filter(|it| *it == Identifier::Broken);
    serial(certificate.raw_serial())
        .or_else(|| dates(certificate.tbs_certificate.as_ref()))
        .or_else(|| broken().map(Identifier::words))
}

/// X.690, section 8.3: a number has a byte, and as few as it takes.
fn serial(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [] => {
            Some("its serial number has no bytes, and clients of OpenSSL and Go do not parse that")
        }
        [0, second, ..] if *second < 0x80 => Some(PADDED),
        [0xff, second, ..] if *second >= 0x80 => Some(PADDED),
        _ => None,
    }
}

const PADDED: &str = "its serial number begins with a byte too many (X.690), and clients of OpenSSL and \
                      Go do not parse that";

/// RFC 5280, section 4.1.2.2.
fn negative(serial: &[u8]) -> Option<&'static str> {
    serial.first().filter(|first| **first >= 0x80).map(|_| {
        "its serial number is negative (RFC 5280 forbids that), and clients of Go do not parse it"
    })
}

/// RFC 5280, section 4.1.2.5: dates have seconds, no fraction of one, and no other zone than Greenwich's.
fn dates(body: &[u8]) -> Option<&'static str> {
    let fields = items(Any::from_der(body).ok()?.1.data);
    // A version of 1 is left out. Then come a number, an algorithm, and a name.
    let validity = fields.get(3 + usize::from(fields.first()?.tag() == Tag(0)))?;
    let wrong = |date: &Any<'_>| match date.tag() {
        Tag::UtcTime => date.data.len() != "YYMMDDHHMMSSZ".len(),
        _ => date.data.len() != "YYYYMMDDHHMMSSZ".len(),
    };
    let wrong = items(validity.data).iter().any(wrong);
    wrong.then_some(
        "its dates have no seconds, a fraction of one, or another time zone, and clients of OpenSSL do not \
         accept that",
    )
}

/// Go parses keys on four curves, and no point that is compressed (RFC 5480, section 2.2) or lies beside its curve.
fn point(certificate: &X509Certificate<'_>) -> Option<String> {
    const CURVES: [&str; 4] = ["P-224", "P-256", "P-384", "P-521"];
    let key = certificate.public_key();
    if key.algorithm.algorithm.to_id_string() != "1.2.840.10045.2.1" {
        return None;
    }
    let curve = key.algorithm.parameters.as_ref();
    // A curve that is described where its name could stand is no identifier.
    let curve = curve.filter(|curve| curve.tag() == Tag::Oid);
    let curve = curve.and_then(|curve| Some(curve_name(&curve.as_oid().ok()?.to_id_string())));
    let curve = match curve {
        Some(curve) if CURVES.contains(&curve.as_str()) => curve,
        curve => {
            let curve = curve.unwrap_or_else(|| "a curve without a name".into());
            return Some(format!("clients of Go do not parse its key on {curve}"));
        }
    };
    let point = &key.subject_public_key.data;
    if point.first() != Some(&4) {
        return Some("clients of Go do not parse its key, a compressed point".into());
    }
    is_off(&curve, point)
        .then(|| format!("clients of Go do not parse its key, which is no point of {curve}"))
}

/// Whether a point of the right length is none of its curve. No library here computes on P-224.
fn is_off(curve: &str, point: &[u8]) -> bool {
    let (algorithm, length) = match curve {
        "P-256" => (&signature::ECDSA_P256_SHA256_ASN1, 65),
        "P-384" => (&signature::ECDSA_P384_SHA384_ASN1, 97),
        "P-521" => (&signature::ECDSA_P521_SHA512_ASN1, 133),
        _ => return false,
    };
    point.len() == length && ParsedPublicKey::new(algorithm, point).is_err()
}

/// Go looks at each RSA key that it is shown, whether it verifies a signature with it or not.
fn modulus(certificate: &X509Certificate<'_>) -> Option<String> {
    let bits = rsa_bits(certificate).filter(|bits| bits > RSA_BITS.end())?;
    Some(format!(
        "clients of Go take no certificate with an RSA key of {bits} bits, whether they need it or not"
    ))
}

/// RFC 3279, section 2.3.1: NULL stands behind the identifier of RSA.
fn rsa_key(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    let algorithm = &certificate.public_key().algorithm;
    let null = algorithm.parameters.as_ref().map(|it| it.tag()) == Some(Tag::Null);
    let rsa = algorithm.algorithm.to_id_string() == "1.2.840.113549.1.1.1";
    (rsa && !null)
        .then_some("clients of Go do not parse an RSA key without a NULL behind its algorithm")
}

/// RFC 5280, section 4.1: an algorithm and a key, and nothing behind them.
fn behind_key(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    // What was parsed ends behind the key, before the end that its length tells.
    let cut = parse_der(certificate.public_key().raw).is_err();
    cut.then_some("something stands behind its public key, and clients of OpenSSL and rustls do not parse that")
}

/// RFC 5280, section 4.1.2.1.
fn version(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    if certificate.version() == X509Version::V1 && !certificate.extensions().is_empty() {
        return Some(
            "it is of version 1 of X.509 and has extensions, and clients of Java and GnuTLS do not parse that",
        );
    }
    let unknown = certificate.version().0 > X509Version::V3.0;
    unknown.then_some("X.509 has no such version, and clients of Go do not parse it")
}

/// A key is whole bytes. The numbers of RSA (RFC 8017) are positive, and DER begins none with a byte too many.
fn numbers(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    let public = certificate.public_key();
    if public.subject_public_key.unused_bits != 0 {
        return Some(
            "bits at the end of its key are said to be none of it, and clients of Go and rustls do not \
             parse that",
        );
    }
    if public.algorithm.algorithm.to_id_string() != "1.2.840.113549.1.1.1" {
        return None;
    }
    let positive = |number: &[u8]| matches!(number, [1..=0x7f, ..] | [0, 0x80..=0xff, ..]);
    let key = match public.parsed() {
        Ok(PublicKey::RSA(key)) if positive(key.modulus) && positive(key.exponent) => key,
        _ => {
            return Some(
                "a number of its RSA key is negative, zero, or begins with a byte too many, and clients of Go \
                 do not parse that",
            );
        }
    };
    (key.exponent.len() > 8).then_some(
        "its RSA key has an exponent of over 63 bits, and clients of Go do not parse that",
    )
}

/// Why clients of Go verify no signature by this key of RSA.
pub(crate) fn exponent(certificate: &X509Certificate<'_>) -> Option<String> {
    let Ok(PublicKey::RSA(key)) = certificate.public_key().parsed() else {
        return None;
    };
    let bits = bits(key.exponent).filter(|bits| *bits > 31)?;
    Some(format!(
        "its RSA key has an exponent of {bits} bits, and clients of Go verify nothing with more than 31"
    ))
}

/// How long the key of this certificate is, where it is one of RSA.
pub(crate) fn rsa_bits(certificate: &X509Certificate<'_>) -> Option<usize> {
    match certificate.public_key().parsed().ok()? {
        PublicKey::RSA(key) => bits(key.modulus),
        _ => None,
    }
}
