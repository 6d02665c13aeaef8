//! A judgement: what the attempts and rotations of a run say of the server.
//!
//! A bound is only as good as what it counts. Most attempts of a run are made while no rotation is in
//! progress. They could not have failed for one, so they say nothing about rotations, and a bound over
//! all attempts is too good. [`Risk`] keeps three counts apart: all attempts, those that met a rotation,
//! and the rotations themselves. The second bound holds if attempts fail independently of each other.
//! Where all attempts of a rotation share its fate, only the third does. The truth lies between.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use crate::attempt::{Attempt, Class};
use crate::bound::upper;
use crate::rotation::{Window, during, rotations_met, went_back};

/// How many failed, of those that could have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// The failures.
    pub failed: u64,
    /// All that could have failed.
    pub of: u64,
}

impl Share {
    /// With 95 % confidence the true rate is not above this, if they fail independently of each other.
    pub fn below(self) -> f64 {
        upper(self.failed, self.of)
    }

    /// In words: "none of 12 downloads in all failed (below 22.1 %)".
    fn words(self, what: &str) -> String {
        // Rounded up: a bound that is rounded down is none.
        let (of, below) = (self.of, (self.below() * 1000.0).ceil() / 10.0);
        let failed = self.failed.to_string();
        let failed = if self.failed == 0 { "none" } else { &failed };
        format!("{failed} of {of} {what} failed (below {below:.1} %)")
    }
}

// ANCHOR: risk
/// What could have failed, and what did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Risk {
    /// All attempts.
    pub all: Share,
    /// Attempts that met a rotation, once for each rotation that they met. This is what was at risk.
    pub during: Share,
    /// Rotations. One has failed if an attempt failed during it.
    pub rotations: Share,
    /// The generations of those that have.
    pub harmed: BTreeSet<u32>,
}

/// Counts what was at risk.
pub fn risk<'a, F: 'a>(
    attempts: impl IntoIterator<Item = &'a Attempt<F>>,
    windows: &[Window],
) -> Risk {
    let mut risk = Risk::default();
    for attempt in attempts {
        risk.all.of += 1;
        risk.during.of += rotations_met(attempt, windows);
        if attempt.failed.is_some() {
            risk.all.failed += 1;
            let rotation = during(attempt, windows).map(|window| window.generation);
            risk.during.failed += u64::from(rotation.is_some());
            risk.harmed.extend(rotation);
        }
    }
    risk.rotations.of = windows.len() as u64;
    risk.rotations.failed = risk.harmed.len() as u64;
    risk
}
// ANCHOR_END: risk

/// What is wrong with a rotation although no attempt failed.
fn fault(attempts: &[Attempt], window: &Window, next: Option<&Window>) -> Option<&'static str> {
    match (window.first_new, window.converged) {
        (None, _) => Some("was never shown"),
        _ if went_back(attempts, window, next) => Some("was shown, and then the old one again"),
        (_, None) => Some("was shown by some handshakes only"),
        _ => None,
    }
}

// ANCHOR: judge
/// What is said of a server.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// What was at risk.
    pub risk: Risk,
    /// The same for each class that made attempts.
    pub by_class: BTreeMap<Class, Risk>,
    /// What is wrong with a rotation, by the generation that was written, although no attempt failed.
    pub faults: BTreeMap<u32, &'static str>,
    /// For how long clients were shown the old certificate, for each rotation that was picked up: from
    /// the agent's first write to the end of the first handshake that showed the new one.
    pub new_after: Vec<Duration>,
}

/// Judges a server by the attempts that were made and the rotations between them.
pub fn judge(attempts: &[Attempt], windows: &[Window]) -> Judgement {
    let classes: BTreeSet<_> = attempts.iter().map(|of| of.class).collect();
    let of_class = |class| risk(attempts.iter().filter(|of| of.class == class), windows);
    let new_after = |of: &Window| Some(of.first_new?.saturating_sub(of.began));
    let faults = windows.iter().enumerate().filter_map(|(at, window)| {
        let fault = fault(attempts, window, windows.get(at + 1))?;
        Some((window.generation, fault))
    });
    Judgement {
        risk: risk(attempts, windows),
        by_class: classes.into_iter().map(|of| (of, of_class(of))).collect(),
        faults: faults.collect(),
        new_after: windows.iter().filter_map(new_after).collect(),
    }
}

impl Judgement {
    /// Whether each rotation was picked up and no attempt failed. `None` where no attempt met a
    /// rotation, because then nothing is known.
    pub fn zero_downtime(&self) -> Option<bool> {
        let no_fault = self.risk.all.failed == 0 && self.faults.is_empty();
        (!no_fault || self.risk.during.of > 0).then_some(no_fault)
    }
}
// ANCHOR_END: judge

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.zero_downtime() {
            Some(true) => "zero downtime\n",
            Some(false) => "not zero downtime\n",
            None => "no verdict, since no attempt met a rotation\n",
        })?;
        for (class, risk) in &self.by_class {
            let (during, all) = match class {
                Class::Download => ("crossings of a rotation", "downloads in all"),
                _ => ("attempts during rotations", "attempts in all"),
            };
            for line in [risk.during.words(during), risk.all.words(all)] {
                writeln!(f, "  {class}: {line}")?;
            }
        }
        writeln!(f, "  {}", self.risk.rotations.words("rotations"))?;
        for (generation, fault) in &self.faults {
            writeln!(f, "  the certificate of generation {generation} {fault}")?;
        }
        if let Some(worst) = self.new_after.iter().max().map(Duration::as_millis) {
            writeln!(f, "  new certificate after {worst} ms at most")?;
        }
        Ok(())
    }
}
