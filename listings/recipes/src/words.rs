//! Why files are not served, in the words of the book's events: a word for a metric, the file, and a detail.

use std::path::PathBuf;

use rustls::{CertificateError, Error};

use super::clients::BUNDLE;
use super::rotating::Files;

/// Why files are not served: a word for a metric, the file, and a detail for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected(pub &'static str, pub PathBuf, pub String);

/// What an error of [`judge`](super::rotating::judge) or [`read`](super::rotating::read) says of these files.
pub fn rejected(why: &Error, files: &Files) -> Rejected {
    use CertificateError::*;
    let (word, at, detail) = match why {
        Error::General(text) => general(text, files),
        Error::InconsistentKeys(_) => {
            let detail = "not the key of the first certificate: the leaf comes first";
            ("pair_mismatch", 1, detail.into())
        }
        Error::NoCertificatesPresented => ("malformed", 0, "no certificate in PEM".into()),
        Error::InvalidCertificate(BadEncoding) => {
            ("malformed", 0, "rustls does not parse a certificate".into())
        }
        Error::InvalidCertificate(of) => {
            let word = match of {
                Expired | ExpiredContext { .. } => "expired",
                NotValidYet | NotValidYetContext { .. } => "not_yet_valid",
                NotValidForName | NotValidForNameContext { .. } => "name_lost",
                _ => "chain_broken",
            };
            (word, 0, said(why))
        }
        _ => ("chain_broken", 0, why.to_string()),
    };
    Rejected(word, files[at].clone(), detail)
}

/// rustls prints the bytes of an algorithm, and calls a signature bad whose key it does not use.
fn said(why: &Error) -> String {
    let said = why.to_string();
    if said.contains("UnsupportedSignatureAlgorithm") {
        return "clients do not verify the algorithm of a signature (SHA-1, say)".into();
    }
    let said = said.replace(
        "UnknownIssuer",
        "UnknownIssuer: no intermediate in the chain, or other roots",
    );
    let more = "BadSignature: by another key, or by RSA below 2048 or above 8192 bits";
    said.replace("BadSignature", more)
}

fn general(text: &str, files: &Files) -> (&'static str, usize, String) {
    let named = |at: usize| format!("{}: ", files[at].display());
    let parts = ["the chain: ", "the key: ", "the roots: "];
    let holds = |(at, part)| Some((at, text.strip_prefix(part)?));
    match parts.into_iter().enumerate().find_map(holds) {
        Some((at, BUNDLE)) => ("too_large", at, BUNDLE.into()),
        Some((at, unread)) if unread.starts_with(&named(at)) => {
            let detail = &unread[named(at).len()..];
            let missing = detail.ends_with("(os error 2)");
            let word = if missing { "missing" } else { "unreadable" };
            (word, at, detail.into())
        }
        Some((at, detail)) => ("malformed", at, detail.into()),
        // rustls signs with no such key.
        None => {
            let detail = "a damaged key, or of a kind that rustls does not take";
            ("malformed", 1, detail.into())
        }
    }
}
