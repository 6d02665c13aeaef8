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

use crate::attempt::{Attempt, Class, Kept};
use crate::bound::upper;
use crate::phase::{during, rotations_met, went_back};
use crate::rotation::Window;

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
        let failed = match self.failed {
            0 => "none".to_owned(),
            failed => failed.to_string(),
        };
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
pub fn risk<'a>(attempts: impl IntoIterator<Item = &'a Attempt>, windows: &[Window]) -> Risk {
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

/// Crossings of a rotation by kept connections, once for each rotation that a connection met. One has
/// failed if a request was lost with the connection during that rotation.
pub fn crossings<'a>(kept: impl IntoIterator<Item = &'a Kept>, windows: &[Window]) -> Share {
    let mut crossings = Share::default();
    for connection in kept {
        let first = windows.partition_point(|window| window.end < connection.from);
        let met = windows[first..].partition_point(|window| window.began <= connection.until);
        crossings.of += met as u64;
        let last = windows[first..first + met].last();
        let is_hit = last.is_some_and(|last| last.end >= connection.until);
        crossings.failed += u64::from(connection.lost && is_hit);
    }
    crossings
}

/// What can be wrong with a rotation although no attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No handshake showed the new certificate.
    NotPickedUp,
    /// Handshakes showed the new certificate, and in the end the old one again.
    WentBack,
    /// Some handshakes showed the new certificate and some the old one, for as long as was waited.
    SideBySide,
}

// ANCHOR: judge
/// What is said of a server.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// What was at risk.
    pub risk: Risk,
    /// The same for each class that made attempts.
    pub by_class: BTreeMap<Class, Risk>,
    /// The rotations that were at fault, by the generation that was written.
    pub faults: BTreeMap<u32, Fault>,
    /// For how long clients were shown the old certificate, for each rotation that was picked up.
    pub new_after: Vec<Duration>,
}

/// Judges a server by the attempts that were made and the rotations between them.
pub fn judge(attempts: &[Attempt], windows: &[Window]) -> Judgement {
    let mut by_class: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for attempt in attempts {
        by_class.entry(attempt.class).or_default().push(attempt);
    }
    let by_class = by_class.into_iter();
    let nexts = windows.iter().skip(1).map(Some).chain([None]);
    let faults = windows
        .iter()
        .zip(nexts)
        .filter_map(|(window, next)| Some((window.generation, fault(attempts, window, next)?)));
    Judgement {
        risk: risk(attempts, windows),
        by_class: by_class
            .map(|(class, of)| (class, risk(of, windows)))
            .collect(),
        faults: faults.collect(),
        new_after: windows.iter().filter_map(Window::new_after).collect(),
    }
}

fn fault(attempts: &[Attempt], window: &Window, next: Option<&Window>) -> Option<Fault> {
    match (window.first_new, window.converged) {
        (None, _) => Some(Fault::NotPickedUp),
        _ if went_back(attempts, window, next) => Some(Fault::WentBack),
        (_, None) => Some(Fault::SideBySide),
        _ => None,
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
        let verdict = match self.zero_downtime() {
            Some(true) => "zero downtime",
            Some(false) => "not zero downtime",
            None => "no verdict, since no attempt met a rotation",
        };
        writeln!(f, "{verdict}")?;
        for (class, risk) in &self.by_class {
            let (during, all) = match class {
                Class::Download => ("crossings of a rotation", "downloads in all"),
                _ => ("attempts during rotations", "attempts in all"),
            };
            writeln!(f, "  {class}: {}", risk.during.words(during))?;
            writeln!(f, "  {class}: {}", risk.all.words(all))?;
        }
        writeln!(f, "  {}", self.risk.rotations.words("rotations"))?;
        for (generation, fault) in &self.faults {
            let shown = match fault {
                Fault::NotPickedUp => "was never shown",
                Fault::WentBack => "was shown, and then the old one again",
                Fault::SideBySide => "was shown by some handshakes only",
            };
            writeln!(f, "  the certificate of generation {generation} {shown}")?;
        }
        match self.new_after.iter().max() {
            Some(worst) => writeln!(
                f,
                "  new certificate after {} ms at most",
                worst.as_millis()
            ),
            None => Ok(()),
        }
    }
}
