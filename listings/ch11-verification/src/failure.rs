//! What a failure means: from what a client's library says to one of a few kinds.

use std::error::Error;
use std::io;

use lab::client::Failure;
use rustls::{CertificateError as Bad, Error as Tls};

use crate::attempt::FailureKind;

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

fn of_tls(error: &Tls) -> FailureKind {
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
        Tls::InvalidCertificate(Bad::BadSignature) => FailureKind::WrongKey,
        _ => FailureKind::Tls,
    }
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
