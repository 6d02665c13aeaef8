//! From records to figures: phases, latency, and what was seen of a rotation.

use std::time::Duration;

use ch11_verification::rotation::Window;
use ch11_verification::rotation::went_back;
use lab::authority::{Authority, Issued, LeafRequest};
use lab::client::Seen;
use zdr::attempt::phase;
use zdr::attempt::{Attempt, Class, FailureKind, Recorder};
use zdr::judge::findings::{of_chains, of_latency, of_resumption, of_rotations};
use zdr::judge::growth::{Growth, of_resources};
use zdr::judge::measure::{class, rotations, timeline};
use zdr::judge::rejected::Missed;
use zdr::load::{Added, Chains};
use zdr::report::{Code, Handles, Phase, Plan, Resources, Rotation, Severity};

fn at(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// An attempt that was due at a moment, took so long, and was shown a generation.
fn probe(due: u64, took: u64, shown: u32) -> Attempt {
    Attempt {
        class: Class::Full,
        due: at(due),
        began: at(due),
        handshake_done: Some(at(due + took)),
        done: at(due + took),
        failed: None,
        error: None,
        shown: Some(shown),
        resumed: false,
        opened: true,
        paced: true,
    }
}

fn window(generation: u32, began: u64, notified: u64, end: u64) -> Window {
    Window {
        generation,
        serial: format!("{generation:x}"),
        began: at(began),
        notified: at(notified),
        first_new: Some(at(notified + 1)),
        converged: Some(at(end)),
        end: at(end),
        complaint: None,
    }
}

#[test]
fn an_attempt_is_of_a_rotation_if_any_moment_of_it_was() {
    let windows = [window(1, 100, 110, 150), window(2, 300, 310, 350)];
    let of = |due, took| phase(&probe(due, took, 0), &windows);
    assert_eq!(of(10, 20), Phase::Before);
    assert_eq!(of(90, 20), Phase::During, "it reached into the first");
    assert_eq!(of(120, 10), Phase::During);
    assert_eq!(of(140, 500), Phase::During);
    assert_eq!(of(200, 20), Phase::After);
    assert_eq!(of(290, 20), Phase::During, "it reached into the second");
    assert_eq!(of(400, 20), Phase::After);
    // A download is as long as several rotations. It is cut at one moment.
    let download = Attempt {
        class: Class::Download,
        ..probe(10, 390, 0)
    };
    assert_eq!(phase(&download, &windows), Phase::After);
}

#[test]
fn latency_counts_from_the_moment_that_was_due() {
    let recorder = Recorder::default();
    let late = Attempt {
        began: at(1900),
        ..probe(1000, 1000, 0)
    };
    let closed_loop = Attempt {
        paced: false,
        ..probe(1000, 5000, 0)
    };
    let failed = Attempt {
        failed: Some(FailureKind::Refused),
        ..probe(1000, 9000, 0)
    };
    let report = class(Class::Full, &recorder, &[late, closed_loop, failed], &[]);
    assert_eq!((report.attempts, report.failed), (3, 1));
    let latency = &report.phases[&Phase::Before].latency;
    let second = 1_000_000;
    assert!(
        (second..second + 1000).contains(&latency.p50),
        "{latency:?}"
    );
    assert_eq!(latency.p50, latency.max, "one of the three has a latency");
    assert!(report.failed_below > 1.0 / 3.0);
}

/// What waits for a reload is told from what waits for a machine that is busy: that makes the checker late.
#[test]
fn who_is_late_does_not_call_others_slow() {
    let windows = [window(1, 1000, 1010, 1500)];
    let attempts: Vec<_> = (0..40)
        .map(|n| probe(n * 50, if (20..30).contains(&n) { 480 } else { 15 }, 0))
        .collect();
    let of = class(Class::Full, &Recorder::default(), &attempts, &windows);
    let codes = |late| -> Vec<Code> {
        let found = of_latency(std::slice::from_ref(&of), at(late));
        found.iter().map(|finding| finding.code).collect()
    };
    assert_eq!(codes(10), [Code::SlowWhileReloading]);
    assert_eq!(codes(440), []);
}

#[test]
fn few_attempts_and_what_is_slow_all_the_time_are_no_slow_reload() {
    let windows = [window(1, 1000, 1010, 1500)];
    let found = |every: u64, usual: u64| {
        let took = |due| {
            if (1000..1500).contains(&due) {
                480
            } else {
                usual
            }
        };
        let due = (0..2000 / every).map(|n| n * every);
        let attempts: Vec<_> = due.map(|due| probe(due, took(due), 0)).collect();
        let of = class(Class::Full, &Recorder::default(), &attempts, &windows);
        of_latency(&[of], at(10)).len()
    };
    assert_eq!(found(50, 15), 1);
    assert_eq!(found(100, 15), 0, "of fewer than ten, nothing is told");
    assert_eq!(found(50, 120), 0, "it is not five times as slow");
}

#[test]
fn what_was_shown_for_too_long_or_came_back_is_told_as_that_alone() {
    let seen = rotations(&[probe(112, 5, 1)], &[window(1, 100, 110, 150)]).remove(0);
    let codes = |overlap_ms: f64, settled: bool, back: &[u32]| -> Vec<Code> {
        let rotation = Rotation {
            overlap_ms,
            converged_ms: settled.then_some(150.0),
            ..seen.clone()
        };
        let plan = Plan {
            overlap_ms: 500,
            ..Plan::default()
        };
        let found = of_rotations(&[rotation], &plan, back, &Missed::default());
        found.iter().map(|finding| finding.code).collect()
    };
    assert_eq!(codes(500.0, true, &[]), []);
    assert_eq!(codes(501.0, true, &[]), [Code::WorkersDisagree]);
    assert_eq!(codes(0.0, false, &[]), [Code::HandshakesFailed]);
    assert_eq!(codes(0.0, false, &[1]), [Code::WentBack]);
}

#[test]
fn old_and_new_side_by_side() {
    let windows = [window(1, 100, 110, 150), window(2, 1000, 1010, 1050)];
    let records = [
        probe(50, 5, 0),
        probe(108, 5, 0),
        probe(112, 5, 1),
        probe(140, 5, 0),
        probe(160, 5, 1),
        probe(1020, 5, 2),
    ];
    let seen = rotations(&records, &windows);
    assert_eq!(seen[0].first_new_ms, Some(7.0));
    assert_eq!(seen[0].last_old_ms, Some(30.0));
    assert_eq!(seen[0].overlap_ms, 23.0);
    assert_eq!(seen[1].last_old_ms, None);
    assert_eq!(seen[1].overlap_ms, 0.0);
    // A session that is resumed tells of the time when it began.
    let resumed = Attempt {
        resumed: true,
        ..probe(1030, 5, 0)
    };
    let records = [records.as_slice(), &[resumed]].concat();
    assert_eq!(rotations(&records, &windows)[1].last_old_ms, None);
}

/// An old worker that is met only while the next rotation is in progress has shown its certificate beside the new
/// one since the first rotation.
#[test]
fn two_rotations_do_not_hide_each_other() {
    let windows = [window(1, 100, 110, 150), window(2, 1000, 1010, 1050)];
    let records = [
        probe(112, 5, 1),
        probe(1005, 5, 0),
        probe(1020, 5, 2),
        probe(1030, 5, 2),
    ];
    let seen = rotations(&records, &windows);
    assert_eq!(seen[0].overlap_ms, 888.0);
    assert_eq!(seen[0].last_old_ms, Some(895.0));
    assert_eq!(seen[1].overlap_ms, 0.0);
    // The first is old for both, where it is shown after both.
    let records = [records.as_slice(), &[probe(1100, 5, 0)]].concat();
    let overlaps = rotations(&records, &windows);
    let overlaps: Vec<_> = overlaps.iter().map(|of| of.overlap_ms).collect();
    assert_eq!(overlaps, [983.0, 75.0]);
    // A rotation that was never shown has nothing that others are old beside.
    let late = [probe(50, 5, 0), probe(900, 5, 0), probe(1005, 5, 0)];
    let of_none = &rotations(&late, &windows)[0];
    assert_eq!(
        (of_none.overlap_ms, of_none.last_old_ms),
        (0.0, Some(790.0))
    );
}

#[test]
fn the_new_certificate_is_shown_by_the_handshake_and_not_by_the_request() {
    let windows = [window(1, 100, 110, 150)];
    let slow_request = Attempt {
        handshake_done: Some(at(117)),
        ..probe(112, 45, 1)
    };
    let cut_in_its_handshake = Attempt {
        handshake_done: None,
        ..probe(111, 1, 1)
    };
    let seen = rotations(&[slow_request, cut_in_its_handshake], &windows);
    assert_eq!(seen[0].first_new_ms, Some(7.0));
}

#[test]
fn it_went_back_if_the_last_word_is_the_old_one() {
    let windows = [window(1, 100, 110, 150), window(2, 1000, 1010, 1050)];
    let back = [probe(120, 5, 1), probe(160, 5, 0)];
    assert!(went_back(&back, &windows[0], Some(&windows[1])));
    let for_a_while = [probe(120, 5, 1), probe(160, 5, 0), probe(170, 5, 1)];
    assert!(!went_back(&for_a_while, &windows[0], Some(&windows[1])));
    // What comes after the next rotation has begun is that one's.
    let later = [probe(120, 5, 1), probe(1001, 5, 0)];
    assert!(!went_back(&later, &windows[0], Some(&windows[1])));
}

#[test]
fn a_slice_holds_what_was_due_in_it() {
    let failed = Attempt {
        failed: Some(FailureKind::Severed),
        ..probe(10, 250, 0)
    };
    let slices = timeline(&[probe(10, 5, 0), probe(150, 5, 1), failed], at(300));
    assert_eq!(slices[0].attempts[&Class::Full], 2);
    assert_eq!(slices[1].attempts[&Class::Full], 1);
    assert_eq!(slices[2].failed[&Class::Full], 1, "where it was cut");
    assert_eq!(slices[0].shown[&0], 2);
    assert_eq!(slices[1].shown[&1], 1);
}

#[test]
fn sessions_and_rotations() {
    let windows: Vec<_> = (1..=4)
        .map(|n| {
            let began = u64::from(n) * 1000;
            window(n, began, began + 1, began + 50)
        })
        .collect();
    let fresh: Vec<_> = (1..=4)
        .map(|n| probe(u64::from(n) * 1000 + 10, 5, n))
        .collect();
    let seen = rotations(&fresh, &windows);
    let returning = |due, resumed, shown| Attempt {
        class: Class::Resuming,
        resumed,
        ..probe(due, 5, shown)
    };
    let codes = |records: &[Attempt]| -> Vec<Code> {
        let found = of_resumption(records, &seen, 4);
        found.iter().map(|finding| finding.code).collect()
    };
    let before = |due| returning(due, due > 0, 0);
    let first: Vec<_> = (0..10).map(|n| before(n * 100)).collect();
    // Each later one resumes the session of the beginning.
    let for_ever = (10..60).map(|n| returning(n * 100, true, 0));
    let for_ever: Vec<_> = first.iter().cloned().chain(for_ever).collect();
    assert_eq!(codes(&for_ever), [Code::ResumesForEver]);
    // A certificate that no client is shown is no fault of sessions (unbound 1.17 at SIGHUP).
    let found = of_resumption(&for_ever, &rotations(&[], &windows), 4);
    assert!(found.is_empty(), "{found:?}");
    // A session outlives one rotation. Two rotations follow after the last client came.
    let seldom = [(1100, 1), (1200, 1), (1300, 1), (2100, 1)];
    let seldom = seldom.map(|(due, shown)| returning(due, true, shown));
    assert_eq!(codes(&seldom), []);
    // A session ends two rotations after it began. Few come, so that the last quarter of them spans several.
    let one_old = (10..40).map(|n| returning(n * 100, true, (n / 10 - 1).saturating_sub(1) as u32));
    let one_old: Vec<_> = first.iter().cloned().chain(one_old).collect();
    assert_eq!(codes(&one_old), []);
    // After each rotation the first has to pay, and the others resume its session.
    let lost = (10..60).map(|n| returning(n * 100, n % 10 != 0, (n / 10) as u32));
    let lost: Vec<_> = first.iter().cloned().chain(lost).collect();
    assert_eq!(codes(&lost), [Code::TicketsLost]);
    // On a slow machine the first five have come before one of them is served, and nobody comes
    // after the last rotation.
    let mut slow: Vec<_> = lost
        .into_iter()
        .filter(|probe| probe.due < at(4000))
        .collect();
    for early in &mut slow[..5] {
        (early.resumed, early.done) = (false, at(450));
    }
    assert_eq!(codes(&slow), [Code::TicketsLost]);
    // Two rotations are too few to tell.
    slow.retain(|probe| probe.due < at(3000));
    assert_eq!(codes(&slow), []);
    // A server that never resumes loses nothing.
    let never: Vec<_> = (0..60).map(|n| returning(n * 100, false, 0)).collect();
    assert_eq!(codes(&never), []);
}

/// The certificates of a chain, leaf first, in PEM.
fn certificates(pem: &str) -> Vec<&str> {
    pem.split_inclusive("-----END CERTIFICATE-----\n").collect()
}

/// What a client sees of a server that sends these certificates.
fn seen(sent: &[&str]) -> Seen {
    let facts = lab::chain::facts_of_pem(sent.concat().as_bytes()).unwrap();
    let alone = |one: &&str| {
        lab::chain::facts_of_pem(one.as_bytes())
            .unwrap()
            .chain_sha256
    };
    Seen {
        chain: facts,
        certificates: sent.iter().map(alone).collect(),
        tls: "1.3",
        resumed: false,
    }
}

fn issued(authority: &mut Authority) -> Issued {
    authority.issue(&LeafRequest::new("localhost")).unwrap()
}

/// What clients accept is no wrong chain, whatever else comes with the leaf; parts of two generations
/// are one, and so is a part of one.
#[test]
fn a_chain_may_have_more_but_not_of_another_generation() {
    let mut authority = Authority::new().unwrap();
    let first = issued(&mut authority);
    authority.change_intermediate().unwrap();
    let second = issued(&mut authority);
    let root = authority.root_pem().to_owned();
    let own = Authority::named("Of the server's own")
        .unwrap()
        .root_pem()
        .to_owned();
    let chains = Chains::default();
    chains.anchored_in(&root);
    chains.add(&first);
    chains.add(&second);
    let [leaf, intermediate] = certificates(&second.chain_pem)[..] else {
        panic!("two certificates");
    };
    let [old_leaf, old_intermediate] = certificates(&first.chain_pem)[..] else {
        panic!("two certificates");
    };
    let of = |sent: &[&str]| chains.generation(&seen(sent));
    assert_eq!(of(&[leaf, intermediate]), Some(1));
    assert_eq!(chains.added(), None);
    for twice in [[leaf, intermediate, leaf], [leaf, leaf, intermediate]] {
        assert_eq!(of(&twice), Some(1));
        let found = of_chains(chains.added()).unwrap();
        assert!(
            found
                .words
                .starts_with("A certificate of a chain is sent twice.")
        );
    }
    let fine: [&[&str]; 3] = [
        &[leaf, intermediate, &root],
        &[leaf, &root, intermediate],
        &[leaf, &own, intermediate],
    ];
    for sent in fine {
        assert_eq!(of(sent), Some(1), "{} certificates", sent.len());
    }
    assert_eq!(of(&[old_leaf, old_intermediate, &root]), Some(0));
    let added = Added {
        certificates: 1,
        root: true,
        twice: false,
    };
    assert_eq!(chains.added(), Some(added));
    let wrong: [&[&str]; 6] = [
        &[leaf],
        &[leaf, &root],
        &[leaf, old_intermediate],
        &[leaf, intermediate, old_intermediate],
        &[leaf, intermediate, old_leaf],
        &[intermediate, leaf],
    ];
    for sent in wrong {
        assert_eq!(of(sent), None, "{} certificates", sent.len());
    }
    let found = of_chains(chains.added()).unwrap();
    assert_eq!(
        (found.severity, found.code),
        (Severity::Warning, Code::ChainHasMore)
    );
    assert!(
        found.words.contains("a trust anchor among them"),
        "{}",
        found.words
    );
}

/// The same leaf with another certificate of the same intermediate is told from what it was, also by a
/// server that sends the root as well.
#[test]
fn another_chain_of_the_same_leaf_is_another_generation() {
    let mut authority = Authority::new().unwrap();
    let first = issued(&mut authority);
    let root = authority.root_pem().to_owned();
    let [leaf, old] = certificates(&first.chain_pem)[..] else {
        panic!("two certificates");
    };
    let new = authority.reissue_intermediate().unwrap().to_owned();
    let mut second = first.clone();
    second.chain_pem = format!("{leaf}{new}");
    second.facts = lab::chain::facts_of_pem(second.chain_pem.as_bytes()).unwrap();
    assert_ne!(first.facts.chain_sha256, second.facts.chain_sha256);
    let chains = Chains::default();
    chains.anchored_in(&root);
    chains.add(&first);
    chains.add(&second);
    let of = |sent: &[&str]| chains.generation(&seen(sent));
    assert_eq!(of(&[leaf, old, &root]), Some(0));
    assert_eq!(of(&[leaf, &new, &root]), Some(1));
    assert_eq!(of(&[leaf, &new, old]), None);
}

fn resources(descriptors: [usize; 2], threads: [usize; 2], processes: [usize; 2]) -> Resources {
    Resources {
        memory_before: 1,
        memory_after: 1,
        processes_before: processes[0],
        processes_after: processes[1],
        connections_held: 4,
        handles: Some(Handles {
            descriptors_before: descriptors[0],
            descriptors_after: descriptors[1],
            threads_before: threads[0],
            threads_after: threads[1],
        }),
    }
}

/// What a rotation adds each time is a leak. A few that come and go are none, and what comes with more
/// processes is told by those.
#[test]
fn descriptors_and_threads_that_each_rotation_adds() {
    let codes = |resources: Resources, rotations| -> Vec<Code> {
        let found = of_resources(&resources, &Growth::default(), rotations);
        found.iter().map(|finding| finding.code).collect()
    };
    let one = [1, 1];
    assert_eq!(
        codes(resources([9, 29], [3, 3], one), 10),
        [Code::DescriptorsGrow]
    );
    assert_eq!(
        codes(resources([9, 9], [3, 23], one), 20),
        [Code::DescriptorsGrow]
    );
    // Ten are no longer a few, and one for each rotation is enough.
    assert_eq!(
        codes(resources([9, 19], [3, 3], one), 10),
        [Code::DescriptorsGrow]
    );
    assert_eq!(codes(resources([9, 18], [3, 12], one), 3), []);
    // A pool that fills in the first reloads is not told from a leak.
    assert_eq!(codes(resources([9, 29], [3, 23], one), 2), []);
    assert_eq!(
        codes(resources([9, 29], [3, 23], one), 3),
        [Code::DescriptorsGrow]
    );
    assert_eq!(codes(resources([9, 19], [3, 13], one), 11), []);
    assert_eq!(codes(resources([9, 16], [3, 8], one), 3), []);
    assert_eq!(codes(resources([9, 29], [3, 8], one), 100), []);
    assert_eq!(codes(resources([60, 9], [9, 3], one), 2), []);
    assert_eq!(
        codes(resources([9, 90], [3, 30], [1, 9]), 8),
        [Code::ProcessesLeft]
    );
}
