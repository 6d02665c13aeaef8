//! Reports as a run would leave them, built from what happened in it.

use std::collections::{BTreeMap, BTreeSet};

use ch11_verification::bound;
use ch11_verification::judge::Share;
use zdr::attempt::{Class, FailureKind};
use zdr::gate::level::Level;
use zdr::report::at_risk::AtRisk;
use zdr::report::cause::causes_of;
use zdr::report::latency::histogram;
use zdr::report::reach::Reach;
use zdr::report::slices::coarser;
use zdr::report::{
    ClassReport, Code, FORMAT, Failures, Finding, Latency, Machine, Outcome, Phase, PhaseReport,
    Plan, Report, Resources, Rotation, ScenarioReport, Server, Severity, Slice, Status, Verdict,
};

/// A slice of the timeline.
pub const SLICE_MS: u32 = 250;

/// From one rotation to the next.
const INTERVAL_MS: u32 = 2_000;

/// Something that failed.
#[derive(Clone, Debug)]
pub struct Failed {
    pub class: Class,
    pub kind: FailureKind,
    pub phase: Phase,
    pub count: u64,
    pub example: String,
}

/// What happened in a run.
#[derive(Clone, Debug)]
pub struct Run {
    pub server: String,
    /// Seconds after the hour.
    pub began_s: f64,
    pub rotations: u32,
    /// Attempts of each class in each slice.
    pub load: u64,
    /// The usual latency of a full handshake, in microseconds.
    pub latency_us: u64,
    /// How many times as slow all is during a rotation.
    pub slower: u64,
    /// From files and signal to the new certificate.
    pub reload_ms: f64,
    pub failed: Vec<Failed>,
    pub findings: Vec<Finding>,
    pub scenarios: Vec<ScenarioReport>,
    pub interrupted: Option<String>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            server: "ch06-in-flight-requests".into(),
            began_s: 0.0,
            rotations: 5,
            load: 50,
            latency_us: 900,
            slower: 2,
            reload_ms: 40.0,
            failed: Vec::new(),
            findings: Vec::new(),
            scenarios: scenarios(),
            interrupted: None,
        }
    }
}

/// A server that does everything right.
pub fn healthy() -> Report {
    Run::default().report()
}

/// A server that cuts downloads, goes down at each rotation, and comes back by a restart.
pub fn failing() -> Report {
    let mut run = Run {
        server: "openssl s_server, restarted".into(),
        reload_ms: 180.0,
        slower: 9,
        failed: vec![
            failed(Class::Full, FailureKind::Refused, Phase::During, 96),
            failed(Class::Full, FailureKind::HandshakeCut, Phase::During, 4),
            failed(Class::Resuming, FailureKind::Refused, Phase::During, 93),
            failed(Class::Pooled, FailureKind::Lost, Phase::During, 11),
            failed(Class::Download, FailureKind::Severed, Phase::During, 5),
        ],
        findings: vec![
            finding(Severity::Failure, Code::HandshakesFailed, "rotation", &[]),
            finding(Severity::Failure, Code::Severed, "rotation", &[37]),
            finding(Severity::Failure, Code::NotRecovered, "truncated", &[5, 19]),
            finding(Severity::Warning, Code::TicketsLost, "rotation", &[31]),
        ],
        ..Run::default()
    };
    run.scenarios[1].outcome = Outcome::Failed;
    run.scenarios[1].failed = 400;
    run.scenarios[1].kept_serving = false;
    run.scenarios[1].recovered_ms = None;
    run.report()
}

/// A run that Ctrl-C ended before anything rotated.
pub fn interrupted() -> Report {
    Run {
        rotations: 0,
        scenarios: Vec::new(),
        interrupted: Some("Ctrl-C".into()),
        ..Run::default()
    }
    .report()
}

/// A run of which nothing was measured at all.
pub fn empty() -> Report {
    Report {
        classes: Vec::new(),
        timeline: Vec::new(),
        resources: None,
        seconds: 0.0,
        ..interrupted()
    }
}

/// A run of days.
pub fn long(rotations: u32) -> Report {
    Run {
        rotations,
        load: 2,
        ..Run::default()
    }
    .report()
}

/// A server whose second certificate was never shown, and whose third came without the files' help.
pub fn never() -> Report {
    let mut report = Run {
        findings: vec![finding(
            Severity::Failure,
            Code::NotPickedUp,
            "rotation",
            &[1, 2, 33],
        )],
        ..Run::default()
    }
    .report();
    let second = &mut report.rotations[1];
    second.first_new_ms = None;
    second.last_old_ms = Some(9_800.0);
    second.converged_ms = None;
    second.complaint = Some("the command `my-reload` ended with 1".into());
    report.rotations[2].last_old_ms = Some(-0.5);
    report.rotations[2].overlap_ms = 0.0;
    report.resources = None;
    report
}

/// A generator that only loads, and one that rotates.
pub fn pods() -> [Report; 3] {
    let load = |began_s, latency_us| {
        let mut report = Run {
            began_s,
            latency_us,
            scenarios: Vec::new(),
            ..Run::default()
        }
        .report();
        report.plan.rotations = 0;
        report.rotations.clear();
        report.resources = None;
        report.server.command.clear();
        report
    };
    [load(0.4, 1_100), healthy(), load(0.731, 700)]
}

pub fn failed(class: Class, kind: FailureKind, phase: Phase, count: u64) -> Failed {
    Failed {
        class,
        kind,
        phase,
        count,
        example: format!("{kind}: os error 104"),
    }
}

pub fn finding(severity: Severity, code: Code, scenario: &str, catalogue: &[u32]) -> Finding {
    Finding {
        severity,
        code,
        scenario: scenario.into(),
        words: format!("In `{scenario}`, clients met {code:?}, 5 times in 12,400 attempts."),
        catalogue: catalogue.to_vec(),
        status: Status::Counted,
        evidence: Vec::new(),
        class: None,
        differs: None,
    }
}

fn scenarios() -> Vec<ScenarioReport> {
    let names = [
        (
            "mismatched",
            "The key of another certificate was written.",
            Level::Faults,
            Outcome::Passed,
        ),
        (
            "truncated",
            "The chain was cut in its middle.",
            Level::Faults,
            Outcome::Passed,
        ),
        (
            "expired",
            "A certificate that is over was written.",
            Level::All,
            Outcome::Passed,
        ),
        (
            "client_ca_removed",
            "A client's CA was removed.",
            Level::All,
            Outcome::NotApplicable,
        ),
    ];
    let scenarios = names.map(|(name, what, level, outcome)| ScenarioReport {
        name: name.into(),
        what: what.into(),
        level,
        outcome,
        attempts: if outcome == Outcome::Passed { 400 } else { 0 },
        failed: 0,
        kept_serving: true,
        kept_last_good: true,
        recovered_ms: (outcome == Outcome::Passed).then_some(61.5),
    });
    scenarios.into()
}

/// The classes of a server of HTTP that asks for certificates.
pub const CLASSES: [Class; 6] = [
    Class::Full,
    Class::Resuming,
    Class::Pooled,
    Class::Http2,
    Class::Download,
    Class::Mutual,
];

impl Run {
    /// What it left.
    pub fn report(&self) -> Report {
        let passed = self
            .findings
            .iter()
            .all(|f| f.severity != Severity::Failure);
        let does = if passed { "rotates" } else { "does not rotate" };
        let slices = (self.rotations + 1) * (INTERVAL_MS / SLICE_MS);
        let classes = CLASSES.map(|class| self.class(class, slices.into()));
        let classes = Vec::from(classes);
        Report {
            format: FORMAT,
            zdr: "0.1.0".into(),
            server: Server {
                name: self.server.clone(),
                command: vec![self.server.clone(), "--port".into(), "{port}".into()],
                reload: "signal HUP".into(),
                reach: Some(Reach {
                    address: "127.0.0.1:PORT".into(),
                    name: "localhost".into(),
                    request: Some("/bytes/1".into()),
                    download: Some("/bytes/67108864".into()),
                    client_auth: false,
                    starttls: None,
                    begins_in_clear: false,
                    asks_nothing: false,
                }),
            },
            machine: Machine {
                cores: 2,
                processor: "Some Processor 2.5 GHz".into(),
                system: "linux 6.1".into(),
            },
            began: format!("2026-03-01T12:00:{:012.9}Z", self.began_s),
            seconds: f64::from(slices * SLICE_MS) / 1e3,
            generators: 1,
            plan: Plan {
                require: Level::All,
                rotations: self.rotations,
                interval_ms: INTERVAL_MS.into(),
                writer: "symlink".into(),
                rates: CLASSES.map(|class| (class, self.load as f64 * 4.0)).into(),
                left_out: Vec::new(),
                scenarios_left_out: Vec::new(),
                reload_within_ms: 10_000,
                overlap_ms: 1_000,
            },
            verdict: Verdict {
                passed,
                words: format!("{} {does} with zero downtime.", self.server),
                not_covered: Vec::new(),
                at_risk: AtRisk::together(classes.iter().map(|class| class.at_risk.as_ref())),
            },
            findings: self.findings.clone(),
            causes: causes_of(&self.findings),
            waivers: Vec::new(),
            classes,
            rotations: (1..=self.rotations)
                .map(|number| self.rotation(number))
                .collect(),
            scenarios: self.scenarios.clone(),
            resources: Some(Resources {
                memory_before: 21_400_000,
                memory_after: 21_900_000,
                processes_before: 1,
                processes_after: 1,
                connections_held: 100,
                handles: None,
            }),
            timeline: {
                let slices: Vec<Slice> = (0..slices).map(|slice| self.slice(slice)).collect();
                coarser(&slices, 1_000)
            },
            interrupted: self.interrupted.clone(),
            book: None,
        }
    }

    fn class(&self, class: Class, slices: u64) -> ClassReport {
        let mut phases = BTreeMap::new();
        // One slice of eight belongs to a rotation.
        let before = (INTERVAL_MS / SLICE_MS).into();
        let during = u64::from(self.rotations);
        let after = slices - before - during;
        for (phase, slices) in [
            (Phase::Before, before),
            (Phase::During, during),
            (Phase::After, after),
        ] {
            let of = |f: &&Failed| f.class == class && f.phase == phase;
            let failed = self.failed.iter().filter(of).map(|f| f.count).sum();
            let attempts = slices * self.load;
            if attempts > 0 {
                phases.insert(phase, self.phase(class, phase, attempts, failed));
            }
        }
        let attempts = phases.values().map(|phase| phase.attempts).sum();
        let failed = phases.values().map(|phase| phase.failed).sum();
        let failures = self.failed.iter().filter(|f| f.class == class);
        let failures = failures.map(|f| Failures {
            kind: f.kind,
            phase: f.phase,
            count: f.count,
            example: f.example.clone(),
            first_ms: Some(2_001.5),
        });
        ClassReport {
            class,
            at_risk: Some(self.at_risk(class, phases.get(&Phase::During))),
            phases,
            attempts,
            failed,
            failed_below: bound::upper(failed, attempts),
            failures: failures.collect(),
            graceful_closes: 3,
            own_age_ms: None,
            own_steps: None,
        }
    }

    fn at_risk(&self, class: Class, during: Option<&PhaseReport>) -> AtRisk {
        let (failed, of) = during.map_or((0, 0), |during| (during.failed, during.attempts));
        let rotations = u64::from(self.rotations);
        let harmed: BTreeSet<u32> = (1..=self.rotations).filter(|_| failed > 0).collect();
        let kept = match class {
            Class::Pooled | Class::Http2 | Class::Download => Some(8 * rotations),
            _ => None,
        };
        let share = |failed, of| Share { failed, of }.into();
        AtRisk {
            attempts: share(failed, of),
            connections: kept.map(|of| share(failed.min(of), of)),
            rotations: share(harmed.len() as u64, rotations),
            harmed,
        }
    }

    fn phase(&self, class: Class, phase: Phase, attempts: u64, failed: u64) -> PhaseReport {
        let slower = if phase == Phase::During {
            self.slower
        } else {
            1
        };
        let usual = match class {
            Class::Full | Class::Mutual => self.latency_us,
            Class::Resuming => self.latency_us / 2,
            Class::Pooled | Class::Http2 => self.latency_us / 8,
            _ => self.latency_us * 200,
        };
        let mut latency = histogram();
        // A long tail, the same in each run: the n-th of m takes as long as its place says.
        let good = attempts.saturating_sub(failed);
        for place in 0..good {
            let rest = 1.0 - place as f64 / good as f64;
            let tail = rest.powf(-0.45) * slower as f64 * usual as f64;
            latency.record(tail as u64).expect("it grows");
        }
        let opens = !matches!(class, Class::Pooled | Class::Http2);
        PhaseReport {
            attempts,
            failed,
            opened: if opens { attempts } else { 10 },
            resumed: if class == Class::Resuming {
                attempts / 2
            } else {
                0
            },
            latency: Latency::of(&latency),
        }
    }

    fn rotation(&self, number: u32) -> Rotation {
        // Every third is slower, and every hundredth much.
        let late = match number {
            n if n % 100 == 0 => 3.5,
            n if n % 3 == 0 => 1.7,
            _ => 1.0,
        };
        let began = f64::from(number * INTERVAL_MS);
        let notified = began + 1.25;
        Rotation {
            number,
            serial: format!("{:016x}", 0x00a1_b2c3_0000_0000_u64 + u64::from(number)),
            began_ms: began,
            notified_ms: notified,
            first_new_ms: Some(self.reload_ms * late),
            last_old_ms: Some(self.reload_ms * late * 1.125),
            overlap_ms: self.reload_ms * late * 0.125,
            converged_ms: Some(notified + self.reload_ms * late * 1.125),
            complaint: None,
        }
    }

    fn slice(&self, slice: u32) -> Slice {
        let at = slice * SLICE_MS;
        let newest = at / INTERVAL_MS;
        let rotating = newest > 0 && at % INTERVAL_MS < SLICE_MS;
        let mut failed = BTreeMap::new();
        if rotating {
            for f in &self.failed {
                let sum: &mut u64 = failed.entry(f.class).or_default();
                *sum += f.count / u64::from(self.rotations);
            }
        }
        let slower = if rotating { self.slower * 3 } else { 1 };
        let slowest = |class: Class| {
            let few = u64::from(slice) * 7_919 % 400;
            (class, (self.latency_us * 3 + few) * slower)
        };
        let shown = if rotating {
            [
                (newest - 1, self.load / 4),
                (newest, self.load - self.load / 4),
            ]
            .into()
        } else {
            [(newest, self.load)].into()
        };
        Slice {
            at_ms: at.into(),
            attempts: CLASSES.map(|class| (class, self.load)).into(),
            failed,
            slowest_us: CLASSES.map(slowest).into(),
            shown,
        }
    }
}
