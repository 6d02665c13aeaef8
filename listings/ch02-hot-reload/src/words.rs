//! What a peer objects to, in words, where those of the library are its own data.

use rustls::CertificateError::*;
use rustls::{Error, OtherError};

/// What the error says. rustls prints the bytes of an algorithm's identifier, and those of each one
/// that it takes; and it calls a signature bad whose key it does not use.
pub(crate) fn words(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id,
            ..
        }) => format!(
            "a certificate of the chain is signed with {}, which clients do not take",
            algorithm(signature_algorithm_id)
        ),
        Error::InvalidCertificate(UnsupportedSignatureAlgorithmForPublicKeyContext {
            public_key_algorithm_id,
            ..
        }) => format!(
            "an issuer in the chain has a key of the kind {}, which clients do not take with that \
             signature",
            algorithm(public_key_algorithm_id)
        ),
        Error::InvalidCertificate(BadSignature) => format!(
            "{error}: another key has signed than that of the issuer, or the issuer's is an RSA key of \
             fewer than 2048 bits or of more than 8192"
        ),
        Error::InvalidCertificate(BadEncoding) => format!(
            "{error}: clients of rustls do not parse a certificate of the chain. A value in it is not in DER \
             (X.690), or a field is there that they do not know, such as a date without seconds, a unique \
             identifier, or a mark `critical` that is neither 0 nor 255: have it issued anew"
        ),
        Error::InvalidCertificate(Other(other)) => format!("{error}{}", meaning(other)),
        _ => error.to_string(),
    }
}

/// The same of an authority that rustls does not take. Clients that trust this file would not trust it.
pub(crate) fn of_authority(error: &Error, at: usize, of: usize) -> String {
    let why = match error {
        Error::InvalidCertificate(BadEncoding) => {
            "a value in it is not in DER (X.690), or a field is there that rustls does not know, such as a version \
             above 3 or a unique identifier"
                .into()
        }
        _ => words(error),
    };
    format!(
        "authority {at} of {of}: clients of rustls do not take it ({why}). Take it out of the file, or have it \
         issued anew"
    )
}

/// What webpki's own words mean, which rustls passes on as they stand in its code.
fn meaning(error: &OtherError) -> &'static str {
    match error.to_string().as_str() {
        "MaximumPathDepthExceeded" => {
            ": more than six intermediates lie between the leaf and the authority"
        }
        "UnsupportedCertVersion" => ": a certificate of the chain is not of version 3 of X.509",
        "UnsupportedCriticalExtension" => {
            ": a certificate of the chain has a critical extension that rustls clients do not know"
        }
        "CaUsedAsEndEntity" => {
            ": the first certificate is an authority's (basicConstraints, CA:TRUE)"
        }
        "EndEntityUsedAsCa" => {
            ": a certificate that has issued another does not say that it is an authority"
        }
        "EmptyEkuExtension" => {
            ": a certificate of the chain has an extended key usage that names none"
        }
        "MalformedNameConstraint" => {
            ": an authority of the chain may issue for names alone that are none"
        }
        "NameConstraintViolation" => {
            ": an authority of the chain may not issue for such a name, or for some URIs or addresses of mail, which \
             rustls clients do not compare: they take no such name then"
        }
        "MalformedDnsIdentifier" => {
            ": an authority of the chain may issue for some hosts alone, and a name is that of no host (a blank, a \
             port, a dot at its end, digits alone): rustls clients do not compare it"
        }
        "MaximumSignatureChecksExceeded" | "MaximumPathBuildCallsExceeded" => {
            ": too many certificates have the name of an issuer, and clients do not try all of them"
        }
        _ => "",
    }
}

/// The name of an algorithm by its identifier, or the identifier.
fn algorithm(id: &[u8]) -> String {
    const NAMED: [(&[u8], &str); 11] = [
        (&[6, 7, 42, 134, 72, 206, 61, 4, 1], "ECDSA and SHA-1"),
        (&[6, 9, 42, 134, 72, 134, 247, 13, 1, 1, 5], "RSA and SHA-1"),
        (&[6, 9, 42, 134, 72, 134, 247, 13, 1, 1, 4], "RSA and MD5"),
        (&[6, 3, 43, 101, 113], "Ed448"),
        (&[6, 5, 43, 129, 4, 0, 10], "secp256k1"),
        (&[6, 5, 43, 129, 4, 0, 33], "P-224"),
        (&[6, 8, 42, 134, 72, 206, 61, 4, 3, 1], "ECDSA and SHA-224"),
        (
            &[6, 9, 42, 134, 72, 134, 247, 13, 1, 1, 14],
            "RSA and SHA-224",
        ),
        (
            &[6, 9, 42, 134, 72, 134, 247, 13, 1, 1, 10],
            "RSA-PSS and unusual parameters",
        ),
        (&[6, 9, 42, 134, 72, 134, 247, 13, 1, 1, 1], "RSA"),
        (&[6, 7, 42, 134, 72, 206, 61, 2, 1], "ECDSA"),
    ];
    let holds = |name: &[u8]| id.windows(name.len()).any(|part| part == name);
    match NAMED.iter().find(|(name, _)| holds(name)) {
        Some((_, name)) => (*name).to_owned(),
        None => format!(
            "an algorithm that has no name here (DER {})",
            lab::chain::hex(id)
        ),
    }
}
