//! Causes: findings grouped by what explains them. [`kind`] says what each cause is, and what to do.
//!
//! What clients meet while all is well, they meet again in each scenario, since each of them rotates. It is
//! told once. What follows from the end of a process is told with it.

pub mod kind;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::attempt::FailureKind;
use crate::gate::ROTATION;
use crate::gate::code::Code;
use crate::report::cause::kind::CauseKind;
use crate::report::finding::{Finding, Severity, Status};

/// One thing that is wrong with a server, and the failures that it explains.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// What it is, for scripts.
    pub kind: CauseKind,
    /// Whether its failures count.
    pub status: Status,
    /// What is wrong, in a sentence.
    pub what: String,
    /// What to do, in a sentence or two.
    pub advice: String,
    /// The page of the book that is about it, and the heading there.
    pub page: String,
    /// The entries of the failure catalogue that it may be.
    pub catalogue: Vec<u32>,
    /// The places of its failures in `findings`, the one that tells most first.
    pub findings: Vec<usize>,
    /// The places of those that tell no more: scenarios in which clients met the same again.
    pub repeated: Vec<usize>,
}

/// What explains these failures, the most harmful first, where no more is known than they say. Warnings are not among
/// them.
pub fn causes_of(findings: &[Finding]) -> Vec<Cause> {
    grouped(findings, &|_| false)
}

/// Groups failures by what explains them. Where what fails in a scenario `is_news`, it is told even if clients failed
/// so while all was well.
pub(super) fn grouped(findings: &[Finding], is_news: &dyn Fn(&str) -> bool) -> Vec<Cause> {
    let mut groups: Vec<Cause> = Vec::new();
    let failures = findings.iter().enumerate();
    let failures = failures.filter(|(_, found)| found.severity == Severity::Failure);
    // What happens while all is well comes first, so that what repeats it finds it there.
    let (first, later): (Vec<_>, Vec<_>) =
        failures.partition(|(_, found)| found.scenario == ROTATION);
    for (at, found) in first.into_iter().chain(later) {
        let known = || repeated(found, findings);
        let (kind, repeats) = match (!is_news(&found.scenario)).then(known).flatten() {
            Some(kind) => (kind, true),
            None => (explained(found, findings), false),
        };
        let key = (kind, found.status);
        let known = groups.iter_mut().find(|of| (of.kind, of.status) == key);
        match known {
            Some(group) => {
                // What happens while all is well is not what the scenario is about.
                let is_daily = findings[group.findings[0]].scenario == ROTATION;
                let is_of_scenario = is_daily && found.scenario != ROTATION;
                group.add(at, found, repeats, is_of_scenario);
            }
            None => groups.push(Cause::of(kind, at, found)),
        }
    }
    for ends in groups.iter_mut().filter(|of| of.kind == CauseKind::Ends) {
        // How it ended says more than what clients met then.
        ends.findings
            .sort_by_key(|at| findings[*at].code != Code::Stopped);
    }
    groups.sort_by_key(|cause| {
        let daily = cause.places().any(|at| findings[at].scenario == ROTATION);
        (cause.status, !cause.kind.is_breach(), !daily, cause.kind)
    });
    groups
}

impl Cause {
    fn of(kind: CauseKind, at: usize, found: &Finding) -> Self {
        let about = kind.about();
        Self {
            kind,
            status: found.status,
            what: about.what.into(),
            advice: about.advice.into(),
            page: about.page.into(),
            catalogue: found.catalogue.clone(),
            findings: vec![at],
            repeated: Vec::new(),
        }
    }

    fn add(&mut self, at: usize, found: &Finding, repeats: bool, is_of_scenario: bool) {
        if repeats {
            return self.repeated.push(at);
        }
        self.findings.push(at);
        if is_of_scenario {
            return;
        }
        let new = found.catalogue.iter();
        let new: Vec<u32> = new
            .filter(|of| !self.catalogue.contains(of))
            .copied()
            .collect();
        self.catalogue.extend(new);
    }

    /// The places of all of its failures.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> {
        self.findings.iter().chain(&self.repeated).copied()
    }

    /// The scenarios of its failures, each once, in their order.
    pub(crate) fn scenarios<'a>(&self, places: &[usize], findings: &'a [Finding]) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        for at in places {
            let name = findings
                .get(*at)
                .map_or("", |found| found.scenario.as_str());
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// The cause of which this failure of a scenario tells nothing new: clients met the same while all was
/// well.
fn repeated(found: &Finding, findings: &[Finding]) -> Option<CauseKind> {
    if found.scenario == ROTATION {
        return None;
    }
    let daily = || {
        let failures = findings.iter();
        failures.filter(|of| of.severity == Severity::Failure && of.scenario == ROTATION)
    };
    let mut seen = found.evidence.iter().map(|of| of.kind).peekable();
    let first = if seen.peek().is_some() {
        let known = |kind| daily().find(|of| of.evidence.iter().any(|of| of.kind == kind));
        // A way in which clients fail that is new is news.
        let known: Option<Vec<_>> = seen.map(known).collect();
        known?.first().copied()
    } else {
        // What one kind of client meets each day is not what the clients of a scenario meet.
        let of_those = |of: &Finding| (of.class, of.differs) == (found.class, found.differs);
        daily().find(|of| same(of.code, found.code) && of.evidence.is_empty() && of_those(of))
    };
    first.map(|of| explained(of, findings))
}

/// Whether two failures of which no attempt tells are the same.
fn same(daily: Code, found: Code) -> bool {
    // What is never shown while all is well is not shown once the files are valid again either.
    daily == found || (daily, found) == (Code::NotPickedUp, Code::NotRecovered)
}

/// What clients see of a server that has ended.
const GONE: [FailureKind; 6] = [
    FailureKind::Refused,
    FailureKind::HandshakeCut,
    FailureKind::Severed,
    FailureKind::Interrupted,
    FailureKind::Lost,
    FailureKind::Stalled,
];

/// How a server says no: in TLS, or by an error in the clear.
const NO: [FailureKind; 2] = [FailureKind::Alert, FailureKind::Tls];

/// What a server says to clients whose version of TLS, protocol, name or lack of a certificate it does not take (RFC 9846,
/// section 6.2, as rustls prints it). A pair of files that do not fit is told by others.
const SETTINGS: [&str; 4] = [
    "ProtocolVersion",
    "NoApplicationProtocol",
    "UnrecognizedName",
    "CertificateRequired",
];

/// Whether clients were served before, and refused later for what they are.
fn saw_other_settings(found: &Finding) -> bool {
    let is_one = |said: &str| SETTINGS.iter().any(|alert| said.contains(alert));
    saw_only(found, &[FailureKind::Alert]) && found.evidence.iter().all(|of| is_one(&of.said))
}

/// Whether all that clients were refused is TLS itself, which they asked for in the clear.
fn lacks_tls(found: &Finding) -> bool {
    let mut evidence = found.evidence.iter();
    evidence.all(|seen| seen.said.contains("STARTTLS"))
}

/// Whether clients failed, and in none but these ways.
fn saw_only(found: &Finding, kinds: &[FailureKind]) -> bool {
    !found.evidence.is_empty() && found.evidence.iter().all(|of| kinds.contains(&of.kind))
}

/// The cause of a failure that says something of its own. Where something else in the same scenario
/// explains it, that.
fn explained(found: &Finding, findings: &[Finding]) -> CauseKind {
    let beside = |code: Code| {
        let mut others = findings.iter();
        others.any(|of| of.scenario == found.scenario && of.code == code)
    };
    let own = CauseKind::of(found.code, &found.scenario);
    let by_its_end = match found.code {
        Code::NotRecovered | Code::NotPickedUp => true,
        _ => saw_only(found, &GONE),
    };
    if by_its_end && beside(Code::Stopped) {
        return CauseKind::Ends;
    }
    let all = |kind| saw_only(found, &[kind]);
    match found.code {
        // A server of mail without a pair says so before the handshake.
        Code::RequestsFailed if all(FailureKind::Status) && lacks_tls(found) => {
            CauseKind::FailsHandshakes
        }
        Code::RequestsFailed if all(FailureKind::Status) => CauseKind::AnswersErrors,
        // Others were served meanwhile, and shown the new certificate.
        Code::HandshakesFailed | Code::NotPickedUp
            if found.differs.is_some() || found.class.is_some() =>
        {
            CauseKind::ForgetsSettings
        }
        Code::HandshakesFailed if own == CauseKind::RefusesClients && saw_other_settings(found) => {
            CauseKind::ForgetsSettings
        }
        // It let go of what it had, and had nothing to come back with.
        Code::NotRecovered if beside(Code::LastGoodLost) => CauseKind::LosesLastGood,
        // Some of the connections that it cuts are still in their handshake.
        Code::HandshakesFailed
            if all(FailureKind::HandshakeCut)
                && (beside(Code::Severed) || beside(Code::RequestsFailed)) =>
        {
            CauseKind::CutsConnections
        }
        // It listens and answers, and has no identity that is whole: a certificate with another one's key.
        Code::HandshakesFailed if own == CauseKind::RefusesClients && saw_only(found, &NO) => {
            CauseKind::FailsHandshakes
        }
        // New clients are served meanwhile: it is what was in progress that it lets down.
        Code::Severed if all(FailureKind::Stalled) && !beside(Code::HandshakesFailed) => own,
        // Nobody is refused or cut, and nobody is answered.
        _ if matches!(own, CauseKind::RefusesClients | CauseKind::CutsConnections)
            && all(FailureKind::Stalled) =>
        {
            CauseKind::Waits
        }
        _ => own,
    }
}
