//! From figures to findings.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use crate::attempt::{Attempt, Class, FailureKind};
use crate::judge::left_out::is_left_out;
use crate::judge::measure::ms;
use crate::judge::rejected::Missed;
use crate::judge::tickets;
use crate::load::Added;
use crate::report::format::{self, below, count};
use crate::report::{
    ClassReport, Code, Evidence, Failures, Finding, Handles, Phase, Plan, Rotation, Severity,
    Status,
};
use crate::server::reload::COMMAND;
use ch11_verification::bound::upper;

pub use crate::gate::ROTATION;

impl Code {
    /// What a failed attempt of this kind means.
    pub fn of(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Refused
            | FailureKind::Stalled
            | FailureKind::HandshakeCut
            | FailureKind::Alert
            | FailureKind::Tls => Self::HandshakesFailed,
            FailureKind::Expired
            | FailureKind::NotYetValid
            | FailureKind::WrongName
            | FailureKind::UnknownIssuer
            | FailureKind::WrongKey => Self::UnfitShown,
            FailureKind::WrongChain => Self::WrongChain,
            FailureKind::Status | FailureKind::Lost => Self::RequestsFailed,
            FailureKind::Severed | FailureKind::Interrupted => Self::Severed,
            FailureKind::Corrupt => Self::Corrupt,
            FailureKind::StrangerLetIn => Self::LetIn,
        }
    }

    /// The same of a client of this class. What lasts is in progress when it stalls: no handshake waits.
    pub(crate) fn of_client(kind: FailureKind, class: Class) -> Self {
        match kind {
            FailureKind::Stalled if class.is_long() => Self::Severed,
            kind => Self::of(kind),
        }
    }

    /// Whether it says that what was valid and shown was lost. The table of scenarios and the findings
    /// both ask this.
    pub fn loses_last_good(self) -> bool {
        matches!(
            self,
            Self::LastGoodLost | Self::UnfitShown | Self::WrongChain | Self::WentBack
        )
    }

    /// The entries of the failure catalogue that come to mind, where the scenario does not say it
    /// better.
    pub fn catalogue(self) -> &'static [u32] {
        match self {
            Self::NotPickedUp => &[1, 2, 8, 13, 15, 17, 27, 28],
            Self::WentBack => &[25],
            Self::WorkersDisagree => &[26],
            Self::WrongChain => &[5, 6],
            Self::DescriptorsGrow => &[45],
            Self::UnfitShown => &[3, 4, 5, 35],
            Self::LastGoodLost => &[19, 20],
            Self::NotRecovered => &[20, 28],
            Self::LetIn => &[21],
            Self::TurnedAway => &[32, 33],
            Self::ResumedWithoutTrust => &[30],
            Self::KeyInLog => &[22],
            Self::LogLies => &[27],
            Self::HandshakeWaitsForFiles => &[39],
            Self::ResumesForEver => &[29, 55],
            Self::TicketsLost => &[31],
            Self::DidNotStart => &[13],
            Self::Stopped => &[16, 19],
            _ => &[],
        }
    }
}

/// A finding, with the entries of the catalogue that come to mind.
pub fn finding(severity: Severity, code: Code, scenario: &str, words: String) -> Finding {
    Finding {
        severity,
        code,
        scenario: scenario.to_owned(),
        words,
        catalogue: code.catalogue().to_vec(),
        status: Status::Counted,
        evidence: Vec::new(),
        class: None,
        differs: None,
    }
}

/// A share with its bound: "none of 1,200 (below 0.25 %)".
pub fn share(failed: u64, attempts: u64) -> String {
    let (of, below) = (count(attempts), below(upper(failed, attempts)));
    match failed {
        0 => format!("none of {of} (below {below})"),
        _ => format!("{} of {of} (below {below})", count(failed)),
    }
}

/// What the classes of clients met.
pub fn of_classes(classes: &[ClassReport]) -> Vec<Finding> {
    let mut found = Vec::new();
    for class in classes {
        let mut by_code: BTreeMap<Code, BTreeMap<FailureKind, (u64, u64)>> = BTreeMap::new();
        for failures in &class.failures {
            let kinds = by_code
                .entry(Code::of_client(failures.kind, class.class))
                .or_default();
            let (count, during) = kinds.entry(failures.kind).or_default();
            *count += failures.count;
            *during += match failures.phase {
                Phase::During => failures.count,
                _ => 0,
            };
        }
        for (code, kinds) in by_code {
            let evidence = evidence(class, code);
            let kinds: Vec<_> = kinds
                .into_iter()
                .map(|(kind, (count, during))| {
                    let of_kind = format!("{} × {}", format::count(count), kind.words());
                    match class.at_risk.as_ref().map(|of| of.attempts.of) {
                        Some(0) => of_kind,
                        _ if during == 0 => format!("{of_kind}, none during a rotation"),
                        _ if during == count => format!("{of_kind}, all during rotations"),
                        _ => {
                            let during = format::count(during);
                            format!("{of_kind}, {during} of them during rotations")
                        }
                    }
                })
                .collect();
            let left_out = code == Code::HandshakesFailed && is_left_out(class, classes);
            let others = match left_out {
                true => " Meanwhile, no client of class full was refused.",
                false => "",
            };
            let words = format!(
                "{}: {} of {} failed{}: {}.{others}",
                class.class,
                count(class.failed),
                count(class.attempts),
                at_risk(class),
                kinds.join("; ")
            );
            found.push(Finding {
                evidence,
                class: left_out.then_some(class.class),
                ..finding(Severity::Failure, code, ROTATION, words)
            });
        }
    }
    found
}

/// The first failure of each kind that a finding of this code is about, the earliest first.
fn evidence(class: &ClassReport, code: Code) -> Vec<Evidence> {
    let failures = class.failures.iter();
    let of_code = |of: &&Failures| Code::of_client(of.kind, class.class) == code;
    let mut failures: Vec<&Failures> = failures.filter(of_code).collect();
    let at = |of: &Failures| of.first_ms.unwrap_or(f64::MAX);
    failures.sort_by(|a, b| at(a).total_cmp(&at(b)));
    let mut first: Vec<Evidence> = Vec::new();
    for of in failures {
        if !first.iter().any(|known| known.kind == of.kind) {
            first.push(Evidence {
                class: class.class,
                kind: of.kind,
                phase: Some(of.phase),
                at_ms: of.first_ms,
                said: of.example.clone(),
            });
        }
    }
    first
}

/// How many failed of the attempts that rotations can have hurt.
fn at_risk(class: &ClassReport) -> String {
    let at_risk = class.at_risk.as_ref().map(|of| of.attempts);
    // Where nothing was rotated, nothing was at risk.
    let at_risk = at_risk.filter(|of| of.of > 0);
    at_risk.map_or_else(String::new, |of| {
        let (at_risk, below) = (count(of.of), below(of.failed_below));
        let failed = count(of.failed);
        format!(", {failed} of the {at_risk} at risk during rotations (below {below})")
    })
}

/// Who waits for a reload. Of the attempts during rotations, one in ten must have taken five times as
/// long as nine of ten before and after, and a quarter of a second: less is the noise of a busy
/// machine. Latency counts from the moment at which an attempt was due, so that it holds by how much
/// this side was `late`: that comes on top.
pub fn of_latency(classes: &[ClassReport], late: Duration) -> Vec<Finding> {
    const LONG: u64 = 250_000;
    let long = LONG + late.as_micros() as u64;
    const FEW: u64 = 10;
    let mut found = Vec::new();
    for class in classes {
        let p90 = |phase| class.phases.get(&phase).map(|of| of.latency.p90);
        let Some(during) = class.phases.get(&Phase::During) else {
            continue;
        };
        let slow = during.latency.p90;
        let steady = p90(Phase::Before).max(p90(Phase::After)).unwrap_or(0);
        if steady == 0 || during.attempts < FEW || slow < long.max(5 * steady) {
            continue;
        }
        let words = format!(
            "{}: during rotations, one attempt in ten takes {} ms or longer; before and after them, nine in ten \
             take {:.1} ms or less.",
            class.class,
            slow / 1000,
            steady as f64 / 1000.0
        );
        let code = Code::SlowWhileReloading;
        found.push(finding(Severity::Warning, code, ROTATION, words));
    }
    found
}

/// Whether, and how fast, each rotation came through. `went_back` are the numbers of those after
/// which the old certificate was shown again and stayed. Of those that were not shown in time, more is known.
pub fn of_rotations(
    rotations: &[Rotation],
    plan: &Plan,
    went_back: &[u32],
    known: &Missed,
) -> Vec<Finding> {
    let never = |rotation: &Rotation| rotation.first_new_ms.is_none();
    let unfit = |rotation: &Rotation| never(rotation) && known.rejected.contains(&rotation.number);
    let missed = |rotation: &Rotation| never(rotation) && !unfit(rotation);
    let back = |rotation: &Rotation| went_back.contains(&rotation.number);
    let unsettled = |rotation: &Rotation| {
        !never(rotation) && !back(rotation) && rotation.converged_ms.is_none()
    };
    // Where no client was shown the old one beside the new one, failures kept it from settling.
    let beside = |rotation: &Rotation| rotation.overlap_ms > 0.0;
    let fails = |rotation: &Rotation| unsettled(rotation) && !beside(rotation);
    let disagree = |rotation: &Rotation| {
        let long = rotation.overlap_ms > plan.overlap_ms as f64;
        !never(rotation) && !back(rotation) && beside(rotation) && (unsettled(rotation) || long)
    };
    let mut complaints = rotations.iter().filter(|rotation| missed(rotation));
    let complaint = complaints.find_map(|rotation| rotation.complaint.as_ref());
    let complaint = complaint.map_or_else(String::new, |of| match of.starts_with(COMMAND) {
        true => format!("; {of}"),
        false => format!("; it said: {of}"),
    });
    let overlaps = rotations.iter().filter(|rotation| disagree(rotation));
    let worst = overlaps.fold(0.0, |worst: f64, rotation| worst.max(rotation.overlap_ms));
    let (within, allowed) = (plan.reload_within_ms, plan.overlap_ms);
    let later = known.later();
    let not_picked_up =
        format!("no handshake showed the new certificate within {within} ms{later}{complaint}");
    let side_by_side = format!(
        "old and new certificate were shown side by side for up to {worst:.0} ms; {allowed} ms are allowed"
    );
    let not_settled = format!(
        "the new certificate was shown, but too few handshakes in a row showed it within {within} ms: clients were \
         refused, or their requests failed"
    );
    let gone_back = "the new certificate was shown, then the old one again up to the next rotation, or to the end of the run";
    let not_accepted =
        format!("within {within} ms, clients accepted nothing that was shown after the reload");
    let found = [
        of_those(Code::NotPickedUp, rotations, missed, &not_picked_up),
        of_those(Code::UnfitShown, rotations, unfit, &not_accepted),
        of_those(Code::WentBack, rotations, back, gone_back),
        of_those(Code::WorkersDisagree, rotations, disagree, &side_by_side),
        of_those(Code::HandshakesFailed, rotations, fails, &not_settled),
    ];
    found.into_iter().flatten().collect()
}

/// With which rotation it began, in the words of each finding about several.
pub(crate) fn since(first: impl Display) -> String {
    format!("(first: rotation {first})")
}

/// A failure of those rotations to which it applies, where there are any.
fn of_those(
    code: Code,
    rotations: &[Rotation],
    applies: impl Fn(&Rotation) -> bool,
    what: &str,
) -> Option<Finding> {
    let which: Vec<_> = rotations
        .iter()
        .filter(|rotation| applies(rotation))
        .collect();
    let first = which.first()?.number;
    let (many, all) = (which.len(), rotations.len());
    let words = format!("{many} of {all} rotations {}: {what}.", since(first));
    Some(finding(Severity::Failure, code, ROTATION, words))
}

/// What becomes of sessions that are resumed.
pub fn of_resumption(records: &[Attempt], rotations: &[Rotation], latest: u32) -> Vec<Finding> {
    let resuming: Vec<_> = records
        .iter()
        .filter(|record| record.class == Class::Resuming && record.failed.is_none())
        .collect();
    if rotations.len() < 3 || resuming.is_empty() {
        return Vec::new();
    }
    let found = [
        resumes_for_ever(&resuming, rotations, latest),
        tickets::lost(records, rotations),
    ];
    let words = found.into_iter().flatten();
    words
        .map(|(code, words)| finding(Severity::Warning, code, ROTATION, words))
        .collect()
}

/// Sessions that outlive several rotations.
fn resumes_for_ever(
    resuming: &[&Attempt],
    rotations: &[Rotation],
    latest: u32,
) -> Option<(Code, String)> {
    // How many certificates later it came than its session began. It may come long before the last of them. One that no
    // client was shown is nothing that a session has outlived.
    let age = |record: &&Attempt| {
        let shown = record.shown?;
        let outlived = rotations.iter().rev().zip(0..).filter(|(of, before)| {
            let new = of.first_new_ms.map(|new| of.notified_ms + new);
            new.is_some_and(|new| new <= ms(record.began)) && latest.saturating_sub(*before) > shown
        });
        Some(outlived.count())
    };
    // The last quarter: what is resumed there has outlived most rotations.
    let late = resuming[resuming.len() * 3 / 4..].iter();
    let resumed = late.filter(|record| record.resumed);
    let oldest = resumed.filter_map(age).max()?;
    let words = format!(
        "After {} rotations, returning clients still resume sessions that began {oldest} generations ago, and are \
         not shown the new certificate.",
        rotations.len()
    );
    (oldest >= 3).then_some((Code::ResumesForEver, words))
}

/// Certificates that no client needs. Clients take them, in any order (RFC 9846, section 4.5.1), so
/// this is no failure.
pub fn of_chains(added: Option<Added>) -> Option<Finding> {
    let Added {
        certificates,
        root,
        twice,
    } = added?;
    let root = if root {
        ", a trust anchor among them"
    } else {
        ""
    };
    let more = match twice {
        true => "A certificate of a chain is sent twice".to_owned(),
        false => format!("More certificates are sent than were issued with the leaf{root}"),
    };
    let words = match certificates {
        0 => "The certificates of a chain are sent in another order than they were issued in. Clients accept that."
            .to_owned(),
        _ => format!(
            "{more}. Clients accept that, but each full handshake carries {} that no client needs.",
            format::counted(certificates as u64, "certificate")
        ),
    };
    Some(finding(
        Severity::Warning,
        Code::ChainHasMore,
        ROTATION,
        words,
    ))
}

/// Descriptors and threads that each rotation adds, or each of whatever else was done to the server so many
/// times. A few come and go; what counts is as many as that, and more than a few.
pub(crate) fn of_handles(handles: &Handles, times: usize, what: &str) -> Option<Finding> {
    const FEW: usize = 10;
    let grown = |before: usize, after: usize| {
        let more = after.saturating_sub(before);
        (more >= FEW && more >= times).then(|| format!("from {before} to {after}"))
    };
    let descriptors = grown(handles.descriptors_before, handles.descriptors_after);
    let threads = grown(handles.threads_before, handles.threads_after);
    let grown = [("descriptors", descriptors), ("threads", threads)];
    let grown = grown
        .into_iter()
        .filter_map(|(which, by)| Some(format!("{which} {}", by?)));
    let grown: Vec<_> = grown.collect();
    let words = format!(
        "Over {times} {what} it opened more than it closed: {} (connections of clients not counted).",
        grown.join(", ")
    );
    let found = finding(Severity::Warning, Code::DescriptorsGrow, ROTATION, words);
    (!grown.is_empty()).then_some(found)
}
