//! What explains the failures of a whole report, which tells more than they do: how many attempts failed.

use crate::attempt::{Class, FailureKind, Phase};
use crate::gate::ROTATION;
use crate::gate::code::Code;
use crate::report::cause::kind::CauseKind;
use crate::report::cause::{Cause, grouped};
use crate::report::{Evidence, Finding, Report};

/// Where less than this share of attempts fails at rotations while all is well, that is not what half of them fail by
/// in a scenario, even if they fail in the same way.
const RARE: f64 = 0.2;

/// What a report says of a server that nothing tells of new files.
pub(super) const FOLLOWS: &str = "it follows its files";

/// What comes first where a server, or the command that tells it, has complained of a reload.
const COMPLAINED: &str =
    "A reload complained, or the server did meanwhile: look first at what it said.";

/// What may end a connection over which nothing is asked, and is no reload.
const UNASKED: &str = "Clients said nothing over these connections, and a server may end one that is silent: tell in \
                       `[exchange]` what they ask, so that a time-out is not taken for the reload.";

/// What comes first where this run has rotated nothing.
const OBSERVED: &str = "This run has rotated nothing: look for a limit or a time-out of its own, unless something else has \
                        rotated meanwhile.";

/// What comes first where clients failed long after the server had been told of files that it never showed.
const NEVER_SHOWN: &str = "No new certificate was shown, so each rotation counts until its time was up, and the first who failed \
                           came more than a second after the server was told: look for another reason first.";

/// What may cut connections between rotations, and none before the first.
const LATER: &str = " It may be one that a reload starts: a shutdown timeout ends old connections some seconds later.";

/// What explains the failures of a report, the most harmful first. Warnings are not among them.
pub fn causes(report: &Report) -> Vec<Cause> {
    let rare = daily_share(report) < RARE;
    let mut causes = grouped(&report.findings, &|scenario| {
        rare && is_lost(report, scenario)
    });
    let never = |cause: &&mut Cause| cause.kind == CauseKind::NeverShowsNew;
    let told = told_in_vain(report);
    for (cause, told) in causes.iter_mut().filter(never).zip(told) {
        cause.advice = format!("{told} Otherwise: {}", cause.advice);
    }
    for cause in causes
        .iter_mut()
        .filter(|cause| has_complained(report, cause))
    {
        cause.advice = format!("{COMPLAINED} Otherwise: {}", cause.advice);
    }
    for cause in causes
        .iter_mut()
        .filter(|cause| is_silence_cut(report, cause))
    {
        cause.advice = format!("{UNASKED} Otherwise: {}", cause.advice);
    }
    for cause in causes
        .iter_mut()
        .filter(|cause| is_cut_alone(report, cause))
    {
        cause.advice += " If it reads its files for each handshake, it met one that was new and one that was old: read \
                         both as one set before a handshake needs them.";
    }
    for cause in &mut causes {
        not_by_reloads_alone(report, cause);
    }
    causes
}

/// Says so where what clients met at a server that reloads they met at other times, or then as well.
fn not_by_reloads_alone(report: &Report, cause: &mut Cause) {
    let (how, since) = if is_never_during(report, cause) {
        ("though not", "Nothing was rotated then")
    } else if began_before(report, cause) || is_early_alone(report, cause) {
        ("and not only", "Some failed before anything was rotated")
    } else if is_long_after(report, cause) {
        ("", NEVER_SHOWN)
    } else {
        return;
    };
    let mut endings = [" while it reloads.", " when it reloads."].into_iter();
    let Some((what, when)) = endings.find_map(|of| Some((cause.what.strip_suffix(of)?, of))) else {
        return;
    };
    // Another program may have rotated meanwhile.
    let unknown = report.rotations.is_empty().then_some(OBSERVED);
    if let Some(first) = unknown.or((since == NEVER_SHOWN).then_some(NEVER_SHOWN)) {
        cause.what = format!("{what}.");
        cause.advice = format!("{first} Otherwise: {}", cause.advice);
        return;
    }
    cause.what = format!("{what}, {how}{when}");
    let mut advice = format!("{since}: look for a limit or a time-out of its own first.");
    if cause.kind == CauseKind::CutsConnections && !seen_before(report, cause, |_| true) {
        advice += LATER;
    }
    cause.advice = format!("{advice} Otherwise: {}", cause.advice);
}

/// Whether clients failed so before the first rotation as well: a server may end a connection after so many requests.
/// That counts for a way in which others failed at rotations, if a tenth of their share did so before.
fn began_before(report: &Report, cause: &Cause) -> bool {
    seen_before(report, cause, |of| is_as_often_before(report, of))
}

/// Whether there is such evidence of clients that failed so before the first rotation.
fn seen_before(report: &Report, cause: &Cause, counts: impl Fn(&Evidence) -> bool) -> bool {
    let mut found = cause.places().filter_map(|at| report.findings.get(at));
    found.any(|of| {
        let mut seen = of.evidence.iter();
        of.scenario == ROTATION && seen.any(|of| of.phase == Some(Phase::Before) && counts(of))
    })
}

/// Whether clients of this class failed in this way at rotations, and a tenth of that share of them before the first.
fn is_as_often_before(report: &Report, seen: &Evidence) -> bool {
    const TENTH: f64 = 0.1;
    let mut classes = report.classes.iter();
    let Some(class) = classes.find(|of| of.class == seen.class) else {
        return false;
    };
    let share = |phase| {
        let failures = class.failures.iter();
        let failures = failures.filter(|of| of.kind == seen.kind && of.phase == phase);
        let failed: u64 = failures.map(|of| of.count).sum();
        let all = class.phases.get(&phase).map_or(0, |of| of.attempts);
        failed as f64 / all.max(1) as f64
    };
    let during = share(Phase::During);
    during > 0.0 && share(Phase::Before) >= during * TENTH
}

/// What may be wrong with how a server is told. Where it has shown nothing new at all, the description forgot to say it,
/// or names a signal that reloads something else; where it has shown other certificates, it missed a signal, or came
/// to it late.
fn told_in_vain(report: &Report) -> Option<String> {
    let mut rotations = report.rotations.iter();
    let how = report.server.reload.as_str();
    if rotations.any(|of| of.first_new_ms.is_some()) {
        let told = format!(
            "It was told {how}, and has shown other certificates: a signal that comes while a reload is in progress may \
             be lost, or wait for clients of that reload. Let no reload wait for clients, and look for new files again \
             when it is over."
        );
        return how.starts_with("by the signal").then_some(told);
    }
    match how {
        FOLLOWS => Some(
            "Nothing told it of new files: if a signal or a command does, say so in `[reload]`."
                .into(),
        ),
        _ if how.starts_with("by the signal") => Some(format!(
            "It was told {how}, which may reload all but its certificates: find what reloads those. Without a `[reload]` \
             or `--reload`, `zdr check --command` tries several signals."
        )),
        _ => None,
    }
}

/// Whether a new certificate was not shown, and what was said at the reload is told with that.
fn has_complained(report: &Report, cause: &Cause) -> bool {
    let mut findings = cause.places().filter_map(|at| report.findings.get(at));
    let complains = |of: &Finding| {
        let said = ["; it said: ", " It said: ", " the command `"];
        of.code == Code::NotPickedUp && said.iter().any(|said| of.words.contains(said))
    };
    let kinds = [CauseKind::NeverShowsNew, CauseKind::OverlooksRenewals];
    kinds.contains(&cause.kind) && findings.any(complains)
}

/// Whether connections ended over which clients say nothing. Streams of gRPC are asked for in any case.
fn is_silence_cut(report: &Report, cause: &Cause) -> bool {
    let reach = report.server.reach.as_ref();
    let findings = cause.places().filter_map(|at| report.findings.get(at));
    let mut seen = findings.flat_map(|of| &of.evidence);
    cause.kind == CauseKind::CutsConnections
        && reach.is_some_and(|reach| reach.asks_nothing)
        && seen.any(|of| matches!(of.class, Class::Pooled | Class::Held))
}

/// Whether clients were let in to its port, and cut in their handshake, and none was refused. PHP does so with a pair of
/// files that do not fit.
fn is_cut_alone(report: &Report, cause: &Cause) -> bool {
    let findings = cause.places().filter_map(|at| report.findings.get(at));
    let mut seen = findings.flat_map(|of| &of.evidence).peekable();
    cause.kind == CauseKind::RefusesClients
        && seen.peek().is_some()
        && seen.all(|of| of.kind == FailureKind::HandshakeCut)
}

/// Whether clients met it, and none of them during a rotation, nor in a scenario.
fn is_never_during(report: &Report, cause: &Cause) -> bool {
    let mut found = cause.places().map(|at| report.findings.get(at));
    found.all(|of| of.is_some_and(|of| of.scenario == ROTATION && is_between(report, of)))
}

/// Whether clients failed so before the first rotation, and during none. In a scenario they may have met it at any moment.
fn is_early_alone(report: &Report, cause: &Cause) -> bool {
    let found = cause.places().filter_map(|at| report.findings.get(at));
    let mut daily = found.filter(|of| of.scenario == ROTATION);
    seen_before(report, cause, |_| true) && daily.all(|of| is_between(report, of))
}

/// Whether no rotation has come through, so that nearly all of the run counts as one, and the first clients that failed
/// did so under load, and more than a second after the server had been told.
fn is_long_after(report: &Report, cause: &Cause) -> bool {
    const SOON_MS: f64 = 1000.0;
    let rotations = &report.rotations;
    let is_soon = |at: f64| {
        let mut rotations = rotations.iter();
        rotations.any(|of| (of.began_ms..of.notified_ms + SOON_MS).contains(&at))
    };
    // Who waits in vain fails long after what it waited for.
    let is_late = |of: &Evidence| {
        let may_tell = of.phase != Some(Phase::Before) && of.kind != FailureKind::Stalled;
        may_tell && of.at_ms.is_some_and(|at| !is_soon(at))
    };
    !rotations.is_empty()
        && rotations.iter().all(|of| of.first_new_ms.is_none())
        && cause.places().all(|at| {
            let found = report.findings.get(at);
            let found = found.filter(|of| of.scenario == ROTATION && !of.evidence.is_empty());
            found.is_some_and(|of| of.evidence.iter().all(is_late))
        })
}

/// Whether the clients of this failure, which is one under load, met it while nothing was rotated.
fn is_between(report: &Report, found: &Finding) -> bool {
    let during = |seen: &Evidence| {
        if matches!(seen.phase, None | Some(Phase::During)) {
            return true;
        }
        let class = report.classes.iter().find(|of| of.class == seen.class);
        let mut failures = class.iter().flat_map(|of| &of.failures);
        failures.any(|of| of.kind == seen.kind && of.phase == Phase::During)
    };
    !found.evidence.is_empty() && !found.evidence.iter().any(during)
}

/// The largest share of a class's attempts that failed during rotations in which nothing was wrong.
fn daily_share(report: &Report) -> f64 {
    let shares = report.classes.iter().map(|class| {
        let failed = class.failures.iter().filter(|of| of.phase == Phase::During);
        let failed: u64 = failed.map(|of| of.count).sum();
        let all = class.phases.get(&Phase::During).map_or(0, |of| of.attempts);
        failed as f64 / all.max(1) as f64
    });
    shares.fold(0.0, f64::max)
}

/// Whether half of a scenario's attempts failed.
fn is_lost(report: &Report, scenario: &str) -> bool {
    let mut scenarios = report.scenarios.iter().filter(|of| of.name == scenario);
    scenarios.any(|of| of.failed > 0 && of.failed * 2 >= of.attempts)
}
