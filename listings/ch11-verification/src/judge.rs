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

use crate::attempt::{Attempt, Class, FailureKind};
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

    /// In words: "none of 12 downloads failed (below 22.1 %)".
    fn words(self, what: &str) -> String {
        let (of, below) = (self.of, self.below() * 100.0);
        match self.failed {
            0 => format!("none of {of} {what} failed (below {below:.1} %)"),
            failed => format!("{failed} of {of} {what} failed (below {below:.1} %)"),
        }
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
}

/// Counts what was at risk.
pub fn risk<'a>(attempts: impl IntoIterator<Item = &'a Attempt>, windows: &[Window]) -> Risk {
    let (mut risk, mut harmful) = (Risk::default(), BTreeSet::new());
    for attempt in attempts {
        risk.all.of += 1;
        risk.during.of += rotations_met(attempt, windows);
        if attempt.failed.is_some() {
            risk.all.failed += 1;
            let rotation = during(attempt, windows).map(|window| window.generation);
            risk.during.failed += u64::from(rotation.is_some());
            harmful.extend(rotation);
        }
    }
    risk.rotations.of = windows.len() as u64;
    risk.rotations.failed = harmful.len() as u64;
    risk
}
// ANCHOR_END: risk

/// What can be wrong with a rotation although no attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No handshake showed the new certificate.
    NotPickedUp,
    /// Handshakes showed the new certificate, and then the old one again for good.
    WentBack,
    /// Handshakes showed sometimes the new and sometimes the old one for as long as was waited.
    SideBySide,
}

/// What is said of a server.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// What was at risk, by class, for the classes that made attempts.
    pub risks: BTreeMap<Class, Risk>,
    /// How often attempts failed, by class and kind.
    pub failures: BTreeMap<(Class, FailureKind), u64>,
    /// The generations whose rotation was at fault.
    pub faults: Vec<(u32, Fault)>,
    /// For how long clients were shown the old certificate, for each rotation that was picked up.
    pub new_after: Vec<Duration>,
    /// How many rotations there were.
    pub rotations: usize,
}

// ANCHOR: judge
/// Judges a server by the attempts that were made and the rotations in between.
pub fn judge(attempts: &[Attempt], windows: &[Window]) -> Judgement {
    let mut failures = BTreeMap::new();
    for attempt in attempts {
        if let Some(kind) = attempt.failed {
            *failures.entry((attempt.class, kind)).or_default() += 1;
        }
    }
    let of = |class| {
        attempts
            .iter()
            .filter(move |attempt| attempt.class == class)
    };
    let classes: BTreeSet<_> = attempts.iter().map(|attempt| attempt.class).collect();
    let next = windows.iter().skip(1).map(Some).chain([None]);
    let fault = |(window, next): (&Window, Option<&Window>)| {
        let fault = match (window.first_new, window.converged) {
            (None, _) => Fault::NotPickedUp,
            _ if went_back(attempts, window, next) => Fault::WentBack,
            (_, None) => Fault::SideBySide,
            _ => return None,
        };
        Some((window.generation, fault))
    };
    Judgement {
        risks: classes
            .into_iter()
            .map(|class| (class, risk(of(class), windows)))
            .collect(),
        failures,
        faults: windows.iter().zip(next).filter_map(fault).collect(),
        new_after: windows.iter().filter_map(Window::new_after).collect(),
        rotations: windows.len(),
    }
}

impl Judgement {
    /// Whether each rotation was picked up and no attempt failed. `None` where no attempt met a rotation:
    /// then nothing is known.
    pub fn zero_downtime(&self) -> Option<bool> {
        let at_risk: u64 = self.risks.values().map(|risk| risk.during.of).sum();
        match self.failures.is_empty() && self.faults.is_empty() {
            false => Some(false),
            true => (at_risk > 0).then_some(true),
        }
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
        writeln!(f, "{verdict}, {} rotations", self.rotations)?;
        for (generation, fault) in &self.faults {
            writeln!(f, "  rotation to generation {generation}: {fault:?}")?;
        }
        for (class, risk) in &self.risks {
            let (what, met) = match class {
                Class::Download => ("downloads", "crossings of a rotation"),
                _ => ("attempts", "attempts"),
            };
            writeln!(f, "  {class}, all: {}", risk.all.words(what))?;
            writeln!(f, "  {class}, at risk: {}", risk.during.words(met))?;
            writeln!(
                f,
                "  {class}, by rotation: {}",
                risk.rotations.words("rotations")
            )?;
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
