//! What a failure means: from what a client's library says to one of a few kinds.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use lab::client::Failure;
use rustls::{CertificateError as Bad, Error as Tls, OtherError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error as ThisError;

/// What is said of a client that was answered although its certificate is of an authority that nobody trusts.
pub const ANSWERED_STRANGER: &str =
    "it was answered with a certificate of an authority that is not in the list";

/// How an attempt failed.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// Nothing listened on the port.
    Refused,
    /// No answer for as long as a client waits.
    Stalled,
    /// The connection ended during the handshake, or after it and before any answer: with TLS 1.3 a client cannot
    /// tell these apart, because the last message of the handshake is its own (RFC 9846, section 2).
    HandshakeCut,
    /// The server ended the handshake with an alert.
    Alert,
    /// The certificate was shown after its notAfter.
    Expired,
    /// The certificate was shown before its notBefore.
    NotYetValid,
    /// The certificate has another name than the one that was asked for.
    WrongName,
    /// The chain leads to no trust anchor of the client.
    UnknownIssuer,
    /// The key is not the certificate's: the signature of the handshake is wrong.
    WrongKey,
    /// Another error of TLS.
    Tls,
    /// A chain that was never issued like this: parts of two, or a part of one.
    WrongChain,
    /// The HTTP status, or an answer of another protocol, says that the server failed.
    Status,
    /// The connection ended in the middle of an answer.
    Severed,
    /// An upload or a conversation ended before its time.
    Interrupted,
    /// A request was sent over a kept connection, and no answer came.
    Lost,
    /// A byte of the answer was wrong.
    Corrupt,
    /// A client without a certificate, or with one of an unknown authority, was answered.
    StrangerLetIn,
}

impl FailureKind {
    /// The kind in words, as reports for people have it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Refused => "connection refused",
            Self::Stalled => "no answer in time",
            Self::HandshakeCut => "connection ended in the handshake or before an answer",
            Self::Alert => "handshake ended by an alert",
            Self::Expired => "expired certificate shown",
            Self::NotYetValid => "certificate shown before its time",
            Self::WrongName => "certificate of another name shown",
            Self::UnknownIssuer => "chain without a trust anchor shown",
            Self::WrongKey => "key and certificate do not belong together",
            Self::Tls => "error of TLS",
            Self::WrongChain => "a chain shown that was never issued so",
            Self::Status => "error status",
            Self::Severed => "severed in the middle of an answer",
            Self::Interrupted => "interrupted in the middle of an upload or a conversation",
            Self::Lost => "request lost on a kept connection",
            Self::Corrupt => "wrong bytes",
            Self::StrangerLetIn => "client without a trusted certificate let in",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// How far an attempt had come when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// Its connection was not open yet.
    Opening,
    /// At the first request of a new connection.
    New,
    /// At a later request of a connection that was kept.
    Kept,
    /// In the middle of an answer.
    Answer,
}

// ANCHOR: kind
/// The kind of a failure. The same end of a connection is a handshake that was cut, a request that was
/// lost, or an answer that was severed: it depends on how far the attempt had come.
pub fn kind(failure: &Failure, at: Where) -> FailureKind {
    match failure {
        Failure::Refused => FailureKind::Refused,
        Failure::Silent(_) => FailureKind::Stalled,
        Failure::Corrupt { .. } => FailureKind::Corrupt,
        Failure::Handshake(error) => match tls_error(error) {
            Some(error) => of_tls(error),
            None if error.kind() == io::ErrorKind::ConnectionRefused => FailureKind::Refused,
            None if causes(error).any(|of| of.is::<Objection>()) => FailureKind::Status,
            None => FailureKind::HandshakeCut,
        },
        Failure::Severed { at: bytes, error } => match (at, *bytes) {
            (Where::Opening, _) => FailureKind::HandshakeCut,
            // With TLS 1.3 the server may object after the client has said its last word of the
            // handshake (RFC 9846, section 4.5.1.3).
            (Where::New, _) if is_alert(error) => FailureKind::Alert,
            (Where::New, 0) => FailureKind::HandshakeCut,
            (Where::Kept, 0) => FailureKind::Lost,
            _ => FailureKind::Severed,
        },
    }
}
// ANCHOR_END: kind

/// What a server said in the place of going on to TLS, such as `454 TLS not available` (RFC 3207, section 4).
#[derive(Debug, ThisError)]
#[error("{0}")]
pub struct Objection(pub String);

/// A certificate of a chain is not signed by the authority that it names.
#[derive(Clone, Copy, ThisError)]
#[error("its issuer has the name of an authority that is trusted, and another key")]
struct Namesake;

/// rustls shows what it does not know in this way.
impl fmt::Debug for Namesake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is wrong with a chain, told apart from what is wrong with a handshake. rustls says `BadSignature` of
/// both: of a certificate whose issuer has the name of a trust anchor and another key, and of a handshake that
/// was not signed by the leaf's key. Where the other key is of another kind, it says of both that the algorithm does not
/// fit the key. Only the one who verifies the chain knows which it is.
pub fn of_chain(error: Tls) -> Tls {
    match error {
        Tls::InvalidCertificate(
            Bad::BadSignature | Bad::UnsupportedSignatureAlgorithmForPublicKeyContext { .. },
        ) => Tls::InvalidCertificate(Bad::Other(OtherError(Arc::new(Namesake)))),
        error => error,
    }
}

/// What a person reads of an error about a chain: rustls shows what it does not know itself by its type.
pub fn words_of_chain(error: &Tls) -> String {
    match error {
        Tls::InvalidCertificate(Bad::Other(other)) => {
            format!("invalid peer certificate: {}", other.0)
        }
        error => error.to_string(),
    }
}

/// The kind of an error of TLS.
pub fn of_tls(error: &Tls) -> FailureKind {
    match error {
        Tls::AlertReceived(_) => FailureKind::Alert,
        Tls::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => FailureKind::Expired,
        Tls::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
            FailureKind::NotYetValid
        }
        Tls::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            FailureKind::WrongName
        }
        Tls::InvalidCertificate(Bad::UnknownIssuer) => FailureKind::UnknownIssuer,
        Tls::InvalidCertificate(Bad::Other(other))
            if other.0.is::<Namesake>() || is_its_own_root(other) =>
        {
            FailureKind::UnknownIssuer
        }
        Tls::InvalidCertificate(
            Bad::BadSignature | Bad::UnsupportedSignatureAlgorithmForPublicKeyContext { .. },
        ) => FailureKind::WrongKey,
        _ => FailureKind::Tls,
    }
}

/// Whether a server showed the certificate of an authority as its own, as `openssl req -x509` makes them: nobody else has
/// signed it. rustls passes on webpki's error, and tells of it by its name alone.
fn is_its_own_root(error: &OtherError) -> bool {
    format!("{:?}", error.0) == "CaUsedAsEndEntity"
}

fn is_alert(error: &io::Error) -> bool {
    matches!(tls_error(error), Some(Tls::AlertReceived(_)))
}

/// The error of TLS below an error, however deep.
fn tls_error(error: &io::Error) -> Option<&Tls> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// An error and its causes, outermost first. `io::Error` passes over the error that it was made of:
/// its `source` is that error's own.
pub fn causes(error: &io::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(Some(error as &(dyn Error + 'static)), |&last| {
        let io = last
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        io.map(|inner| inner as &(dyn Error + 'static))
            .or_else(|| last.source())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_has_signed_itself_leads_to_no_trust_anchor() {
        #[derive(Debug, ThisError)]
        #[error("as webpki says it")]
        struct CaUsedAsEndEntity;
        let error = OtherError(Arc::new(CaUsedAsEndEntity));
        let kind = of_tls(&Tls::InvalidCertificate(Bad::Other(error)));
        assert_eq!(kind, FailureKind::UnknownIssuer);
        let error = OtherError(Arc::new(io::Error::other("else")));
        let kind = of_tls(&Tls::InvalidCertificate(Bad::Other(error)));
        assert_eq!(kind, FailureKind::Tls);
    }

    #[test]
    fn a_server_that_refuses_tls_in_words_cuts_nothing() {
        let handshake = |error| kind(&Failure::Handshake(error), Where::Opening);
        let said = Objection("454 TLS not available".into());
        assert_eq!(handshake(io::Error::other(said)), FailureKind::Status);
        let reset = io::ErrorKind::ConnectionReset.into();
        assert_eq!(handshake(reset), FailureKind::HandshakeCut);
    }
}
