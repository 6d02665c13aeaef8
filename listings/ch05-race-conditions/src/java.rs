//! What clients of Java do not take: by default, a shorter chain than all others, and no name in the place of one.

use ch02_hot_reload::identity::{Peers, Reason, Rejected, Source, reject};
use ch02_hot_reload::message;
use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::public_key::PublicKey;

/// `jdk.tls.client.maxInboundCertificateChainLength`. GnuTLS follows 16.
const CERTIFICATES: usize = 10;

/// `jdk.tls.maxHandshakeMessageSize`, in bytes.
const MESSAGE: usize = 32 << 10;

// ANCHOR: fits
/// Checks that clients of Java take this chain, needed or not.
///
/// # Errors
/// `too_large`, of the file of the chain.
pub(crate) fn fits(
    source: &Source,
    chain: &[CertificateDer<'_>],
    peers: Peers,
) -> Result<(), Rejected> {
    let (many, length) = (chain.len(), message::length(chain));
    let what = match peers {
        Peers::Clients if length > MESSAGE => format!(
            "its {many} certificates make a message of {length} bytes, and clients take {MESSAGE} (Java) to 102400 \
             (OpenSSL)"
        ),
        Peers::Clients if many > CERTIFICATES => {
            format!("it holds {many} certificates, and clients of Java take {CERTIFICATES}")
        }
        _ => return Ok(()),
    };
    let detail =
        format!("{what}: the file holds the leaf and its intermediates alone, no bundle of roots");
    Err(reject(Reason::TooLarge, &source.files.certificate, &detail))
}
// ANCHOR_END: fits

/// Why they do not parse this certificate, needed or not.
pub(crate) fn unread(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    if certificate
        .issuer()
        .iter()
        .all(|it| it.iter().next().is_none())
    {
        return Some("it names no issuer, and clients of Java do not parse that");
    }
    let nameless = certificate
        .subject()
        .iter()
        .all(|it| it.iter().next().is_none());
    let mut names = certificate.extensions().iter().filter(|it| {
        let parsed = it.parsed_extension();
        matches!(parsed, ParsedExtension::SubjectAlternativeName(_))
    });
    if nameless && names.next().is_none_or(|it| !it.critical) {
        return Some(
            "it has no subject, and its names are not marked critical, or it has none (RFC 5280, section 4.2.1.6): \
             clients of Java do not parse that",
        );
    }
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) if matches!(key.exponent, [0..=2]) => {
            Some("its RSA key has an exponent below 3, and clients of Java do not parse that")
        }
        _ => None,
    }
}

/// Whether it has places of revocation lists that are marked critical. Java knows them where it checks revocation, which
/// it does not by default.
pub(crate) fn has_critical_places(certificate: &X509Certificate<'_>) -> bool {
    let mut all = certificate.extensions().iter();
    all.any(|it| it.critical && it.oid.to_id_string() == "2.5.29.31")
}
