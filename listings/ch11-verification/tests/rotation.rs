//! How long a server is waited for, by handshakes that are made up here.

use std::thread::sleep;
use std::time::Duration;

use ch11_verification::attempt::{Attempt, Class, Recorder};
use ch11_verification::rotation::{Watched, until_shown};

const WITHIN: Duration = Duration::from_millis(20);

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
