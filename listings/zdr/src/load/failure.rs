//! A failed attempt, and whether its request was sent at all.
//!
//! Which kind of failure it is, [`crate::attempt::failure`] says.

use std::io;

use crate::attempt::FailureKind;
use crate::attempt::failure::{Where, causes, kind};
use h3::error::{Code, StreamError};
use lab::client::Failure;

/// What rustls says of an answer that begins with no record of TLS, and that in words.
const NO_RECORD: &str = "received corrupt message of type InvalidContentType";
/// What is said of a server that answered in the clear.
pub(crate) const NO_TLS: &str =
    "what came is not TLS (received corrupt message of type InvalidContentType)";

/// A failed attempt.
#[derive(Clone, Debug)]
pub struct Failed {
    /// How it failed.
    pub kind: FailureKind,
    /// What the library said.
    pub error: String,
    /// The request was not sent, or the server said that it will not be answered: a client may send
    /// it again over another connection, whatever its method (RFC 9110, section 9.2.2; RFC 9113,
    /// section 8.7), and no user notices.
    pub unsent: bool,
}

impl Failed {
    /// A failure of this kind, of a request that was sent.
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

    /// What the client's library said while a connection was opened.
    pub fn opening(failure: Failure) -> Self {
        Self::of(failure, Where::Opening)
    }

    /// What the client's library said at this point of an attempt.
    pub fn of(failure: Failure, at: Where) -> Self {
        let unsent = match &failure {
            Failure::Severed { at: 0, error } => at == Where::Kept && never_sent(error),
            _ => false,
        };
        Self {
            kind: kind(&failure, at),
            error: failure.to_string().replace(NO_RECORD, NO_TLS),
            unsent,
        }
    }

    /// Whether this is how a server turns a client away, and not how it breaks down: nginx
    /// completes the handshake, and answers with status 400; PostgreSQL does, and ends what it says by an error
    /// of class 28, "invalid authorization specification" (its documentation, appendix A). A server of mail lets a
    /// client say some, and refuses what matters: with 5yz, which is for good (RFC 5321, section
    /// 4.2.1), or with NO, which does not say for how long (RFC 9051, section 7.1.2).
    pub fn turned_away(&self) -> bool {
        match self.kind {
            FailureKind::Alert | FailureKind::HandshakeCut => true,
            FailureKind::Status => {
                let of_mail = [" was answered `5", " was answered `z NO"];
                ["4", "28"].iter().any(|of| self.error.starts_with(of))
                    || of_mail.iter().any(|of| self.error.contains(of))
            }
            _ => false,
        }
    }
}

/// Whether a request certainly was not, and will not be, answered.
pub(super) fn never_sent(error: &io::Error) -> bool {
    causes(error).any(|error| {
        if let Some(hyper) = error.downcast_ref::<hyper::Error>() {
            return hyper.is_canceled() || hyper.is_closed();
        }
        if let Some(NotOpened(stream)) = error.downcast_ref() {
            return stream.is_h3_no_error() || left_alone(stream);
        }
        if let Some(stream) = error.downcast_ref::<StreamError>() {
            return left_alone(stream);
        }
        error.downcast_ref::<h2::Error>().is_some_and(|h2| {
            (h2.is_go_away() && h2.is_remote() && h2.reason() == Some(h2::Reason::NO_ERROR))
                || h2.reason() == Some(h2::Reason::REFUSED_STREAM)
        })
    })
}

/// There was no stream for a request of HTTP/3: nothing of it was sent.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct NotOpened(pub(super) StreamError);

/// The same of a request of HTTP/3 that was sent: the server has said goodbye, or rejected the request (RFC 9114,
/// sections 4.1.1 and 5.2). A close without an error does not say which requests the server has looked at.
fn left_alone(error: &StreamError) -> bool {
    match error {
        StreamError::RemoteClosing { .. } => true,
        StreamError::RemoteTerminate { code, .. } => *code == Code::H3_REQUEST_REJECTED,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use lab::client::Failure;
    use rustls::InvalidMessage;

    use super::{Failed, FailureKind};

    #[test]
    fn an_answer_in_the_clear_is_said_to_be_no_tls() {
        let error = rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType);
        let failed = Failed::opening(Failure::Handshake(io::Error::other(error)));
        assert_eq!(failed.kind, FailureKind::Tls);
        let words = "handshake failed: what came is not TLS (";
        assert!(failed.error.starts_with(words), "{}", failed.error);
    }

    /// What mail says for good turns a client away; what it says for now does not, and nor does a goodbye.
    #[test]
    fn a_refusal_is_told_from_a_server_that_breaks_down() {
        let said = |words: &str| Failed::new(FailureKind::Status, words.into()).turned_away();
        for refused in [
            "400 Bad Request",
            "28000 no pg_hba.conf entry",
            "`RCPT TO:<zdr@localhost>` was answered `550 a certificate is needed`",
            "`LOGIN` was answered `z NO no valid certificate`",
        ] {
            assert!(said(refused), "{refused}");
        }
        for broken in [
            "500 Internal Server Error",
            "57P01 terminating",
            "`RCPT TO:<zdr@localhost>` was answered `451 later`",
            "`LOGIN` was answered `* BYE restart`",
        ] {
            assert!(!said(broken), "{broken}");
        }
    }
}
