//! The run over time: a lane for each class of clients, and one for the certificate that was shown.

use std::collections::{BTreeMap, BTreeSet};

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::ink::{Area, Drawn, EDGE, ink, of_generation, share, small};
use crate::report::format;
use crate::report::slices::{coarser, width_ms};
use crate::report::{ClassReport, Report, Slice};
use ch11_verification::attempt::Class;

pub(super) const LANE: u32 = 50;

/// More rotations than this are no picture any more: their marks would cover all else.
pub(crate) const MARKED: usize = 60;

pub(super) fn run(area: &Area<'_>, report: &Report, size: (u32, u32)) -> Drawn {
    let slices = coarser(&report.timeline, (size.0 as usize - 2 * EDGE as usize) / 2);
    let step = width_ms(&slices).max(1.0);
    let first = slices.first().map_or(0.0, |slice| slice.at_ms).min(0.0);
    // The last slice may be shorter than the others: it ends with the run.
    let ended = report.seconds * 1e3;
    let whole = slices.last().map_or(0.0, |slice| slice.at_ms + step);
    let begun = slices.last().map_or(0.0, |slice| slice.at_ms + 1.0);
    let last = ended.clamp(begun, whole.max(begun)).max(first + 1.0);
    let until = |slice: &Slice| (slice.at_ms + step).min(last);
    let room = f64::from(size.0 - 2 * EDGE);
    let x = |ms: f64| EDGE as i32 + (share(ms, first, last) * room).round() as i32;
    let bottom = 14 + (report.classes.len() as i32 + 1) * LANE as i32;

    for (place, class) in report.classes.iter().enumerate() {
        let top = 14 + place as i32 * LANE as i32;
        lane(area, class, &slices, &until, top, &x)?;
    }
    shown(area, &slices, &until, bottom - LANE as i32, &x)?;
    let marked = if report.rotations.len() <= MARKED {
        &report.rotations[..]
    } else {
        &[]
    };
    for rotation in marked {
        let x = x(rotation.began_ms);
        for place in 0..=report.classes.len() as i32 {
            let floor = 14 + place * LANE as i32 + 42;
            area.draw(&PathElement::new(
                [(x, floor - 27), (x, floor + 3)],
                ink("mark"),
            ))?;
        }
    }
    axis(area, first / 1e3, last / 1e3, bottom, size.0, &x)
}

fn lane(
    area: &Area<'_>,
    class: &ClassReport,
    slices: &[Slice],
    until: &impl Fn(&Slice) -> f64,
    top: i32,
    x: &impl Fn(f64) -> i32,
) -> Drawn {
    let of = |sums: &BTreeMap<Class, u64>| sums.get(&class.class).copied().unwrap_or(0);
    // In a millisecond, because slices may be of different length.
    let rate = |slice: &Slice, count: u64| count as f64 / (until(slice) - slice.at_ms).max(1.0);
    let rates = slices.iter().map(|slice| rate(slice, of(&slice.attempts)));
    let most = rates.fold(f64::MIN_POSITIVE, f64::max);
    let (floor, height) = (top + 42, 24.0);
    let mut outline = vec![(x(slices.first().map_or(0.0, |s| s.at_ms)), floor)];
    for slice in slices {
        let tall = rate(slice, of(&slice.attempts)) / most * height;
        let y = floor - tall.round() as i32;
        outline.extend([(x(slice.at_ms), y), (x(until(slice)), y)]);
    }
    if let Some((end, _)) = outline.last().copied() {
        outline.push((end, floor));
    }
    if outline.len() > 2 {
        area.draw(&Polygon::new(outline, ink("area").filled()))?;
    }
    for slice in slices.iter().filter(|slice| of(&slice.failed) > 0) {
        let tall = rate(slice, of(&slice.failed)) / most * height;
        let tall = tall.round().max(4.0) as i32;
        let (from, to) = (x(slice.at_ms), x(until(slice)));
        let bar = [(from, floor - tall.min(24)), (to.max(from + 2), floor)];
        area.draw(&Rectangle::new(bar, ink("bad").filled()))?;
    }
    let failed = match class.failed {
        0 => "none failed".into(),
        failed => format!("{} failed", format::count(failed)),
    };
    let attempts = format::counted(class.attempts, "attempt");
    let label = format!("{}: {attempts}, {failed}", class.class);
    let colour = if class.failed > 0 { "bad" } else { "ink" };
    area.draw_text(
        &label,
        &small(13, colour, HPos::Left),
        (EDGE as i32, top + 8),
    )?;
    Ok(())
}

/// The shares of generations among full handshakes, one above the other.
fn shown(
    area: &Area<'_>,
    slices: &[Slice],
    until: &impl Fn(&Slice) -> f64,
    top: i32,
    x: &impl Fn(f64) -> i32,
) -> Drawn {
    let (floor, height) = (top + 42, 24.0);
    let generations = slices.iter().flat_map(|slice| slice.shown.keys());
    let crowded = generations.collect::<BTreeSet<_>>().len() > MARKED + 1;
    let label = if crowded {
        "certificate shown: too many to tell apart"
    } else {
        "certificate shown, a colour for each generation"
    };
    let at = (EDGE as i32, top + 8);
    area.draw_text(label, &small(13, "ink", HPos::Left), at)?;
    if crowded {
        return Ok(());
    }
    // Slices that show the same are one rectangle.
    let shares = |slice: &Slice| {
        let all = slice.shown.values().sum::<u64>().max(1) as f64;
        let shares = slice.shown.iter().filter(|(_, count)| **count > 0);
        let shares = shares.map(|(generation, count)| (*generation, *count as f64 / all));
        shares.collect::<Vec<(u32, f64)>>()
    };
    for same in slices.chunk_by(|a, b| a.shown.len() < 2 && shares(a) == shares(b)) {
        let (from, to) = (x(same[0].at_ms), x(until(&same[same.len() - 1])));
        let mut below = 0.0;
        for (generation, part) in shares(&same[0]) {
            let y = |share: f64| floor - (share * height).round() as i32;
            let corners = [(from, y(below + part)), (to.max(from + 1), y(below))];
            area.draw(&Rectangle::new(corners, of_generation(generation).filled()))?;
            below += part;
        }
    }
    Ok(())
}

/// Time, in steps that people count in.
fn axis(
    area: &Area<'_>,
    first: f64,
    last: f64,
    y: i32,
    width: u32,
    x: &impl Fn(f64) -> i32,
) -> Drawn {
    let ends = [(EDGE as i32, y), ((width - EDGE) as i32, y)];
    area.draw(&PathElement::new(ends, ink("soft")))?;
    let steps = [
        0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_200.0,
        1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0, 86_400.0, 172_800.0, 604_800.0,
    ];
    let most = f64::from(width / 90);
    let step = steps.iter().find(|step| (last - first) / **step <= most);
    let step = step.copied().unwrap_or((last - first).max(1.0));
    for tick in 0..=((last / step) as u32) {
        let seconds = f64::from(tick) * step;
        let at = x(seconds * 1e3);
        area.draw(&PathElement::new([(at, y), (at, y + 5)], ink("soft")))?;
        let said = match step {
            _ if tick == 0 => "0".into(),
            ..1.0 => format!("{seconds:.1} s"),
            1.0..60.0 => format!("{seconds} s"),
            60.0..3_600.0 => format!("{} min", seconds / 60.0),
            3_600.0..86_400.0 => format!("{} h", seconds / 3_600.0),
            _ => format!("{} d", seconds / 86_400.0),
        };
        let at_the_edge = at + 22 > width as i32;
        let (pos, at) = match (tick, at_the_edge) {
            (0, _) => (HPos::Left, at - 4),
            (_, true) => (HPos::Right, width as i32 - 2),
            _ => (HPos::Center, at),
        };
        area.draw_text(&said, &small(12, "soft", pos), (at, y + 15))?;
    }
    Ok(())
}
