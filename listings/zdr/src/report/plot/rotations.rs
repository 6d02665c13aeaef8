//! Each rotation as a bar: only the old certificate shown, both, only the new one.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::ink::{Area, Drawn, EDGE, ink, share, small};
use crate::report::Rotation;
use crate::report::format;

pub(super) const ROW: u32 = 22;

/// When all had ended that a rotation began, in milliseconds from the moment the server was told.
pub(crate) fn over_after(rotation: &Rotation) -> f64 {
    let ends = [
        rotation.first_new_ms,
        rotation.last_old_ms,
        rotation
            .converged_ms
            .map(|converged| converged - rotation.notified_ms),
    ];
    ends.into_iter().flatten().fold(0.0, f64::max)
}

pub(super) fn bars(area: &Area<'_>, rotations: &[&Rotation], size: (u32, u32)) -> Drawn {
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
