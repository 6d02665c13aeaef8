//! One report from several. What they say together does not depend on who is heard first.

use ch11_verification::bound;
use proptest::prelude::*;
use zdr::attempt::{Class, FailureKind};
use zdr::compare::merge::merge;
use zdr::report::{Code, Latency, Outcome, Phase, Report, Severity};

use super::sample::{self, Run, SLICE_MS, failed, finding};

fn refused(reports: Vec<Report>) -> String {
    merge(reports)
        .expect_err("they are not of one run")
        .to_string()
}

#[test]
fn attempts_and_failures_add_up_and_bounds_are_new() {
    let pods = sample::pods();
    let merged = merge(pods.to_vec()).expect("they are of one run");
    assert_eq!(merged.generators, 3);
    for (place, class) in merged.classes.iter().enumerate() {
        let attempts: u64 = pods.iter().map(|pod| pod.classes[place].attempts).sum();
        assert_eq!(class.attempts, attempts);
        assert_eq!(class.failed_below, bound::upper(0, attempts));
        assert!(class.failed_below < pods[0].classes[place].failed_below);
    }
    assert!(merged.verdict.passed);
    assert!(
        merged.verdict.words.contains("by 3 load generators"),
        "{}",
        merged.verdict.words
    );
}

#[test]
fn quantiles_are_those_of_all_attempts() {
    let pods = sample::pods();
    let merged = merge(pods.to_vec()).expect("they are of one run");
    let phase = |report: &Report| report.classes[0].phases[&Phase::Before].latency.clone();
    let parts: Vec<Latency> = pods.iter().map(phase).collect();
    // By hand: each value as often as it was, in order.
    let mut values: Vec<u64> = parts
        .iter()
        .flat_map(|part| &part.counts)
        .flat_map(|(value, count)| vec![*value; *count as usize])
        .collect();
    values.sort_unstable();
    let all = phase(&merged);
    assert_eq!(all.p50, values[values.len().div_ceil(2) - 1]);
    assert_eq!(all.p99, values[(values.len() * 99).div_ceil(100) - 1]);
    assert_eq!(all.max, values[values.len() - 1]);
    let means = parts.iter().map(|part| part.p99).sum::<u64>() / 3;
    assert_ne!(all.p99, means, "no mean of quantiles");
}

#[test]
fn findings_are_united_and_one_failure_is_enough() {
    let [mut a, b, mut c] = sample::pods();
    let found = finding(Severity::Failure, Code::Severed, "rotation", &[37]);
    a.findings.push(found.clone());
    a.verdict.passed = false;
    c.findings.push(found.clone());
    c.findings.push(finding(
        Severity::Warning,
        Code::TicketsLost,
        "rotation",
        &[31],
    ));
    let merged = merge(vec![a, b, c]).expect("they are of one run");
    assert_eq!(merged.findings.len(), 2, "{:?}", merged.findings);
    assert_eq!(merged.findings[0], found, "the worst first");
    assert!(!merged.verdict.passed);
    assert!(
        merged
            .verdict
            .words
            .contains("does not rotate with zero downtime")
    );
}

#[test]
fn moments_are_aligned_by_the_wall_clock() {
    let [late, first, _] = sample::pods();
    // `late` began 0.4 s after the first, and saw the first rotation 25 ms later than the first saw it.
    let mut late = late;
    let mut seen = first.rotations[0].clone();
    seen.began_ms -= 400.0;
    seen.notified_ms -= 400.0;
    seen.first_new_ms = seen.first_new_ms.map(|ms| ms + 25.0);
    seen.last_old_ms = seen.last_old_ms.map(|ms| ms + 25.0);
    seen.converged_ms = seen.converged_ms.map(|ms| ms - 400.0 + 25.0);
    late.rotations.push(seen);
    let alone = first.rotations[0].clone();
    let merged = merge(vec![late, first.clone()]).expect("they are of one run");
    assert_eq!(merged.began, first.began);
    assert_eq!(merged.rotations.len(), first.rotations.len());
    let both = &merged.rotations[0];
    let near = |a: Option<f64>, b: Option<f64>| {
        let (a, b) = (a.expect("a moment"), b.expect("a moment"));
        assert!((a - b).abs() < 1e-5, "{a} is not {b}");
    };
    near(Some(both.notified_ms), Some(alone.notified_ms));
    near(both.first_new_ms, alone.first_new_ms);
    near(both.last_old_ms, alone.last_old_ms.map(|ms| ms + 25.0));
    near(both.converged_ms, alone.converged_ms.map(|ms| ms + 25.0));
    near(Some(both.overlap_ms), Some(30.0));
    // The second rotation was seen by one of them only.
    near(
        merged.rotations[1].first_new_ms,
        first.rotations[1].first_new_ms,
    );
}

#[test]
fn settled_is_only_what_settled_for_all() {
    let [mut load, first, _] = sample::pods();
    let mut seen = first.rotations[0].clone();
    seen.converged_ms = None;
    load.rotations.push(seen);
    let merged = merge(vec![load, first]).expect("they are of one run");
    assert_eq!(merged.rotations[0].converged_ms, None);
    assert!(merged.rotations[1].converged_ms.is_some());
}

#[test]
fn an_overlap_that_only_both_together_see_is_found() {
    let [mut load, first, _] = sample::pods();
    let mut seen = first.rotations[0].clone();
    // Another worker's clients: the old one for two seconds more, and no new one within sight.
    seen.began_ms -= 400.0;
    seen.notified_ms -= 400.0;
    seen.first_new_ms = None;
    seen.last_old_ms = Some(2_000.0);
    seen.overlap_ms = 0.0;
    load.rotations.push(seen);
    assert!(load.findings.is_empty() && first.findings.is_empty());
    let merged = merge(vec![load, first]).expect("they are of one run");
    let codes: Vec<Code> = merged.findings.iter().map(|f| f.code).collect();
    assert_eq!(codes, [Code::WorkersDisagree]);
    assert!(!merged.verdict.passed);
}

#[test]
fn slices_lie_on_one_grid() {
    let pods = sample::pods();
    let merged = merge(pods.to_vec()).expect("they are of one run");
    let attempts = |report: &Report| -> u64 {
        report
            .timeline
            .iter()
            .flat_map(|slice| slice.attempts.values())
            .sum()
    };
    assert_eq!(attempts(&merged), pods.iter().map(attempts).sum::<u64>());
    for pair in merged.timeline.windows(2) {
        assert_eq!(pair[1].at_ms - pair[0].at_ms, f64::from(SLICE_MS));
    }
    let longest = pods
        .iter()
        .map(|pod| pod.timeline.len())
        .max()
        .expect("three");
    assert!(
        merged.timeline.len() <= longest + 4,
        "{}",
        merged.timeline.len()
    );
}

#[test]
fn what_was_done_to_the_server_is_kept() {
    let pods = sample::pods();
    let merged = merge(pods.to_vec()).expect("they are of one run");
    assert_eq!(merged.scenarios, pods[1].scenarios);
    assert_eq!(merged.plan.rotations, 5);
    assert_eq!(merged.plan.rates[&Class::Full], 600.0);
    assert_eq!(merged.resources, pods[1].resources);
    assert_eq!(merged.server.command, pods[1].server.command);
}

#[test]
fn scenarios_that_nobody_else_did_are_no_conflict() {
    let [mut load, first, _] = sample::pods();
    load.scenarios.clone_from(&first.scenarios);
    for scenario in &mut load.scenarios {
        scenario.outcome = Outcome::NotApplicable;
    }
    let merged = merge(vec![load, first.clone()]).expect("they are of one run");
    assert_eq!(merged.scenarios, first.scenarios);
}

#[test]
fn one_that_was_interrupted_is_told() {
    let [mut a, b, mut c] = sample::pods();
    a.interrupted = Some("no route to host".into());
    c.interrupted = Some("Ctrl-C".into());
    let merged = merge(vec![a, b, c]).expect("they are of one run");
    assert_eq!(
        merged.interrupted.as_deref(),
        Some("Ctrl-C; no route to host")
    );
}

#[test]
fn what_is_not_of_one_run_is_refused() {
    let [a, b, c] = sample::pods();
    assert_eq!(
        refused(vec![]),
        "these reports do not make one: there is none"
    );

    let mut other = c.clone();
    other.format = zdr::report::FORMAT + 1;
    let said = refused(vec![a.clone(), other]);
    assert!(
        said.ends_with("one is of format 5, and this zdr knows formats 1 to 4"),
        "{said}"
    );

    let mut other = c.clone();
    other.server.name = "nginx".into();
    let said = refused(vec![b.clone(), other]);
    assert!(
        said.ends_with("different servers: ch06-in-flight-requests, nginx"),
        "{said}"
    );

    let mut other = c.clone();
    other.plan.overlap_ms = 5_000;
    assert!(refused(vec![b.clone(), other]).contains("different limits"));

    let mut other = c.clone();
    other.plan.rotations = 3;
    assert!(refused(vec![b.clone(), other]).contains("more than one of them rotated"));

    let mut other = c.clone();
    other.server.command = vec!["server".into()];
    assert!(refused(vec![b.clone(), other]).contains("2 of them started a server of their own"));

    let mut other = c.clone();
    other.rotations = b.rotations.clone();
    other.rotations[2].serial = "ff".into();
    assert!(refused(vec![b.clone(), other]).contains("rotation 3 brought the serial"));

    let mut other = c.clone();
    other.scenarios = b.scenarios.clone();
    assert!(refused(vec![b.clone(), other]).contains("scenario `mismatched` was run by more"));

    let mut other = c.clone();
    other.began = "2026-03-01T13:00:00Z".into();
    assert!(refused(vec![b.clone(), other]).contains("different times"));

    let mut other = c;
    other.began = "yesterday".into();
    assert!(refused(vec![b.clone(), other]).contains("`yesterday`, which is no date"));

    assert!(refused(vec![b.clone(), a, b]).contains("two of them are the same"));
}

/// A generator that only loads, or the one that rotates.
fn pod(rotates: bool) -> impl Strategy<Value = Report> {
    let failures = prop::collection::vec(
        (
            // Few, so that generators meet the same.
            prop::sample::select(vec![Class::Full, Class::Download]),
            prop::sample::select(vec![FailureKind::Refused, FailureKind::Severed]),
            prop::sample::select(vec![Phase::During, Phase::After]),
            1_u64..4,
            "[a-z]{0,5}",
        ),
        0..6,
    );
    let words = prop::collection::vec(0_u32..4, 0..3);
    let seen = prop::collection::vec((0_u32..900, prop::bool::ANY), 2);
    (
        0_u32..9_000_000,
        5_u64..15,
        100_u64..3_000,
        failures,
        words,
        seen,
    )
        .prop_map(move |(began_us, load, latency_us, failures, words, seen)| {
            let mut run = Run {
                // Nanoseconds, so that each begins at a time of its own.
                began_s: f64::from(began_us) / 1e6,
                load,
                latency_us,
                rotations: 2,
                ..Run::default()
            };
            for (class, kind, phase, count, example) in failures {
                let mut one = failed(class, kind, phase, count);
                one.example = example;
                run.failed.push(one);
            }
            for word in words {
                let mut one = finding(Severity::Failure, Code::Severed, "rotation", &[37]);
                one.words = format!("{word} were cut.");
                run.findings.push(one);
            }
            if !rotates {
                run.scenarios.clear();
            }
            let mut report = run.report();
            // As they saw it, by clocks of their own.
            for (rotation, (late, converged)) in report.rotations.iter_mut().zip(seen) {
                rotation.began_ms -= f64::from(began_us) / 1e3;
                rotation.notified_ms -= f64::from(began_us) / 1e3;
                rotation.last_old_ms = rotation.last_old_ms.map(|ms| ms + f64::from(late));
                rotation.overlap_ms += f64::from(late);
                if !converged {
                    rotation.converged_ms = None;
                }
            }
            if !rotates {
                report.plan.rotations = 0;
                report.server.command.clear();
                report.machine.processor = format!("Processor {}", latency_us % 3);
                report.interrupted = (load % 5 == 0).then(|| format!("reason {}", load % 3));
            }
            report
        })
}

fn run() -> impl Strategy<Value = Vec<Report>> {
    (pod(true), pod(false), pod(false))
        .prop_map(|(a, b, c)| vec![a, b, c])
        .prop_shuffle()
        .prop_filter("no two begin at the same time", |runs| {
            runs[0].began != runs[1].began
                && runs[1].began != runs[2].began
                && runs[0].began != runs[2].began
        })
}

fn merged(reports: &[Report]) -> Report {
    merge(reports.to_vec()).expect("they are of one run")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_does_not_matter(runs in run()) {
        let [a, b, c] = <[Report; 3]>::try_from(runs).expect("three");
        let all = merged(&[a.clone(), b.clone(), c.clone()]);
        prop_assert_eq!(&all, &merged(&[c.clone(), b.clone(), a.clone()]));
        prop_assert_eq!(&all, &merged(&[b.clone(), c.clone(), a.clone()]));
        prop_assert_eq!(&all, &merged(&[merged(&[a.clone(), b.clone()]), c.clone()]));
        prop_assert_eq!(&all, &merged(&[a.clone(), merged(&[b.clone(), c.clone()])]));
        prop_assert_eq!(&all, &merged(&[merged(&[c, a]), b]));
    }

    #[test]
    fn one_alone_is_itself(report in pod(true)) {
        prop_assert_eq!(&merged(std::slice::from_ref(&report)), &report);
    }

    #[test]
    fn all_adds_up(runs in run()) {
        let all = merged(&runs);
        for class in sample::CLASSES {
            let sum = |of: fn(&zdr::report::ClassReport) -> u64| -> u64 {
                let classes = runs.iter().flat_map(|run| &run.classes);
                classes.filter(|one| one.class == class).map(of).sum()
            };
            let one = all.classes.iter().find(|one| one.class == class).expect("it is there");
            prop_assert_eq!(one.attempts, sum(|class| class.attempts));
            prop_assert_eq!(one.failed, sum(|class| class.failed));
            prop_assert_eq!(one.failed_below, bound::upper(one.failed, one.attempts));
            let phases: u64 = one.phases.values().map(|phase| phase.attempts).sum();
            prop_assert_eq!(phases, one.attempts);
            let kinds: u64 = one.failures.iter().map(|failures| failures.count).sum();
            prop_assert_eq!(kinds, one.failed);
            for phase in one.phases.values() {
                let counted: u64 = phase.latency.counts.iter().map(|(_, count)| count).sum();
                prop_assert_eq!(counted, phase.attempts - phase.failed);
            }
        }
        prop_assert_eq!(all.generators, 3);
    }
}
