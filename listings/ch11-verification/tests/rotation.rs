//! How long a server is waited for, by handshakes that are made up here.

use std::collections::VecDeque;
use std::thread::sleep;
use std::time::Duration;

use ch11_verification::attempt::{Attempt, Class, Recorder};
use ch11_verification::rotation::{Watched, until_shown};
use lab::BOUND;

// Longer than a busy machine leaves this program alone between two lines of it.
const WITHIN: Duration = Duration::from_millis(500);

/// Shows the old certificate so often, and then the new one. Each handshake takes longer than the server may.
struct Slow<'a> {
    recorder: &'a Recorder,
    old: u32,
}

impl Watched<&'static str> for Slow<'_> {
    async fn handshake(&mut self) -> Attempt {
        let attempt = Attempt::opening(Class::Full, self.recorder.now());
        let old = self.old > 0;
        self.old = self.old.saturating_sub(1);
        if old {
            // Nothing else runs meanwhile: so it is where the machine lets this program stand still.
            sleep(WITHIN * 2);
        }
        Attempt {
            done: self.recorder.now(),
            shown: Some(if old { 1 } else { 2 }),
            ..attempt
        }
    }
}

async fn shown(old: u32) -> bool {
    let recorder = Recorder::default();
    let mut server = Slow {
        recorder: &recorder,
        old,
    };
    let (first, converged) = until_shown(&mut server, &recorder, 2, WITHIN).await;
    assert_eq!(first.is_some(), converged.is_some());
    first.is_some()
}

#[tokio::test]
async fn a_handshake_that_began_in_time_and_was_over_late_is_not_the_last_word() {
    assert!(shown(1).await);
}

#[tokio::test]
async fn one_that_began_too_late_and_showed_the_old_certificate_is() {
    assert!(!shown(2).await);
}

const OLD: (u32, Option<&str>) = (1, None);
const NEW: (u32, Option<&str>) = (2, None);
const CUT: (u32, Option<&str>) = (2, Some("no answer"));

/// Shows these generations, or fails with them, one after the other; and then it has ended.
struct Scripted<'a> {
    recorder: &'a Recorder,
    left: VecDeque<(u32, Option<&'static str>)>,
}

impl Watched<&'static str> for Scripted<'_> {
    async fn handshake(&mut self) -> Attempt {
        let (shown, failed) = self.left.pop_front().expect("it is asked after its end");
        Attempt {
            shown: Some(shown),
            failed,
            ..Attempt::opening(Class::Full, self.recorder.now())
        }
    }

    fn is_alive(&mut self) -> bool {
        !self.left.is_empty()
    }
}

/// Whether it was shown once, and then by as many in a row as are needed; and how many were asked for.
async fn watched(parts: &[&[(u32, Option<&'static str>)]]) -> (bool, bool, usize) {
    let recorder = Recorder::default();
    let mut server = Scripted {
        recorder: &recorder,
        left: parts.concat().into(),
    };
    let (first, converged) = until_shown(&mut server, &recorder, 2, BOUND).await;
    let asked = recorder.records().len();
    (first.is_some(), converged.is_some(), asked)
}

#[tokio::test]
async fn the_old_certificate_among_new_ones_begins_the_row_anew() {
    let (first, converged, asked) = watched(&[&[NEW; 11], &[OLD], &[NEW; 30]]).await;
    assert!(first && converged);
    assert_eq!(asked, 11 + 1 + 12);
}

#[tokio::test]
async fn a_handshake_that_fails_begins_the_row_anew_whatever_it_was_shown() {
    let (first, converged, asked) = watched(&[&[NEW; 11], &[CUT], &[NEW; 30]]).await;
    assert!(first && converged);
    assert_eq!(asked, 11 + 1 + 12);
    assert_eq!(watched(&[&[CUT; 3]]).await, (false, false, 3));
}

#[tokio::test]
async fn a_server_that_has_ended_is_not_asked_again() {
    assert_eq!(watched(&[&[OLD; 3]]).await, (false, false, 3));
    assert_eq!(watched(&[&[NEW; 11]]).await, (true, false, 11));
}
