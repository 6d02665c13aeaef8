//! The verifier cannot be fooled: each defect of the broken server is found, for the right reason,
//! and the same server without it passes.

#[path = "../broken/defect.rs"]
mod defect;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use ch09_simulating_rotation::Writer;
use clap::ValueEnum;
use defect::Defect;
use serde::Deserialize;
use tokio::task::JoinSet;
use zdr::attempt::{Class, FailureKind};
use zdr::check::Options;
use zdr::gate::scenario::Scenario;
use zdr::report::{Code, Outcome, Phase, Report, ScenarioReport, Severity};
use zdr::server::spec::{Keys, Protocol, Spec};

use super::judged::{judge, objected_to};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    defect: Vec<Entry>,
    sound: Vec<Sound>,
}

/// A server that is sound, and not as most are.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sound {
    flag: String,
    /// The kind of key that its description names.
    #[serde(default)]
    keys: Keys,
    /// What the server is told in its description.
    #[serde(default)]
    told: Told,
    /// What may be mistaken for a defect of this one. All are rotated under load.
    scenarios: Vec<String>,
    /// A warning that says what is unusual about it.
    note: Option<Code>,
    words: String,
}

/// A defect, and what it is caught by.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    flag: String,
    catalogue: Vec<u32>,
    scenario: String,
    finding: Expected,
    /// A part of the finding's words, which no other reason would have.
    #[serde(default)]
    says: String,
    /// Whether the server asks its clients for certificates.
    #[serde(default)]
    mutual: bool,
    /// The classes of clients that it takes: by default the one that sees each certificate.
    #[serde(default = "full_alone")]
    classes: Vec<Class>,
    /// What the server is told in its description.
    #[serde(default)]
    told: Told,
    /// For how many seconds clients wait: a defect that stalls them is found sooner with fewer.
    #[serde(default = "long")]
    patience: u64,
    /// How many rotations under load, where that is the scenario.
    #[serde(default = "two")]
    rotations: u32,
    /// How many clients of each class come in a second.
    #[serde(default = "few")]
    rate: f64,
    /// Whether nothing runs beside it: it keeps processors busy, or what a busy machine does to clients hides it.
    #[serde(default)]
    alone: bool,
    words: String,
}

/// What a description has beside what every server needs.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    #[serde(default)]
    protocol: Protocol,
    download: Option<String>,
    upload: Option<String>,
    websocket: Option<String>,
    /// Whether it has two names.
    #[serde(default)]
    two_names: bool,
    /// Whether it has two kinds of keys.
    #[serde(default)]
    two_kinds: bool,
    #[serde(default)]
    http3: bool,
    #[serde(default)]
    grpc: bool,
}

impl Told {
    fn tell(&self, spec: &mut Spec) {
        spec.protocol = self.protocol;
        spec.download.clone_from(&self.download);
        spec.upload.clone_from(&self.upload);
        spec.websocket.clone_from(&self.websocket);
        spec.http3 = self.http3;
        spec.grpc = self.grpc;
        if self.two_kinds {
            // RSA takes long to make.
            spec.second_keys = Some(Keys::Ed25519);
            let files = [
                "--second-certificate={second_certificate}",
                "--second-key={second_key}",
            ];
            spec.command.extend(files.map(str::to_owned));
        }
        if self.two_names {
            spec.server_name = Some("www.rotation.test".into());
            spec.other_name = Some("mail.rotation.test".into());
            let names = [
                "--name=www.rotation.test",
                "--other-name=mail.rotation.test",
                "--other-certificate={other_certificate}",
                "--other-key={other_key}",
            ];
            spec.command.extend(names.map(str::to_owned));
        }
    }

    /// Whether a server that is told this has all these classes.
    fn has(&self, classes: &[Class]) -> bool {
        let dialogue = self.protocol.is_dialogue();
        classes.iter().all(|class| match class {
            Class::Upload => self.upload.is_some(),
            Class::Grpc => self.grpc,
            Class::Held => dialogue || self.websocket.is_some(),
            Class::Sibling | Class::Nameless => self.two_names,
            Class::Download => {
                !dialogue && (self.protocol == Protocol::Http || self.download.is_some())
            }
            Class::Http2 => !dialogue,
            Class::Quic | Class::Http3 | Class::Moving => self.http3,
            Class::Second => self.two_kinds,
            _ => true,
        })
    }
}

fn full_alone() -> Vec<Class> {
    vec![Class::Full]
}

/// A busy machine is no reason to find something.
fn long() -> u64 {
    15
}

fn two() -> u32 {
    2
}

fn few() -> f64 {
    10.0
}

#[derive(Clone, Deserialize, PartialEq)]
#[serde(untagged)]
enum Expected {
    Finding(Code),
    /// Not a finding, but a figure.
    Figure(Figure),
}

#[derive(Clone, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Figure {
    /// How many connections were asked to leave.
    Goodbyes,
}

/// How many of the sound server run at once.
const SOUND: u32 = 4;
/// The name of what is no scenario: rotations under load.
const ROTATION: &str = "rotation";

fn table() -> Vec<Entry> {
    whole_table().defect
}

fn whole_table() -> Table {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/falsification.toml");
    let text = std::fs::read_to_string(file).unwrap();
    toml::from_str(&text).unwrap()
}

/// The broken server, sound or not.
fn server(defect: Option<&str>, mutual: bool) -> Spec {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("servers/broken.toml");
    let mut spec = Spec::read(&file).unwrap();
    if mutual {
        spec = spec.asking_clients().unwrap();
    }
    if let Some(defect) = defect {
        spec.command.push(format!("--defect={defect}"));
    }
    // A server that never shows a new certificate is waited for as long. A sound one never is.
    if defect.is_some() {
        spec.limits.reload_within_ms = 3000;
    }
    spec
}

/// What these entries need, and no more.
fn options(entries: &[Entry]) -> Options {
    let rotations = entries.iter().filter(|entry| entry.scenario == ROTATION);
    let rotations = rotations.map(|entry| entry.rotations).max().unwrap_or(0);
    let scenarios = entries.iter().filter(|entry| entry.scenario != ROTATION);
    let scenarios: BTreeSet<_> = scenarios.map(|entry| entry.scenario.as_str()).collect();
    let (patience, rate) = match entries {
        [alone] => (alone.patience, alone.rate),
        _ => (long(), few()),
    };
    let classes: BTreeSet<_> = entries.iter().flat_map(|entry| &entry.classes).collect();
    // Five clients at least have to return before the first rotation, and what a server uses by itself has to be
    // known.
    let grows = [Code::ProcessorGrows, Code::MemoryGrows].map(Expected::Finding);
    let grows = entries.iter().any(|entry| grows.contains(&entry.finding));
    let steady = match grows || classes.contains(&Class::Resuming) {
        true => 1400,
        false => 300,
    };
    Options {
        rotations,
        interval: Duration::from_millis(400),
        steady: Duration::from_millis(if rotations > 0 { steady } else { 0 }),
        // Both files at once: a server that objects to a pair of two generations shows that when
        // it is asked, and not by chance.
        writer: Writer::Kubelet,
        classes: Some(classes.into_iter().copied().collect()),
        rate,
        pool: 2,
        downloads: 1,
        scenarios: scenarios
            .into_iter()
            .map(|name| Scenario::from_str(name, false).unwrap())
            .collect(),
        jobs: SOUND as usize,
        patience: Duration::from_secs(patience),
        ..Options::default()
    }
}

fn graceful_closes(report: &Report) -> u64 {
    let pooled = report.classes.iter().find(|of| of.class == Class::Pooled);
    pooled.unwrap().graceful_closes
}

/// Whether the table of scenarios and the findings agree on whether the last good identity was kept.
fn one_story(scenario: &ScenarioReport, report: &Report) -> bool {
    let lost = report.findings.iter().any(|finding| {
        let code = finding.code;
        let gone = [
            Code::LastGoodLost,
            Code::UnfitShown,
            Code::WrongChain,
            Code::WentBack,
        ];
        finding.scenario == scenario.name && gone.contains(&code)
    });
    scenario.kept_last_good != lost
}

/// How many answers were cut while no rotation was in progress.
fn cut_between(report: &Report) -> u64 {
    let failures = report.classes.iter().flat_map(|class| &class.failures);
    let cut = failures.filter(|of| of.kind == FailureKind::Severed && of.phase != Phase::During);
    cut.map(|of| of.count).sum()
}

/// What an entry promises and the report does not hold, if anything.
fn escaped(entry: &Entry, report: &Report) -> Option<String> {
    let caught = match &entry.finding {
        Expected::Figure(Figure::Goodbyes) => graceful_closes(report) == 0,
        Expected::Finding(code) => report.findings.iter().any(|finding| {
            finding.code == *code
                && finding.scenario == entry.scenario
                && finding.words.contains(&entry.says)
        }),
    };
    // Each of these cuts at a reload, however long it takes to find out.
    let is_dated = entry.finding != Expected::Finding(Code::Severed) || cut_between(report) == 0;
    let flag = &entry.flag;
    if let Some(scenario) = report.scenarios.iter().find(|of| !one_story(of, report)) {
        return Some(format!("{flag}: table and findings differ: {scenario:#?}"));
    }
    (!caught || !is_dated).then(|| {
        let (found, scenarios) = (&report.findings, &report.scenarios);
        let is_dated = match is_dated {
            true => "",
            false => " (cut while no rotation was in progress)",
        };
        format!("{flag}{is_dated}: found was only {found:#?}, {scenarios:#?}")
    })
}

#[test]
fn the_help_of_a_defect_names_an_entry_of_its_row() {
    for entry in table() {
        let Ok(defect) = Defect::from_str(&entry.flag, false) else {
            continue;
        };
        let help = defect.to_possible_value();
        let help = help.and_then(|value| value.get_help().map(ToString::to_string));
        let help = help.unwrap_or_default();
        let number = help
            .strip_prefix('#')
            .and_then(|said| said.split(':').next());
        if let Some(number) = number.and_then(|number| number.parse::<u32>().ok()) {
            let (flag, row) = (&entry.flag, &entry.catalogue);
            assert!(row.contains(&number), "{flag}: {help} ({row:?})");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_defect_is_found_for_the_right_reason() {
    let mut judging = JoinSet::new();
    let (alone, beside): (Vec<_>, Vec<_>) = table().into_iter().partition(|entry| entry.alone);
    judging.spawn(async move {
        let _all_turns = super::turns::of(super::turns::AT_ONCE).await;
        let mut escaped = Vec::new();
        for entry in alone {
            escaped.extend(escapes_each_time(&entry).await);
        }
        escaped
    });
    for entry in beside {
        judging.spawn(async move {
            let _turn = super::turns::of(1).await;
            escapes(&entry).await.into_iter().collect()
        });
    }
    let escaped: Vec<_> = judging.join_all().await.into_iter().flatten().collect();
    assert!(escaped.is_empty(), "{}", escaped.join("\n"));
}

/// Work that never ends is not to be seen where other programs leave its server no time: it is looked for again. All other
/// defects are found each time.
async fn escapes_each_time(entry: &Entry) -> Option<String> {
    let mut escaped = escapes(entry).await;
    if entry.finding == Expected::Finding(Code::ProcessorGrows) {
        for _ in 1..super::judged::TRIES {
            if escaped.is_some() {
                escaped = escapes(entry).await;
            }
        }
    }
    escaped
}

/// Judges the server with this defect.
async fn escapes(entry: &Entry) -> Option<String> {
    let mut spec = server(Some(&entry.flag), entry.mutual);
    entry.told.tell(&mut spec);
    let options = options(std::slice::from_ref(entry));
    objected_to((&spec, &options), |report| escaped(entry, report)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_server_without_a_defect_passes() {
    tokio::join!(
        passes_without_a_defect(false),
        passes_without_a_defect(true)
    );
}

async fn passes_without_a_defect(mutual: bool) {
    let _turns = super::turns::of(SOUND).await;
    let mut entries = table();
    entries.retain(|entry| entry.mutual == mutual && Told::default().has(&entry.classes));
    let (mut spec, options) = (server(None, mutual), options(&entries));
    // On a busy machine a list of authorities is half written for longer, and one that is so for long may be believed.
    spec.command.push("--settle-ms=4000".into());
    let objected = objected_to((&spec, &options), |report| {
        let done = |scenario: &ScenarioReport| scenario.outcome == Outcome::Passed;
        let passed = report.verdict.passed
            && report.findings.is_empty()
            && report.scenarios.iter().all(done)
            && (mutual || graceful_closes(report) > 0);
        let (words, scenarios) = (&report.verdict.words, &report.scenarios);
        (!passed).then(|| format!("{words}\n{:#?}\n{scenarios:#?}", report.findings))
    })
    .await;
    assert!(objected.is_none(), "{}", objected.unwrap_or_default());
}

/// What a defect shows in few of many rotations is looked for in a server that has nothing unusual: twenty of them, at
/// as many servers, take longer than all other tests here.
const FEW: u32 = 5;

/// Each rotates under load, for all classes of clients, and meets what it may be mistaken in.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_sound_and_unusual_passes() {
    let mut judging = JoinSet::new();
    for sound in whole_table().sound {
        judging.spawn(async move {
            // All classes of clients come: more servers at once have more to do than a small machine can.
            let _turns = super::turns::of(SOUND).await;
            let mut entries = table();
            let asked = |entry: &Entry| {
                entry.scenario == ROTATION || sound.scenarios.contains(&entry.scenario)
            };
            // TLS 1.2 has no signature of ML-DSA.
            let no_tls12 = sound.keys == Keys::MlDsa44;
            let has = |entry: &Entry| {
                let classes = &entry.classes;
                sound.told.has(classes) && !(no_tls12 && classes.contains(&Class::Tls12))
            };
            entries.retain(|entry| !entry.mutual && asked(entry) && has(entry));
            let mut spec = server(None, false);
            spec.command.push(format!("--unusual={}", sound.flag));
            spec.keys = sound.keys;
            sound.told.tell(&mut spec);
            let mut options = options(&entries);
            options.rotations = options.rotations.min(FEW);
            objected_to((&spec, &options), |report| objected(&sound, report)).await
        });
    }
    let objected: Vec<_> = judging.join_all().await.into_iter().flatten().collect();
    assert!(objected.is_empty(), "{}", objected.join("\n"));
}

/// What was said against a sound server, but for the note that it deserves.
fn objected(sound: &Sound, report: &Report) -> Option<String> {
    let note = |code: Code| report.findings.iter().any(|finding| finding.code == code);
    let noted = sound.note.is_none_or(note);
    let failures = report.findings.iter();
    let failures = failures.filter(|finding| finding.severity == Severity::Failure);
    // Whoever is late to close has closed.
    let left = note(Code::ConnectionsLeft);
    let passed = report.verdict.passed && noted && !left && failures.count() == 0;
    (!passed).then(|| format!("{}: {:#?}", sound.flag, report.findings))
}

/// The same defect is not seen by a description that names no long answer, and the verdict says so.
#[tokio::test(flavor = "multi_thread")]
async fn what_no_client_asked_for_is_named() {
    let _turn = super::turns::of(1).await;
    let mut spec = server(Some("cuts-long-answers"), false);
    spec.protocol = Protocol::AnyHttp;
    let mut entries = table();
    entries.retain(|entry| entry.flag == "cuts-long-answers");
    let options = Options {
        classes: None,
        ..options(&entries)
    };
    let report = judge(&spec, &options).await;
    let said = "whether a long answer is cut (class download)";
    let upload = "whether a long upload is cut (class upload)";
    let held = "conversations that cross a rotation (class held)";
    // Nor was it told to ask its clients for certificates.
    let asked = "whom it accepts where it asks clients for certificates (--mutual)";
    assert_eq!(report.verdict.not_covered, [said, upload, held, asked]);
    let words = &report.verdict.words;
    let all = format!("Not covered: {said}; {upload}; {held}; {asked}.");
    assert!(words.ends_with(&all), "{words}");
    let text = zdr::report::text::summary(&report);
    let words: Vec<&str> = text.split_whitespace().collect();
    assert!(words.join(" ").contains(said), "{text}");
    assert!(zdr::report::page::page(&report).contains(said));
}

#[test]
fn the_table_has_every_defect_once() {
    let table = table();
    let flags: Vec<_> = table.iter().map(|entry| entry.flag.clone()).collect();
    let defects: Vec<_> = Defect::value_variants()
        .iter()
        .map(|defect| defect.to_possible_value().unwrap().get_name().to_owned())
        .collect();
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(sorted(flags), sorted(defects));
    let catalogue = include_str!("../../../tests/catalogue.toml");
    let entries = catalogue.matches("[[failure]]").count() as u32;
    for entry in &table {
        assert!(
            entry
                .catalogue
                .iter()
                .all(|number| (1..=entries).contains(number))
        );
        assert!(!entry.words.is_empty());
    }
    for sound in whole_table().sound {
        assert!(!sound.words.is_empty(), "{}", sound.flag);
        for scenario in &sound.scenarios {
            assert!(
                table.iter().any(|entry| entry.scenario == *scenario),
                "{scenario}"
            );
        }
    }
}
