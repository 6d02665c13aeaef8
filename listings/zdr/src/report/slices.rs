//! The run in slices of time, in as few as a picture can show.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use crate::report::Slice;

/// The same run in at most so many slices: neighbours are joined, always as many of them. A run of a
/// day would otherwise make a report of a hundred megabytes, and no picture is that wide.
pub fn coarser(slices: &[Slice], most: usize) -> Vec<Slice> {
    let joined = slices.len().div_ceil(most.max(1)).max(1);
    slices.chunks(joined).map(join).collect()
}

fn join(neighbours: &[Slice]) -> Slice {
    let mut all = Slice::default();
    for slice in neighbours.iter().rev() {
        all.at_ms = slice.at_ms;
        join_in(&mut all, slice);
    }
    all
}

/// Adds what happened in a slice to another.
pub fn join_in(sum: &mut Slice, part: &Slice) {
    add(&mut sum.attempts, &part.attempts);
    add(&mut sum.failed, &part.failed);
    add(&mut sum.shown, &part.shown);
    for (class, slowest) in &part.slowest_us {
        let known = sum.slowest_us.entry(*class).or_default();
        *known = (*known).max(*slowest);
    }
}

fn add<K: Copy + Ord, V: AddAssign + Copy + Default>(
    sums: &mut BTreeMap<K, V>,
    parts: &BTreeMap<K, V>,
) {
    for (key, part) in parts {
        *sums.entry(*key).or_default() += *part;
    }
}

/// From the beginning of a slice to that of the next, in milliseconds. 0 where there is no next.
pub fn width_ms(slices: &[Slice]) -> f64 {
    let steps = slices.windows(2).map(|pair| pair[1].at_ms - pair[0].at_ms);
    let steps = steps.filter(|step| *step > 0.0);
    steps.min_by(f64::total_cmp).unwrap_or(0.0)
}
