//! What a server answers whose pages nobody knows: as long as nothing was rotated, whatever it answers is its way. A
//! page that is gone after that was lost.

use std::collections::HashSet;
use std::time::Duration;

use hyper::StatusCode;
use parking_lot::Mutex;

use crate::attempt::FailureKind;
use crate::load::failure::Failed;

/// So many connections that a server ends while nothing happens on them are no chance: it has a time-out.
const IDLE: u32 = 3;

/// The statuses that a server had before the first rotation, whether some of its pages were empty, and how long connections
/// had been idle that it ended by itself.
#[derive(Debug, Default)]
pub struct Usual {
    known: Mutex<(HashSet<StatusCode>, bool)>,
    empty: Mutex<HashSet<StatusCode>>,
    /// The shortest time, and how many there were.
    idle: Mutex<Option<(Duration, u32)>>,
}

impl Usual {
    /// From now on it is rotated: what is new is not usual.
    pub fn close(&self) {
        self.known.lock().1 = true;
    }

    /// A connection was found closed that had been idle for so long.
    pub(super) fn ended_idle(&self, idle: Duration) {
        if self.known.lock().1 {
            return;
        }
        let mut known = self.idle.lock();
        let (shortest, many) = known.unwrap_or((idle, 0));
        *known = Some((shortest.min(idle), many + 1));
    }

    /// Whether it ends connections that have been idle for so long, or somewhat less, while nothing is rotated. A request
    /// that it meets then is lost to its time-out: RFC 9112, section 9.5, tells of this race.
    pub(crate) fn ends_idle(&self, idle: Duration) -> bool {
        let known = *self.idle.lock();
        known.is_some_and(|(shortest, many)| many >= IDLE && idle * 2 >= shortest)
    }

    /// Whether that may yet turn out: before the first rotation, some are found closed later.
    pub(super) fn may_end_idle(&self, idle: Duration) -> bool {
        !self.known.lock().1 || self.ends_idle(idle)
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
    fn a_time_out_is_known_from_before_the_first_rotation() {
        let ms = Duration::from_millis;
        let usual = Usual::default();
        for idle in [400, 300] {
            usual.ended_idle(ms(idle));
        }
        assert!(!usual.ends_idle(ms(400)), "two may be chance");
        assert!(usual.may_end_idle(ms(400)), "a third may come");
        usual.ended_idle(ms(350));
        assert!(usual.ends_idle(ms(300)) && usual.ends_idle(ms(160)));
        assert!(!usual.ends_idle(ms(100)));
        // What is ended when it reloads is no time-out.
        let usual = Usual::default();
        usual.close();
        for _ in 0..IDLE {
            usual.ended_idle(ms(400));
        }
        assert!(!usual.ends_idle(ms(400)) && !usual.may_end_idle(ms(400)));
    }

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
