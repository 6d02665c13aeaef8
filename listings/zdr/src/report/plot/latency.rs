//! Latency by quantile, a curve for each phase.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::ink::{Area, Drawn, ink, small};
use crate::report::format;
use crate::report::{ClassReport, Phase};

/// The share of attempts that took longer, as a number of nines: 0 is all, 2 one of a hundred.
fn nines(longer: f64) -> f64 {
    -longer.log10()
}

/// A curve as points: nines, and microseconds. As many as can be told apart.
fn curve(counts: &[(u64, u64)]) -> Vec<(f64, f64)> {
    let all = counts.iter().map(|(_, count)| count).sum::<u64>().max(1) as f64;
    let mut points: Vec<(f64, f64)> = Vec::new();
    let mut below = 0_u64;
    for (value, count) in counts {
        // From the first attempt that took as long to the last: the last one of all has no
        // share that took longer, and stands at half of one attempt.
        for place in [below, below + count] {
            let longer = (1.0 - place as f64 / all).max(0.5 / all);
            let point = (nines(longer), (*value).max(1) as f64);
            let near = |last: &(f64, f64)| {
                (point.0 - last.0).abs() < 0.01 && (point.1 / last.1).ln().abs() < 0.01
            };
            if !points.last().is_some_and(near) {
                points.push(point);
            }
        }
        below += count;
    }
    points
}

pub(super) fn latency(area: &Area<'_>, class: &ClassReport) -> Drawn {
    let curves: Vec<(Phase, Vec<(f64, f64)>)> = class
        .phases
        .iter()
        .filter(|(_, phase)| !phase.latency.counts.is_empty())
        .map(|(phase, report)| (*phase, curve(&report.latency.counts)))
        .collect();
    let points = || curves.iter().flat_map(|(_, points)| points);
    let right = points().map(|point| point.0).fold(1.0, f64::max);
    let low = points().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let high = points().map(|point| point.1).fold(10.0, f64::max);
    let (low, high) = (low.min(high / 10.0) * 0.9, high * 1.4);
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .margin_right(24)
        .x_label_area_size(28)
        .y_label_area_size(64)
        .build_cartesian_2d(
            0.0..right,
            (low..high).log_scale().with_key_points(rounds(low, high)),
        )?;
    chart
        .configure_mesh()
        .bold_line_style(ink("grid"))
        .light_line_style(TRANSPARENT)
        .axis_style(ink("soft"))
        .x_labels(right.ceil() as usize + 1)
        .y_labels(12)
        .x_label_formatter(&|nines| quantile(*nines))
        .y_label_formatter(&|micros| format::micros(micros.round() as u64))
        .label_style(small(14, "soft", HPos::Center))
        .draw()?;
    for (phase, points) in &curves {
        let (name, wide) = match phase {
            Phase::Before => ("g1", 2),
            Phase::During => ("g2", 3),
            Phase::After => ("g3", 2),
        };
        let style = ink(name).stroke_width(wide);
        chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
    }
    Ok(())
}

/// Round values for a scale that is logarithmic: as many as can be told apart.
fn rounds(low: f64, high: f64) -> Vec<f64> {
    let between = match (high / low).log10() {
        ..2.6 => &[1.0, 2.0, 5.0][..],
        ..4.0 => &[1.0, 3.0],
        _ => &[1.0],
    };
    let decades = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
    let values = decades.flat_map(|decade| between.iter().map(move |of| of * 10_f64.powi(decade)));
    values.filter(|value| (low..high).contains(value)).collect()
}

/// `p99` for two nines.
fn quantile(nines: f64) -> String {
    match nines.round() as u32 {
        0 => "p0".into(),
        1 => "p90".into(),
        2 => "p99".into(),
        n => format!("p99.{}", "9".repeat(n as usize - 2)),
    }
}
