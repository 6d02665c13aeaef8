//! The sheets of chapter 9: when does this agent renew?

use std::collections::BTreeSet;
use std::time::Duration;

use ch09_simulating_rotation::schedule::Schedule;
use fastrand::Rng;
use homework::ch09::{Agent, Came, Failure, Outage, sheet};

use super::virtual_time;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

const DAILY: Agent = Agent {
    lifetime: Duration::from_secs(24 * 3600),
    schedule: Schedule {
        at: 0.6,
        jitter: 0.1,
    },
};

/// By hand: 60 % of a day, and 5 % of it each way; and a spread that nine tenths move.
#[test]
fn when_it_renews() {
    assert_eq!(
        DAILY.renews(),
        [13 * HOUR + 12 * MINUTE, 15 * HOUR + 36 * MINUTE]
    );
    let schedule = Schedule {
        at: 0.85,
        jitter: 0.2,
    };
    let moved = Agent { schedule, ..DAILY };
    assert_eq!(
        moved.renews(),
        [16 * HOUR + 48 * MINUTE, 21 * HOUR + 36 * MINUTE]
    );
    let schedule = Schedule {
        jitter: 0.0,
        ..schedule
    };
    let alone = Agent { schedule, ..DAILY };
    assert_eq!(alone.renews(), [20 * HOUR + 24 * MINUTE; 2]);
}

/// By hand: a hundredth of a day is 864 s.
#[test]
fn how_long_it_waits() {
    let seconds = Duration::from_secs;
    let waits = |failures, left| DAILY.waits(Failure { failures, left });
    assert_eq!(waits(1, 12 * HOUR), [seconds(432), seconds(864)]);
    assert_eq!(waits(2, 12 * HOUR), [seconds(864), seconds(1728)]);
    // No pause is longer than an hour, and none is longer than half of what is left.
    assert_eq!(waits(7, 12 * HOUR), [seconds(1800), seconds(3600)]);
    assert_eq!(waits(7, 20 * MINUTE), [seconds(300), seconds(600)]);
    // After the end it goes on.
    assert_eq!(waits(1, Duration::ZERO), [seconds(432), seconds(864)]);
}

/// What an outage was drawn for comes of it, with each lot: an answer must not depend on what a learner cannot know.
#[test]
fn what_comes_of_an_outage_does_not_depend_on_lots() {
    let mut rng = Rng::with_seed(1);
    for (hours, at, jitter) in [
        (1, 0.5, 0.1),
        (1, 0.85, 0.2),
        (24, 0.7, 0.0),
        (240, 0.8, 0.1),
    ] {
        let agent = Agent {
            lifetime: HOUR * hours,
            schedule: Schedule { at, jitter },
        };
        for came in Came::ALL {
            let outage = Outage::drawn(&mut rng, &agent, came);
            for lot in 0..3 {
                let lived = virtual_time(outage.lived_through(&agent, lot));
                let (lived, _) = lived.unwrap();
                assert_eq!(lived, came, "{agent:?}, lot {lot}: {outage:?}");
            }
        }
    }
}

/// Within a class's seeds each answer comes up, and all are explained.
#[test]
fn each_answer_comes_up_and_is_explained() {
    let mut answers = BTreeSet::new();
    for seed in 0..12 {
        let sheet = sheet(seed).unwrap();
        assert_eq!(sheet.questions.len(), 5, "seed {seed}");
        for question in sheet.questions {
            let explained = question.why.iter().all(|why| why.ends_with('.'));
            assert!(explained && !question.why.is_empty(), "{question:?}");
            answers.insert(question.answer);
        }
    }
    for came in Came::ALL {
        assert!(answers.contains(came.words()), "{answers:?}");
    }
    // Times and pauses differ by seed.
    assert!(answers.len() > 20, "{answers:?}");
}
