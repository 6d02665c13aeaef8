//! From records to figures.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::bound::upper;
use crate::latency::histogram;
use crate::record::{Class, Record, Recorder};
use crate::report::{ClassReport, Failures, Latency, Phase, PhaseReport, Rotation, Slice};
use crate::rotate::Window;

/// How long a slice of the timeline is, where the run is short.
const SLICE: Duration = Duration::from_millis(100);
/// How many slices there are at most.
const SLICES: u32 = 600;

/// The phase of an attempt. It is of a rotation if any moment of it was.
pub fn phase(record: &Record, windows: &[Window]) -> Phase {
    // A download is as long as many rotations. What counts is when it was cut.
    let from = match record.class == Class::Download || !(record.paced || record.opened) {
        true => record.done,
        false => record.due,
    };
    // Sorted by time: the first that has not ended before the attempt began.
    let next = windows.partition_point(|window| window.end < from);
    match windows.get(next) {
        Some(window) if window.began <= record.done => Phase::During,
        _ if next == 0 => Phase::Before,
        _ => Phase::After,
    }
}

/// What a class of clients met.
pub fn class(
    class: Class,
    recorder: &Recorder,
    records: &[Record],
    windows: &[Window],
) -> ClassReport {
    let mut phases: BTreeMap<Phase, (PhaseReport, Histogram<u64>)> = BTreeMap::new();
    let mut failures: BTreeMap<_, Failures> = BTreeMap::new();
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
        match record.failed {
            None if record.paced && class != Class::Download => {
                // Zero is not recorded as such: the clock is that coarse.
                let latency = (record.done - record.due).as_micros().max(1) as u64;
                // It grows as it must.
                let _ = histogram.record(latency);
            }
            None => {}
            Some(kind) => {
                failed += 1;
                report.failed += 1;
                let example = record.why.clone().unwrap_or_default();
                let entry = failures.entry((kind, phase)).or_insert(Failures {
                    kind,
                    phase,
                    count: 0,
                    example,
                });
                entry.count += 1;
            }
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
        failures: failures.into_values().collect(),
        goodbyes: recorder.goodbyes(class) as u64,
    }
}

/// What was seen of each rotation.
pub fn rotations(records: &[Record], windows: &[Window]) -> Vec<Rotation> {
    let mut shown: Vec<_> = records
        .iter()
        .filter(|record| record.opened && !record.resumed)
        .filter_map(|record| Some((record.began, record.done, record.shown?)))
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
        let old = stretch.iter().filter(|(.., of)| *of < window.generation);
        let last_old = old.map(|(began, ..)| *began).max();
        let overlap = match (first_new, last_old) {
            (Some(new), Some(old)) => old.saturating_sub(new),
            _ => Duration::ZERO,
        };
        Rotation {
            number,
            serial: window.serial.clone(),
            began_ms: ms(window.began),
            told_ms: ms(window.told),
            first_new_ms: first_new.map(|new| ms(new) - ms(window.told)),
            last_old_ms: last_old.map(|old| ms(old) - ms(window.told)),
            overlap_ms: ms(overlap),
            settled_ms: window.settled.map(ms),
            complaint: window.complaint.clone(),
        }
    });
    each.collect()
}

/// Whether the last handshake before the next rotation was shown what had been replaced, though
/// others had been shown the new one.
pub fn went_back(records: &[Record], window: &Window, next: Option<&Window>) -> bool {
    let until = next.map_or(Duration::MAX, |next| next.began);
    let stretch = records.iter().filter(|record| {
        record.opened
            && !record.resumed
            && record.failed.is_none()
            && record.shown.is_some()
            && record.began >= window.began
            && record.done <= until
    });
    let last = stretch.max_by_key(|record| record.began);
    window.first_new.is_some()
        && last
            .and_then(|last| last.shown)
            .is_some_and(|shown| shown < window.generation)
}

/// The run in slices.
pub fn timeline(records: &[Record], length: Duration) -> Vec<Slice> {
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
        if record.failed.is_none() {
            let took = (record.done - record.due).as_micros() as u64;
            if record.class != Class::Download && record.paced {
                let slowest = slice.slowest_us.entry(record.class).or_default();
                *slowest = took.max(*slowest);
            }
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

/// Milliseconds, to the microsecond.
pub fn ms(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}
