//! The sheets of chapter 7: what do `/live`, `/ready` and the alerts say?

use std::collections::BTreeSet;
use std::time::Duration;

use homework::ch07::{Happens, Said, Scene, drawn, sheet};

use super::virtual_time;

/// What is said at half past each of these hours.
fn said(happens: &[(u32, Happens)], hours: &[u64]) -> Vec<Said> {
    let asked = hours
        .iter()
        .map(|hour| Duration::from_secs(hour * 3600 + 1800));
    let scene = Scene {
        happens: happens.to_vec(),
        asked: asked.collect(),
    };
    played(&scene)
}

fn played(scene: &Scene) -> Vec<Said> {
    virtual_time(scene.play()).unwrap()
}

fn words(said: &[Said]) -> Vec<String> {
    said.iter().map(Said::words).collect()
}

/// By hand: late with 7:55 h left, urgent with half of that, and then nothing is left. A renewal ends all of it.
#[test]
fn no_agent() {
    let said = said(&[(25, Happens::Renews)], &[1, 15, 16, 19, 20, 23, 24, 25]);
    assert_eq!(
        words(&said),
        [
            "/live 200, /ready 200; none",
            "/live 200, /ready 200; none",
            "/live 200, /ready 200; IdentityLate",
            "/live 200, /ready 200; IdentityLate",
            "/live 200, /ready 200; IdentityUrgent",
            "/live 200, /ready 200; IdentityUrgent",
            "/live 200, /ready 503; IdentityExpired",
            "/live 200, /ready 200; none",
        ]
    );
    assert_eq!(said[4].silent, [("IdentityLate", "IdentityUrgent")]);
}

/// By hand: a leaf that is written at 11:00 for a day ends at 11:00, and at 12:30 there are 22.5 hours left.
#[test]
fn a_renewal_is_dated_by_the_hour_of_the_sheet() {
    let said = said(&[(11, Happens::Renews)], &[12]);
    assert!(
        said[0].words.contains("generation 2, 81000 seconds left"),
        "{}",
        said[0].words
    );
}

/// By hand: the watcher dies 450 s after 5:00, so its last look was at 5:05, 1500 s before 5:30. The sheet says so.
#[test]
fn what_the_sheet_lists_happens_when_it_says() {
    let said = said(&[(5, Happens::WatcherDies)], &[5]);
    let words = &said[0].words;
    assert!(
        words.contains("its last look is 1500 seconds ago"),
        "{words}"
    );
    let told = sheet(3).unwrap().told;
    assert!(
        told.contains("450 s after the hour that is named"),
        "{told}"
    );
}

/// By hand: each fault has the alert that is its own.
#[test]
fn each_fault() {
    for (happens, wanted) in [
        (Happens::Renews, "/live 200, /ready 200; none"),
        (Happens::Tears, "/live 200, /ready 200; IdentityRejected"),
        (Happens::WatcherDies, "/live 200, /ready 503; WatcherStuck"),
        (Happens::ClockSet, "/live 200, /ready 200; ClockStepped"),
        (Happens::KeyOpened, "/live 200, /ready 200; KeyExposed"),
    ] {
        let said = said(&[(2, happens)], &[1, 2]);
        let healthy = "/live 200, /ready 200; none";
        assert_eq!(words(&said), [healthy, wanted], "{happens:?}");
    }
    let said = said(&[(2, Happens::RootsReplaced)], &[2]);
    assert_eq!(said[0].ready, 503);
    assert!(said[0].firing.contains(&"PeersReject"), "{said:?}");
}

/// The sheet says so of each look: an end that has come does not hide that the roots were replaced.
#[test]
fn what_peers_reject_is_told_after_the_end_as_well() {
    let said = said(&[(10, Happens::RootsReplaced)], &[23, 25]);
    assert!(said[0].firing.contains(&"PeersReject"), "{said:?}");
    for alert in ["IdentityExpired", "PeersReject"] {
        assert!(said[1].firing.contains(&alert), "{alert}: {said:?}");
    }
    let told = sheet(17).unwrap().told;
    assert!(told.contains("also when that has expired"), "{told}");
}

/// Within a class's seeds each happening comes up, and so does each alert that it brings; all are explained, and no path of
/// this machine is on a sheet.
#[test]
fn each_answer_comes_up_and_is_explained() {
    let (mut happened, mut fired, mut ready) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for seed in 0..16 {
        let scene = drawn(seed);
        happened.extend(scene.happens.iter().map(|(_, happens)| *happens));
        for said in played(&scene) {
            fired.extend(said.firing);
            ready.insert(said.ready);
            assert_eq!(said.live, 200);
        }
    }
    for seed in 0..6 {
        let sheet = sheet(seed).unwrap();
        assert_eq!(sheet.questions.len(), 5, "seed {seed}");
        for question in sheet.questions {
            let explained = question.why.iter().all(|why| why.ends_with('.'));
            assert!(explained && !question.why.is_empty(), "{question:?}");
            assert!(!question.why.concat().contains("rotation-"), "{question:?}");
        }
    }
    assert_eq!(happened, Happens::ALL.into());
    assert_eq!(ready, [200, 503].into());
    for alert in [
        "IdentityLate",
        "IdentityUrgent",
        "IdentityExpired",
        "IdentityRejected",
        "PeersReject",
        "KeyExposed",
        "ClockStepped",
        "WatcherStuck",
    ] {
        assert!(fired.contains(alert), "{alert}: {fired:?}");
    }
}
