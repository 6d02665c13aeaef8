//! Pictures for the page: SVG whose colours are classes, so that the page's style decides on them, by
//! day and by night.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, PreEscaped, html};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::report::format;
use crate::report::slices::{coarser, width_ms};
use crate::report::{ClassReport, Phase, Report, Rotation, Slice};
use ch11_verification::attempt::Class;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// The classes of the page's style, each drawn in a colour of its own that is no colour: its place.
const INKS: [&str; 15] = [
    "ink", "soft", "grid", "area", "bad", "mark", "g1", "g2", "g3", "g4", "g5", "g6", "g7", "g8",
    "paper",
];

fn ink(name: &str) -> RGBColor {
    let place = INKS.iter().position(|known| *known == name).unwrap_or(0);
    RGBColor(0xF0, 0x0D, place as u8)
}

/// The generations' colours come round.
fn of_generation(generation: u32) -> RGBColor {
    ink(INKS[6 + (generation % 8) as usize])
}

fn small(size: u32, name: &str, at: HPos) -> TextStyle<'static> {
    // plotters divides by 1.24.
    let font = ("sans-serif", f64::from(size) * 1.24).into_font();
    font.color(&ink(name)).pos(Pos::new(at, VPos::Center))
}

/// A picture, with what it shows in words for those who do not see it.
pub struct Picture<'a> {
    /// Unique in the page.
    pub id: &'a str,
    /// What it is.
    pub title: &'a str,
    /// What is to be seen in it.
    pub description: &'a str,
    /// A class of the style.
    pub class: &'a str,
}

impl Picture<'_> {
    fn drawn(&self, size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Drawn) -> Markup {
        let mut svg = String::new();
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let drawn = draw(&area).and_then(|()| Ok(area.present()?));
        drop(area);
        if let Err(error) = drawn {
            return html! { p { "This picture could not be drawn: " (error.to_string()) } };
        }
        let start = svg
            .find("viewBox")
            .and_then(|from| Some(from + svg[from..].find('>')? + 1));
        let inner = svg.get(start.unwrap_or(0)..).unwrap_or_default();
        let mut inner = inner.trim_end().trim_end_matches("</svg>").to_owned();
        for (place, name) in INKS.iter().enumerate() {
            for what in ["fill", "stroke"] {
                let colour = format!("{what}=\"#F00D{place:02X}\"");
                inner = inner.replace(&colour, &format!("class=\"{what}-{name}\""));
            }
        }
        // What every element says, and what the style says already.
        for said in [
            " opacity=\"1\"",
            " stroke=\"none\"",
            " fill=\"none\"",
            " font-family=\"sans-serif\"",
        ] {
            inner = inner.replace(said, "");
        }
        let (title, description) = (format!("{}-t", self.id), format!("{}-d", self.id));
        html! {
            svg class=(self.class) viewBox=(format!("0 0 {} {}", size.0, size.1)) role="img"
                aria-labelledby=(format!("{title} {description}")) {
                title id=(title) { (self.title) }
                desc id=(description) { (self.description) }
                (PreEscaped(inner))
            }
        }
    }

    /// A lane for each class: attempts, and failures before them. Below, which generation was shown.
    pub fn run(&self, report: &Report, width: u32) -> Markup {
        let lanes = report.classes.len() as u32 + 1;
        let size = (width, 14 + lanes * LANE + 34);
        self.drawn(size, |area| run(area, report, size))
    }

    /// Each rotation as a bar: old only, both, new only.
    pub fn rotations(&self, rotations: &[&Rotation], width: u32) -> Markup {
        let size = (width, 12 + rotations.len() as u32 * ROW + 34);
        self.drawn(size, |area| bars(area, rotations, size))
    }

    /// Latency by quantile, of each phase.
    pub fn latency(&self, class: &ClassReport) -> Markup {
        let size = (460, 270);
        self.drawn(size, |area| latency(area, class))
    }
}

const LANE: u32 = 50;
const ROW: u32 = 22;
const EDGE: u32 = 16;
/// More rotations than this are no picture any more: their marks would cover all else.
pub const MARKED: usize = 60;

fn run(area: &Area<'_>, report: &Report, size: (u32, u32)) -> Drawn {
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

/// Where a moment lies between two others, from 0 to 1. What lies outside is drawn at the edge.
fn share(ms: f64, first: f64, last: f64) -> f64 {
    ((ms - first) / (last - first)).clamp(0.0, 1.0)
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

/// When all had ended that a rotation began, in milliseconds from the moment the server was told.
pub fn over_after(rotation: &Rotation) -> f64 {
    let ends = [
        rotation.first_new_ms,
        rotation.last_old_ms,
        rotation
            .converged_ms
            .map(|converged| converged - rotation.notified_ms),
    ];
    ends.into_iter().flatten().fold(0.0, f64::max)
}

fn bars(area: &Area<'_>, rotations: &[&Rotation], size: (u32, u32)) -> Drawn {
    let written = rotations
        .iter()
        .map(|rotation| rotation.notified_ms - rotation.began_ms);
    let first = -written.fold(0.0, f64::max);
    // Where the new one never came, the bar has no end, and does not say how long the picture is.
    let came = rotations
        .iter()
        .filter(|rotation| rotation.first_new_ms.is_some());
    let last = came.map(|rotation| over_after(rotation));
    let last = last.fold(1.0, f64::max) * 1.08;
    let left = 56;
    let room = f64::from(size.0) - f64::from(left) - f64::from(EDGE);
    let x = |ms: f64| left + (share(ms, first, last) * room).round() as i32;
    let bottom = 8 + rotations.len() as i32 * ROW as i32;
    for (place, rotation) in rotations.iter().enumerate() {
        let top = 8 + place as i32 * ROW as i32;
        let number = format!("#{}", rotation.number);
        let at = (left - 6, top + ROW as i32 / 2);
        area.draw_text(&number, &small(13, "ink", HPos::Right), at)?;
        let bar = |from: f64, to: f64, inset: i32, name: &str| {
            let corners = [
                (x(from), top + 3 + inset),
                (x(to).max(x(from) + 1), top + ROW as i32 - 3 - inset),
            ];
            area.draw(&Rectangle::new(corners, ink(name).filled()))
        };
        let began = rotation.began_ms - rotation.notified_ms;
        let Some(new) = rotation.first_new_ms else {
            bar(began, last, 0, "g1")?;
            let at = ((x(first) + x(last)) / 2, top + ROW as i32 / 2);
            area.draw_text("new one never shown", &small(12, "paper", HPos::Center), at)?;
            continue;
        };
        bar(began, new, 0, "g1")?;
        let old = rotation.last_old_ms.unwrap_or(new);
        if old > new {
            bar(new, old, 2, "g2")?;
        }
        bar(old.max(new), last, 5, "g3")?;
    }
    let told = x(0.0);
    area.draw(&PathElement::new(
        [(told, 2), (told, bottom + 4)],
        ink("mark"),
    ))?;
    let ends = [(left, bottom + 2), (x(last), bottom + 2)];
    area.draw(&PathElement::new(ends, ink("soft")))?;
    area.draw_text(
        "told",
        &small(12, "soft", HPos::Left),
        (told - 2, bottom + 18),
    )?;
    for share in [0.5, 1.0] {
        let ms = last / 1.08 * share;
        let at = x(ms);
        area.draw(&PathElement::new(
            [(at, bottom + 2), (at, bottom + 7)],
            ink("soft"),
        ))?;
        let said = format!("+{}", format::millis(ms));
        area.draw_text(&said, &small(12, "soft", HPos::Center), (at, bottom + 18))?;
    }
    Ok(())
}

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
        // From the first of those who took as long to the last of them: the last one of all has no
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

fn latency(area: &Area<'_>, class: &ClassReport) -> Drawn {
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
