//! From findings and figures to a verdict.

use crate::attempt::{Class, FailureKind};
use crate::judge::findings::{ROTATION, share};
use crate::report::cause::kind::CauseKind;
use crate::report::coverage::remark;
use crate::report::format::counted;
use crate::report::news::causes;
use crate::report::{Code, Evidence, Finding, Phase, Report, Rotation, Severity, Status, Verdict};

/// The verdict, in a few sentences. The first names the level that it speaks of.
pub fn verdict(report: &Report) -> Verdict {
    let failures: Vec<_> = report.findings.iter().filter(|of| of.fails()).collect();
    let warnings = report.findings.iter();
    let warnings = warnings.filter(|finding| finding.severity == Severity::Warning);
    let warnings = match warnings.count() {
        0 => String::new(),
        1 => " There is 1 warning.".into(),
        many => format!(" There are {many} warnings."),
    };
    let not_covered = report.not_covered();
    let level = report.plan.require;
    let said = sentence(report, &failures) + &report.besides() + &warnings;
    Verdict {
        passed: failures.is_empty() && report.interrupted.is_none(),
        words: format!("Level `{level}`: {said}{}", remark(&not_covered)),
        not_covered,
        at_risk: report.all_at_risk(),
    }
}

/// What is known of a run in which another program rotates, or none.
const NOTHING: &str = "This run has rotated nothing";

fn sentence(report: &Report, failures: &[&Finding]) -> String {
    let name = &report.server.name;
    let failed = report.failures_in_words();
    let rotations = counted(report.rotations.len() as u64, "rotation");
    let does = match rotation_is_waived(report) {
        true => "rotates, and loses no more than is waived",
        false => "rotates with zero downtime",
    };
    match (&report.interrupted, worst_under_load(report, failures)) {
        (_, Some(worst)) => {
            let causes = causes(report).into_iter();
            let more = match causes.filter(|of| of.status == Status::Counted).count() {
                ..=1 => String::new(),
                2 => " And 1 more thing is wrong.".into(),
                many => format!(" And {} more things are wrong.", many - 1),
            };
            let words = &worst.words;
            match failed_before(report, worst) {
                // Another generator, or an agent, may have rotated meanwhile.
                Some(class) if report.rotations.is_empty() => format!(
                    "{name} fails clients of class {class}. {words}{more} {NOTHING}, and does not know whether something \
                     else has meanwhile."
                ),
                Some(class) => format!(
                    "{name} fails clients of class {class} before anything is rotated, so this run says little about \
                     its rotation. {words}{more} Mend that first, or leave the class out with `--classes`."
                ),
                None => format!("{name} does not rotate with zero downtime. {words}{more}"),
            }
        }
        (None, None) if !failures.is_empty() => in_scenarios(report, does, &rotations, &failed),
        (Some(_), None) if !failures.is_empty() => {
            format!(
                "{name} {}. Measured: {rotations}. {failed}",
                failed_scenarios(report)
            )
        }
        (Some(error), None) => {
            let passed = passed(report);
            format!("no verdict on {name}: {error}. Measured: {rotations}{passed}. {failed}")
        }
        (None, None) if report.rotations.is_empty() => {
            let attempts = report.classes.iter().map(|class| class.attempts).sum();
            let failed = report.classes.iter().map(|class| class.failed).sum();
            let (share, scenarios) = (share(failed, attempts), passed(report));
            format!("{name} serves: {share} attempts failed{scenarios}. {NOTHING}.")
        }
        (None, None) => format!("{name} {does}: {rotations}{}. {failed}", passed(report)),
    }
}

/// The failure under load that the headline tells: one from before the first rotation, or else the first of the
/// first cause, as the list of causes has it. A renewal that is not picked up often follows from another failure.
fn worst_under_load<'a>(report: &'a Report, failures: &[&'a Finding]) -> Option<&'a Finding> {
    let is_one = |of: &&Finding| of.scenario == ROTATION && of.fails();
    let mut early = failures.iter().copied();
    let early = early.find(|of| is_one(of) && failed_before(report, of).is_some());
    let never = failures.iter().copied();
    let mut never = never.filter(|_| shows_none(report, failures));
    let never = never.find(|of| is_one(of) && of.code == Code::NotPickedUp);
    early.or(never).or_else(|| {
        let causes = causes(report).into_iter();
        let places = causes.flat_map(|cause| cause.findings);
        places.filter_map(|at| report.findings.get(at)).find(is_one)
    })
}

/// Whether no rotation was shown at all, and nothing that is worse than that was found: no breach, no end of the
/// server, and hardly a failure during a rotation. Those that never end last for nearly all of the run.
fn shows_none(report: &Report, failures: &[&Finding]) -> bool {
    const RARE: f64 = 0.01;
    let is_rare = |of: &Evidence| {
        let mut classes = report.classes.iter();
        let class = classes.find(|class| class.class == of.class);
        class.is_some_and(|class| {
            let during = class.phases.get(&Phase::During);
            during.is_some_and(|of| (of.failed as f64) < RARE * of.attempts as f64)
        })
    };
    let mut seen = failures.iter().flat_map(|of| &of.evidence);
    let worse =
        |of: &Finding| of.code == Code::Stopped || CauseKind::of(of.code, &of.scenario).is_breach();
    let shown = |of: &Rotation| of.first_new_ms.is_some();
    !failures.iter().any(|of| worse(of))
        && !report.rotations.iter().any(shown)
        && !seen.any(|of| of.phase == Some(Phase::During) && !is_rare(of))
}

/// The class whose attempts failed in this way before the first rotation, where there is one: what is wrong
/// then is no matter of rotation. Where more of them failed in ways that only rotations brought, that is.
fn failed_before(report: &Report, finding: &Finding) -> Option<Class> {
    let mut evidence = finding.evidence.iter();
    let before = evidence.find(|of| of.phase == Some(Phase::Before))?;
    let class = report.classes.iter().find(|of| of.class == before.class);
    let failures = class.map(|of| of.failures.as_slice()).unwrap_or_default();
    let of_code = failures
        .iter()
        .filter(|of| Code::of(of.kind) == finding.code);
    let is_early = |kind: FailureKind| {
        let mut of_kind = failures.iter().filter(|of| of.kind == kind);
        of_kind.any(|of| of.phase == Phase::Before)
    };
    let (early, others): (Vec<_>, Vec<_>) = of_code.partition(|of| is_early(of.kind));
    let rotating = others.iter().filter(|of| of.phase == Phase::During);
    let [early, rotating] = [
        early.iter().map(|of| of.count).sum::<u64>(),
        rotating.map(|of| of.count).sum(),
    ];
    (rotating <= early).then_some(before.class)
}

/// What was done to it is another matter than what happens every day: which level it passes is said.
fn in_scenarios(report: &Report, does: &str, rotations: &str, failed: &str) -> String {
    let name = &report.server.name;
    let passes = report.passes_below().map_or_else(String::new, |level| {
        format!("It passes the level `{level}`: ")
    });
    let it = if passes.is_empty() { "It" } else { "it" };
    format!(
        "{name} {}. {passes}{it} {does} while its files are valid ({rotations}). {failed}",
        failed_scenarios(report)
    )
}

/// Which of the scenarios that the level requires it failed.
fn failed_scenarios(report: &Report) -> String {
    let tally = report.tally();
    let (many, names) = (tally.failed.len(), tally.failed.join(", "));
    let required = counted(tally.required as u64, "scenario");
    format!("failed {many} of {required}: {names}")
}

/// How many scenarios it passed, of those that the level requires.
fn passed(report: &Report) -> String {
    let tally = report.tally();
    let all = counted(tally.required as u64, "scenario");
    match (tally.required, tally.waived) {
        (0, _) => String::new(),
        (_, 0) => format!(", and {all} passed"),
        (many, waived) => format!(", and {} of {all} passed", many - waived),
    }
}

/// Whether something is lost while all is well, and the team lives with it.
fn rotation_is_waived(report: &Report) -> bool {
    let failures = report.findings.iter();
    let mut failures = failures.filter(|finding| finding.severity == Severity::Failure);
    failures.any(|finding| finding.scenario == ROTATION && !finding.fails())
}
