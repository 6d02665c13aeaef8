//! The table of stages and steps, whole.

use std::time::Duration;

use ch08_trust_rotation::Refusal::*;
use ch08_trust_rotation::{Refusal, RootUsage, Stage, Step};
use rustls::pki_types::UnixTime;

/// What the table says, written once more, in another form: `.` is what is refused.
const TABLE: [(Step, [&str; 4]); 5] = [
    // from:        Absent     Trusted    Issuing    Draining
    (Step::Add, ["Trusted", ".", ".", "Trusted"]),
    (Step::Reissue, [".", "Issuing", "Issuing", "Issuing"]),
    (Step::Retire, [".", ".", "Trusted", "."]),
    (Step::Drain, [".", "Draining", ".", "Draining"]),
    (Step::Remove, [".", ".", ".", "Absent"]),
];

fn usages() -> [RootUsage; 3] {
    let nobody = RootUsage::default();
    [
        RootUsage {
            connections: 1,
            ..nobody
        },
        RootUsage {
            tickets_until: Some(UnixTime::now()),
            ..nobody
        },
        RootUsage {
            quiet_in: Some(Duration::from_secs(1)),
            ..nobody
        },
    ]
}

#[test]
fn every_step_from_every_stage() {
    for (step, to) in TABLE {
        for (from, to) in Stage::ALL.into_iter().zip(to) {
            let after = from.after(step, &RootUsage::default(), false);
            let after = after.map_or(".".into(), |stage| format!("{stage:?}"));
            assert_eq!(after, to, "{step:?} from {from:?}");
        }
    }
}

/// Only a removal asks who stands there, and only force passes over it.
#[test]
fn who_stands_there_matters_to_a_removal_alone() {
    for step in Step::ALL {
        for from in Stage::ALL {
            let free = from.after(step, &RootUsage::default(), false);
            for usage in usages() {
                let held = from.after(step, &usage, false);
                match (from, step) {
                    (Stage::Draining, Step::Remove) => assert_eq!(held, Err(Held)),
                    _ => assert_eq!(held, free, "{step:?} from {from:?}"),
                }
                let forced = from.after(step, &usage, true);
                match (from, step) {
                    (Stage::Trusted | Stage::Draining, Step::Remove) => {
                        assert_eq!(forced, Ok(Stage::Absent));
                    }
                    _ => assert_eq!(forced, free, "{step:?} from {from:?}"),
                }
            }
        }
    }
}

/// Force does not take away the root under the server's own leaf: its chain would lead nowhere.
#[test]
fn nothing_removes_the_root_of_the_own_leaf() {
    for forced in [false, true] {
        let removed = Stage::Issuing.after(Step::Remove, &RootUsage::default(), forced);
        assert_eq!(removed, Err(OwnLeaf));
    }
}

#[test]
fn each_reason_has_a_word_of_its_own() {
    let all = [InForce, NotInForce, NotIssuing, OwnLeaf, NotDrained, Held];
    let mut words: Vec<_> = all.map(Refusal::name).to_vec();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), all.len());
}
