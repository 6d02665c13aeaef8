//! Each rotation as a bar: only the old certificate shown, both, only the new one.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::ink::{Area, Drawn, EDGE, ink, share, small};
use crate::report::Rotation;
use crate::report::format;

pub(super) const ROW: u32 = 22;

/// When all had ended that a rotation began, in milliseconds from the notification of the
/// server.
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

/// Room for the rotations' numbers, on the left.
const LEFT: i32 = 56;

/// From which moment to which the picture goes, in milliseconds from the notification, and where each
/// stands.
struct Scale {
    first: f64,
    last: f64,
    room: f64,
}

impl Scale {
    fn of(rotations: &[&Rotation], width: u32) -> Self {
        let written = rotations
            .iter()
            .map(|rotation| rotation.notified_ms - rotation.began_ms);
        // Where the new one never came, the bar has no end, and does not say how long the picture is.
        let came = rotations
            .iter()
            .filter(|rotation| rotation.first_new_ms.is_some());
        let last = came.map(|rotation| over_after(rotation));
        Self {
            first: -written.fold(0.0, f64::max),
            last: last.fold(1.0, f64::max) * MARGIN,
            room: f64::from(width) - f64::from(LEFT) - f64::from(EDGE),
        }
    }

    fn x(&self, ms: f64) -> i32 {
        LEFT + (share(ms, self.first, self.last) * self.room).round() as i32
    }
}

/// How much longer the picture is than its longest rotation.
const MARGIN: f64 = 1.08;

pub(super) fn bars(area: &Area<'_>, rotations: &[&Rotation], size: (u32, u32)) -> Drawn {
    let scale = Scale::of(rotations, size.0);
    for (place, rotation) in rotations.iter().enumerate() {
        bar(area, rotation, &scale, 8 + place as i32 * ROW as i32)?;
    }
    axis(area, &scale, 8 + rotations.len() as i32 * ROW as i32)
}

fn bar(area: &Area<'_>, rotation: &Rotation, scale: &Scale, top: i32) -> Drawn {
    let x = |ms| scale.x(ms);
    let middle = top + ROW as i32 / 2;
    let number = format!("#{}", rotation.number);
    area.draw_text(&number, &small(13, "ink", HPos::Right), (LEFT - 6, middle))?;
    let part = |from: f64, to: f64, inset: i32, name: &str| {
        let corners = [
            (x(from), top + 3 + inset),
            (x(to).max(x(from) + 1), top + ROW as i32 - 3 - inset),
        ];
        area.draw(&Rectangle::new(corners, ink(name).filled()))
    };
    let began = rotation.began_ms - rotation.notified_ms;
    let Some(new) = rotation.first_new_ms else {
        part(began, scale.last, 0, "g1")?;
        let at = ((x(scale.first) + x(scale.last)) / 2, middle);
        area.draw_text("new one never shown", &small(12, "paper", HPos::Center), at)?;
        return Ok(());
    };
    part(began, new, 0, "g1")?;
    let old = rotation.last_old_ms.unwrap_or(new);
    if old > new {
        part(new, old, 2, "g2")?;
    }
    part(old.max(new), scale.last, 5, "g3")?;
    Ok(())
}

fn axis(area: &Area<'_>, scale: &Scale, bottom: i32) -> Drawn {
    let notified = scale.x(0.0);
    area.draw(&PathElement::new(
        [(notified, 2), (notified, bottom + 4)],
        ink("mark"),
    ))?;
    let ends = [(LEFT, bottom + 2), (scale.x(scale.last), bottom + 2)];
    area.draw(&PathElement::new(ends, ink("soft")))?;
    area.draw_text(
        "notified",
        &small(12, "soft", HPos::Left),
        (notified - 2, bottom + 18),
    )?;
    for share in [0.5, 1.0] {
        let ms = scale.last / MARGIN * share;
        let at = scale.x(ms);
        area.draw(&PathElement::new(
            [(at, bottom + 2), (at, bottom + 7)],
            ink("soft"),
        ))?;
        let said = format!("+{}", format::millis(ms));
        area.draw_text(&said, &small(12, "soft", HPos::Center), (at, bottom + 18))?;
    }
    Ok(())
}
