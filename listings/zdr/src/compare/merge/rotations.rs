//! The rotations of one run, as several load generators saw them.

use std::collections::{BTreeMap, BTreeSet};

use super::run::{MergeError, Run, cannot, since, united};
use crate::report::Rotation;

/// The rotations of the one that rotated, as all saw them. A generator that only loads may list the
/// rotations it saw: those are the same where number and serial are.
pub(super) fn rotations(runs: &[Run], zero: i128) -> Result<Vec<Rotation>, MergeError> {
    let mut by_number: BTreeMap<u32, Vec<(&Run, &Rotation)>> = BTreeMap::new();
    for run in runs {
        for rotation in &run.report.rotations {
            by_number
                .entry(rotation.number)
                .or_default()
                .push((run, rotation));
        }
    }
    let seen = by_number.into_iter().map(|(number, seen)| {
        let serials: BTreeSet<&str> = seen.iter().map(|(_, r)| r.serial.as_str()).collect();
        if serials.len() > 1 {
            return cannot(format!(
                "rotation {number} brought the serial {} in one and {} in another: more than one of \
                 them rotated",
                serials.first().unwrap_or(&""),
                serials.last().unwrap_or(&"")
            ));
        }
        Ok(as_all_saw(number, &seen, zero))
    });
    seen.collect()
}

fn as_all_saw(number: u32, seen: &[(&Run, &Rotation)], zero: i128) -> Rotation {
    let moments = |of: fn(&Rotation) -> Option<f64>| {
        let moments = seen
            .iter()
            .filter_map(move |(run, r)| of(r).map(|ms| run.at(ms)));
        moments.collect::<Vec<i128>>()
    };
    let began = moments(|r| Some(r.began_ms)).into_iter().min();
    let notified = moments(|r| Some(r.notified_ms)).into_iter().min();
    let (began, notified) = (began.unwrap_or(zero), notified.unwrap_or(zero));
    let first_new = moments(|r| r.first_new_ms.map(|ms| r.notified_ms + ms));
    let first_new = first_new.into_iter().min();
    let last_old = moments(|r| r.last_old_ms.map(|ms| r.notified_ms + ms));
    let last_old = last_old.into_iter().max();
    let converged = moments(|r| r.converged_ms);
    let side_by_side = match (first_new, last_old) {
        (Some(new), Some(old)) => since(new, old).max(0.0),
        _ => 0.0,
    };
    let each = seen.iter().map(|(_, r)| r.overlap_ms);
    let complaint = united(
        seen.iter().filter_map(|(_, r)| r.complaint.as_deref()),
        "; ",
    );
    Rotation {
        number,
        serial: seen[0].1.serial.clone(),
        began_ms: since(zero, began),
        notified_ms: since(zero, notified),
        first_new_ms: first_new.map(|moment| since(notified, moment)),
        last_old_ms: last_old.map(|moment| since(notified, moment)),
        overlap_ms: each.fold(side_by_side, f64::max),
        // Converged only when each of them saw it converge.
        converged_ms: (converged.len() == seen.len())
            .then(|| converged.into_iter().max())
            .flatten()
            .map(|moment| since(zero, moment)),
        complaint: (!complaint.is_empty()).then_some(complaint),
    }
}
