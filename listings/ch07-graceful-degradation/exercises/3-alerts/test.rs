//! What is wanted of `Alert`. Each function is a check, and its comment says what has to hold.

use std::time::Duration;

use ch02_hot_reload::identity::{self, Reason, Source};
use lab::agent::{Agent, Strategy};

use super::exercise::{Alert, Found};

const DAY: u64 = 24 * 3600;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// An alert after looks at these seconds, each of which rejected the files.
fn rejected(looks: &[u64]) -> Alert {
    let looks: Vec<_> = looks.iter().copied().map(at).collect();
    rejected_at(&looks)
}

/// The same, at times that need not be whole seconds.
fn rejected_at(looks: &[Duration]) -> Alert {
    let mut alert = Alert::default();
    for time in looks {
        alert.looked(*time, Found::Rejected(Reason::PairMismatch));
    }
    alert
}

/// An agent of this kind renews each day, and a server looks after each of its steps, which are ten seconds apart.
/// Returns the number of the renewal at which the alert rings, and what the look before had found.
fn rings_beside(strategy: Strategy) -> Option<(u64, String)> {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), strategy).unwrap();
    let source = Source::localhost(agent.files());
    let (mut alert, mut rung) = (Alert::default(), None);
    let mut served = identity::read(&source).unwrap().facts.serial;
    for renewal in 1..=5 {
        let next = agent.issue().unwrap();
        let mut now = renewal * DAY;
        agent
            .write_stepwise(&next, |_| {
                let found = match identity::read(&source) {
                    Err(rejected) => Found::Rejected(rejected.reason),
                    Ok(identity) if identity.facts.serial == served => Found::Unchanged,
                    Ok(identity) => {
                        served = identity.facts.serial;
                        Found::Loaded
                    }
                };
                alert.looked(at(now), found);
                // Shortly before the next look.
                if rung.is_none() && alert.rings(at(now + 9)) {
                    rung = Some((renewal, format!("{found:?}")));
                }
                now += 10;
            })
            .unwrap();
    }
    rung
}

/// No healthy writer of the book rings it, though some are caught between their steps at each renewal.
pub fn no_writer_of_the_book_rings_it() {
    for strategy in Strategy::ALL {
        let rung = rings_beside(strategy);
        let is_quiet = rung.is_none();
        let (renewal, found) = rung.unwrap_or_default();
        assert!(
            is_quiet,
            "A healthy writer (`{}`) renewed, the server looked between two of its steps, and the alert rings at renewal number {renewal}; \
             the last look found {found}. Seconds later the files were whole. An alert that rings at every renewal, or after some of \
             them, is switched off.",
            strategy.name()
        );
    }
}

/// Files that stay invalid ring it, after two minutes and not before.
pub fn files_that_stay_invalid_ring_it() {
    let early = rejected(&[0, 30, 60, 90]);
    assert!(
        !early.rings(at(91)),
        "For a minute and a half each look has rejected the files, and the alert rings already. A slow writer may need that long."
    );
    let almost = rejected_at(&[900, 60_000, 120_500].map(Duration::from_millis));
    assert!(
        !almost.rings(Duration::from_millis(120_500)),
        "The first look that rejected the files was at 0.9 s, and the last at 120.5 s: that is less than two minutes, and the alert rings at that moment. It was rounded before it was compared. Keep the times as they are, and \
         compare their difference with `LASTING`."
    );
    let just = rejected(&[0, 60, 120]);
    assert!(
        just.rings(at(121)),
        "From the first look to the last one exactly two minutes went by, each look has rejected the files, and the alert is silent. \
         Two minutes or more are wanted."
    );
    let lasting = rejected(&[0, 30, 60, 90, 120, 150]);
    assert!(
        lasting.rings(at(151)),
        "For two minutes and a half each look has rejected the files, and the alert is silent. The agent has broken them, and what \
         is served runs towards its end."
    );
}

/// A good look ends it, and the next rejection begins anew.
pub fn a_good_look_ends_it() {
    for good in [Found::Loaded, Found::Unchanged] {
        let mut alert = rejected(&[0, 30, 60, 90, 120, 150]);
        let _ = alert.rings(at(165));
        alert.looked(at(180), good);
        assert!(
            !alert.rings(at(181)),
            "The files were bad for three minutes, the last look found `{good:?}`, and the alert still rings. With `{good:?}`, what is in \
             the files is valid, and is served."
        );
        alert.looked(at(DAY), Found::Rejected(Reason::PairMismatch));
        alert.looked(at(DAY + 10), Found::Rejected(Reason::PairMismatch));
        assert!(
            !alert.rings(at(DAY + 11)),
            "The files were bad for three minutes, then good for a day, and have been bad again for ten seconds. The alert rings: \
             the new row of rejections was added to the old one."
        );
    }
}

/// Another reason is the same state: no look was good in between.
pub fn another_reason_is_the_same_state() {
    let mut alert = Alert::default();
    let reasons = [Reason::PairMismatch, Reason::Truncated, Reason::Missing];
    for (second, reason) in (0..=300).step_by(30).zip(reasons.iter().cycle()) {
        alert.looked(at(second), Found::Rejected(*reason));
    }
    assert!(
        alert.rings(at(301)),
        "For five minutes no look has found valid files. At each the reason changed, and the alert is silent. What is broken in \
         another way is still broken."
    );
}

/// One look is no state, however long ago it was: what the files have been like since is not known.
pub fn one_look_is_no_state() {
    let mut alert = rejected(&[0]);
    assert!(
        !alert.rings(at(240)),
        "The server polls every five minutes, and has looked once: in the middle of a renewal. Four minutes later the alert rings, \
         though the files have long been whole. A watcher that does not look is another alarm (`WatcherStuck`)."
    );
    alert.looked(at(300), Found::Rejected(Reason::Missing));
    assert!(
        alert.rings(at(301)),
        "Two looks, five minutes apart, have rejected the files, and the alert is silent. That they were good in between and bad \
         again is possible, and unlikely."
    );
}

/// Whatever the reason, files that stay invalid ring it.
pub fn each_reason_rings_it() {
    for reason in [
        Reason::Missing,
        Reason::Unreadable,
        Reason::Truncated,
        Reason::Malformed,
        Reason::PairMismatch,
        Reason::ChainBroken,
        Reason::Expired,
    ] {
        let mut alert = Alert::default();
        for second in (0..=300).step_by(30) {
            alert.looked(at(second), Found::Rejected(reason));
        }
        assert!(
            alert.rings(at(301)),
            "For five minutes each look has rejected the files for the reason `{}`, and the alert is silent. A writer that needs so long has died: no reason is harmless once it lasts.",
            reason.name()
        );
    }
}

/// As long as the state lasts, it rings at each question.
pub fn it_rings_as_long_as_the_state_lasts() {
    let mut alert = rejected(&[0, 60, 120]);
    for minute in 3..3 * 24 * 60 {
        let rings = alert.rings(at(minute * 60 - 1)) && alert.rings(at(minute * 60 - 1));
        assert!(
            rings,
            "The files have been invalid for {minute} minutes, and the alert has fallen silent. Prometheus asks again and again, and takes silence for the end of the state: \
             an alert is a state, and not the moment in which it began."
        );
        alert.looked(at(minute * 60), Found::Rejected(Reason::Malformed));
    }
    let seldom = rejected(&[0, 3600]);
    assert!(
        seldom.rings(at(3601)),
        "The server polls once an hour. Two looks have rejected the files, and the alert is silent. No look was good in between, however far apart they are."
    );
    assert!(
        seldom.rings(at(3600 + 3500)),
        "The server polls once an hour. Two looks have rejected the files, the last of them 58 minutes ago, and the alert has fallen silent before the next one. Nothing says that the files are good again: what ends the state is a good look, and no time that goes by."
    );
}
