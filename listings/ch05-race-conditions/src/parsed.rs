//! What the parsers of clients take. They parse each certificate that they are sent, needed or not.
//!
//! rustls leaves most of a certificate unread. Go and OpenSSL read all of it, and end the handshake at
//! the first one that they cannot read.

use ch02_hot_reload::identity::{Reason, Rejected, Source, reject};
use rustls::pki_types::CertificateDer;
use x509_parser::asn1_rs::Tag;
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::der::parse_der;
use x509_parser::parse_x509_certificate;
use x509_parser::public_key::PublicKey;

use crate::algorithms::RSA_BITS;
use crate::fields;
use crate::key::{bits, curve_name};

// ANCHOR: by_all
/// Checks that clients of OpenSSL and Go parse each certificate of the chain.
///
/// # Errors
/// `malformed`, of the file of the chain, with the first one that they do not parse.
pub(crate) fn by_all(source: &Source, chain: &[CertificateDer<'_>]) -> Result<(), Rejected> {
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
    serial(certificate.raw_serial())
        .or_else(|| before_1970(certificate))
        .map(Into::into)
        .or_else(|| point(certificate))
        .or_else(|| modulus(certificate))
        .or_else(|| rsa_key(certificate).map(Into::into))
        .or_else(|| behind_key(certificate).map(Into::into))
        .or_else(|| fields::objection(certificate))
}
// ANCHOR_END: by_all

/// rustls counts seconds since 1970, and none before.
fn before_1970(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    let begins = certificate.validity().not_before.timestamp();
    (begins < 0).then_some(
        "its dates begin before 1970, and clients of rustls do not parse that: have it issued anew",
    )
}

/// RFC 5280, section 4.1.2.2: a positive number. X.690, section 8.3: in as few bytes as it takes.
fn serial(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [] => {
            Some("its serial number has no bytes, and clients of OpenSSL and Go do not parse that")
        }
        [0, second, ..] if *second < 0x80 => Some(PADDED),
        [0xff, second, ..] if *second >= 0x80 => Some(PADDED),
        [first, ..] if *first >= 0x80 => Some(
            "its serial number is negative (RFC 5280 forbids that), and clients of Go do not parse it",
        ),
        _ => None,
    }
}

const PADDED: &str = "its serial number begins with a byte too many (X.690), and clients of OpenSSL and \
                      Go do not parse that";

/// Go parses keys on four curves, and no point that is compressed (RFC 5480, section 2.2).
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
    match curve {
        Some(curve) if CURVES.contains(&curve.as_str()) => {}
        curve => {
            let curve = curve.unwrap_or_else(|| "a curve without a name".into());
            return Some(format!("clients of Go do not parse its key on {curve}"));
        }
    }
    let compressed = key.subject_public_key.data.first() != Some(&4);
    compressed.then(|| "clients of Go do not parse its key, a compressed point".into())
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

/// RFC 5280, section 4.1.2.7: an algorithm and a key, and nothing behind them.
fn behind_key(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    // What was parsed ends behind the key, before the end that its length tells.
    let cut = parse_der(certificate.public_key().raw).is_err();
    cut.then_some("something stands behind its public key, and clients of OpenSSL and rustls do not parse that")
}

/// How long the key of this certificate is, where it is one of RSA.
pub(crate) fn rsa_bits(certificate: &X509Certificate<'_>) -> Option<usize> {
    match certificate.public_key().parsed().ok()? {
        PublicKey::RSA(key) => bits(key.modulus),
        _ => None,
    }
}
