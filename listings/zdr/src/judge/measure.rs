//! From attempts to figures: what each class met, what each rotation showed, and the run in slices.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::attempt::crossings;
use crate::attempt::phase;
use crate::attempt::{Attempt, Class, FailureKind, OwnEnd, Recorder};
use crate::report::at_risk::AtRisk;
use crate::report::latency::histogram;
use crate::report::{ClassReport, Failures, Handles, Latency, Phase, PhaseReport, Rotation, Slice};
use crate::server::process_tree::Usage;
use ch11_verification::bound::upper;
use ch11_verification::judge::risk;
use ch11_verification::rotation::Window;

/// How long a slice of the timeline is, where the run is short.
const SLICE: Duration = Duration::from_millis(100);
/// How many slices there are at most.
const SLICES: u32 = 600;

/// What a class of clients met.
pub fn class(
    class: Class,
    recorder: &Recorder,
    records: &[Attempt],
    windows: &[Window],
) -> ClassReport {
    let mut phases: BTreeMap<Phase, (PhaseReport, Histogram<u64>)> = BTreeMap::new();
    let mut failures = BTreeMap::new();
    let (mut attempts, mut failed) = (0, 0);
    for record in records.iter().filter(|record| record.class == class) {
        let phase = phase(record, windows);
        let (report, histogram) = phases
            .entry(phase)
            .or_insert_with(|| (PhaseReport::default(), histogram()));
        attempts += 1;
        report.attempts += 1;
        report.opened += u64::from(record.opened);
        report.resumed += u64::from(record.opened && record.resumed);
        if let Some(kind) = record.failed {
            failed += 1;
            report.failed += 1;
            count(&mut failures, kind, phase, record);
        } else if let Some(latency) = latency(record) {
            // The histogram grows as it must.
            let _ = histogram.record(latency.as_micros().max(1) as u64);
        }
    }
    let phases = phases.into_iter().map(|(phase, (mut report, histogram))| {
        report.latency = Latency::of(&histogram);
        (phase, report)
    });
    ClassReport {
        class,
        phases: phases.collect(),
        attempts,
        failed,
        failed_below: upper(failed, attempts),
        at_risk: Some(at_risk(class, recorder, records, windows)),
        failures: failures.into_values().collect(),
        graceful_closes: recorder.graceful_closes(class) as u64,
        own_age_ms: None,
        own_steps: None,
    }
}

/// What of a class rotations can have hurt.
fn at_risk(class: Class, recorder: &Recorder, records: &[Attempt], windows: &[Window]) -> AtRisk {
    let risk = risk(
        records.iter().filter(|record| record.class == class),
        windows,
    );
    let kept = recorder.kept();
    let connections = match class {
        Class::Pooled | Class::Http2 | Class::Http3 => Some(crossings(
            kept.iter().filter(|of| of.class == class),
            windows,
        )),
        // Each has a connection of its own.
        class if class.is_long() => Some(risk.during),
        _ => None,
    };
    let numbered = windows.iter().zip(1u32..);
    let harmed = numbered.filter(|(window, _)| risk.harmed.contains(&window.generation));
    AtRisk {
        attempts: risk.during.into(),
        connections: connections.map(Into::into),
        rotations: risk.rotations.into(),
        harmed: harmed.map(|(_, number)| number).collect(),
    }
}

/// Counts a failure with those of its kind and phase. What the first of them said is the example.
fn count(
    failures: &mut BTreeMap<(FailureKind, Phase), Failures>,
    kind: FailureKind,
    phase: Phase,
    record: &Attempt,
) {
    let entry = failures.entry((kind, phase)).or_insert_with(|| Failures {
        kind,
        phase,
        count: 0,
        example: record.error.clone().unwrap_or_default(),
        first_ms: Some(ms(record.done)),
    });
    entry.count += 1;
}

/// How long an attempt took from the moment at which it was due. `None` where that says nothing: it
/// failed, or was not made at its time, or is as long as it is meant to be.
fn latency(record: &Attempt) -> Option<Duration> {
    let says_something = record.failed.is_none() && record.paced && !record.class.is_long();
    says_something.then(|| record.done.saturating_sub(record.due))
}

/// What was seen of each rotation.
pub fn rotations(records: &[Attempt], windows: &[Window]) -> Vec<Rotation> {
    let mut shown: Vec<_> = records
        .iter()
        .filter(|record| record.opened && !record.resumed)
        // The request comes after the handshake, and may take as long as it likes.
        .filter_map(|record| Some((record.began, record.handshake_done?, record.shown?)))
        .collect();
    shown.sort_by_key(|(began, ..)| *began);
    let numbers = 1u32..;
    let each = windows.iter().zip(numbers).map(|(window, number)| {
        let next = windows.get(number as usize).map(|next| next.began);
        let from = shown.partition_point(|(began, ..)| *began < window.began);
        let to = next.map_or(shown.len(), |next| {
            shown.partition_point(|(began, ..)| *began < next)
        });
        let stretch = &shown[from..to.max(from)];
        let new = stretch.iter().filter(|(.., of)| *of == window.generation);
        let first_new = new.map(|(_, done, _)| *done).min();
        // Until the end, not until the next rotation: what an old worker shows while the next one is in
        // progress is old for this one, and for the next is what it has replaced.
        let meanwhile = match first_new {
            Some(_) => &shown[from..],
            None => stretch,
        };
        let old = meanwhile.iter().filter(|(.., of)| *of < window.generation);
        let last_old = old.map(|(began, ..)| *began).max();
        let overlap = match (first_new, last_old) {
            (Some(new), Some(old)) => old.saturating_sub(new),
            _ => Duration::ZERO,
        };
        Rotation {
            number,
            serial: window.serial.clone(),
            began_ms: ms(window.began),
            notified_ms: ms(window.notified),
            first_new_ms: first_new.map(|new| ms(new) - ms(window.notified)),
            last_old_ms: last_old.map(|old| ms(old) - ms(window.notified)),
            overlap_ms: ms(overlap),
            converged_ms: window.converged.map(ms),
            complaint: window.complaint.clone(),
        }
    });
    each.collect()
}

/// The run in slices.
pub fn timeline(records: &[Attempt], length: Duration) -> Vec<Slice> {
    let each = SLICE.max(length / SLICES);
    let many = length.as_nanos() / each.as_nanos().max(1) + 1;
    let mut slices: Vec<_> = (0..many as u32)
        .map(|number| Slice {
            at_ms: ms(each * number),
            ..Slice::default()
        })
        .collect();
    for record in records {
        let at = |moment: Duration| (moment.as_nanos() / each.as_nanos().max(1)) as usize;
        let Some(slice) = slices.get_mut(at(record.due)) else {
            continue;
        };
        *slice.attempts.entry(record.class).or_default() += 1;
        if let Some(latency) = latency(record) {
            let slowest = slice.slowest_us.entry(record.class).or_default();
            *slowest = (latency.as_micros() as u64).max(*slowest);
        }
        if record.opened
            && !record.resumed
            && record.class == Class::Full
            && let Some(shown) = record.shown
        {
            *slice.shown.entry(shown).or_default() += 1;
        }
        if record.failed.is_some()
            && let Some(slice) = slices.get_mut(at(record.done))
        {
            *slice.failed.entry(record.class).or_default() += 1;
        }
    }
    slices
}

/// What a class met, and what brings the server to end its conversations by itself.
pub fn with_own_end(of: ClassReport, own: Option<&OwnEnd>) -> ClassReport {
    match own {
        None => of,
        Some(OwnEnd::Ages(ages)) => ClassReport {
            own_age_ms: Some(ms(ages.youngest)),
            ..of
        },
        Some(OwnEnd::Steps(most)) => ClassReport {
            own_steps: Some(*most),
            ..of
        },
    }
}

/// Milliseconds, to the microsecond.
pub fn ms(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}

impl Handles {
    /// What was open before and after, where that is known.
    pub(crate) fn of(before: Usage, after: Usage) -> Option<Self> {
        Some(Self {
            descriptors_before: before.descriptors?,
            descriptors_after: after.descriptors?,
            threads_before: before.threads,
            threads_after: after.threads,
        })
    }
}
