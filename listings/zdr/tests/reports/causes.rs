//! Causes: one thing that is wrong is told once, nothing new is swallowed, and the worst comes first.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::ValueEnum;
use scraper::{Html, Selector};
use zdr::attempt::differs::{Cipher, Group};
use zdr::attempt::failure::ANSWERED_STRANGER;
use zdr::attempt::{Class, Differs, FailureKind};
use zdr::gate::code::Code;
use zdr::gate::level::Level;
use zdr::gate::scenario::Scenario;
use zdr::judge::verdict::verdict;
use zdr::report::cause::kind::CauseKind;
use zdr::report::cause::{Cause, causes_of};
use zdr::report::news::causes;
use zdr::report::page::page;
use zdr::report::reach::Reach;
use zdr::report::reproduce::reproduction;
use zdr::report::text::summary;
use zdr::report::{Evidence, Failures, Finding, Phase, Report, Severity, Status};
use zdr::server::spec::Reload;

use super::gate::{found, judged};
use super::sample::finding;

fn failure(scenario: &str, code: Code, seen: &[FailureKind]) -> Finding {
    let phase = (scenario == "rotation").then_some(Phase::During);
    let evidence = seen.iter().map(|kind| Evidence {
        class: Class::Download,
        kind: *kind,
        phase,
        at_ms: Some(2_345.6),
        said: "connection reset by peer".into(),
    });
    Finding {
        evidence: evidence.collect(),
        ..finding(Severity::Failure, code, scenario, &[])
    }
}

fn kinds(findings: &[Finding]) -> Vec<CauseKind> {
    let causes = causes_of(findings);
    causes.iter().map(|cause| cause.kind).collect()
}

/// What `zdr` finds of a server that closes its connections at each reload: it severs downloads and
/// streams and loses requests, under load and in each scenario.
fn closes_connections() -> Report {
    use Code::{RequestsFailed, Severed};
    let names: Vec<_> = Scenario::all().iter().map(|one| one.name()).collect();
    let named: Vec<_> = names.iter().map(|name| (name.as_str(), Severed)).collect();
    let mut report = found(&named);
    report.findings = vec![
        failure("rotation", Severed, &[FailureKind::Severed]),
        failure("rotation", Severed, &[FailureKind::Severed]),
        failure("rotation", RequestsFailed, &[FailureKind::Lost]),
    ];
    let of_scenarios = names
        .iter()
        .map(|name| failure(name, Severed, &[FailureKind::Severed]));
    report.findings.extend(of_scenarios);
    let lost =
        ["burst", "unchanged"].map(|name| failure(name, RequestsFailed, &[FailureKind::Lost]));
    report.findings.extend(lost);
    judged(report, Level::All)
}

/// Each of these is mended in another place than a listener or a connection.
#[test]
fn an_error_status_is_no_cut_and_a_client_that_lost_its_settings_no_refusal() {
    let status = failure("rotation", Code::RequestsFailed, &[FailureKind::Status]);
    assert_eq!(kinds(&[status]), [CauseKind::AnswersErrors]);
    let kinds_of = [FailureKind::Status, FailureKind::Lost];
    let both = failure("rotation", Code::RequestsFailed, &kinds_of);
    assert_eq!(kinds(&[both]), [CauseKind::CutsConnections]);
    let aside = Finding {
        differs: Some(Differs::NoProtocol),
        ..failure("rotation", Code::HandshakesFailed, &[])
    };
    assert_eq!(kinds(&[aside]), [CauseKind::ForgetsSettings]);
    let nameless = Finding {
        class: Some(Class::Nameless),
        ..failure("rotation", Code::NotPickedUp, &[])
    };
    assert_eq!(kinds(&[nameless]), [CauseKind::ForgetsSettings]);
}

/// A default that stays behind does not explain that a renewal with the old date is overlooked.
#[test]
fn what_one_kind_of_client_meets_each_day_is_not_what_all_meet_in_a_scenario() {
    let daily = |class| Finding {
        class,
        ..failure("rotation", Code::NotPickedUp, &[])
    };
    let overlooked = || failure("same-date", Code::NotPickedUp, &[]);
    let both = causes_of(&[daily(None), overlooked()]);
    assert_eq!((both.len(), both[0].repeated.len()), (1, 1), "{both:#?}");
    let nameless = daily(Some(Class::Nameless));
    let expected = [CauseKind::ForgetsSettings, CauseKind::OverlooksRenewals];
    assert_eq!(kinds(&[nameless, overlooked()]), expected);
}

/// Tomcat reads certificate and key while they are written, and serves the one with the other. No serial tells that.
#[test]
fn what_is_invalid_is_seen_by_a_client_that_verifies() {
    let report = found(&[("remove-create", Code::UnfitShown)]);
    let cause = &causes(&report)[0];
    assert_eq!(cause.kind, CauseKind::ReadsTooEarly);
    let command = reproduction(&report, cause).unwrap().command;
    assert!(command.contains("-verify_return_error"), "{command}");
    let report = found(&[("remove-create", Code::NotPickedUp)]);
    let command = reproduction(&report, &causes(&report)[0]).unwrap().command;
    assert!(command.contains("-serial"), "{command}");
}

/// Postfix and others answer 454, or offer no TLS, while they have no pair. Their answers are well.
#[test]
fn a_server_of_mail_that_offers_no_tls_has_no_pair() {
    let of = |said: &str| {
        let status = [FailureKind::Status];
        let mut refused = failure("rotation", Code::RequestsFailed, &status);
        refused.evidence[0].said = format!("handshake failed: {said}");
        kinds(&[refused])
    };
    let not_now = "`STARTTLS` was answered `454 4.7.0 TLS not available due to local problem`";
    let fails = [CauseKind::FailsHandshakes];
    assert_eq!(of(not_now), fails);
    assert_eq!(of("it does not offer STARTTLS"), fails);
    let other = "`MAIL` was answered `451 4.3.0 Try again later`";
    assert_eq!(of(other), [CauseKind::AnswersErrors]);
}

/// PHP reads its files for each handshake, and ends one for which they do not fit. Its listener is well.
#[test]
fn clients_that_are_cut_and_not_refused_may_have_met_a_torn_pair() {
    let advice = |kinds: &[FailureKind]| {
        let mut report = found(&[]);
        report.findings = vec![failure("rotation", Code::HandshakesFailed, kinds)];
        causes(&report)[0].advice.clone()
    };
    let torn = "reads its files for each handshake";
    assert!(advice(&[FailureKind::HandshakeCut]).contains(torn));
    let refused = [FailureKind::HandshakeCut, FailureKind::Refused];
    assert!(!advice(&refused).contains(torn));
}

/// What fails at no rotation is not said to fail by one.
#[test]
fn clients_that_fail_between_rotations_do_not_fail_by_a_reload() {
    let of = |phase| {
        let mut report = found(&[]);
        let kinds = [FailureKind::Refused];
        let mut refused = failure("rotation", Code::HandshakesFailed, &kinds);
        refused.evidence[0].phase = Some(phase);
        report.findings = vec![refused];
        causes(&report)[0].what.clone()
    };
    let never = "It refuses clients, though not while it reloads.";
    assert_eq!(of(Phase::After), never);
    assert_eq!(of(Phase::During), "It refuses clients while it reloads.");
}

/// dnsdist 1.7 ends a connection for what a client of another one did. In a scenario, too, that may be at any moment.
#[test]
fn clients_that_fail_before_the_first_rotation_and_in_a_scenario_do_not_fail_by_a_reload_alone() {
    let what = |phases: [Phase; 2]| {
        let mut report = found(&[("half-open", Code::Severed)]);
        let kinds = [FailureKind::Interrupted];
        let of = |scenario| failure(scenario, Code::Severed, &kinds);
        let mut daily = [of("rotation"), of("rotation")];
        for (of, phase) in daily.iter_mut().zip(phases) {
            of.evidence[0].phase = Some(phase);
        }
        report.findings = daily.into_iter().chain([of("half-open")]).collect();
        causes(&report)[0].what.clone()
    };
    let not_only = "It cuts connections, and not only when it reloads.";
    let reloads = "It cuts connections when it reloads.";
    assert_eq!(what([Phase::Before; 2]), not_only);
    assert_eq!(what([Phase::Before, Phase::After]), not_only);
    assert_eq!(what([Phase::Before, Phase::During]), reloads);
    assert_eq!(what([Phase::After; 2]), reloads);
}

/// With `--observe`, another program rotates.
#[test]
fn a_run_that_rotates_nothing_does_not_know_what_failed_by_a_rotation() {
    let mut report = found(&[]);
    let mut severed = failure("rotation", Code::Severed, &[FailureKind::Severed]);
    severed.evidence[0].phase = Some(Phase::Before);
    report.findings = vec![severed];
    report.rotations.clear();
    let cause = &causes(&report)[0];
    assert_eq!(cause.what, "It cuts connections.");
    let first = "This run has rotated nothing: ";
    assert!(cause.advice.starts_with(first), "{}", cause.advice);
    let words = verdict(&report).words;
    assert!(!words.contains("before anything is rotated"), "{words}");
    assert!(
        words.contains("does not know whether something else"),
        "{words}"
    );
}

/// What old connections end by may be a timer that the reload has started.
#[test]
fn connections_that_are_cut_between_rotations_alone_may_have_been_given_a_time() {
    let advice = |phase| {
        let mut report = found(&[]);
        let mut severed = failure("rotation", Code::Severed, &[FailureKind::Severed]);
        severed.evidence[0].phase = Some(phase);
        report.findings = vec![severed];
        causes(&report)[0].advice.clone()
    };
    let timer = "a shutdown timeout ends old connections some seconds later";
    assert!(advice(Phase::After).contains(timer));
    assert!(!advice(Phase::Before).contains(timer));
    assert!(!advice(Phase::During).contains(timer));
}

/// Exim ends a connection after so many requests: some that were kept were lost before anything was rotated, and others
/// at a rotation.
#[test]
fn clients_that_failed_before_the_first_rotation_did_not_fail_by_a_reload_alone() {
    let of = |before: u64, during: u64| {
        let mut report = found(&[]);
        let kinds = [FailureKind::Lost, FailureKind::HandshakeCut];
        let mut lost = failure("rotation", Code::RequestsFailed, &kinds);
        lost.evidence[0].phase = Some(Phase::Before);
        lost.evidence[1].phase = Some(Phase::During);
        report.findings = vec![lost];
        let download = report.classes.iter_mut();
        let download = download.filter(|of| of.class == Class::Download);
        for class in download {
            for (phase, count) in [(Phase::Before, before), (Phase::During, during)] {
                let all = class.phases.get_mut(&phase).unwrap();
                (all.attempts, all.failed) = (1_000, count);
                class.failures.push(Failures {
                    kind: FailureKind::Lost,
                    phase,
                    count,
                    example: String::new(),
                    first_ms: None,
                });
            }
        }
        let cause = &causes(&report)[0];
        (cause.what.clone(), cause.advice.clone())
    };
    let (what, advice) = of(5, 40);
    assert!(what.contains(", and not only "), "{what}");
    let first =
        "Some failed before anything was rotated: look for a limit or a time-out of its own first.";
    assert!(advice.starts_with(first), "{advice}");
    // One of a thousand tells nothing of what happens to half of them at a rotation; nor does one that failed in
    // another way than they do.
    for (before, during) in [(1, 500), (5, 0)] {
        let (what, _) = of(before, during);
        assert!(!what.contains(", and not only "), "{before}: {what}");
    }
}

/// rsyslog 8.2302 shows no new certificate after SIGHUP, and cuts one handshake in thousands, at any time.
#[test]
fn who_fails_long_after_a_reload_that_shows_nothing_may_not_fail_by_it() {
    let of = |at_ms: f64, kind: FailureKind| {
        let mut report = found(&[("rotation", Code::NotPickedUp)]);
        report.findings[0].words = "no handshake showed the new certificate".into();
        let mut cut = failure("rotation", Code::HandshakesFailed, &[kind]);
        cut.evidence[0].at_ms = Some(at_ms);
        report.findings.push(cut);
        report.rotations.truncate(1);
        for rotation in &mut report.rotations {
            rotation.first_new_ms = None;
            (rotation.began_ms, rotation.notified_ms) = (2_000.0, 2_010.0);
        }
        let words = verdict(&report).words;
        assert!(words.contains("no handshake showed"), "{words}");
        let causes = causes(&report);
        let mut others = causes.iter();
        let cut = others.find(|of| of.kind != CauseKind::NeverShowsNew);
        let cut = cut.expect("another cause");
        let first = cut.advice.contains("look for another reason first");
        (cut.what.clone(), first)
    };
    let reloads = "It refuses clients while it reloads.".to_owned();
    let cut = FailureKind::HandshakeCut;
    assert_eq!(of(2_500.0, cut), (reloads, false));
    assert_eq!(of(8_000.0, cut), ("It refuses clients.".to_owned(), true));
    // Who waits in vain fails long after what it waited for.
    assert!(!of(8_000.0, FailureKind::Stalled).1);
}

/// A description without `[reload]` says that the server follows its files.
#[test]
fn a_server_that_nothing_told_may_have_to_be_told() {
    let mut report = found(&[("rotation", Code::NotPickedUp)]);
    let advice = |report: &Report| causes(report)[0].advice.clone();
    report.server.reload = Reload::default().words();
    assert!(!advice(&report).contains("[reload]"), "it was shown some");
    report.server.reload = "by the signal HUP".into();
    assert!(advice(&report).contains("while a reload is in progress"));
    report.server.reload = Reload::default().words();
    for rotation in &mut report.rotations {
        rotation.first_new_ms = None;
    }
    assert!(advice(&report).contains("say so in `[reload]`"));
    report.server.reload = "by the signal USR1".into();
    assert!(advice(&report).contains("It was told by the signal USR1"));
    report.server.reload = "by a restart".into();
    assert!(!advice(&report).contains("[reload]"));
    // What a reload complained of is known, and comes before what may be.
    for found in &mut report.findings {
        found.words += "; it said: exit status: 127: sh: 1: reload: not found";
    }
    assert!(advice(&report).starts_with("A reload complained"));
}

/// A server that takes no client until its downloads are over refuses nobody.
#[test]
fn clients_that_wait_in_vain_are_neither_refused_nor_cut() {
    let waits = |code, seen: &[FailureKind]| kinds(&[failure("rotation", code, seen)]);
    let stalled = FailureKind::Stalled;
    assert_eq!(
        waits(Code::HandshakesFailed, &[stalled]),
        [CauseKind::Waits]
    );
    assert_eq!(waits(Code::RequestsFailed, &[stalled]), [CauseKind::Waits]);
    let refused = [stalled, FailureKind::Refused];
    assert_eq!(
        waits(Code::HandshakesFailed, &refused),
        [CauseKind::RefusesClients]
    );
    let lost = [stalled, FailureKind::Lost];
    assert_eq!(
        waits(Code::RequestsFailed, &lost),
        [CauseKind::CutsConnections]
    );
}

#[test]
fn what_fails_while_all_is_well_is_told_once() {
    let report = closes_connections();
    assert_eq!(report.findings.len(), 37);
    assert_eq!(report.causes, causes(&report));
    let [cause] = &report.causes[..] else {
        panic!("{:#?}", report.causes);
    };
    assert_eq!(cause.kind, CauseKind::CutsConnections);
    assert_eq!((cause.findings.len(), cause.repeated.len()), (3, 34));
    let words = &report.verdict.words;
    assert!(!words.contains("And "), "it is one thing: {words}");

    let text = summary(&report);
    let (told, _) = text.split_once("\nClients ").expect("the table");
    assert_eq!(told.matches(" in rotation: ").count(), 3, "{told}");
    assert_eq!(
        told.matches("The same again in 32 scenarios").count(),
        1,
        "{told}"
    );
    assert!(told.lines().count() < 30, "{told}");
    for said in [
        "What to do: ",
        "First seen: 2.35 s after",
        "during a rotation",
        "curl -sS",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }

    let document = Html::parse_document(&page(&report));
    let items = Selector::parse(".findings li.failure").expect("a selector");
    assert_eq!(document.select(&items).count(), 1);
}

/// A connection that is cut may be one whose handshake is not over.
#[test]
fn a_handshake_that_is_cut_with_other_connections_is_no_refusal() {
    let cut = failure(
        "rotation",
        Code::HandshakesFailed,
        &[FailureKind::HandshakeCut],
    );
    let severed = failure("rotation", Code::Severed, &[FailureKind::Severed]);
    let again = failure(
        "burst",
        Code::HandshakesFailed,
        &[FailureKind::HandshakeCut],
    );
    let all = [cut.clone(), severed.clone(), again];
    assert_eq!(kinds(&all), [CauseKind::CutsConnections]);
    assert_eq!(kinds(&[cut]), [CauseKind::RefusesClients]);
    let refused = failure(
        "rotation",
        Code::HandshakesFailed,
        &[FailureKind::HandshakeCut, FailureKind::Refused],
    );
    let both = [CauseKind::RefusesClients, CauseKind::CutsConnections];
    assert_eq!(kinds(&[refused, severed]), both);
}

/// nginx whose `ssl_certificate` has a variable reads its files at each handshake, and meets pairs that are half
/// written. It keeps its listener.
#[test]
fn a_server_that_answers_by_an_alert_refuses_no_client() {
    let of = |kinds| failure("rotation", Code::HandshakesFailed, kinds);
    let alert = of(&[FailureKind::Alert]);
    assert_eq!(kinds(&[alert]), [CauseKind::FailsHandshakes]);
    // Gunicorn says so in the clear.
    let clear = of(&[FailureKind::Tls, FailureKind::Alert]);
    assert_eq!(kinds(&[clear]), [CauseKind::FailsHandshakes]);
    let refused = of(&[FailureKind::Alert, FailureKind::Refused]);
    assert_eq!(kinds(&[refused]), [CauseKind::RefusesClients]);
}

/// A configuration that is built anew at a reload may lack a version of TLS, or ask for certificates. It has its pair.
#[test]
fn an_alert_about_a_setting_is_no_lack_of_files() {
    for alert in ["ProtocolVersion", "CertificateRequired"] {
        let of = |kinds| failure("rotation", Code::HandshakesFailed, kinds);
        let mut refused = of(&[FailureKind::Alert]);
        refused.evidence[0].said = format!("handshake failed: received fatal alert: {alert}");
        assert_eq!(kinds(&[refused]), [CauseKind::ForgetsSettings]);
    }
}

/// nghttpx ends on a bad file, and cuts uploads only so.
#[test]
fn an_upload_that_ends_with_the_server_is_no_cut_of_a_reload() {
    let ends = failure("torn", Code::Stopped, &[]);
    let upload = failure("torn", Code::Severed, &[FailureKind::Interrupted]);
    assert_eq!(kinds(&[ends, upload.clone()]), [CauseKind::Ends]);
    assert_eq!(kinds(&[upload]), [CauseKind::CutsConnections]);
}

/// Cheroot whose handler of SIGHUP meets a bad file cuts the client that is at the door, and serves all others.
#[test]
fn a_client_that_is_cut_beside_a_bad_file_is_no_identity_that_is_lost() {
    let of = |code| failure("garbage", code, &[FailureKind::HandshakeCut]);
    assert_eq!(
        kinds(&[of(Code::HandshakesFailed)]),
        [CauseKind::RefusesClients]
    );
    assert_eq!(kinds(&[of(Code::LastGoodLost)]), [CauseKind::LosesLastGood]);
}

/// Before files are damaged, valid ones are rotated once.
#[test]
fn what_is_not_shown_before_files_are_damaged_is_a_renewal_that_was_overlooked() {
    let before = failure("torn", Code::NotPickedUp, &[]);
    assert_eq!(kinds(&[before]), [CauseKind::OverlooksRenewals]);
}

/// Puma that is told by USR1 shows no renewal, and one client of hundreds was cut between two rotations.
#[test]
fn a_server_that_shows_no_renewal_is_said_to_do_so_first() {
    let never = Finding {
        words: "no renewal was shown.".into(),
        ..failure("rotation", Code::NotPickedUp, &[])
    };
    let mut report = found(&[]);
    for rotation in &mut report.rotations {
        (rotation.first_new_ms, rotation.converged_ms) = (None, None);
    }
    let told = |report: &mut Report, other: Finding| {
        report.findings = vec![other, never.clone()];
        verdict(report).words
    };
    let cut = failure(
        "rotation",
        Code::HandshakesFailed,
        &[FailureKind::HandshakeCut],
    );
    let phase = |phase| {
        let mut cut = cut.clone();
        cut.evidence[0].phase = Some(phase);
        cut
    };
    let never_shown = |words: String| words.contains("no renewal was shown.");
    assert!(never_shown(told(&mut report, phase(Phase::After))));
    // A rotation that never comes through lasts for nearly all of the run.
    assert!(never_shown(told(&mut report, phase(Phase::During))));
    let key = failure("rotation", Code::KeyInLog, &[]);
    assert!(!never_shown(told(&mut report, key)));
    for during in report
        .classes
        .iter_mut()
        .flat_map(|of| of.phases.get_mut(&Phase::During))
    {
        during.failed = during.attempts.div_ceil(10);
    }
    assert!(!never_shown(told(&mut report, phase(Phase::During))));
}

/// The first cause of the list is what the headline says.
#[test]
fn the_headline_tells_the_first_cause_and_not_what_follows_from_it() {
    let late = failure("rotation", Code::NotPickedUp, &[]);
    let told = |code, kind| {
        let mut report = found(&[]);
        let first = Finding {
            words: "this is the cause.".into(),
            ..failure("rotation", code, &[kind])
        };
        report.findings = vec![late.clone(), first];
        verdict(&report).words
    };
    for (code, kind) in [
        (Code::UnfitShown, FailureKind::UnknownIssuer),
        (Code::HandshakesFailed, FailureKind::Alert),
        (Code::LetIn, FailureKind::StrangerLetIn),
    ] {
        let words = told(code, kind);
        assert!(words.contains("this is the cause."), "{code:?}: {words}");
    }
}

/// The entries of a scenario are about the scenario.
#[test]
fn a_failure_of_each_day_is_not_looked_up_by_the_scenario_that_met_it_too() {
    let daily = Finding {
        catalogue: vec![17],
        ..failure("rotation", Code::Severed, &[FailureKind::Severed])
    };
    let burst = Finding {
        catalogue: vec![25],
        ..failure("burst", Code::RequestsFailed, &[FailureKind::Lost])
    };
    let both = causes_of(&[daily, burst.clone()]);
    assert_eq!((both.len(), both[0].findings.len()), (1, 2), "{both:#?}");
    assert_eq!(both[0].catalogue, [17]);
    assert_eq!(causes_of(&[burst])[0].catalogue, [25]);
}

/// A server that cuts a client in a hundred at each reload, and all of them while its files are torn, does both.
#[test]
fn one_that_is_cut_each_day_does_not_explain_that_all_are_cut_in_a_scenario() {
    let cut = [FailureKind::HandshakeCut];
    let mut report = found(&[("torn", Code::LastGoodLost)]);
    report.findings = vec![
        failure("rotation", Code::HandshakesFailed, &cut),
        failure("torn", Code::LastGoodLost, &cut),
    ];
    let class = &mut report.classes[0];
    class.phases.entry(Phase::During).or_default().attempts = 100;
    let told = |daily: u64, failed: u64, report: &mut Report| {
        report.classes[0].failures = vec![Failures {
            kind: FailureKind::HandshakeCut,
            phase: Phase::During,
            count: daily,
            example: String::new(),
            first_ms: None,
        }];
        let scenario = &mut report.scenarios[0];
        (scenario.attempts, scenario.failed) = (100, failed);
        causes(report)
            .iter()
            .map(|of| of.findings.len())
            .sum::<usize>()
    };
    assert_eq!(told(1, 80, &mut report), 2, "both are told");
    assert_eq!(told(1, 10, &mut report), 1, "the same again");
    assert_eq!(told(60, 80, &mut report), 1, "the same again");
}

/// It also loses its certificate, and shows what is expired: both are news.
#[test]
fn what_is_new_in_a_scenario_is_told_by_itself() {
    let daily = failure("rotation", Code::HandshakesFailed, &[FailureKind::Refused]);
    let again = failure("torn", Code::LastGoodLost, &[FailureKind::Refused]);
    let refuses = [CauseKind::RefusesClients];
    assert_eq!(kinds(&[daily.clone(), again]), refuses);
    // Clients were refused as they always are, and some met something else.
    let more = failure(
        "torn",
        Code::LastGoodLost,
        &[FailureKind::Refused, FailureKind::Alert],
    );
    let expired = failure("expired", Code::UnfitShown, &[FailureKind::Expired]);
    assert_eq!(
        kinds(&[daily.clone(), more, expired]),
        [
            CauseKind::RefusesClients,
            CauseKind::LosesLastGood,
            CauseKind::DoesNotValidate
        ]
    );
    // Something of which no attempt tells is no repetition of something of which attempts tell.
    let never = failure("burst", Code::NotPickedUp, &[]);
    assert_eq!(
        kinds(&[daily, never]),
        [CauseKind::RefusesClients, CauseKind::OverlooksRenewals]
    );
}

#[test]
fn what_follows_from_the_end_of_a_process_is_told_with_it() {
    let ends = [
        failure(
            "garbage",
            Code::LastGoodLost,
            &[FailureKind::Refused, FailureKind::HandshakeCut],
        ),
        failure("garbage", Code::Severed, &[FailureKind::Severed]),
        failure("garbage", Code::NotRecovered, &[]),
        failure("garbage", Code::Stopped, &[]),
    ];
    assert_eq!(kinds(&ends), [CauseKind::Ends]);
    assert_eq!(causes_of(&ends)[0].findings, [3, 0, 1, 2]);
    // Not what happened before it ended.
    let showed = failure("garbage", Code::UnfitShown, &[FailureKind::WrongKey]);
    let both = [&ends[..], &[showed]].concat();
    assert_eq!(kinds(&both), [CauseKind::Ends, CauseKind::LosesLastGood]);
}

#[test]
fn a_server_that_lets_go_of_its_last_good_identity_does_not_recover_for_that_reason() {
    let both = [
        failure("torn", Code::LastGoodLost, &[FailureKind::Alert]),
        failure("torn", Code::NotRecovered, &[]),
    ];
    assert_eq!(kinds(&both), [CauseKind::LosesLastGood]);
    assert_eq!(kinds(&both[1..]), [CauseKind::DoesNotRecover]);
}

#[test]
fn the_most_harmful_comes_first() {
    let findings = [
        failure("expired", Code::UnfitShown, &[FailureKind::Expired]),
        failure("garbage", Code::Severed, &[FailureKind::Severed]),
        failure("rotation", Code::NotPickedUp, &[]),
        failure("mismatched", Code::KeyInLog, &[]),
        failure("rotation", Code::HandshakesFailed, &[FailureKind::Refused]),
    ];
    assert_eq!(
        kinds(&findings),
        [
            // Once is enough.
            CauseKind::KeyExposed,
            // At each renewal.
            CauseKind::RefusesClients,
            CauseKind::NeverShowsNew,
            // When something goes wrong.
            CauseKind::CutsConnections,
            CauseKind::DoesNotValidate,
        ]
    );
    let text = summary(&Report {
        findings: findings.to_vec(),
        ..closes_connections()
    });
    // Three in full, and the others in a line each.
    assert_eq!(text.matches("What to do: ").count(), 3, "{text}");
    assert!(
        text.contains("\n  5. It publishes complete files that no client accepts."),
        "{text}"
    );
}

#[test]
fn what_does_not_count_is_a_cause_of_its_own() {
    let mut findings = [
        failure("expired", Code::UnfitShown, &[FailureKind::Expired]),
        failure("wrong-name", Code::UnfitShown, &[FailureKind::WrongName]),
    ];
    findings[0].status = Status::Waived;
    let causes = causes_of(&findings);
    let status: Vec<_> = causes.iter().map(|cause| cause.status).collect();
    assert_eq!(status, [Status::Counted, Status::Waived]);
}

/// The anchors that mdBook gives to the headings of a page.
fn anchors(page: &str) -> BTreeSet<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../src")
        .join(page);
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{page}: {error}"));
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let letters = line.trim_start_matches('#').trim().to_lowercase();
        let kept = letters.chars().filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        });
        kept.collect::<String>()
    };
    headings.map(anchor).collect()
}

/// The one cause of this finding, whose words are sentences, and whose page is there.
fn told_with_a_page(found: &Finding) -> CauseKind {
    let causes = causes_of(std::slice::from_ref(found));
    let [
        Cause {
            kind,
            what,
            advice,
            page,
            ..
        },
    ] = &causes[..]
    else {
        panic!("{found:?}: {causes:#?}");
    };
    let (file, heading) = page.split_once('#').expect("a heading");
    assert!(
        anchors(file).contains(heading),
        "{page}: {:#?}",
        anchors(file)
    );
    assert!(
        what.ends_with('.') && advice.ends_with('.'),
        "{what} {advice}"
    );
    *kind
}

/// Of each finding in each scenario: what it is, what to do, and a page that is there.
#[test]
fn every_finding_has_a_cause_with_a_page_and_every_cause_a_finding() {
    let mut met = BTreeSet::new();
    let mut scenarios: Vec<_> = Scenario::all().iter().map(|one| one.name()).collect();
    scenarios.push("rotation".into());
    for scenario in &scenarios {
        for code in Code::value_variants() {
            let by_status = failure(scenario, *code, &[FailureKind::Status]);
            let by_alert = failure(scenario, *code, &[FailureKind::Alert]);
            let differs = Finding {
                differs: Some(Differs::Http2Alone),
                ..failure(scenario, *code, &[])
            };
            for found in [failure(scenario, *code, &[]), by_status, by_alert, differs] {
                met.insert(told_with_a_page(&found));
            }
        }
    }
    let all: BTreeSet<_> = CauseKind::value_variants().iter().copied().collect();
    assert_eq!(met, all);
}

fn command(reach: Reach, scenario: &str, code: Code, class: Class) -> Option<Vec<String>> {
    let mut report = closes_connections();
    report.findings = vec![failure(scenario, code, &[FailureKind::Severed])];
    report.findings[0].evidence[0].class = class;
    report.server.reach = Some(reach);
    let cause = causes(&report).remove(0);
    let see = reproduction(&report, &cause)?;
    Some(shlex::split(&see.command).unwrap_or_else(|| panic!("{}", see.command)))
}

/// A server may end a connection that is silent, whether it reloads or not.
#[test]
fn what_nobody_asked_over_may_have_met_a_time_out() {
    let advice = |class, asks_nothing| {
        let mut report = found(&[]);
        report.findings = vec![failure("rotation", Code::Severed, &[FailureKind::Severed])];
        report.findings[0].evidence[0].class = class;
        report.server.reach = Some(Reach {
            address: "127.0.0.1:8443".into(),
            name: "localhost".into(),
            request: None,
            download: None,
            client_auth: false,
            starttls: None,
            begins_in_clear: false,
            asks_nothing,
        });
        causes(&report)[0].advice.clone()
    };
    let silent = "Clients said nothing over these connections";
    assert!(advice(Class::Held, true).starts_with(silent));
    assert!(!advice(Class::Held, false).contains(silent));
    // A stream is asked for.
    assert!(!advice(Class::Grpc, true).contains(silent));
}

#[test]
fn a_command_is_one_that_a_shell_reads_as_it_is_meant() {
    let hostile = || Reach {
        address: "127.0.0.1:8443".into(),
        name: "a$(reboot)'b".into(),
        request: Some("/?q='\"`id`&x=$HOME".into()),
        download: Some("/large;rm".into()),
        client_auth: true,
        starttls: None,
        begins_in_clear: false,
        asks_nothing: false,
    };
    let words = command(hostile(), "rotation", Code::Severed, Class::Download).expect("a command");
    let has = |word: &str| words.iter().any(|of| of == word);
    let long = "https://a$(reboot)'b/large;rm";
    assert!(has("curl") && has("--limit-rate") && has(long), "{words:?}");
    assert!(has("client.key"), "{words:?}");
    let words = command(hostile(), "rotation", Code::Severed, Class::Pooled).expect("a command");
    let url = "https://a$(reboot)'b/?q='\"`id`&x=$HOME#[1-1000]";
    assert!(words.iter().any(|of| of == url), "{words:?}");
    // A stream that is cut is no request that is lost.
    for (code, is_long) in [(Code::Severed, true), (Code::RequestsFailed, false)] {
        let words = command(hostile(), "rotation", code, Class::Http2).expect("a command");
        let has = |word: &str| words.iter().any(|of| of == word);
        assert!(
            has("--http2") == is_long && has("--limit-rate") == is_long,
            "{words:?}"
        );
    }
    let words = command(hostile(), "rotation", Code::NotPickedUp, Class::Full).expect("a command");
    assert!(words.contains(&"a$(reboot)'b".to_owned()), "{words:?}");
    // As the clients that failed ask for it.
    let database = || Reach {
        starttls: Some("postgres".into()),
        begins_in_clear: false,
        asks_nothing: false,
        ..hostile()
    };
    for (class, has, has_not) in [
        (Class::Full, "-servername", "-tls1_2"),
        (Class::Tls12, "-tls1_2", "-noservername"),
        (Class::Nameless, "-noservername", "-servername"),
    ] {
        let words = command(database(), "rotation", Code::UnfitShown, class).expect("a command");
        let there = |word: &str| words.iter().any(|of| of == word);
        assert!(there("-starttls") && there("postgres"), "{words:?}");
        assert!(there(has) && !there(has_not), "{words:?}");
    }
    // Requests do not show what becomes of a WebSocket.
    assert!(command(hostile(), "rotation", Code::Severed, Class::Held).is_none());
    // No client can see a log, and a server that lets strangers in is asked without a certificate.
    assert!(command(hostile(), "rotation", Code::LogLies, Class::Full).is_none());
    let words = command(hostile(), "rotation", Code::LetIn, Class::Mutual).expect("a command");
    assert!(!words.contains(&"client.key".to_owned()), "{words:?}");
    // A protocol without HTTP, a server of which nobody says what is long.
    let mut lab = hostile();
    (lab.request, lab.download) = (None, None);
    assert!(command(lab, "rotation", Code::Severed, Class::Download).is_none());
    // Strangers with a certificate of their own make one.
    let mut report = closes_connections();
    let kinds = [FailureKind::StrangerLetIn];
    report.findings = vec![failure("rotation", Code::LetIn, &kinds)];
    report.findings[0].evidence[0].said = ANSWERED_STRANGER.into();
    report.server.reach = Some(hostile());
    let see = reproduction(&report, &causes(&report).remove(0)).unwrap();
    assert!(see.command.contains("--cert stranger.crt"), "{see:?}");
}

/// A server that asks for certificates answers nobody who has none.
#[test]
fn a_client_whose_authority_was_removed_shows_its_certificate() {
    let reach = || Reach {
        address: "127.0.0.1:PORT".into(),
        name: "localhost".into(),
        request: Some("/".into()),
        download: None,
        client_auth: true,
        starttls: None,
        begins_in_clear: false,
        asks_nothing: false,
    };
    let let_in = command(reach(), "trust-removed", Code::LetIn, Class::Mutual).expect("a command");
    assert!(let_in.contains(&"client.key".to_owned()), "{let_in:?}");
    let resumed = Code::ResumedWithoutTrust;
    let resumed = command(reach(), "trust-removed", resumed, Class::Mutual).expect("a command");
    for word in [
        "client.key",
        "-cert_chain",
        "-sess_out",
        "-sess_in",
        "Reused",
    ] {
        assert!(resumed.contains(&word.to_owned()), "{word}: {resumed:?}");
    }
}

/// A handshake that fails once is met by one that is made again and again; one that waits, by one with a limit.
#[test]
fn a_command_shows_what_was_met_and_not_what_is_shown_at_rest() {
    let command = |scenario: &str, code, kind| {
        let mut report = closes_connections();
        report.findings = vec![failure(scenario, code, &[kind])];
        report.server.reach = Some(Reach {
            address: "[::1]:8443".into(),
            name: "localhost".into(),
            request: Some("/".into()),
            download: None,
            client_auth: false,
            starttls: None,
            begins_in_clear: false,
            asks_nothing: false,
        });
        let cause = causes(&report).remove(0);
        reproduction(&report, &cause).expect("a command").command
    };
    let name = command("wrong-name", Code::UnfitShown, FailureKind::WrongName);
    assert!(name.contains("-verify_hostname localhost "), "{name}");
    let alert = command("rotation", Code::HandshakesFailed, FailureKind::Alert);
    assert!(alert.starts_with("while openssl s_client"), "{alert}");
    let waits = Code::HandshakeWaitsForFiles;
    let waits = command("stalled", waits, FailureKind::Stalled);
    assert!(waits.starts_with("timeout 5 openssl s_client"), "{waits}");
    let reload = command("rotation", Code::HandshakesFailed, FailureKind::Stalled);
    assert!(reload.starts_with("while timeout 5 openssl"), "{reload}");
    let silent = command("half-open", Code::HandshakesFailed, FailureKind::Stalled);
    assert!(silent.contains("/dev/tcp/::1/8443"), "{silent}");
    assert!(silent.contains("; timeout 5 openssl s_client"), "{silent}");
}

/// The client that was shown the old certificate is not the ordinary one: with the command of that, nobody sees it.
#[test]
fn a_command_is_that_of_the_client_which_met_it() {
    let reach = || Reach {
        address: "127.0.0.1:PORT".into(),
        name: "localhost".into(),
        request: Some("/".into()),
        download: None,
        client_auth: false,
        starttls: None,
        begins_in_clear: false,
        asks_nothing: false,
    };
    let command = |class, differs| {
        let mut report = closes_connections();
        let not_picked_up = failure("rotation", Code::NotPickedUp, &[]);
        report.findings = vec![Finding {
            class,
            differs,
            ..not_picked_up
        }];
        report.server.reach = Some(reach());
        let cause = causes(&report).remove(0);
        reproduction(&report, &cause).expect("a command").command
    };
    let other = |address: &str| Some(Differs::Address(address.parse().unwrap()));
    let of_nameless = command(Some(Class::Nameless), None);
    assert!(of_nameless.ends_with("-serial -enddate"), "{of_nameless}");
    for (class, differs, part) in [
        (
            None,
            None,
            "-connect 127.0.0.1:PORT -servername localhost -CA",
        ),
        (
            None,
            Some(Differs::UnknownName),
            "-servername unknown.invalid ",
        ),
        (None, Some(Differs::NoProtocol), "-servername localhost -CA"),
        (
            None,
            Some(Differs::Http2Alone),
            "-servername localhost -alpn h2 ",
        ),
        (
            None,
            Some(Differs::ChecksStatus),
            "-servername localhost -status ",
        ),
        (
            None,
            Some(Differs::OneGroup(Group::P256)),
            "-servername localhost -groups P-256 ",
        ),
        (
            None,
            Some(Differs::OneCipher(Cipher::Chacha20)),
            "-ciphersuites TLS_CHACHA20_POLY1305_SHA256 -cipher ECDHE+CHACHA20 ",
        ),
        (None, other("127.0.0.2"), "-connect 127.0.0.2:PORT "),
        (None, other("::1"), "-connect '[::1]:PORT' "),
        (Some(Class::Tls12), None, "-tls1_2"),
        (Some(Class::Nameless), None, "-noservername"),
    ] {
        let command = command(class, differs);
        assert!(command.contains(part), "{part:?} is not in {command}");
    }
}
