//! What a failure means: from what a library says to one of a few kinds.

use std::error::Error;
use std::io;

use lab::client::Failure;
use rustls::CertificateError as Bad;

use ch11_verification::attempt::FailureKind;

/// A failed attempt.
#[derive(Clone, Debug)]
pub struct Failed {
    /// How.
    pub kind: FailureKind,
    /// What the library said.
    pub error: String,
    /// The request was not sent, or the server said that it will not be answered: each client asks
    /// again, and nobody notices (RFC 9110, section 9.2.2; RFC 9113, section 8.7).
    pub unsent: bool,
}

/// At what a connection was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// At the first request of a new connection.
    New,
    /// At a later request.
    Kept,
    /// In the middle of an answer.
    Answer,
}

impl Failed {
    /// Of this kind.
    pub fn new(kind: FailureKind, error: String) -> Self {
        Self {
            kind,
            error,
            unsent: false,
        }
    }

    /// A connection that takes no more requests.
    pub fn unsent() -> Self {
        Self {
            kind: FailureKind::Lost,
            error: "the connection was closed".into(),
            unsent: true,
        }
    }

    /// While a connection was opened.
    pub fn opening(failure: Failure) -> Self {
        let error = failure.to_string();
        let kind = match &failure {
            Failure::Refused => FailureKind::Refused,
            Failure::Silent(_) => FailureKind::Stalled,
            Failure::Handshake(error) => match tls_error(error) {
                Some(error) => of_tls(error),
                None => match error.kind() {
                    io::ErrorKind::ConnectionRefused => FailureKind::Refused,
                    _ => FailureKind::HandshakeCut,
                },
            },
            Failure::Severed { .. } => FailureKind::HandshakeCut,
            Failure::Corrupt { .. } => FailureKind::Corrupt,
        };
        Self::new(kind, error)
    }

    /// On an open connection.
    pub fn of(failure: Failure, at: Where) -> Self {
        let error = failure.to_string();
        let (kind, unsent) = match &failure {
            Failure::Corrupt { .. } => (FailureKind::Corrupt, false),
            Failure::Silent(_) => (FailureKind::Stalled, false),
            Failure::Severed {
                at: bytes,
                why: error,
            } => {
                let unsent = at == Where::Kept && *bytes == 0 && never_sent(error);
                // With TLS 1.3 the server may object after the client has said its last word of
                // the handshake (RFC 8446, section 4.4.2.4).
                let alert = tls_error(error)
                    .is_some_and(|error| matches!(error, rustls::Error::AlertReceived(_)));
                let kind = match at {
                    Where::New if alert => FailureKind::Alert,
                    Where::New if *bytes == 0 => FailureKind::HandshakeCut,
                    Where::Kept if *bytes == 0 => FailureKind::Lost,
                    _ => FailureKind::Severed,
                };
                (kind, unsent)
            }
            Failure::Refused => (FailureKind::Refused, false),
            Failure::Handshake(_) => return Self::opening(failure),
        };
        Self {
            kind,
            error,
            unsent,
        }
    }

    /// Whether this is how a server turns a client away, and not how it breaks down: nginx
    /// completes the handshake, and answers with status 400.
    pub fn turned_away(&self) -> bool {
        match self.kind {
            FailureKind::Alert | FailureKind::HandshakeCut => true,
            FailureKind::Status => self.error.starts_with('4'),
            _ => false,
        }
    }
}

/// The error of TLS below an error, however deep.
fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    below(error).find_map(|error| error.downcast_ref())
}

/// An error and what is below it. `io::Error` passes over the error that it was made of: its
/// `source` is that error's own.
fn below(error: &io::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let mut errors = vec![error as &(dyn Error + 'static)];
    while let Some(&last) = errors.last() {
        let io = last.downcast_ref::<io::Error>().and_then(|io| io.get_ref());
        match io
            .map(|inner| inner as &(dyn Error + 'static))
            .or_else(|| last.source())
        {
            Some(next) => errors.push(next),
            None => break,
        }
    }
    errors.into_iter()
}

/// Whether a request certainly was not, and will not be, answered.
fn never_sent(error: &io::Error) -> bool {
    below(error).any(|error| {
        if let Some(hyper) = error.downcast_ref::<hyper::Error>() {
            return hyper.is_canceled() || hyper.is_closed();
        }
        error.downcast_ref::<h2::Error>().is_some_and(|h2| {
            (h2.is_go_away() && h2.is_remote() && h2.reason() == Some(h2::Reason::NO_ERROR))
                || h2.reason() == Some(h2::Reason::REFUSED_STREAM)
        })
    })
}

fn of_tls(error: &rustls::Error) -> FailureKind {
    match error {
        rustls::Error::AlertReceived(_) => FailureKind::Alert,
        rustls::Error::InvalidCertificate(bad) => match bad {
            Bad::Expired | Bad::ExpiredContext { .. } => FailureKind::Expired,
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => FailureKind::NotYetValid,
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => FailureKind::WrongName,
            Bad::UnknownIssuer => FailureKind::UnknownIssuer,
            Bad::BadSignature => FailureKind::WrongKey,
            _ => FailureKind::Tls,
        },
        _ => FailureKind::Tls,
    }
}
