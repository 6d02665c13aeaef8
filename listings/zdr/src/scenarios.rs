//! What is done to a server on purpose: bad files, hasty and slow writers, trust that changes.
//!
//! Each scenario has a server of its own. Clients come all the time; a download runs. They must not
//! notice, and once the files are valid again the server must show them.
//!
//! The folder holds what is asked for ([`options`]), the scenarios themselves, and what came of one.
//! Their names ([`scenario`]) are shared with TOML files and reports. It may use
//! [`judge`](crate::judge), [`testbed`](crate::testbed), [`load`](crate::load),
//! [`report`](crate::report) and [`server`](crate::server).

pub mod options;
pub use crate::gate::scenario;

mod again;
mod client_trust;
mod clients;
mod files;
mod half_open;
mod in_place;
mod left_behind;
mod other_key_kind;
mod outcome;
mod renewals;
mod startup;
mod under_load;

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::attempt::finished;
use crate::error::Error;
use crate::gate::scenario::Scenario;
use crate::judge::findings::finding;
use crate::report::{Code, Finding, Outcome, ScenarioReport, Severity};
use crate::scenarios::again::{MOST, note, only_waited};
use crate::scenarios::client_trust::{trust_added, trust_half_written, trust_removed};
use crate::scenarios::options::ScenarioContext;
use crate::scenarios::outcome::{NOT_JUDGED, ScenarioOutcome, not_applicable};
use crate::scenarios::startup::absent_at_start;
use crate::scenarios::under_load::under_load;
use crate::server::spec::{Layout, Spec};

/// Is told of each scenario once it is over.
pub type OnScenario<'a> = &'a (dyn Fn(&ScenarioReport) + Sync);

/// Does all that was asked for, several at once, and keeps what came of it in `runs`. Where a server does not start beside
/// others of its kind, one after the other.
pub async fn all(context: &ScenarioContext, over: OnScenario<'_>, runs: &mut ScenarioRuns) {
    let jobs = match context.fixtures.spec().attach {
        Some(_) => 1,
        None => context.options.jobs.max(1),
    };
    let context = Arc::new(context.clone());
    let every: Vec<_> = (0..context.options.scenarios.len()).collect();
    let mut turns = Turns {
        jobs,
        beside_others: jobs.min(every.len()) > 1,
    };
    if let Some((at, why)) = these(&every, &turns, &context, over, runs).await {
        // What others met beside it says nothing.
        runs.begin_anew().await;
        turns.beside_others = false;
        let alone = Turns { jobs: 1, ..turns };
        these(&[at], &alone, &context, over, runs).await;
        let others: Vec<_> = every.into_iter().filter(|other| *other != at).collect();
        // One that does not start alone either has another reason.
        if runs.starts_alone() {
            runs.not_side_by_side(&context.options.scenarios[at].name(), &why);
            turns = alone;
        }
        these(&others, &turns, &context, over, runs).await;
    }
    once_more(&context, over, runs).await;
}

/// How scenarios run.
#[derive(Clone, Copy)]
struct Turns {
    /// So many at once.
    jobs: usize,
    /// Whether one whose server does not start may be in the way of others, which then are given up.
    beside_others: bool,
}

/// Does these, until all are over, or until a server does not start that others may be in the way of. Returns the place
/// of that scenario, and why it did not start.
async fn these(
    which: &[usize],
    turns: &Turns,
    context: &Arc<ScenarioContext>,
    over: OnScenario<'_>,
    runs: &mut ScenarioRuns,
) -> Option<(usize, String)> {
    let room = Arc::new(Semaphore::new(turns.jobs));
    for at in which.iter().copied() {
        let scenario = context.options.scenarios[at];
        let (context, room) = (context.clone(), room.clone());
        runs.under_way.spawn(async move {
            let _turn = room.acquire().await;
            (at, one(scenario, &context).await)
        });
    }
    while let Some(ended) = runs.under_way.join_next().await {
        let Some((at, tried)) = finished(ended) else {
            continue;
        };
        if let Some(why) = tried.unstarted.clone().filter(|_| turns.beside_others) {
            return Some((at, why));
        }
        // One that may be tried again is not over yet.
        if !tried.may_be_late {
            over(&tried.report);
        }
        runs.over.push((at, tried));
    }
    None
}

/// Does once more, alone, what failed by waiting: until one fails again, which then is the server's fault.
async fn once_more(context: &Arc<ScenarioContext>, over: OnScenario<'_>, runs: &mut ScenarioRuns) {
    runs.over.sort_by_key(|(at, _)| *at);
    let mut chances = MOST;
    let mut context = (**context).clone();
    if context.options.lowers_rate {
        context.options.rate /= 2.0;
    }
    let context = Arc::new(context);
    for (at, tried) in runs.over.iter_mut().filter(|(_, of)| of.may_be_late) {
        let scenario = context.options.scenarios.get(*at).copied();
        if let Some(scenario) = scenario.filter(|_| chances > 0) {
            let (at, context) = (*at, context.clone());
            runs.under_way
                .spawn(async move { (at, one(scenario, &context).await) });
            let ended = runs.under_way.join_next().await.and_then(finished);
            if let Some((_, mut again)) = ended {
                chances = match again.report.outcome {
                    Outcome::Passed => {
                        note(&again.report.name, &tried.found, &mut again.found);
                        chances - 1
                    }
                    Outcome::Failed => 0,
                    Outcome::NotApplicable => chances - 1,
                };
                *tried = again;
            }
        }
        over(&tried.report);
    }
}

/// The scenarios that were run so far. They are there even when not all could be run.
#[derive(Default)]
pub struct ScenarioRuns {
    over: Vec<Numbered>,
    under_way: JoinSet<Numbered>,
    /// What was found of all of them.
    found: Vec<Finding>,
}

/// What came of a scenario.
struct Tried {
    report: ScenarioReport,
    found: Vec<Finding>,
    /// It only waited for too long, where there was a sign of too much to do.
    may_be_late: bool,
    /// Why its server did not start with the first, valid files.
    unstarted: Option<String>,
}

/// Its place, and what came of it.
type Numbered = (usize, Tried);

impl ScenarioRuns {
    /// In the order in which they were asked for. What is under way is given up, and has let go of
    /// its server and files when this returns.
    pub async fn done(mut self) -> (Vec<ScenarioReport>, Vec<Finding>) {
        self.under_way.shutdown().await;
        self.over.sort_by_key(|(at, _)| *at);
        let mut findings = self.found;
        let scenarios = self.over.into_iter().map(|(_, tried)| {
            findings.extend(tried.found);
            tried.report
        });
        (scenarios.collect(), findings)
    }

    /// Gives up what is under way, and forgets what is over.
    async fn begin_anew(&mut self) {
        self.under_way.shutdown().await;
        self.over.clear();
    }

    /// Whether the server of each scenario that is over has started.
    fn starts_alone(&self) -> bool {
        let mut over = self.over.iter();
        over.all(|(_, tried)| tried.unstarted.is_none())
    }

    /// Says that servers of this description do not run at the same time: this scenario's did not start, for this reason.
    fn not_side_by_side(&mut self, scenario: &str, why: &str) {
        let words = format!(
            "It seems that two servers of this description cannot run at the same time: this scenario's did not start beside \
             others, and did alone. So each scenario was run on its own, which takes longer. If each is given a port of its own for everything (`{{admin_port}}` is another free one), and its \
             own folder (`{{dir}}`), several run at once. Beside others: {why}"
        );
        self.found.push(Finding {
            catalogue: Vec::new(),
            ..finding(Severity::Warning, Code::DidNotStart, scenario, words)
        });
    }
}

/// Why one of these scenarios has no verdict, where one could not be judged.
pub(crate) fn unjudged(scenarios: &[ScenarioReport], found: &[Finding]) -> Option<String> {
    let untried = |name: &str| {
        let mut scenarios = scenarios.iter();
        scenarios.any(|of| of.name == name && of.outcome == Outcome::NotApplicable)
    };
    let mut said = found.iter();
    let said = said.find(|of| of.code == Code::LoadFellBehind && untried(&of.scenario))?;
    let words = said.words.trim_start_matches(NOT_JUDGED);
    let words = words.trim_end_matches('.');
    Some(format!(
        "the scenario `{}` was not judged: {words}",
        said.scenario
    ))
}

/// Whether it can be done to this server.
pub(crate) fn applies(scenario: Scenario, spec: &Spec) -> bool {
    let attached = spec.attach.is_some();
    match scenario {
        Scenario::TrustAdded | Scenario::TrustRemoved | Scenario::TrustHalfWritten => {
            spec.client_auth && !attached
        }
        // Another authority would have to sign, whose key is not kept.
        Scenario::OtherIntermediate | Scenario::OtherRoot => !attached,
        // Another of its kind is started to find out what it takes. One of two kinds has no other.
        Scenario::OtherKeyKind | Scenario::TornKinds => spec.second_keys.is_none() && !attached,
        Scenario::AbsentAtStart | Scenario::ChangedAtStart => !attached,
        // These writers have two files.
        Scenario::SlowWrite | Scenario::RemoveCreate => spec.layout == Layout::Pair && !attached,
        _ => true,
    }
}

/// Does one thing to a server of its own.
async fn one(scenario: Scenario, context: &ScenarioContext) -> Tried {
    if !applies(scenario, context.fixtures.spec()) {
        return Tried {
            report: not_applicable(scenario),
            found: Vec::new(),
            may_be_late: false,
            unstarted: None,
        };
    }
    // Boxed: without optimisation, the room that all of them need at once is more than a worker
    // thread has.
    let context = &ScenarioContext {
        fixtures: context.fixtures.apart(),
        ..context.clone()
    };
    let outcome: Pin<Box<dyn Future<Output = Result<ScenarioOutcome, Error>> + Send>> =
        match scenario {
            Scenario::AbsentAtStart => Box::pin(absent_at_start(context)),
            Scenario::TrustAdded => Box::pin(trust_added(context)),
            Scenario::TrustRemoved => Box::pin(trust_removed(context)),
            Scenario::TrustHalfWritten => Box::pin(trust_half_written(context)),
            _ => Box::pin(under_load(scenario, context)),
        };
    let outcome = outcome.await;
    let error = outcome.as_ref().err();
    let unstarted = error
        .filter(|error| error.is_of_start())
        .map(Error::to_string);
    let outcome = outcome.unwrap_or_else(|error| ScenarioOutcome::ended_by(&error));
    let busy = outcome.busy;
    let (report, found) = outcome.report(scenario);
    if let Some(keeper) = context.fixtures.keeper()
        && report.outcome == Outcome::Failed
    {
        keeper.keep(&report.name);
    }
    Tried {
        may_be_late: busy && only_waited(&report, &found),
        report,
        found,
        unstarted,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_server_that_starts_alone_is_told_from_one_that_does_not() {
        let tried = |unstarted: Option<&str>| Tried {
            report: not_applicable(Scenario::Torn),
            found: Vec::new(),
            may_be_late: false,
            unstarted: unstarted.map(Into::into),
        };
        let mut runs = ScenarioRuns::default();
        runs.over.push((0, tried(Some("it ended"))));
        assert!(!runs.starts_alone());
        runs.begin_anew().await;
        runs.over.push((0, tried(None)));
        assert!(runs.starts_alone());
        runs.not_side_by_side("torn", "it ended");
        let (_, found) = runs.done().await;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(found[0].words.ends_with("Beside others: it ended"));
    }

    #[test]
    fn a_check_without_a_verdict_says_once_which_scenario_was_not_judged() {
        let mut late = ScenarioOutcome::default();
        late.came_late(Duration::from_millis(300));
        let (report, said) = late.report(Scenario::Torn);
        let words = unjudged(&[report], &said).expect("it was not judged");
        assert_eq!(
            words,
            "the scenario `torn` was not judged: this machine is overloaded: the clients of this scenario came up to \
             300 ms late"
        );
        let (report, said) = ScenarioOutcome::default().report(Scenario::Torn);
        assert_eq!(unjudged(&[report], &said), None);
    }
}
