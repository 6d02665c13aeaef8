//! When to renew, and when to try again.
//!
//! Each draw comes from a generator that the caller seeds, and the time is what the caller says it
//! is: both the fleet of a test and one agent in production are the same function.

use std::time::Duration;

use clap::Args;
use fastrand::Rng;
use time::OffsetDateTime;

use crate::error::Error;

// ANCHOR: schedule
/// When a leaf is renewed.
#[derive(Args, Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Renew when this part of the lifetime has passed, 0 to 0.9 [default: two thirds].
    #[arg(
        long = "at",
        default_value_t = 2.0 / 3.0,
        hide_default_value = true,
        value_parser = part,
        value_name = "PART"
    )]
    pub at: f64,
    /// Spread renewals evenly over this part of the lifetime, 0 to 0.9, half of it before `--at`.
    #[arg(long, default_value_t = 0.1, value_parser = part, value_name = "PART")]
    pub jitter: f64,
}

impl Schedule {
    /// When the leaf of this validity is renewed: by lot, and never after nine tenths. A spread that
    /// would go beyond either end is moved rather than cut: at a cut, agents would come at once.
    pub fn due(
        &self,
        (not_before, not_after): (OffsetDateTime, OffsetDateTime),
        lot: &mut Rng,
    ) -> OffsetDateTime {
        let from = (self.at - self.jitter / 2.0)
            .min(LATEST - self.jitter)
            .max(0.0);
        let part = from + self.jitter * lot.f64();
        not_before + (not_after - not_before) * part
    }
}
// ANCHOR_END: schedule

// ANCHOR: pause
/// The part of a lifetime after which no agent waits any longer: the rest must do for some tries.
/// No spread is wider.
pub const LATEST: f64 = 0.9;

/// How long to wait after so many failures in a row, when `left` is left of the lifetime.
///
/// It doubles from a hundredth of the lifetime on, and half of it is drawn by lot. Of what is left
/// it takes half at most, so that there is always a try before the end; and after the end it goes
/// on.
pub fn pause(failures: u32, lifetime: Duration, left: Duration, lot: &mut Rng) -> Duration {
    let doubled = (lifetime / 100).saturating_mul(1 << failures.saturating_sub(1).min(16));
    let bound = if left.is_zero() {
        lifetime / 10
    } else {
        left / 2
    };
    let whole = doubled.min(bound).min(LONGEST);
    whole.mul_f64(0.5 + lot.f64() / 2.0).max(SHORTEST)
}
// ANCHOR_END: pause

/// A pause after a failure is never shorter: an authority that is down must not be hammered.
pub const SHORTEST: Duration = Duration::from_millis(100);

/// And never longer: who mended the authority does not wait for days.
pub const LONGEST: Duration = Duration::from_secs(3600);

fn part(text: &str) -> Result<f64, Error> {
    match text.parse::<f64>() {
        Ok(part) if (0.0..=LATEST).contains(&part) => Ok(part),
        _ => Err(Error::Part(LATEST)),
    }
}
