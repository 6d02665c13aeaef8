//! Scenarios in which the files change while clients come all the time and a download runs.

use std::time::Duration;

use tokio::time::sleep;

use crate::attempt::{Attempt, Class, FailureKind};
use crate::error::Error;
use crate::gate::scenario::Scenario;
use crate::judge::of_server::of_server;
use crate::judge::overload::Overload;
use crate::judge::shortage::{is_full, set_aside, shortage};
use crate::load::Target;
use crate::report::format;
use crate::report::{Code, Evidence};
use crate::scenarios::clients::ProbeClient;
use crate::scenarios::files;
use crate::scenarios::left_behind::{left_behind, usage_before};
use crate::scenarios::options::ScenarioContext;
use crate::scenarios::other_key_kind::other_kinds;
use crate::scenarios::outcome::{ScenarioOutcome, evidence, it_said};
use crate::server::Server;
use crate::server::spec::{Keys, Protocol};
use crate::testbed::TestBed;
use ch11_verification::bound::upper;
use ch11_verification::rotation::Window;
use ch11_verification::rotation::went_back;

const WENT_BACK: &str = "The last certificate was shown, and then an older one.";

/// Does it, and says what the clients met.
pub(crate) async fn under_load(
    scenario: Scenario,
    context: &ScenarioContext,
) -> Result<ScenarioOutcome, Error> {
    let kinds = kinds_for(scenario, context).await;
    let mut testbed = context.start(scenario).await?;
    let mut outcome = ScenarioOutcome::default();
    let probes = ProbeClient::new(&testbed)?;
    let classes = classes(&testbed.target);
    let load = probes.load(&testbed, &classes, context.options.rate)?;

    // What has never been picked up cannot be lost.
    let (mut typical, mut waited_for, mut usual) = (context.typical, None, Duration::ZERO);
    if scenario != Scenario::ChangedAtStart {
        let first = probes.rotate(&mut testbed).await?;
        let Some(new) = first.first_new else {
            load.stop().await;
            // A server that shows no rotation at all has been told so already. One that shows others
            // fails here by this writer, or by chance.
            outcome.moot = typical.is_zero() && context.writer(scenario) == context.options.writer;
            never_shown(&mut outcome, &first, (&probes, &testbed), context);
            return Ok(outcome);
        };
        typical = typical.max(new.saturating_sub(first.notified));
        usual = first.notified.saturating_sub(first.began);
        waited_for = context.keeps_waiting.then_some(first);
    }
    let from = probes.recorder.now();
    let before = usage_before(scenario, &testbed).await;
    let with = (typical, kinds);
    let last = Box::pin(files::run(scenario, &mut testbed, &probes, with)).await?;
    let Some(last) = last else {
        load.stop().await;
        outcome.moot = true;
        return Ok(outcome);
    };
    settled(&probes, &testbed, typical).await;
    load.stop().await;

    let (mut records, shortage) = with_room(scenario, probes.records(), from);
    probes.excuse(&mut records, context.own_end, &last);
    let overload = overload(&probes, &testbed, from, waited_for.as_slice());
    if went_back(&records, &last, None) {
        outcome.fail(Code::WentBack, WENT_BACK);
    }
    // In the order of time: what clients met comes first, and is the cause of what never came back.
    count(scenario, &mut outcome, &records, last.began);
    match last.first_new {
        Some(_) => recovered(scenario, &mut outcome, &last, (usual, &testbed)),
        None => missed(scenario, &mut outcome, &last, &testbed),
    }
    outcome.findings.extend(left_behind(before, &testbed).await);
    end(&mut outcome, &mut testbed.server);
    outcome.unless_explained(overload, &records, &last, &context.daily);
    outcome.unless_full(shortage);
    outcome.busy = probes.was_busy(&testbed);
    Ok(outcome)
}

/// The other kinds of keys that the server takes, where the scenario is about them.
async fn kinds_for(scenario: Scenario, context: &ScenarioContext) -> Vec<Keys> {
    match scenario {
        // Boxed: without optimisation, so much room is more than a worker thread has.
        Scenario::OtherKeyKind => Box::pin(other_kinds(&context.fixtures, usize::MAX)).await,
        Scenario::TornKinds => Box::pin(other_kinds(&context.fixtures, 1)).await,
        _ => Vec::new(),
    }
}

/// What clients met from then on, but for those for whom there was no room; and why there was none. Where a file is stuck,
/// handshakes that wait for it take the room away, and that is the server's own doing, unless it was full before.
fn with_room(
    scenario: Scenario,
    mut records: Vec<Attempt>,
    from: Duration,
) -> (Vec<Attempt>, Option<String>) {
    let was_full = records
        .iter()
        .filter(|record| record.done < from)
        .any(|record| record.error.as_deref().is_some_and(is_full));
    records.retain(|record| record.done >= from);
    if scenario == Scenario::Stalled && !was_full {
        return (records, None);
    }
    let shortage = shortage(&records);
    set_aside(&mut records);
    (records, shortage)
}

/// Waits to see whether it stays so.
async fn settled(probes: &ProbeClient, testbed: &TestBed, typical: Duration) {
    let settled = probes.recorder.now();
    sleep(typical.clamp(Duration::from_millis(100), Duration::from_secs(2))).await;
    probes.met_since(settled, testbed).await;
}

/// Whether there was too much to do until this moment.
fn overload(
    probes: &ProbeClient,
    testbed: &TestBed,
    until: Duration,
    waited_for: &[Window],
) -> Option<Overload> {
    let behind = probes.recorder.fell_behind();
    let records = probes.recorder.records();
    let patience = testbed.target.patience;
    Overload::until(&records, (until, waited_for), &behind, patience)
}

/// Whether there was too much to do all the time.
fn overload_ever(probes: &ProbeClient, testbed: &TestBed) -> Option<Overload> {
    let behind = probes.recorder.fell_behind();
    let records = probes.recorder.records();
    Overload::ever(&records, &behind, testbed.target.patience)
}

/// Adds what the server's process and its output tell.
fn end(outcome: &mut ScenarioOutcome, server: &mut Server) {
    if server.ended().is_some() {
        // A server that is told to restart with files that are not valid has no choice but to end.
        outcome.recovered = None;
    }
    outcome.findings.extend(of_server(server, ""));
}

fn classes(target: &Target) -> Vec<Class> {
    let mut classes = vec![Class::Full];
    if target.protocol != Protocol::Lab {
        classes.push(Class::Pooled);
    }
    classes.extend(target.has_downloads().then_some(Class::Download));
    classes.extend(target.has_conversations().then_some(Class::Held));
    classes
}

/// Counts what failed, and adds a failure for each code, with each way in which attempts failed so. From `mended` on
/// the files were valid again.
fn count(scenario: Scenario, outcome: &mut ScenarioOutcome, records: &[Attempt], mended: Duration) {
    let failed = records.iter().filter(|record| record.failed.is_some());
    let is_lost = is_lost(records, mended);
    outcome.attempts = records.len() as u64;
    outcome.failed = failed.clone().count() as u64;
    let mut codes: Vec<(Code, Vec<(u64, Evidence)>)> = Vec::new();
    for first in failed.filter_map(evidence) {
        let code = code_of(scenario, first.kind, is_lost);
        let known = codes.iter().position(|(of, _)| *of == code);
        let at = known.unwrap_or(codes.len());
        if at == codes.len() {
            codes.push((code, Vec::new()));
        }
        let ways = &mut codes[at].1;
        match ways.iter_mut().find(|(_, of)| of.kind == first.kind) {
            Some((count, _)) => *count += 1,
            None => ways.push((1, first)),
        }
    }
    for (code, ways) in codes {
        let said = ways.iter().map(|(count, first)| {
            let (kind, error) = (first.kind.words(), &first.said);
            format!("{} × {kind} ({error})", format::count(*count))
        });
        let said: Vec<_> = said.collect();
        let words = format!(
            "{} of {} attempts failed (upper bound {}): {}.",
            format::count(outcome.failed),
            format::count(outcome.attempts),
            format::below(upper(outcome.failed, outcome.attempts)),
            said.join("; ")
        );
        let evidence = ways.into_iter().map(|(_, first)| first).collect();
        outcome.fail_seen(code, words, evidence);
    }
}

/// Whether clients failed before the files were mended, and not just one or two of many: those that fail first when
/// valid files are reloaded meet what each reload does, and so does one that is cut when a bad file is looked at.
fn is_lost(records: &[Attempt], mended: Duration) -> bool {
    const FEW: usize = 2;
    let before = || records.iter().filter(|record| record.began < mended);
    let failed = || before().filter(|record| record.failed.is_some());
    let Some(first) = failed().map(|record| record.began).min() else {
        return false;
    };
    let since = before().filter(|record| record.began >= first).count();
    let failed = failed().count();
    failed > FEW || failed * 10 >= since
}

/// What a failed attempt means in this scenario.
fn code_of(scenario: Scenario, kind: FailureKind, is_lost: bool) -> Code {
    match (scenario, Code::of(kind)) {
        (Scenario::Stalled, Code::HandshakesFailed) => Code::HandshakeWaitsForFiles,
        (_, Code::HandshakesFailed) if is_lost && scenario.sabotage().is_some() => {
            Code::LastGoodLost
        }
        (_, code) => code,
    }
}

/// The first rotation, in which nothing is wrong, was not shown.
fn never_shown(
    outcome: &mut ScenarioOutcome,
    first: &Window,
    (probes, testbed): (&ProbeClient, &TestBed),
    context: &ScenarioContext,
) {
    outcome.fail(
        Code::NotPickedUp,
        format!(
            "Before the scenario began, valid files were rotated, and no handshake showed the new \
             certificate within {} ms.{}",
            testbed.reload_within().as_millis(),
            it_said(first.complaint.as_ref())
        ),
    );
    let keeps_none_waiting = !context.typical.is_zero() && !context.keeps_waiting;
    let ever = || overload_ever(probes, testbed).filter(|_| keeps_none_waiting);
    let overload = overload(probes, testbed, first.notified, &[]).or_else(ever);
    outcome.unless_explained(overload, &probes.recorder.records(), first, &context.daily);
    outcome.unless_full(shortage(&probes.recorder.records()));
    outcome.busy = probes.was_busy(testbed);
}

/// The last rotation, after which all should be well, was not shown.
fn missed(scenario: Scenario, outcome: &mut ScenarioOutcome, window: &Window, testbed: &TestBed) {
    let complaint = it_said(window.complaint.as_ref());
    let within = testbed.reload_within().as_millis();
    match scenario.sabotage().is_some() || scenario == Scenario::Stalled {
        true => outcome.fail(
            Code::NotRecovered,
            format!(
                "After the files were valid again, no handshake showed the new certificate within \
                 {within} ms.{complaint}"
            ),
        ),
        false if scenario == Scenario::HalfOpen => outcome.fail(
            Code::NotPickedUp,
            format!(
                "While other clients left their handshakes incomplete or asked for nothing, no handshake showed the new \
                 certificate within {within} ms.{complaint}"
            ),
        ),
        false if scenario == Scenario::OtherKeyKind => outcome.fail(
            Code::NotPickedUp,
            format!(
                "A renewal had a key for {}, another kind than before, and no handshake showed the new \
                 certificate within {within} ms.{complaint}",
                testbed.kind_of_key().words()
            ),
        ),
        false if scenario == Scenario::InPlace => outcome.fail(
            Code::NotPickedUp,
            format!(
                "A renewal was written into the existing files, whose dates stayed the same, and no \
                 handshake showed the new certificate within {within} ms.{complaint}"
            ),
        ),
        false => outcome.fail(
            Code::NotPickedUp,
            format!("No handshake showed the new certificate within {within} ms.{complaint}"),
        ),
    }
}

/// The last rotation was shown.
fn recovered(
    scenario: Scenario,
    outcome: &mut ScenarioOutcome,
    window: &Window,
    (usual, testbed): (Duration, &TestBed),
) {
    let new = window.first_new;
    outcome.recovered = new.map(|new| new.saturating_sub(window.notified));
    held_up(scenario, outcome, window, (usual, testbed.reload_within()));
}

/// The certificate was late by the time for which the reload itself waited: a command that reloads a server comes to
/// its end when that is done, so who looks from then on sees no delay. `usual` is how long it takes to write and to
/// tell.
fn held_up(
    scenario: Scenario,
    outcome: &mut ScenarioOutcome,
    window: &Window,
    (usual, within): (Duration, Duration),
) {
    let Some(new) = window.first_new.filter(|_| scenario == Scenario::HalfOpen) else {
        return;
    };
    let took = new.saturating_sub(window.began);
    if took <= usual + within {
        return;
    }
    outcome.recovered = Some(took);
    outcome.fail(
        Code::NotPickedUp,
        format!(
            "While other clients left their handshakes incomplete or asked for nothing, what reloads the server ended only after {} ms \
             ({} ms without them), and no handshake showed the new certificate within {} ms.",
            window.notified.saturating_sub(window.began).as_millis(),
            usual.as_millis(),
            within.as_millis()
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether it fails where the command ends after so many milliseconds, and the certificate is shown at once.
    fn waits(scenario: Scenario, command: u64, usual: u64) -> bool {
        let ms = Duration::from_millis;
        let window = Window {
            began: ms(1000),
            notified: ms(1000 + command),
            first_new: Some(ms(1010 + command)),
            ..Window::default()
        };
        let mut outcome = ScenarioOutcome::default();
        held_up(scenario, &mut outcome, &window, (ms(usual), ms(10_000)));
        outcome
            .findings
            .iter()
            .any(|of| of.code == Code::NotPickedUp)
    }

    #[test]
    fn a_command_that_waits_for_half_open_clients_is_late() {
        assert!(waits(Scenario::HalfOpen, 20_000, 50));
        assert!(!waits(Scenario::HalfOpen, 9000, 50));
        assert!(
            !waits(Scenario::HalfOpen, 20_000, 19_000),
            "it always takes so long"
        );
        assert!(
            !waits(Scenario::Unchanged, 20_000, 50),
            "nobody is there to wait for"
        );
    }

    /// Clients whose handshakes wait for a file that is stuck take the room of others.
    #[test]
    fn a_stuck_file_that_fills_a_server_is_not_excused_by_that() {
        let at = |at, error: Option<&str>, failed| Attempt {
            done: Duration::from_secs(at),
            error: error.map(Into::into),
            failed,
            ..Attempt::opening(Class::Full, Duration::ZERO)
        };
        let full = || at(6, Some("53300 too many"), Some(FailureKind::Status));
        let waits = at(7, Some("nothing within 5s"), Some(FailureKind::Stalled));
        let from = Duration::from_secs(5);
        let records = vec![at(1, None, None), waits.clone(), full()];
        let (left, shortage) = with_room(Scenario::Stalled, records.clone(), from);
        assert_eq!((left.len(), shortage), (2, None));
        let (left, shortage) = with_room(Scenario::Garbage, records, from);
        assert!(left.is_empty() && shortage.is_some());
        let before = Attempt {
            done: Duration::from_secs(4),
            ..full()
        };
        let (left, shortage) = with_room(Scenario::Stalled, vec![before, waits, full()], from);
        assert!(left.is_empty() && shortage.is_some(), "it was full before");
    }

    /// So many clients, one each tenth of a second, of which these fail. From the fiftieth on the files are valid.
    fn lost(of: u64, failed: &[u64]) -> bool {
        let records = (0..of).map(|at| Attempt {
            failed: failed.contains(&at).then_some(FailureKind::HandshakeCut),
            ..Attempt::opening(Class::Full, Duration::from_millis(100 * at))
        });
        is_lost(&records.collect::<Vec<_>>(), Duration::from_secs(5))
    }

    #[test]
    fn one_of_many_that_is_cut_is_no_identity_that_is_lost() {
        assert!(!lost(60, &[]));
        assert!(!lost(60, &[7]) && !lost(60, &[7, 30]));
        assert!(!lost(60, &[55, 56, 57, 58]), "the files are valid again");
        // One worker of many, all from then on, and the last before the files were mended.
        assert!(lost(60, &[3, 19, 35]));
        assert!(lost(60, &[47, 48]) && lost(60, &[49]));
        assert!(lost(4, &[1]));
    }
}
