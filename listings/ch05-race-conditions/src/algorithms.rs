//! ML-DSA (FIPS 204), with which rustls signs and verifies since 0.23.44, and many clients do not.
//!
//! A server that served it would have handshakes with rustls, with Go 1.27 and with OpenSSL from 3.5 on, and with
//! no client of an older OpenSSL, which is what Debian 12 and its Python have. An operator who
//! renews a certificate does not ask for that, so it is refused like Ed448, unless `Options::ml_dsa` says otherwise.

use std::ops::RangeInclusive;

use ch02_hot_reload::identity::{Identity, Reason, Rejected, Source, reject};
use x509_parser::parse_x509_certificate;

/// What is signed with here, for the end of a sentence. rustls also signs with ML-DSA.
pub(crate) const TAKEN: &str = "this server signs with ECDSA on P-256, P-384 or P-521, with Ed25519, or with \
                     RSA of 2048 to 8192 bits";

/// How long an RSA key may be by which rustls verifies a signature. Go sets the same upper bound.
pub(crate) const RSA_BITS: RangeInclusive<usize> = 2048..=8192;

/// The object identifiers of ML-DSA in certificates and keys (RFC 9881, section 2).
const ML_DSA: [(&str, &str); 3] = [
    ("2.16.840.1.101.3.4.3.17", "ML-DSA-44"),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
    ("2.16.840.1.101.3.4.3.19", "ML-DSA-87"),
];

/// Which ML-DSA an object identifier means; `None` for any other algorithm.
pub(crate) fn ml_dsa(identifier: &str) -> Option<&'static str> {
    let found = ML_DSA.iter().find(|(known, _)| *known == identifier);
    found.map(|(_, name)| *name)
}

/// Checks that clients that verify neither the key nor a signature of the chain are not shown it.
///
/// # Errors
/// `malformed`, of the file of the key, where that is one of ML-DSA; `chain_broken`, of the file of the
/// certificate, where a certificate is signed with it.
pub(crate) fn taken_by_all(source: &Source, identity: &Identity) -> Result<(), Rejected> {
    let files = &source.files;
    // It was validated: what does not parse here does not parse at all.
    let parsed = |der| parse_x509_certificate(der).ok();
    let chain = &identity.certified.cert;
    if let Some((_, leaf)) = chain.first().and_then(|leaf| parsed(leaf)) {
        let key = &leaf.tbs_certificate.subject_pki.algorithm.algorithm;
        if let Some(name) = ml_dsa(&key.to_id_string()) {
            let detail = format!("an {name} key: {FEW}, and {TAKEN}");
            return Err(reject(Reason::Malformed, &files.key, &detail));
        }
    }
    for (certificate, at) in chain.iter().zip(1..) {
        let Some((_, certificate)) = parsed(certificate) else {
            continue;
        };
        let signed = &certificate.signature_algorithm.algorithm;
        if let Some(name) = ml_dsa(&signed.to_id_string()) {
            let of = chain.len();
            let detail = format!("certificate {at} of {of} is signed with {name}: {FEW}");
            return Err(reject(Reason::ChainBroken, &files.certificate, &detail));
        }
    }
    Ok(())
}

const FEW: &str = "clients of OpenSSL before 3.5 do not verify it";
