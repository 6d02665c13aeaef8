//! What a server answers whose pages nobody knows: as long as nothing was rotated, whatever it answers is its way. A
//! page that is gone after that was lost.

use std::collections::HashSet;

use hyper::StatusCode;
use parking_lot::Mutex;

use crate::attempt::FailureKind;
use crate::load::failure::Failed;

/// The statuses that a server had before the first rotation, and whether some of its pages were empty.
#[derive(Debug, Default)]
pub struct Usual {
    known: Mutex<(HashSet<StatusCode>, bool)>,
    empty: Mutex<HashSet<StatusCode>>,
}

impl Usual {
    /// From now on it is rotated: what is new is not usual.
    pub fn close(&self) {
        self.known.lock().1 = true;
    }

    /// Whether this is an answer like others. An error of the server never is. What a client is told about its own
    /// haste says nothing about a rotation.
    pub(super) fn take(&self, status: StatusCode) -> Result<(), Failed> {
        let failed = |said| Err(Failed::new(FailureKind::Status, said));
        if status.is_server_error() {
            return failed(status.to_string());
        }
        let hasty = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT];
        let (known, closed) = &mut *self.known.lock();
        if *closed && !hasty.contains(&status) && !known.is_empty() && !known.contains(&status) {
            return failed(format!(
                "{status}, which no client was answered before the first rotation"
            ));
        }
        if !*closed {
            known.insert(status);
        }
        Ok(())
    }

    /// Whether this is a page like others of this status: one without a byte is none, where each had some.
    pub(super) fn take_page(&self, status: StatusCode, is_empty: bool) -> Result<(), Failed> {
        if !is_empty || !status.is_success() {
            return Ok(());
        }
        let (known, closed) = &*self.known.lock();
        let empty = &mut *self.empty.lock();
        if !*closed {
            empty.insert(status);
        }
        if empty.contains(&status) || !known.contains(&status) {
            return Ok(());
        }
        let error = format!(
            "{status} with an empty page, which no client was answered before the first rotation"
        );
        Err(Failed::new(FailureKind::Status, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_gone_after_a_rotation_is_no_answer() {
        let usual = Usual::default();
        assert!(usual.take(StatusCode::OK).is_ok());
        usual.close();
        assert!(usual.take(StatusCode::OK).is_ok());
        assert!(usual.take(StatusCode::TOO_MANY_REQUESTS).is_ok());
        for gone in [
            StatusCode::NOT_FOUND,
            StatusCode::FOUND,
            StatusCode::BAD_GATEWAY,
        ] {
            let Err(failed) = usual.take(gone) else {
                panic!("{gone}");
            };
            assert_eq!(failed.kind, FailureKind::Status);
        }
    }

    #[test]
    fn a_page_that_is_empty_after_a_rotation_is_no_answer() {
        let usual = Usual::default();
        let ok = StatusCode::OK;
        assert!(usual.take(ok).is_ok() && usual.take_page(ok, false).is_ok());
        usual.close();
        assert!(usual.take_page(ok, false).is_ok());
        assert!(usual.take_page(StatusCode::TOO_MANY_REQUESTS, true).is_ok());
        let failed = usual.take_page(ok, true).map_err(|failed| failed.kind);
        assert_eq!(failed, Err(FailureKind::Status));
    }

    #[test]
    fn a_page_that_was_empty_at_times_is_an_answer_like_another() {
        let usual = Usual::default();
        for is_empty in [false, true] {
            assert!(usual.take(StatusCode::OK).is_ok());
            assert!(usual.take_page(StatusCode::OK, is_empty).is_ok());
        }
        usual.close();
        assert!(usual.take_page(StatusCode::OK, true).is_ok());
    }

    #[test]
    fn a_page_that_was_never_there_is_an_answer_like_another() {
        let usual = Usual::default();
        assert!(usual.take(StatusCode::NOT_FOUND).is_ok());
        usual.close();
        assert!(usual.take(StatusCode::NOT_FOUND).is_ok());
    }
}
